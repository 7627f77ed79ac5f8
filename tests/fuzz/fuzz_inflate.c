/*
 * fuzz_inflate.c: any bytes as packed ones, the first saying in which form.  However many are
 * asked for at once the same come, and the same is wrong with them; no more come than were
 * asked for; what zlib unpacks as a whole is what comes in pieces; and what was packed comes
 * back.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <zlib.h>

#include "base/inflate.h"

enum {
    OUT_MAX = 1 << 18,
    WAYS = 2
};

struct source {
    const uint8_t *at;
    size_t left;
};

static size_t take(void *arg, char *to, size_t room)
{
    struct source *source = arg;
    size_t n = room < source->left ? room : source->left;

    if (n > 0)
        memcpy(to, source->at, n);
    source->at += n;
    source->left -= n;
    return n;
}

/* What comes when so many bytes are asked for at once. */
static size_t unpack(enum inflate_form form, const uint8_t *data, size_t size, size_t step,
                     char *out, enum result *result)
{
    struct source source = {data, size};
    struct inflate *state = NULL;
    struct reason why = {{0}};
    size_t had = 0, got, room;
    bool ended = false;

    CHECK(inflate_new(form, take, &source, &state, &why) == RESULT_OK);
    do {
        room = OUT_MAX - had < step ? OUT_MAX - had : step;
        got = inflate_read(state, out + had, room);
        CHECK(got <= room);
        had += got;
    } while (got == room && had < OUT_MAX);
    *result = inflate_end(state, &ended, &why);
    CHECK(*result == RESULT_OK || *result == RESULT_MALFORMED);
    if (had < OUT_MAX)
        CHECK(ended == (*result == RESULT_OK));
    inflate_free(state);
    return had;
}

/* zlib in one step: how much it unpacks of a whole, well formed text; -1 if it is none. */
static long whole(enum inflate_form form, const uint8_t *data, size_t size, char *out)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data,
                       .avail_in = (uInt)size,
                       .next_out = (Bytef *)out,
                       .avail_out = OUT_MAX};
    int code;

    CHECK(inflateInit2(&stream, form == INFLATE_GZIP ? 31 : 15) == Z_OK);
    code = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return code == Z_STREAM_END && stream.avail_in == 0 ? OUT_MAX - (long)stream.avail_out : -1;
}

static void comes_back(const uint8_t *data, size_t size)
{
    uLong room = compressBound(size) + 64;
    uint8_t *packed = malloc(room);
    char *out = malloc(OUT_MAX);
    enum result result;

    CHECK(packed != NULL && out != NULL);
    CHECK(compress(packed, &room, data, size) == Z_OK);
    CHECK(unpack(INFLATE_DEFLATE, packed, room, 4096, out, &result) == size);
    CHECK(result == RESULT_OK && (size == 0 || memcmp(out, data, size) == 0));
    if (room > 0)
        unpack(INFLATE_DEFLATE, packed, room - 1, 4096, out, &result);
    CHECK(result == RESULT_MALFORMED);
    free(packed);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum inflate_form form;
    enum result one, many;
    char *a, *b;
    size_t had;
    long all;

    if (size < 1 || size > OUT_MAX / 2)
        return 0;
    form = data[0] % WAYS == 0 ? INFLATE_GZIP : INFLATE_DEFLATE;
    a = malloc(OUT_MAX);
    b = malloc(OUT_MAX);
    CHECK(a != NULL && b != NULL);
    had = unpack(form, data + 1, size - 1, OUT_MAX, a, &one);
    CHECK(unpack(form, data + 1, size - 1, 7, b, &many) == had && one == many);
    CHECK(memcmp(a, b, had) == 0);
    all = whole(form, data + 1, size - 1, b);
    if (all >= 0 && all < OUT_MAX)
        CHECK(one == RESULT_OK && had == (size_t)all && memcmp(a, b, had) == 0);
    comes_back(data + 1, size - 1);
    free(a);
    free(b);
    return 0;
}
