/*
 * base64url.h: bytes as text that may stand in a URL or a header (RFC 4648, section 5).
 *
 * Without padding, and read strictly: one byte string has exactly one text.
 */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Characters for so many bytes, and the most bytes that so many characters are. */
#define BASE64URL_LEN(bytes)   (((bytes)*4 + 2) / 3)
#define BASE64URL_BYTES(chars) ((chars) / 4 * 3 + ((chars) % 4 * 3) / 4)

/* Writes BASE64URL_LEN(len) characters, and no NUL. */
void base64url_write(char *out, const void *bytes, size_t len);

/* Appends the text to a buffer. */
void base64url_put(struct buf *out, const void *bytes, size_t len);

/*
 * Reads the whole text into at most room bytes, and tells how many there were.  False, with
 * *got 0, for anything but what base64url_write() gives: padding, blanks, + and /, a length
 * of 1 mod 4, bits set behind the last byte; and for more than room.
 */
bool base64url_read(const char *text, size_t len, void *out, size_t room, size_t *got);

#endif
