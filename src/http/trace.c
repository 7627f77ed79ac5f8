/*
 * trace.c: the trace that a request is part of.
 */
#include "http/trace.h"

#include <stdint.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

enum {
    ID_AT = 3,
    PARENT_AT = ID_AT + TRACE_ID_LEN + 1,
    FLAGS_AT = PARENT_AT + TRACE_SPAN_LEN + 1,
    FLAG_SAMPLED = 1,
    FLAG_RANDOM = 2
};

static const char lower_hex[] = "0123456789abcdef";

static bool is_hex(const char *text, size_t len)
{
    return strspn(text, lower_hex) >= len;
}

static bool is_zero(const char *text, size_t len)
{
    return strspn(text, "0") >= len;
}

static unsigned nibble(char digit)
{
    return (unsigned)(strchr(lower_hex, digit) - lower_hex);
}

/* Whether the four parts are there, each of its length and followed by what has to be. */
static bool is_formed(const char *text)
{
    size_t len = strnlen(text, TRACE_TEXT_LEN + 1);
    bool newest;

    if (len < TRACE_TEXT_LEN || !is_hex(text, 2) || text[2] != '-' ||
        !is_hex(text + ID_AT, TRACE_ID_LEN) || text[PARENT_AT - 1] != '-' ||
        !is_hex(text + PARENT_AT, TRACE_SPAN_LEN) || text[FLAGS_AT - 1] != '-' ||
        !is_hex(text + FLAGS_AT, 2))
        return false;
    newest = text[0] == '0' && text[1] == '0';
    if (len == TRACE_TEXT_LEN)
        return true;
    return !newest && text[TRACE_TEXT_LEN] == '-'; /* a later version may have more */
}

bool trace_parse(const char *text, struct trace *out)
{
    out->given = false;
    if (text == NULL || !is_formed(text) || (text[0] == 'f' && text[1] == 'f') ||
        is_zero(text + ID_AT, TRACE_ID_LEN) || is_zero(text + PARENT_AT, TRACE_SPAN_LEN))
        return false;
    memcpy(out->id, text + ID_AT, TRACE_ID_LEN);
    out->id[TRACE_ID_LEN] = '\0';
    memcpy(out->parent, text + PARENT_AT, TRACE_SPAN_LEN);
    out->parent[TRACE_SPAN_LEN] = '\0';
    out->flags = nibble(text[FLAGS_AT + 1]) & (FLAG_SAMPLED | FLAG_RANDOM);
    out->state = NULL;
    out->span[0] = '\0';
    out->given = true;
    return true;
}

bool trace_state_is_fit(const char *text)
{
    size_t len = strnlen(text, TRACE_STATE_MAX + 1);

    if (len == 0 || len > TRACE_STATE_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\t' && (text[i] < ' ' || text[i] > '~'))
            return false;
    return true;
}

/* Random digits, not all of them 0. */
static void hex_make(char *out, size_t len)
{
    uint8_t bytes[TRACE_ID_LEN / 2];

    do {
        secret_random_pooled(bytes, len / 2);
        for (size_t i = 0; i < len / 2; i++) {
            out[2 * i] = lower_hex[bytes[i] >> 4];
            out[2 * i + 1] = lower_hex[bytes[i] & 15];
        }
        out[len] = '\0';
    } while (is_zero(out, len));
}

void trace_read(struct trace *trace, const char *parent, const char *state, bool begins)
{
    if (!trace_parse(parent, trace)) {
        if (!begins)
            return;
        hex_make(trace->id, TRACE_ID_LEN);
        trace->parent[0] = '\0';
        trace->flags = FLAG_RANDOM;
        trace->state = NULL;
        trace->given = true;
    } else if (state != NULL && trace_state_is_fit(state)) {
        trace->state = state;
    }
    hex_make(trace->span, TRACE_SPAN_LEN);
}

void trace_print(const struct trace *trace, char out[TRACE_TEXT_LEN + 1])
{
    text_print(out, TRACE_TEXT_LEN + 1, "00-%s-%s-%02x", trace->id, trace->span,
               trace->flags & 255);
}

void trace_carry(const struct trace *trace, char out[TRACE_CARRIED_MAX + 1])
{
    trace_print(trace, out);
    if (trace->state != NULL)
        text_print(out + TRACE_TEXT_LEN, TRACE_CARRIED_MAX + 1 - TRACE_TEXT_LEN, " %s",
                   trace->state);
}
