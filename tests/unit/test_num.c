/*
 * test_num.c: what is no number is refused, and every last bit of the others is right,
 * with the C library's strtod and printf as the judge.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"

static uint64_t random_state = 88172645463325252;

/* Xorshift: the same numbers in every run, so that a failure comes again. */
static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static double random_double(void)
{
    uint64_t bits;
    double value;

    do {
        bits = next_random();
        memcpy(&value, &bits, sizeof(value));
    } while (!isfinite(value));
    return value;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint32_t bits_of_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void check_reads(const char *text, double expected)
{
    double value = NAN;

    if (!num_parse_double(text, strlen(text), &value))
        fail_msg("refused: %.60s", text);
    if (bits_of(value) != bits_of(expected))
        fail_msg("%.60s... (%zu bytes) read as %a, not %a", text, strlen(text), value,
                 expected);
}

static void check_prints(double value, const char *expected)
{
    char text[NUM_DOUBLE_MAX];

    assert_int_equal(num_print_double(text, value), strlen(expected));
    assert_string_equal(text, expected);
}

static void check_prints_float(float value, const char *expected)
{
    char text[NUM_FLOAT_MAX];

    assert_int_equal(num_print_float(text, value), strlen(expected));
    assert_string_equal(text, expected);
}

static void what_json_has_no_number_for_is_refused(void **state)
{
    static const char *const texts[] = {
        "",     "-",     "+1",    "--1",  ".5",   "5.",  "-.5", ".",
        "e5",   "1e",    "1e+",   "1e-",  "1.e5", "00",  "01",  "-01",
        "0x1",  "1_000", "1,5",   " 1",   "1 ",   "NaN", "nan", "Infinity",
        "-inf", "1f",    "1e5.5", "1..2", "1e5e", "٣",   "1\n", "0x1p-1022",
    };
    double value = 7;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (num_parse_double(texts[i], strlen(texts[i]), &value))
            fail_msg("taken: '%s'", texts[i]);
        assert_true(value == 7);
    }
    assert_false(num_parse_double("1\0002", 3, &value));
}

static void loose_takes_other_spellings_but_not_everything(void **state)
{
    static const char *const refused[] = {"",    "+",  "-",   ".",    "+.",   "e1",
                                          ".e1", "1e", "+-1", "1.5.", "0x10", "inf",
                                          "nan", " 1", "1 ",  "1,5"};
    static const struct {
        const char *text;
        double value;
    } taken[] = {{"+1", 1},     {".5", 0.5},   {"5.", 5},       {"-.5", -0.5}, {"007", 7},
                 {"+5.e1", 50}, {"-0.", -0.0}, {"00.50", 0.50}, {"1E+02", 100}};
    double value = 7;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (num_parse_double_loose(refused[i], strlen(refused[i]), &value))
            fail_msg("taken: '%s'", refused[i]);
    }
    for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (!num_parse_double_loose(taken[i].text, strlen(taken[i].text), &value))
            fail_msg("refused: '%s'", taken[i].text);
        assert_true(bits_of(value) == bits_of(taken[i].value));
    }
}

static void what_would_be_infinite_is_refused(void **state)
{
    static const char *const texts[] = {
        "1e309",
        "-1e309",
        "1e999",
        "1e99999999999999999999",
        "1.7976931348623159e308",
        /* exactly halfway between the largest and 2^1024 */
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946"
        "649017977587207096330286416692887910946555547851940402630657488671505820681908902000"
        "708383676273854845817711531764475730270069855571366959622842914819860834936475292719"
        "074168444365510704342711559699508093042880177904174497792",
    };
    double value = 7;
    float single = 7;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (num_parse_double(texts[i], strlen(texts[i]), &value))
            fail_msg("taken: %s", texts[i]);
    }
    assert_true(value == 7);
    assert_false(num_parse_float("1e39", 4, &single));
    assert_false(num_parse_float("340282356779733661637539395458142568448", 39, &single));
    assert_true(single == 7);
}

