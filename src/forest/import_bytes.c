/*
 * import_bytes.c: a binary file, from the front to the end, with no trust in its counts.
 */
#include "forest/import_bytes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    FIRST_STEP = 1 << 16 /* bytes that are asked for before the first has come */
};

void import_bytes_place(struct import_bytes *bytes, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_print_list(bytes->place, sizeof(bytes->place), format, args);
    va_end(args);
}

void import_bytes_say(const struct import_bytes *bytes, const char *format, ...)
{
    char fault[320];
    va_list args;

    va_start(args, format);
    text_print_list(fault, sizeof(fault), format, args);
    va_end(args);
    reason_set(bytes->why, RESULT_FAILED, "%s: byte %llu%s%s: %s", bytes->name,
               (unsigned long long)bytes->offset, bytes->place[0] == '\0' ? "" : ", ",
               bytes->place, fault);
}

enum result import_bytes_take(struct import_bytes *bytes, void *to, size_t len)
{
    size_t got = len == 0 ? 0 : fread(to, 1, len, bytes->file);

    bytes->offset += got;
    if (got != len && ferror(bytes->file))
        return reason_errno(bytes->why, "%s: reading", bytes->name);
    if (got != len)
        return import_bytes_refuse(bytes, RESULT_MALFORMED, "the file ends here");
    if (bytes->digest != NULL)
        digest_add(bytes->digest, to, len);
    return RESULT_OK;
}

enum result import_bytes_skip(struct import_bytes *bytes, uint64_t len)
{
    enum result result = RESULT_OK;
    char passed[4096];

    while (len != 0 && result == RESULT_OK) {
        size_t step = len < sizeof(passed) ? (size_t)len : sizeof(passed);

        result = import_bytes_take(bytes, passed, step);
        len -= step;
    }
    return result;
}

enum result import_bytes_array(struct import_bytes *bytes, size_t size, uint64_t count,
                               void **out)
{
    uint64_t whole, have = 0, next = FIRST_STEP;
    enum result result = RESULT_OK;
    char *grown;

    *out = NULL;
    if (count > (SIZE_MAX / 4) / size)
        return import_bytes_refuse(bytes, RESULT_TOO_BIG, "%llu numbers are too many",
                                   (unsigned long long)count);
    whole = count * size;
    do {
        next = next < whole ? next : whole;
        grown = realloc(*out, (size_t)next + 1);
        if (grown == NULL)
            return import_bytes_refuse(bytes, RESULT_NOMEM, "no memory for %llu bytes",
                                       (unsigned long long)next);
        *out = grown;
        result = import_bytes_take(bytes, grown + have, (size_t)(next - have));
        have = next;
        next *= 2;
    } while (result == RESULT_OK && have < whole);
    grown[have] = '\0';
    return result;
}

enum result import_bytes_end(struct import_bytes *bytes)
{
    if (getc(bytes->file) != EOF)
        return import_bytes_refuse(bytes, RESULT_MALFORMED,
                                   "something stands behind the end of the model");
    if (ferror(bytes->file))
        return reason_errno(bytes->why, "%s: reading", bytes->name);
    return RESULT_OK;
}
