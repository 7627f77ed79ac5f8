/*
 * inflate.h: what was packed by gzip or deflate (RFC 1952, RFC 1950), unpacked piece by piece.
 *
 * Nothing is unpacked beyond the room that is given, so who asks for no more than a bound
 * never has more, however small what came was.  The memory is of a fixed size, and is wiped,
 * since what passes through it may be a password.
 */
#ifndef BASE_INFLATE_H
#define BASE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/result.h"

enum inflate_form {
    INFLATE_GZIP,    /* with its header; several of them, one behind the other, are one */
    INFLATE_DEFLATE, /* in zlib's form, or, as some clients send it, without that */
    INFLATE_FORM__MAX
};

struct inflate;

/* Where packed bytes come from: fewer than there is room for only at their end. */
typedef size_t inflate_fill(void *arg, char *to, size_t room);

/* RESULT_NOMEM. */
enum result inflate_new(enum inflate_form form, inflate_fill *fill, void *arg,
                        struct inflate **out, struct reason *why);
void inflate_free(struct inflate *state);

/*
 * Up to `room` bytes, fewer only at the end or where inflate_end() says what is wrong.
 */
size_t inflate_read(struct inflate *state, char *to, size_t room);

/*
 * How it went so far.  RESULT_MALFORMED: not packed in that way, damaged, cut short, or with
 * bytes behind its end; RESULT_NOMEM.  RESULT_OK with *ended where all has come.
 */
enum result inflate_end(const struct inflate *state, bool *ended, struct reason *why);

#endif
