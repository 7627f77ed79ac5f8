/*
 * fuzz_trace.c: any bytes as traceparent, and behind a NUL as tracestate.  Nothing behind their
 * ends is read; what is taken has the form that the standard wants, what is printed of it is
 * read again as the same, and what is carried has no character that ends a header.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *copy_of(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        exit(1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

static void check(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void taken_check(const struct trace *trace, const char *parent)
{
    char text[TRACE_TEXT_LEN + 1], carried[TRACE_CARRIED_MAX + 1];
    struct trace again;

    check(strlen(parent) >= TRACE_TEXT_LEN, "a short one was taken");
    check(strspn(parent, "0123456789abcdef-") >= TRACE_TEXT_LEN, "what is no digit was taken");
    check(strncmp(parent + 3, trace->id, TRACE_ID_LEN) == 0, "it is another trace");
    trace_print(trace, text);
    check(trace_parse(text, &again) && strcmp(again.id, trace->id) == 0 &&
              strcmp(again.parent, trace->span) == 0 && again.flags == trace->flags,
          "what was printed is read as another");
    trace_carry(trace, carried);
    check(strcspn(carried, "\r\n") == strlen(carried), "what is carried ends a header");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t first = end != NULL ? (size_t)(end - data) : size;
    char *parent = copy_of(data, first);
    char *state = end != NULL ? copy_of(end + 1, size - first - 1) : NULL;
    struct trace trace, begun;

    trace_read(&trace, parent, state, false);
    trace_read(&begun, parent, state, true);
    check(begun.given, "none was begun");
    if (trace.given) {
        check(strcmp(begun.id, trace.id) == 0, "another was begun beside one that came");
        taken_check(&trace, parent);
    }
    free(parent);
    free(state);
    return 0;
}