static void edges_are_read_to_the_last_bit(void **state)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0", 0.0},
        {"-0", -0.0},
        {"-0.0e-5", -0.0},
        {"0e999999999999999999999", 0.0},
        {"5.1", 5.1},
        {"9007199254740992", 0x1p53},
        {"9007199254740993", 0x1p53},
        {"9007199254740993.0000000000000000000000000000001", 0x1p53 + 2},
        {"9007199254740995", 0x1p53 + 4},
        {"1.7976931348623157e308", DBL_MAX},
        {"1.7976931348623158e308", DBL_MAX},
        {"2.2250738585072014e-308", DBL_MIN},
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
        {"4.9406564584124654e-324", 0x1p-1074},
        {"2.4703282292062327e-324", 0.0},
        {"2.4703282292062328e-324", 0x1p-1074},
        {"-1e-400", -0.0},
        {"1e-99999999999999999999", 0.0},
        {"1e-18446744073709551617", 0.0},
        {"1e23", 1e23},
        {"8.5e-320", 0x0.0000000004334p-1022},
        {"123456789012345678901234567890", 0x1.8ee90ff6c373ep+96},
        {"18446744073709551615", 0x1p64},
        {"100000000000000000000000000000000e-32", 1.0},
        {"0.00000000000000000000000000000000000000000000000001e50", 1.0},
        {"1.00000000000000011102230246251565404236316680908203125", 1.0},
        {"1.00000000000000011102230246251565404236316680908203126", 1.0 + 0x1p-52},
        {"1.00000000000000011102230246251565404236316680908203124", 1.0},
        {"1.00000000000000033306690738754696212708950042724609375", 1.0 + 0x1p-51},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_reads(cases[i].text, cases[i].value);
}

static void zeros_without_end_change_nothing(void **state)
{
    enum {
        ZEROS = 100000
    };
    char *text = malloc(2 * ZEROS);
    double value = 0;

    (void)state;
    assert_non_null(text);
    memset(text, '0', 2 * ZEROS);
    text[1] = '.';
    text[ZEROS] = '7'; /* 0.00...7e+99999 */
    memcpy(text + ZEROS + 1, "e99999", 6);
    assert_true(num_parse_double(text, ZEROS + 7, &value));
    assert_true(value == 7);
    memset(text, '0', 2 * ZEROS);
    memcpy(text, "25", 2);
    memcpy(text + ZEROS, "e-99999", 7);
    assert_true(num_parse_double(text, ZEROS + 7, &value));
    assert_true(value == 2.5);
    free(text);
}

/*
 * The point halfway to the next value, in all its digits (over 750 for the smallest), and
 * texts just below and just above it.  A long double holds it exactly.
 */
static void check_halfway(double low)
{
    static char text[1300];
    double high = nextafter(low, INFINITY);
    long double half = ((long double)low + (long double)high) / 2;
    char *e, exponent[16];
    size_t len;

    snprintf(text, sizeof(text), "%.1100Le", half);
    e = strchr(text, 'e');
    snprintf(exponent, sizeof(exponent), "%s", e);
    for (len = (size_t)(e - text); text[len - 1] == '0'; len--)
        ;
    strcpy(text + len, exponent);
    check_reads(text, bits_of(low) % 2 == 0 ? low : high);
    snprintf(text + len, sizeof(text) - len, "0000000001%s", exponent);
    check_reads(text, high);
    memset(text + len, '0', 300);
    snprintf(text + len + 300, sizeof(text) - len - 300, "1%s", exponent);
    check_reads(text, high);
    text[len - 1]--;
    snprintf(text + len, sizeof(text) - len, "9999999999%s", exponent);
    check_reads(text, low);
}

