/*
 * shape.c: what an answer is made of, from the notation to JSON Schema and to HTML.
 *
 * The texts are constants of ours, and a test reads each of them once: what writes does not
 * look at them again.  Writing goes once through the text, and looks ahead over one value at a
 * time to see which kinds it may be of.
 */
#include "http/shape.h"

#include <string.h>

#include "http/shape_inner.h"

const struct shape_kind shape_kinds[SHAPE_KINDS] = {
    {"text", "string", NULL},  {"int", "integer", NULL}, {"num", "number", NULL},
    {"bool", "boolean", NULL}, {"null", "null", NULL},   {"time", "string", "date-time"},
    {"any", NULL, NULL},       {"bytes", NULL, NULL},
};

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
const char shape_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

const char *shape_blanks_skip(const char *at)
{
    return at + strspn(at, " ");
}

/* ---- reading ---- */

/* Behind one value, or NULL if it is none. */
const char *shape_one_skip(const char *at)
{
    size_t len;

    at = shape_blanks_skip(at);
    if (*at == '\'') {
        at = strchr(at + 1, '\'');
        return at != NULL ? at + 1 : NULL;
    }
    if (*at == '[') {
        at = shape_value_skip(at + 1);
        return at != NULL && *at == ']' ? at + 1 : NULL;
    }
    if (*at == '{') {
        do {
            at = shape_blanks_skip(at + 1);
            len = *at == '*' ? 1 : strspn(at, shape_letters);
            at += len + (at[len] == '?');
            at = len > 0 && *at == ':' ? shape_value_skip(at + 1) : NULL;
        } while (at != NULL && *at == ',');
        return at != NULL && *at == '}' ? at + 1 : NULL;
    }
    len = strspn(at, shape_letters);
    return len > 0 ? at + len : NULL;
}

/* Behind the alternatives, before what they are. */
static const char *choice_skip(const char *at)
{
    at = shape_one_skip(at);
    while (at != NULL && *shape_blanks_skip(at) == '|')
        at = shape_one_skip(shape_blanks_skip(at) + 1);
    return at != NULL ? shape_blanks_skip(at) : NULL;
}

/* Behind what a value is in words. */
const char *shape_words_skip(const char *at)
{
    if (*at != '(')
        return shape_blanks_skip(at);
    at = strchr(at, ')');
    return at != NULL ? shape_blanks_skip(at + 1) : NULL;
}

const char *shape_value_skip(const char *at)
{
    at = choice_skip(at);
    return at != NULL ? shape_words_skip(at) : NULL;
}

int shape_kind_of(const char *at)
{
    size_t len = strspn(at, shape_letters);

    for (int i = 0; i < SHAPE_KINDS; i++)
        if (strlen(shape_kinds[i].word) == len && strncmp(shape_kinds[i].word, at, len) == 0)
            return i;
    return SHAPE_NO_KIND;
}

/* A word that is no kind, or NULL. */
static const char *wrong_word(const char *at)
{
    bool in_words = false, in_text = false;

    for (; *at != '\0'; at++) {
        size_t len = strspn(at, shape_letters);

        in_words = in_words ? *at != ')' : !in_text && *at == '(';
        in_text = in_text != (!in_words && *at == '\'');
        if (in_words || in_text || len == 0)
            continue;
        if (at[len] != ':' && at[len] != '?' && strchr(lower, *at) != NULL &&
            shape_kind_of(at) == SHAPE_NO_KIND)
            return at;
        at += len - 1;
    }
    return NULL;
}

bool shape_is_valid(const char *shape, size_t *at)
{
    const char *end = shape_value_skip(shape), *wrong;

    *at = 0;
    if (end == NULL || *end != '\0') {
        *at = end != NULL ? (size_t)(end - shape) : 0;
        return false;
    }
    wrong = wrong_word(shape);
    if (wrong != NULL)
        *at = (size_t)(wrong - shape);
    return wrong == NULL;
}

/* ---- as JSON Schema ---- */

static const char *schema_value(struct json_writer *writer, const char *at);

/* What the alternatives have in common. */
struct choice {
    unsigned count;
    bool kinds; /* they are words for kinds, but for any */
    bool texts; /* they are texts, or null */
};

static struct choice choice_look(const char *at)
{
    struct choice choice = {.kinds = true, .texts = true};

    for (at = shape_blanks_skip(at);; at = shape_blanks_skip(at) + 1) {
        int kind;

        at = shape_blanks_skip(at);
        kind = shape_kind_of(at);
        choice.count++;
        choice.kinds = choice.kinds && kind != SHAPE_NO_KIND && shape_kinds[kind].type != NULL;
        choice.texts = choice.texts && (*at == '\'' || strncmp(at, "null", 4) == 0);
        at = shape_one_skip(at);
        if (*shape_blanks_skip(at) != '|')
            return choice;
    }
}

