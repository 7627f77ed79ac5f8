/*
 * template.c: text with places for values, line by line.
 */
#include "cmd/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    DEPTH_MAX = 8
};

void template_value(struct template_facts *facts, const char *name, const char *value)
{
    facts->too_many |= facts->value_count == TEMPLATE_VALUES_MAX;
    if (!facts->too_many)
        facts->values[facts->value_count++] = (struct template_pair){name, value, NULL};
}

void template_number(struct template_facts *facts, const char *name, int64_t number)
{
    char *text;

    facts->too_many |= facts->number_count == TEMPLATE_NUMBERS_MAX;
    if (facts->too_many)
        return;
    text = facts->numbers[facts->number_count++];
    snprintf(text, TEMPLATE_NUMBER_MAX, "%" PRId64, number);
    template_value(facts, name, text);
}

void template_flag(struct template_facts *facts, const char *name, bool set)
{
    facts->too_many |= facts->flag_count == TEMPLATE_FLAGS_MAX;
    if (set && !facts->too_many)
        facts->flags[facts->flag_count++] = name;
}

void template_list(struct template_facts *facts, const char *name,
                   const struct template_pair *pairs, size_t count)
{
    facts->too_many |= facts->list_count == TEMPLATE_LISTS_MAX;
    if (!facts->too_many)
        facts->lists[facts->list_count++] = (struct template_list){name, pairs, count};
}

/* Lines that are not text. */
enum word {
    WORD_NONE,
    WORD_IF,
    WORD_ELSE,
    WORD_FI,
    WORD_EACH,
    WORD_DONE,
    WORD__MAX
};

static const struct {
    const char *text;
    bool has_name;
} words[WORD__MAX] = {
    [WORD_IF] = {"#if", true},     [WORD_ELSE] = {"#else", false}, [WORD_FI] = {"#fi", false},
    [WORD_EACH] = {"#each", true}, [WORD_DONE] = {"#done", false},
};

struct condition {
    bool shown; /* what stands there now */
    bool other; /* behind #else */
};

/* One pass through a text or a part of it that comes again. */
struct pass {
    const struct template_facts *facts;
    const struct template_pair *pair; /* in #each, else NULL */
    struct buf *out;
    struct reason *why;
    int line;
    struct condition open[DEPTH_MAX];
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
    if (pass->pair != NULL && equals("MORE", name, len))
        return pass->pair->more;
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
        if (!pass->open[i].shown)
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

/*
 * What a line is: a word, blanks before it aside, and with what it names behind one blank;
 * all else is text, comments that begin like a word too.
 */
static enum word word_read(const char *line, size_t len, const char **name, size_t *name_len)
{
    for (; len > 0 && (line[0] == ' ' || line[0] == '\t'); line++)
        len--;
    for (int i = WORD_NONE + 1; i < WORD__MAX; i++) {
        size_t size = strlen(words[i].text);

        if (len < size || memcmp(line, words[i].text, size) != 0)
            continue;
        if (!words[i].has_name && len == size)
            return (enum word)i;
        if (words[i].has_name && len > size + 1 && line[size] == ' ') {
            *name = line + size + 1;
            *name_len = len - size - 1;
            return (enum word)i;
        }
    }
    return WORD_NONE;
}

static enum result if_begin(struct pass *pass, const char *name, size_t len)
{
    bool inverted = name[0] == '!';

    if (pass->depth == DEPTH_MAX)
        return fault(pass, "too deep is", name, len);
    pass->open[pass->depth++] = (struct condition){
        .shown = flag_is_set(pass, name + inverted, len - inverted) != inverted};
    return RESULT_OK;
}

/* #else and #fi, of an #if that began at least at this depth. */
static enum result if_go_on(struct pass *pass, enum word word, int depth)
{
    struct condition *inner = pass->depth > depth ? &pass->open[pass->depth - 1] : NULL;

    if (inner == NULL || (word == WORD_ELSE && inner->other))
        return fault(pass, "no #if before", words[word].text, strlen(words[word].text));
    if (word == WORD_FI) {
        pass->depth--;
    } else {
        inner->shown = !inner->shown;
        inner->other = true;
    }
    return RESULT_OK;
}

static enum result part_render(struct pass *pass, const char **text, bool again);

/*
 * The part behind #each, once for each pair of its list.  It is gone through once more
 * beforehand, for its end and its faults, which are there with an empty list, too.
 */
static enum result each_render(struct pass *pass, const char **text, const char *name,
                               size_t len)
{
    const struct template_pair nothing = {"", "", ""};
    const struct template_list *list = NULL;
    const char *start = *text;
    struct buf unseen = {0};
    struct pass once = *pass;
    enum result result;

    for (size_t i = 0; i < pass->facts->list_count; i++)
        if (equals(pass->facts->lists[i].name, name, len))
            list = &pass->facts->lists[i];
    if (list == NULL)
        return fault(pass, "there is no list", name, len);
    once.pair = &nothing;
    once.out = &unseen;
    result = part_render(&once, text, true);
    buf_free(&unseen);
    for (size_t i = 0; result == RESULT_OK && is_shown(pass) && i < list->count; i++) {
        const char *again = start;

        once = *pass;
        once.pair = &list->pairs[i];
        result = part_render(&once, &again, true);
    }
    pass->line = once.line;
    return result;
}

/* Up to the end of the text or, of a part that comes again, behind its #done. */
static enum result part_render(struct pass *pass, const char **text, bool again)
{
    const int depth = pass->depth;
    enum result result = RESULT_OK;
    bool ended = false;

    while (result == RESULT_OK && !ended && **text != '\0') {
        const char *line = *text, *name = "";
        size_t len = strcspn(line, "\n"), name_len = 0;
        enum word word = word_read(line, len, &name, &name_len);

        *text += len + (line[len] == '\n');
        pass->line++;
        if (word == WORD_NONE && is_shown(pass))
            result = line_put(pass, line, (size_t)(*text - line));
        else if (word == WORD_IF)
            result = if_begin(pass, name, name_len);
        else if (word == WORD_ELSE || word == WORD_FI)
            result = if_go_on(pass, word, depth);
        else if (word == WORD_EACH)
            result = each_render(pass, text, name, name_len);
        else if (word == WORD_DONE && !again)
            result = fault(pass, "no #each before", line, len);
        else if (word == WORD_DONE)
            ended = true;
    }
    if (result == RESULT_OK && (ended != again || pass->depth != depth))
        result = fault(pass, "not ended is", pass->depth != depth ? "#if" : "#each",
                       strlen(pass->depth != depth ? "#if" : "#each"));
    return result;
}

enum result template_render(const char *text, const struct template_facts *facts,
                            struct buf *out, struct reason *why)
{
    struct pass pass = {.facts = facts, .out = out, .why = why};
    enum result result;

    if (facts->too_many)
        return reason_set(why, RESULT_TOO_BIG, "more is put into the template than fits");
    result = part_render(&pass, &text, false);
    if (result == RESULT_OK && buf_failed(out))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    return result;
}
