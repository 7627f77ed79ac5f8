/*
 * template.c: text with places for values, line by line.
 */
#include "cmd/template.h"

#include <string.h>

enum {
    DEPTH_MAX = 8
};

void template_value(struct template_facts *facts, const char *name, const char *value)
{
    if (facts->value_count < TEMPLATE_VALUES_MAX)
        facts->values[facts->value_count++] = (struct template_pair){name, value};
}

void template_flag(struct template_facts *facts, const char *name, bool set)
{
    if (set && facts->flag_count < TEMPLATE_FLAGS_MAX)
        facts->flags[facts->flag_count++] = name;
}

void template_list(struct template_facts *facts, const char *name,
                   const struct template_pair *pairs, size_t count)
{
    if (facts->list_count == TEMPLATE_LISTS_MAX)
        return;
    facts->lists[facts->list_count].name = name;
    facts->lists[facts->list_count].pairs = pairs;
    facts->lists[facts->list_count++].count = count;
}

/* One pass through a text or a part of it that comes again. */
struct pass {
    const struct template_facts *facts;
    const struct template_pair *pair; /* in #each, else NULL */
    struct buf *out;
    struct reason *why;
    int line;
    bool shown[DEPTH_MAX]; /* whether what is in each open #if is there */
    int depth;
};

static bool equals(const char *name, const char *text, size_t len)
{
    return strlen(name) == len && memcmp(name, text, len) == 0;
}

static enum result fault(const struct pass *pass, const char *what, const char *name,
                         size_t len)
{
    return reason_set(pass->why, RESULT_INVALID, "line %d of the template: %s \"%.*s\"",
                      pass->line, what, (int)len, name);
}

static const char *value_find(const struct pass *pass, const char *name, size_t len)
{
    if (pass->pair != NULL && equals("ITEM", name, len))
        return pass->pair->item;
    if (pass->pair != NULL && equals("VALUE", name, len))
        return pass->pair->value;
    for (size_t i = 0; i < pass->facts->value_count; i++)
        if (equals(pass->facts->values[i].item, name, len))
            return pass->facts->values[i].value;
    return NULL;
}

static bool flag_is_set(const struct pass *pass, const char *name, size_t len)
{
    for (size_t i = 0; i < pass->facts->flag_count; i++)
        if (equals(pass->facts->flags[i], name, len))
            return true;
    return false;
}

static bool is_shown(const struct pass *pass)
{
    for (int i = 0; i < pass->depth; i++)
        if (!pass->shown[i])
            return false;
    return true;
}

/* How long the name is that begins behind an at-sign and ends at the next; 0 for none. */
static size_t name_length(const char *text, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    size_t i = 0;

    while (i < len && text[i] != '@' && strchr(letters, text[i]) != NULL)
        i++;
    return i < len && text[i] == '@' ? i : 0;
}

static enum result line_put(struct pass *pass, const char *text, size_t len)
{
    const char *end = text + len, *value;
    size_t name;

    while (text < end) {
        const char *at = memchr(text, '@', (size_t)(end - text));

        buf_put(pass->out, text, (size_t)((at != NULL ? at : end) - text));
        if (at == NULL)
            break;
        name = name_length(at + 1, (size_t)(end - at - 1));
        text = at + 1;
        if (name == 0) {
            buf_putc(pass->out, '@');
            continue;
        }
        value = value_find(pass, text, name);
        if (value == NULL)
            return fault(pass, "there is no value", text, name);
        buf_puts(pass->out, value);
        text += name + 1;
    }
    return RESULT_OK;
}

/* What stands behind a word at the start of a line, blanks aside; NULL for another line. */
static const char *word_skip(const char *line, size_t len, const char *word, size_t *rest)
{
    size_t blanks = 0, word_len = strlen(word);

    while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
        blanks++;
    if (len - blanks < word_len || memcmp(line + blanks, word, word_len) != 0)
        return NULL;
    *rest = len - blanks - word_len;
    return line + blanks + word_len;
}

static enum result if_begin(struct pass *pass, const char *name, size_t len)
{
    bool inverted = len > 0 && name[0] == '!';

    if (pass->depth == DEPTH_MAX)
        return fault(pass, "too deep is", name, len);
    pass->shown[pass->depth++] = flag_is_set(pass, name + inverted, len - inverted) != inverted;
    return RESULT_OK;
}

static enum result part_render(struct pass *pass, const char **text, const char *until);

/* The part behind #each, once for each pair; with none it is passed over. */
static enum result each_render(struct pass *pass, const char **text, const char *name,
                               size_t len)
{
    const struct template_pair nothing = {"", ""};
    const char *start = *text;
    enum result result = RESULT_OK;
    size_t list = 0;
    int line = pass->line;
    struct buf unseen = {0};
    struct pass once;

    while (list < pass->facts->list_count && !equals(pass->facts->lists[list].name, name, len))
        list++;
    if (list == pass->facts->list_count)
        return fault(pass, "there is no list", name, len);
    once = *pass; /* with no pair: to find its end */
    once.pair = &nothing;
    once.out = &unseen;
    result = part_render(&once, text, "#done");
    buf_free(&unseen);
    pass->line = once.line;
    for (size_t i = 0;
         result == RESULT_OK && is_shown(pass) && i < pass->facts->lists[list].count; i++) {
        const char *again = start;

        once = *pass;
        once.line = line;
        once.pair = &pass->facts->lists[list].pairs[i];
        result = part_render(&once, &again, "#done");
    }
    return result;
}

/* Up to the line that ends it, or to the end of all if until is NULL. */
static enum result part_render(struct pass *pass, const char **text, const char *until)
{
    enum result result = RESULT_OK;
    const int depth = pass->depth;
    const char *rest;
    size_t len, left;

    while (result == RESULT_OK && **text != '\0') {
        const char *line = *text;

        len = strcspn(line, "\n");
        *text += len + (line[len] == '\n');
        pass->line++;
        if (until != NULL && word_skip(line, len, until, &left) != NULL)
            return pass->depth == depth ? RESULT_OK
                                        : fault(pass, "open is an #if at", line, len);
        if ((rest = word_skip(line, len, "#if ", &left)) != NULL)
            result = if_begin(pass, rest, left);
        else if (word_skip(line, len, "#else", &left) != NULL && pass->depth > depth)
            pass->shown[pass->depth - 1] = !pass->shown[pass->depth - 1];
        else if (word_skip(line, len, "#fi", &left) != NULL && left == 0)
            result =
                pass->depth-- > depth ? RESULT_OK : fault(pass, "no #if before", line, len);
        else if ((rest = word_skip(line, len, "#each ", &left)) != NULL)
            result = each_render(pass, text, rest, left);
        else if (is_shown(pass))
            result = line_put(pass, line, len + (line[len] == '\n'));
    }
    if (result == RESULT_OK && (until != NULL || pass->depth != depth))
        return fault(pass, "not ended is what began before", "", 0);
    return result;
}

enum result template_render(const char *text, const struct template_facts *facts,
                            struct buf *out, struct reason *why)
{
    struct pass pass = {.facts = facts, .out = out, .why = why};
    enum result result = part_render(&pass, &text, NULL);

    if (result == RESULT_OK && buf_failed(out))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    return result;
}
