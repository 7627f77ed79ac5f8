/*
 * import_bytes.h: a binary file as an importer reads it: from the front, once.
 *
 * Memory is never asked for because a file says how much will come, only for what has
 * come.  Every failure names the file, the byte and the place, so that an importer says
 * just what is wrong.
 */
#ifndef FOREST_IMPORT_BYTES_H
#define FOREST_IMPORT_BYTES_H

#include <stdint.h>
#include <stdio.h>

#include "base/result.h"
#include "forest/digest.h"

struct import_bytes {
    FILE *file;
    const char *name;
    struct reason *why;
    struct digest *digest; /* of all that is taken, or NULL */
    uint64_t offset;       /* bytes taken */
    char place[96];        /* what is being read: "tree 3"; "" is nowhere special */
};

/* What is read from now on, for messages. */
void import_bytes_place(struct import_bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the reason, "NAME: byte 12, PLACE: ...". */
void import_bytes_say(const struct import_bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, and the result: a macro, so that compilers see that it is none but that. */
#define import_bytes_refuse(bytes, result, ...) \
    (import_bytes_say((bytes), __VA_ARGS__), (result))

/* The next len bytes; RESULT_MALFORMED if the file ends before, RESULT_IO. */
enum result import_bytes_take(struct import_bytes *bytes, void *to, size_t len);

enum result import_bytes_skip(struct import_bytes *bytes, uint64_t len);

/*
 * The next count items of size bytes in memory that the caller frees, also after a
 * failure; never NULL after RESULT_OK.  A NUL is behind them.
 */
enum result import_bytes_array(struct import_bytes *bytes, size_t size, uint64_t count,
                               void **out);

/* RESULT_MALFORMED if something comes after what was taken. */
enum result import_bytes_end(struct import_bytes *bytes);

#endif
