/*
 * text.h: C strings in arrays of fixed size.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Copies a string into size bytes, its NUL included.  False, and cut, if it did not fit. */
bool text_copy(char *out, size_t size, const char *text);

/* An ASCII letter in lower case; anything else as it is. */
char text_lower(char c);

/* As text_copy(), in lower case. */
bool text_copy_lower(char *out, size_t size, const char *text);

/*
 * Formats into size bytes; what does not fit is cut, and never within a UTF-8 character,
 * so that valid parts make a valid whole.
 */
void text_print(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void text_print_list(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