static void halfway_cases_of_any_length_go_to_even(void **state)
{
    static const double lows[] = {0.0,     0x1p-1074, 0x1p-1073,  0x0.fffffffffffffp-1022,
                                  DBL_MIN, 1.0,       0x1.8p-500, 0x1.fffffffffffffp-1,
                                  1e22,    1e300,     0.1,        0x1.ffffffffffffep+1023};
    size_t i;

    (void)state;
    if (LDBL_MANT_DIG < 64 || LDBL_MAX_EXP < 16384)
        skip();
    for (i = 0; i < sizeof(lows) / sizeof(lows[0]); i++)
        check_halfway(lows[i]);
    for (i = 0; i < 300; i++)
        check_halfway(fabs(random_double()) / 4);
}

static void random_texts_read_as_strtod_reads_them(void **state)
{
    char text[64];
    size_t digits, i, n;

    (void)state;
    for (n = 0; n < 200000; n++) {
        digits = 1 + next_random() % 30;
        text[0] = (char)('1' + next_random() % 9);
        text[1] = '.';
        for (i = 2; i < 2 + digits; i++)
            text[i] = (char)('0' + next_random() % 10);
        snprintf(text + i, sizeof(text) - i, "e%d", (int)(next_random() % 630) - 325);
        if (isfinite(strtod(text, NULL)))
            check_reads(text, strtod(text, NULL));
    }
}

static void random_doubles_come_back_as_they_were(void **state)
{
    char text[NUM_DOUBLE_MAX], longer[64];
    double value;
    size_t n;

    (void)state;
    for (n = 0; n < 1000000; n++) {
        value = random_double();
        num_print_double(text, value);
        check_reads(text, value);
        if (n % 8 != 0)
            continue;
        assert_true(bits_of(strtod(text, NULL)) == bits_of(value));
        snprintf(longer, sizeof(longer), "%.17g", value);
        check_reads(longer, value);
        assert_true(strlen(text) <= strlen(longer));
    }
}

/* Its digits without point, sign, exponent and zeros at both ends. */
static void only_digits(char *out, const char *text)
{
    size_t len = 0;

    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (len != 0 || *text != '0'))
            out[len++] = *text;
    }
    while (len != 0 && out[len - 1] == '0')
        len--;
    out[len] = '\0';
}

static void printed_digits_are_the_fewest_and_the_closest(void **state)
{
    char text[NUM_DOUBLE_MAX], tried[64], ours[64], theirs[64];
    double value;
    int precision, n;

    (void)state;
    for (n = 0; n < 30000; n++) {
        value = n % 2 != 0 ? random_double() : (double)(next_random() % 1000000) / 1000;
        for (precision = 0; precision < 17; precision++) {
            snprintf(tried, sizeof(tried), "%.*e", precision, value);
            if (strtod(tried, NULL) == value)
                break;
        }
        num_print_double(text, value);
        only_digits(ours, text);
        only_digits(theirs, tried);
        if (strcmp(ours, theirs) != 0)
            fail_msg("%a is printed as %s, not %s", value, text, tried);
    }
}

/*
 * d * 10^k, halfway between two doubles: the one it is read as has it at the very end of
 * its interval, and is printed as it all the same.
 */
static void a_short_decimal_at_the_end_of_the_interval_is_found(void **state)
{
    char decimal[64], text[NUM_DOUBLE_MAX], ours[64], theirs[64];
    uint64_t five = 1, d, last, step;
    int k;

    (void)state;
    for (k = 1; k <= 23; k++) {
        five *= 5; /* d * five is odd and has 54 bits */
        last = ((UINT64_C(1) << 54) - 1) / five;
        step = 2 + last / 200 * 2;
        for (d = last - (last % 2 == 0); d > last / 2 + 1; d -= step) {
            snprintf(decimal, sizeof(decimal), "%llue%d", (unsigned long long)d, k);
            num_print_double(text, strtod(decimal, NULL));
            only_digits(ours, text);
            only_digits(theirs, decimal);
            if (strlen(ours) > strlen(theirs))
                fail_msg("%s is printed as %s", decimal, text);
        }
    }
}

