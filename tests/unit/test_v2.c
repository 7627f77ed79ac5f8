/*
 * test_v2.c: the datatypes of the Open Inference Protocol, from JSON and from bytes.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/v2.h"

static double decoded(enum v2_type type, const char *bytes)
{
    double out = -77;

    assert_int_equal(v2_type_decode(type, bytes, 1, &out), 1);
    return out;
}

static bool takes(enum v2_type type, double number)
{
    const char *allowed;
    double out;

    return v2_type_take(type, number, &out, &allowed);
}

static void names_that_are_none_are_not_found(void **state)
{
    static const char *const bad[] = {"",      "FP",     "FP3",  "FP321",  "fp32",
                                      "FLOAT", "INT128", "BF16", "STRING", "BOOL "};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(v2_type_find(bad[i], strlen(bad[i])), V2_TYPE__MAX);
    for (int type = 0; type < V2_TYPE__MAX; type++) {
        const char *name = v2_type_name((enum v2_type)type);

        assert_int_equal(v2_type_find(name, strlen(name)), type);
    }
}

static void whole_numbers_are_taken_within_their_type_alone(void **state)
{
    static const struct {
        enum v2_type type;
        double low, high;
    } ranges[] = {
        {V2_BOOL, 0, 1},
        {V2_UINT8, 0, 255},
        {V2_INT8, -128, 127},
        {V2_UINT16, 0, 65535},
        {V2_INT16, -32768, 32767},
        {V2_UINT32, 0, 4294967295.0},
        {V2_INT32, -2147483648.0, 2147483647.0},
        {V2_UINT64, 0, 9007199254740991.0},
        {V2_INT64, -9007199254740991.0, 9007199254740991.0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        assert_true(takes(ranges[i].type, ranges[i].low));
        assert_true(takes(ranges[i].type, ranges[i].high));
        assert_false(takes(ranges[i].type, ranges[i].low - 1));
        assert_false(takes(ranges[i].type, ranges[i].high + 1));
        assert_false(takes(ranges[i].type, 0.5));
    }
    assert_false(takes(V2_FP16, 1));
    assert_false(takes(V2_BYTES, 1));
    assert_false(takes(V2_FP32, 3.5e38));
    assert_true(takes(V2_FP64, 3.5e38));
}

static void a_float32_is_the_same_from_json_and_from_bytes(void **state)
{
    static const double numbers[] = {5.1, 0.1, 1e-40, 16777217, -0.3333333333333333};
    const char *allowed;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        float narrow = (float)numbers[i];
        char bytes[4];
        double out;

        memcpy(bytes, &narrow, sizeof(bytes)); /* tests run on little-endian machines */
        assert_true(v2_type_take(V2_FP32, numbers[i], &out, &allowed));
        assert_true(out >= decoded(V2_FP32, bytes) && out <= decoded(V2_FP32, bytes));
    }
}

static void bytes_are_little_endian_and_signed_by_their_type(void **state)
{
    (void)state;
    assert_true(decoded(V2_UINT8, "\xfe") == 254);
    assert_true(decoded(V2_INT8, "\xfe") == -2);
    assert_true(decoded(V2_UINT16, "\x01\xff") == 65281);
    assert_true(decoded(V2_INT16, "\x01\xff") == -255);
    assert_true(decoded(V2_UINT32, "\x01\x02\x03\xff") == 4278387201.0);
    assert_true(decoded(V2_INT32, "\xfe\xff\xff\xff") == -2);
    assert_true(decoded(V2_INT64, "\xfe\xff\xff\xff\xff\xff\xff\xff") == -2);
    assert_true(decoded(V2_UINT64, "\x01\0\0\0\x01\0\0\0") == 4294967297.0);
    assert_true(decoded(V2_FP32, "\0\0\xc0\x3f") == 1.5);
    assert_true(decoded(V2_FP64, "\0\0\0\0\0\0\xf8\x3f") == 1.5);
    assert_true(decoded(V2_BOOL, "\x01") == 1);
}

static void half_floats_are_what_ieee_754_says(void **state)
{
    (void)state;
    assert_true(decoded(V2_FP16, "\x00\x3c") == 1);
    assert_true(decoded(V2_FP16, "\x00\xc0") == -2);
    assert_true(decoded(V2_FP16, "\xff\x7b") == 65504);
    assert_true(decoded(V2_FP16, "\x01\x00") == ldexp(1, -24)); /* the least subnormal */
    assert_true(decoded(V2_FP16, "\xff\x03") == ldexp(1023, -24));
    assert_true(decoded(V2_FP16, "\x00\x04") == ldexp(1, -14)); /* the least normal */
    assert_true(isinf(decoded(V2_FP16, "\x00\x7c")) && isinf(decoded(V2_FP16, "\x00\xfc")));
    assert_true(isnan(decoded(V2_FP16, "\x01\x7c")));
    assert_true(decoded(V2_FP16, "\x00\x80") == 0 && signbit(decoded(V2_FP16, "\x00\x80")));
}

static void what_no_float64_holds_ends_the_numbers(void **state)
{
    static const char wide[] = "\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x20\0"; /* 1, 2^53 */
    double out[2];

    (void)state;
    assert_int_equal(v2_type_decode(V2_INT64, wide, 2, out), 1);
    assert_int_equal(v2_type_decode(V2_UINT64, "\xff\xff\xff\xff\xff\xff\xff\xff", 1, out), 0);
    assert_int_equal(v2_type_decode(V2_BOOL, "\1\2", 2, out), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_none_are_not_found),
        cmocka_unit_test(whole_numbers_are_taken_within_their_type_alone),
        cmocka_unit_test(a_float32_is_the_same_from_json_and_from_bytes),
        cmocka_unit_test(bytes_are_little_endian_and_signed_by_their_type),
        cmocka_unit_test(half_floats_are_what_ieee_754_says),
        cmocka_unit_test(what_no_float64_holds_ends_the_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
