/*
 * text.c: C strings in arrays of fixed size.
 */
#include "base/text.h"

#include <string.h>

bool text_copy(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);
    bool fits = len < size;

    if (!fits)
        len = size - 1;
    memcpy(out, text, len);
    out[len] = '\0';
    return fits;
}