/* Their interval is half as wide below. */
static void powers_of_two_are_short_and_come_back(void **state)
{
    char text[NUM_DOUBLE_MAX], tried[64], ours[64], theirs[64];
    int exponent, precision;
    double value;

    (void)state;
    for (exponent = -1074; exponent < 1024; exponent++) {
        value = ldexp(1, exponent);
        num_print_double(text, value);
        check_reads(text, value);
        for (precision = 0; precision < 17; precision++) {
            snprintf(tried, sizeof(tried), "%.*e", precision, value);
            if (strtod(tried, NULL) == value)
                break;
        }
        only_digits(ours, text);
        only_digits(theirs, tried);
        if (strlen(ours) > strlen(theirs))
            fail_msg("2^%d is printed as %s, not %s", exponent, text, tried);
    }
}

static void doubles_are_laid_out_for_people(void **state)
{
    (void)state;
    check_prints(0.0, "0");
    check_prints(-0.0, "-0");
    check_prints(1, "1");
    check_prints(-17, "-17");
    check_prints(0.97, "0.97");
    check_prints(0.1 + 0.2, "0.30000000000000004");
    check_prints(12345.678, "12345.678");
    check_prints(100, "100");
    check_prints(0.0001, "0.0001");
    check_prints(-0.000123, "-0.000123");
    check_prints(0.00001, "1e-5");
    check_prints(1e16, "10000000000000000");
    check_prints(12345678901234568, "12345678901234568");
    check_prints(1e17, "1e+17");
    check_prints(1e22, "1e+22");
    check_prints(1e23, "1e+23");
    check_prints(0x1p53 + 2, "9007199254740994");
    check_prints(5e-324, "5e-324");
    check_prints(DBL_MIN, "2.2250738585072014e-308");
    check_prints(DBL_MAX, "1.7976931348623157e+308");
    check_prints(0x1p-44, "5.684341886080802e-14"); /* uneven neighbours */
    check_prints(0x1p-1021, "4.450147717014403e-308");
    check_prints(INFINITY, "inf");
    check_prints(-INFINITY, "-inf");
    check_prints(NAN, "nan");
    check_prints_float(0.1F, "0.1");
    check_prints_float(-0.0F, "-0");
    check_prints_float(16777216.0F, "16777216");
    check_prints_float(1e9F, "1e+9");
    check_prints_float(FLT_MAX, "3.4028235e+38");
    check_prints_float(0x1p-149F, "1e-45");
    check_prints_float(FLT_MIN, "1.1754944e-38");
    check_prints_float(0.00001F, "1e-5");
}

static void floats_are_rounded_once(void **state)
{
    /* Just above a tie of floats, and so close that the nearest double is that tie. */
    const char *text = "1.00000005960464477539062500000000001";
    char out[NUM_FLOAT_MAX];
    float value = 0, back = 0;
    uint32_t bits;
    size_t len, n;

    (void)state;
    assert_true(num_parse_float(text, strlen(text), &value));
    assert_true(bits_of_float(value) == bits_of_float(1.0F + 0x1p-23F));
    assert_true((float)strtod(text, NULL) == 1.0F);
    assert_true(num_parse_float("7.0064923216240854e-46", 22, &value));
    assert_true(bits_of_float(value) == 1);
    assert_true(num_parse_float("-7.006492321624085e-46", 22, &value));
    assert_true(bits_of_float(value) == 0x80000000);
    /* Ties of few digits. */
    assert_true(num_parse_float("8388608.5", 9, &value) && value == 8388608.0F);
    assert_true(num_parse_float("8388609.5", 9, &value) && value == 8388610.0F);
    assert_true(num_parse_float("16777217", 8, &value) && value == 16777216.0F);
    assert_true(num_parse_float("16777219", 8, &value) && value == 16777220.0F);
    for (n = 0; n < 500000; n++) {
        bits = (uint32_t)next_random();
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        len = num_print_float(out, value);
        assert_true(num_parse_float(out, len, &back));
        if (bits_of_float(back) != bits || bits_of_float(strtof(out, NULL)) != bits)
            fail_msg("%a is printed as %s", (double)value, out);
    }
}

