/*
 * fuzz_prefer.c: any bytes as the header Prefer.  Nothing behind its end is read, blanks and
 * empty elements around it change nothing, and neither does a preference that nobody knows.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/prefer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is preferred by a text between two others; -1 for want of memory. */
static int preferred(const char *before, const uint8_t *data, size_t size, const char *after)
{
    size_t lead = strlen(before), tail = strlen(after);
    char *text = malloc(lead + size + tail + 1);
    int prefers = -1;

    if (text == NULL)
        return -1;
    memcpy(text, before, lead);
    if (size > 0)
        memcpy(text + lead, data, size);
    memcpy(text + lead + size, after, tail + 1);
    prefers = prefer_async(text) ? 1 : 0;
    free(text);
    return prefers;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int prefers;

    if (size > 0 && memchr(data, 0, size) != NULL)
        return 0;
    prefers = preferred("", data, size, "");
    if (preferred(" ,\t, ", data, size, "") != prefers ||
        preferred("wait=1, ", data, size, "") != prefers ||
        (prefers == 1 && preferred("", data, size, " ,, x=\"y\";z") != 1)) {
        fprintf(stderr, "a preference that nobody knows changed what is preferred\n");
        abort();
    }
    return 0;
}
