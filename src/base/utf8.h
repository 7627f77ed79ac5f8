/*
 * utf8.h: UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing over
 * U+10FFFF.  Texts are counted, never ended by a NUL, and may hold one.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many of the bytes are valid from the start on: len when all of them are. */
size_t utf8_valid_prefix(const char *text, size_t len);

/* Whether all of the bytes are valid; an empty text is. */
bool utf8_valid(const char *text, size_t len);

/*
 * The first character of the text in *code, and how many bytes it takes, 1-4; 0
 * when there is none or it is not valid, with *code as it was.
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *code);

/*
 * Writes the character and returns how many bytes that took, 1-4.  What is no
 * character (a surrogate, over U+10FFFF) is written as U+FFFD.
 */
size_t utf8_encode(char out[4], uint32_t code);

/*
 * Whether a character stands in a line, and does not do something to it as controls, line
 * ends, marks of direction and the like do.
 */
bool utf8_is_shown(uint32_t code);

/*
 * A client's text made fit for a message or a log line, with a NUL behind it:
 * control characters, the ones that reorder or break lines, quotes, backslashes and
 * invalid bytes are escaped as in JSON or as \xHH, and a text that does not fit in
 * size bytes is cut between characters and ends in "...".  size must be at least 16.
 * Returns the length without the NUL.  No quotes are put around it.
 */
size_t utf8_quote(char *out, size_t size, const char *text, size_t len);

#endif