static void a_scan_tells_where_a_number_ends_or_fails(void **state)
{
    static const struct {
        const char *text;
        enum result result;
        size_t used;
    } cases[] = {
        {"1.5,2", RESULT_OK, 3},       {"0]", RESULT_OK, 1},
        {"-2e3}", RESULT_OK, 4},       {"12", RESULT_OK, 2},
        {"1e999 ", RESULT_TOO_BIG, 5}, {"", RESULT_MALFORMED, 0},
        {"-", RESULT_MALFORMED, 1},    {"-x", RESULT_MALFORMED, 1},
        {"1.x", RESULT_MALFORMED, 2},  {"1e+", RESULT_MALFORMED, 3},
        {"x", RESULT_MALFORMED, 0},    {"1.5.2", RESULT_OK, 3},
        {"0012", RESULT_MALFORMED, 4},
    };
    double value;
    size_t used, i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        used = 99;
        if (num_scan_double(cases[i].text, strlen(cases[i].text), &used, &value) !=
                cases[i].result ||
            used != cases[i].used)
            fail_msg("'%s': %zu used", cases[i].text, used);
    }
}

/* Pads a list with what may follow it, and reads it at once. */
static size_t scan_list(const char *text, size_t *used, double *out, size_t room)
{
    char padded[4096];
    int len = snprintf(padded, sizeof(padded), "%s]%60s", text, "");

    assert_true(len > 0 && (size_t)len < sizeof(padded));
    return num_scan_list(padded, (size_t)len, used, out, room);
}

static void a_list_stops_before_what_it_is_not_made_for(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        size_t used;
    } lists[] = {
        {"", 0, 0},
        {"x", 0, 0},
        {"-", 0, 0},
        {".5", 0, 0},
        {"1.", 0, 0},
        {"01", 0, 0},
        {"-01.5", 0, 0},
        {"1e5", 0, 0},
        {"1E5", 0, 0},
        {"1.5e5", 0, 0},
        {" 1", 0, 0},
        {"1 ,2", 0, 0},
        {"1x", 0, 0},
        {"1.2.3", 0, 0},
        {"1-2", 0, 0},
        {"+1", 0, 0},
        {"\"1\"", 0, 0},
        {"12345678901234567890", 0, 0},
        {"0.12345678901234567890", 0, 0},
        {"1.1234567812345678123456781", 0, 0},
        {"1.12345678123456781234567812345678", 0, 0},
        {"1,", 1, 1},
        {"1,,2", 1, 1},
        {"1,  2", 1, 1},
        {"1,\n2", 1, 1},
        {"1,null", 1, 1},
        {"1, 2,3.5,-0, true", 4, 11},
        {"1,2,3,4,5,6", 5, 9},
    };
    double out[5];
    size_t used;

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        size_t count = scan_list(lists[i].text, &used, out, 5);

        if (count != lists[i].count || used != lists[i].used)
            fail_msg("%s: %zu numbers, %zu bytes", lists[i].text, count, used);
    }
    /* and before the end of the text, which it leaves to the others */
    assert_int_equal(num_scan_list("1,2", 3, &used, out, 5), 0);
    assert_int_equal(used, 0);
}

static void a_list_has_the_bits_of_its_numbers(void **state)
{
    char text[64];
    double value, out;
    size_t used;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        int digits = (int)(next_random() % 20);
        double scale = (double)(next_random() % 2000001) - 1e6;

        value = (double)(int64_t)next_random() / 9.3e18 * scale;
        snprintf(text, sizeof(text), "%.*f", digits, value);
        if (scan_list(text, &used, &out, 1) == 0) {
            assert_true(strlen(text) > 19); /* too many digits */
            continue;
        }
        assert_int_equal(used, strlen(text));
        if (bits_of(out) != bits_of(strtod(text, NULL)))
            fail_msg("%s", text);
    }
}

