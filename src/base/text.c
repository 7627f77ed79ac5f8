/*
 * text.c: C strings in arrays of fixed size.
 */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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

void text_print_list(char *out, size_t size, const char *format, va_list args)
{
    int len = vsnprintf(out, size, format, args);

    if (len < 0)
        out[0] = '\0';
    else if ((size_t)len >= size)
        out[utf8_valid_prefix(out, size - 1)] = '\0';
}

void text_print(char *out, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_print_list(out, size, format, args);
    va_end(args);
}

char text_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        c = "abcdefghijklmnopqrstuvwxyz"[c - 'A'];
    return c;
}

bool text_copy_lower(char *out, size_t size, const char *text)
{
    bool fits = text_copy(out, size, text);

    for (; *out != '\0'; out++)
        *out = text_lower(*out);
    return fits;
}
