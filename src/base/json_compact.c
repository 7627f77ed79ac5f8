/*
 * json_compact.c: JSON that came from a person, made fit to be kept.
 */
#include "base/json_compact.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"

static enum result check_object(struct json_reader *reader, struct reason *why)
{
    enum json_token token = json_next(reader);
    bool object = token == JSON_OBJECT;

    while (token != JSON_END && token != JSON_BAD)
        token = json_next(reader);
    if (token == JSON_BAD)
        return reason_set(why, json_result(reader), "not JSON: %s", json_problem(reader));
    if (!object)
        return reason_set(why, RESULT_INVALID,
                          "not a JSON object; allowed: one such as {\"team\":\"risk\"}");
    return RESULT_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Of valid JSON: a quote begins or ends a string unless a backslash stands before it. */
static void append_compact(const char *text, size_t len, struct buf *out)
{
    bool string = false;

    for (size_t i = 0; i < len; i++) {
        if (!string && is_blank(text[i]))
            continue;
        buf_putc(out, text[i]);
        if (text[i] == '"')
            string = !string;
        else if (string && text[i] == '\\')
            buf_putc(out, text[++i]);
    }
}

enum result json_compact_object(const char *text, size_t len, struct buf *out,
                                struct reason *why)
{
    struct json_reader reader = {0};
    enum result result;

    json_reader_start(&reader, text, len);
    result = check_object(&reader, why);
    json_reader_free(&reader);
    if (result == RESULT_OK)
        append_compact(text, len, out);
    return result;
}
