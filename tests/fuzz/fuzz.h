/*
 * fuzz.h: what fuzzers begin with: their entry, a check that says where it stands, the bytes
 * as a text with a NUL behind it and nothing behind that, and one part of several for them.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(truth)                                                    \
    do {                                                                \
        if (!(truth)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #truth); \
            abort();                                                    \
        }                                                               \
    } while (0)

/* What a fuzzer with several parts has: the first byte says which gets the rest. */
typedef void fuzz_part(const char *text, size_t len);

static inline void fuzz_parts(fuzz_part *const *parts, size_t count, const uint8_t *data,
                              size_t size)
{
    char *text;

    if (size < 1)
        return;
    text = malloc(size - 1 + (size == 1)); /* exactly, so that a byte too many shows */
    CHECK(text != NULL);
    memcpy(text, data + 1, size - 1);
    parts[data[0] % count](text, size - 1);
    free(text);
}

/* To be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
