/*
 * test_inflate.c: packed bytes, unpacked piece by piece.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/inflate.h"

enum {
    MANY = 300000
};

struct source {
    const char *at;
    size_t left, taken;
};

static size_t take(void *arg, char *to, size_t room)
{
    struct source *source = arg;
    size_t n = room < source->left ? room : source->left;

    memcpy(to, source->at, n);
    source->at += n;
    source->left -= n;
    source->taken += n;
    return n;
}

/* Packs; bits as zlib has them: 31 for gzip, 15, -15. */
static size_t packed(const char *text, size_t len, int bits, char *out, size_t room)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
                       .avail_in = (uInt)len,
                       .next_out = (Bytef *)out,
                       .avail_out = (uInt)room};

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return room - stream.avail_out;
}

/* Unpacks all, so many at once; the bytes are to be freed. */
static enum result unpacked(enum inflate_form form, const char *bytes, size_t len, size_t step,
                            char *out, size_t room, size_t *had)
{
    struct source source = {bytes, len, 0};
    struct inflate *state;
    enum result result;
    struct reason why;
    bool ended;
    size_t got;

    assert_int_equal(inflate_new(form, take, &source, &state, &why), RESULT_OK);
    *had = 0;
    do {
        if (step > room - *had)
            step = room - *had;
        got = inflate_read(state, out + *had, step);
        *had += got;
    } while (got == step && *had < room);
    result = inflate_end(state, &ended, &why);
    inflate_free(state);
    return result;
}

static void what_is_not_packed_so_is_malformed(void **state)
{
    char bytes[256], out[256];
    size_t len = packed("a text", 6, 31, bytes, sizeof(bytes)), had;

    (void)state;
    assert_int_equal(unpacked(INFLATE_GZIP, "a text", 6, 9, out, 256, &had), RESULT_MALFORMED);
    assert_int_equal(unpacked(INFLATE_GZIP, "", 0, 9, out, 256, &had), RESULT_MALFORMED);
    assert_int_equal(unpacked(INFLATE_DEFLATE, "", 0, 9, out, 256, &had), RESULT_MALFORMED);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(unpacked(INFLATE_GZIP, bytes, cut, 9, out, 256, &had),
                         RESULT_MALFORMED);
    bytes[len] = 'x';
    assert_int_equal(unpacked(INFLATE_GZIP, bytes, len + 1, 9, out, 256, &had),
                     RESULT_MALFORMED);
    bytes[len - 5] ^= 1; /* the checksum */
    assert_int_equal(unpacked(INFLATE_GZIP, bytes, len, 9, out, 256, &had), RESULT_MALFORMED);
    len = packed("a text", 6, 15, bytes, sizeof(bytes));
    bytes[len] = 'x';
    assert_int_equal(unpacked(INFLATE_DEFLATE, bytes, len + 1, 9, out, 256, &had),
                     RESULT_MALFORMED);
}

static void each_form_comes_back_however_many_are_asked_for_at_once(void **state)
{
    static const struct {
        int bits;
        enum inflate_form form;
    } forms[] = {{31, INFLATE_GZIP}, {15, INFLATE_DEFLATE}, {-15, INFLATE_DEFLATE}};
    static const size_t steps[] = {1, 7, 4096, MANY, MANY + 1};
    char *text = malloc(MANY), *bytes = malloc(MANY), *out = malloc(MANY + 1);
    size_t len, had;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        text[i] = (char)("abcde"[i % 5] + (i >> 12) % 7);
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        len = packed(text, MANY, forms[f].bits, bytes, MANY);
        for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
            assert_int_equal(unpacked(forms[f].form, bytes, len, steps[s], out, MANY + 1, &had),
                             RESULT_OK);
            assert_int_equal(had, MANY);
            assert_memory_equal(out, text, MANY);
        }
    }
    free(text);
    free(bytes);
    free(out);
}

static void gzip_may_come_in_several_parts(void **state)
{
    char bytes[256], out[64];
    size_t len = packed("one", 3, 31, bytes, 100), had;

    (void)state;
    len += packed(" two", 4, 31, bytes + len, 100);
    assert_int_equal(unpacked(INFLATE_GZIP, bytes, len, 2, out, 64, &had), RESULT_OK);
    assert_int_equal(had, 7);
    assert_memory_equal(out, "one two", 7);
}

static void no_more_is_unpacked_than_is_asked_for(void **state)
{
    char *text = calloc(1, 64 << 20), *bytes = malloc(1 << 20), out[1000];
    size_t len = packed(text, 64 << 20, 31, bytes, 1 << 20);
    struct source source = {bytes, len, 0};
    struct inflate *inflating;
    struct reason why;
    bool ended = true;

    (void)state;
    assert_int_equal(inflate_new(INFLATE_GZIP, take, &source, &inflating, &why), RESULT_OK);
    assert_int_equal(inflate_read(inflating, out, sizeof(out)), sizeof(out));
    assert_int_equal(inflate_end(inflating, &ended, &why), RESULT_OK);
    assert_false(ended);
    assert_true(source.taken < len); /* what would be the rest was not even read */
    inflate_free(inflating);
    free(text);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_packed_so_is_malformed),
        cmocka_unit_test(each_form_comes_back_however_many_are_asked_for_at_once),
        cmocka_unit_test(gzip_may_come_in_several_parts),
        cmocka_unit_test(no_more_is_unpacked_than_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