static void whole_numbers_are_exact_or_refused(void **state)
{
    static const char *const refused[] = {"",
                                          "-",
                                          "+1",
                                          " 1",
                                          "1 ",
                                          "1.0",
                                          "1e3",
                                          "0x1",
                                          "--1",
                                          "18446744073709551616",
                                          "99999999999999999999",
                                          "184467440737095516150"};
    uint64_t u = 7;
    int64_t i = 7;
    size_t n;

    (void)state;
    for (n = 0; n < sizeof(refused) / sizeof(refused[0]); n++) {
        if (num_parse_u64(refused[n], strlen(refused[n]), &u) ||
            num_parse_i64(refused[n], strlen(refused[n]), &i))
            fail_msg("taken: '%s'", refused[n]);
    }
    assert_false(num_parse_u64("-1", 2, &u));
    assert_false(num_parse_i64("9223372036854775808", 19, &i));
    assert_false(num_parse_i64("-9223372036854775809", 20, &i));
    assert_true(u == 7 && i == 7);
    assert_true(num_parse_u64("18446744073709551615", 20, &u) && u == UINT64_MAX);
    assert_true(num_parse_u64("007", 3, &u) && u == 7);
    assert_true(num_parse_i64("9223372036854775807", 19, &i) && i == INT64_MAX);
    assert_true(num_parse_i64("-9223372036854775808", 20, &i) && i == INT64_MIN);
    assert_true(num_parse_i64("-0", 2, &i) && i == 0);
}

static void whole_numbers_are_printed_in_full(void **state)
{
    char text[NUM_DOUBLE_MAX], expected[NUM_DOUBLE_MAX];
    uint64_t value = 1;
    int n;

    (void)state;
    assert_int_equal(num_print_u64(text, 0), 1);
    assert_string_equal(text, "0");
    assert_int_equal(num_print_u64(text, UINT64_MAX), 20);
    assert_string_equal(text, "18446744073709551615");
    assert_int_equal(num_print_i64(text, INT64_MIN), 20);
    assert_string_equal(text, "-9223372036854775808");
    for (n = 0; n < 20; n++, value *= 10) {
        snprintf(expected, sizeof(expected), "%llu", (unsigned long long)value - 1);
        num_print_u64(text, value - 1);
        assert_string_equal(text, expected);
        snprintf(expected, sizeof(expected), "%lld", -(long long)value);
        num_print_i64(text, -(int64_t)value);
        assert_string_equal(text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_json_has_no_number_for_is_refused),
        cmocka_unit_test(loose_takes_other_spellings_but_not_everything),
        cmocka_unit_test(what_would_be_infinite_is_refused),
        cmocka_unit_test(edges_are_read_to_the_last_bit),
        cmocka_unit_test(zeros_without_end_change_nothing),
        cmocka_unit_test(halfway_cases_of_any_length_go_to_even),
        cmocka_unit_test(random_texts_read_as_strtod_reads_them),
        cmocka_unit_test(random_doubles_come_back_as_they_were),
        cmocka_unit_test(printed_digits_are_the_fewest_and_the_closest),
        cmocka_unit_test(a_short_decimal_at_the_end_of_the_interval_is_found),
        cmocka_unit_test(powers_of_two_are_short_and_come_back),
        cmocka_unit_test(doubles_are_laid_out_for_people),
        cmocka_unit_test(floats_are_rounded_once),
        cmocka_unit_test(a_scan_tells_where_a_number_ends_or_fails),
        cmocka_unit_test(a_list_stops_before_what_it_is_not_made_for),
        cmocka_unit_test(a_list_has_the_bits_of_its_numbers),
        cmocka_unit_test(whole_numbers_are_exact_or_refused),
        cmocka_unit_test(whole_numbers_are_printed_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
