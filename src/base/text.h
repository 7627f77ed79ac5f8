/*
 * text.h: C strings in arrays of fixed size.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Copies a string into size bytes, its NUL included.  False, and cut, if it did not fit. */
bool text_copy(char *out, size_t size, const char *text);

#endif