/* Words for kinds as "type", of which one may have a format. */
static const char *schema_kinds(struct json_writer *writer, const char *at, unsigned count)
{
    const char *format = NULL;

    json_write_key(writer, "type");
    if (count > 1)
        json_write_array(writer);
    for (unsigned i = 0; i < count; i++) {
        int kind;

        at = shape_blanks_skip(at + (i > 0)); /* the | */
        kind = shape_kind_of(at);
        json_write_string(writer, shape_kinds[kind].type);
        if (shape_kinds[kind].format != NULL)
            format = shape_kinds[kind].format;
        at = shape_blanks_skip(shape_one_skip(at));
    }
    if (count > 1)
        json_write_array_end(writer);
    if (format != NULL)
        json_member_string(writer, "format", format);
    return at;
}

static const char *schema_texts(struct json_writer *writer, const char *at, unsigned count)
{
    const char *from;
    bool null = false;

    json_write_key(writer, "enum");
    json_write_array(writer);
    for (unsigned i = 0; i < count; i++) {
        from = shape_blanks_skip(at + (i > 0));
        at = shape_one_skip(from);
        if (*from == '\'')
            json_write_string_n(writer, from + 1, (size_t)(at - from) - 2);
        else
            null = true;
        at = shape_blanks_skip(at);
    }
    if (null)
        json_write_null(writer);
    json_write_array_end(writer);
    json_write_key(writer, "type");
    if (null)
        json_write_raw(writer, "[\"string\",\"null\"]", 17);
    else
        json_write_string(writer, "string");
    return at;
}

static void schema_required(struct json_writer *writer, const char *at)
{
    bool any = false;

    do {
        const char *name = shape_blanks_skip(at + 1);
        size_t len = strspn(name, shape_letters);

        if (len > 0 && name[len] == ':') {
            if (!any) {
                json_write_key(writer, "required");
                json_write_array(writer);
            }
            json_write_string_n(writer, name, len);
            any = true;
        }
        at = shape_value_skip(strchr(name, ':') + 1);
    } while (*at == ',');
    if (any)
        json_write_array_end(writer);
}

static const char *schema_object(struct json_writer *writer, const char *at)
{
    const char *name = shape_blanks_skip(at + 1);

    json_member_string(writer, "type", "object");
    if (*name == '*') {
        json_write_key(writer, "additionalProperties");
        return schema_value(writer, name + 2) + 1;
    }
    schema_required(writer, at);
    json_write_key(writer, "properties");
    json_write_object(writer);
    do {
        name = shape_blanks_skip(at + 1);
        json_write_key_n(writer, name, strspn(name, shape_letters));
        at = schema_value(writer, strchr(name, ':') + 1);
    } while (*at == ',');
    json_write_object_end(writer);
    return at + 1;
}

/* The members of the schema of one value. */
static const char *schema_one(struct json_writer *writer, const char *at)
{
    char reference[96] = "#/components/schemas/";
    size_t len, begin = strlen(reference);

    at = shape_blanks_skip(at);
    if (*at == '\'')
        return schema_texts(writer, at, 1);
    if (*at == '{')
        return schema_object(writer, at);
    if (*at == '[') {
        json_member_string(writer, "type", "array");
        json_write_key(writer, "items");
        return schema_value(writer, at + 1) + 1;
    }
    len = strspn(at, shape_letters);
    if (shape_kind_of(at) != SHAPE_NO_KIND)
        return shape_kinds[shape_kind_of(at)].type != NULL ? schema_kinds(writer, at, 1)
                                                           : at + len;
    if (begin + len < sizeof(reference)) {
        memcpy(reference + begin, at, len);
        reference[begin + len] = '\0';
        json_member_string(writer, "$ref", reference);
    }
    return at + len;
}

static const char *schema_choice(struct json_writer *writer, const char *at)
{
    const struct choice choice = choice_look(at);

    at = shape_blanks_skip(at);
    if (choice.kinds)
        return schema_kinds(writer, at, choice.count);
    if (choice.texts)
        return schema_texts(writer, at, choice.count);
    if (choice.count == 1)
        return schema_one(writer, at);
    json_write_key(writer, "anyOf");
    json_write_array(writer);
    for (unsigned i = 0; i < choice.count; i++) {
        json_write_object(writer);
        at = shape_blanks_skip(schema_one(writer, at + (i > 0)));
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
    return at;
}

static const char *schema_value(struct json_writer *writer, const char *at)
{
    json_write_object(writer);
    at = shape_blanks_skip(schema_choice(writer, at));
    if (*at == '(') {
        json_write_key(writer, "description");
        json_write_string_n(writer, at + 1, strcspn(at + 1, ")"));
    }
    json_write_object_end(writer);
    return shape_words_skip(at);
}

void shape_write_schema(struct json_writer *writer, const char *shape)
{
    schema_value(writer, shape);
}
