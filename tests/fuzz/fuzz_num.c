/*
 * fuzz_num.c: numbers against the C library.
 *
 * The input is taken as a text, and its first bytes as the bits of numbers.  What is
 * read must be what strtod and strtof read; what is printed must read back to the same
 * bits, here and there, and be no longer than printf's shortest that is always enough.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/num.h"

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

/* Past the digits, with how many there were. */
static const char *digits(const char *at, size_t *count)
{
    *count = strspn(at, "0123456789");
    return at + *count;
}

/* The two grammars once more, as simply as can be. */
static bool is_number(const char *text, bool loose)
{
    const char *at = text, *first;
    size_t whole, fraction = 0, count;
    bool point;

    if (*at == '-' || (loose && *at == '+'))
        at++;
    first = at;
    at = digits(at, &whole);
    point = *at == '.';
    if (point)
        at = digits(at + 1, &fraction);
    if (whole + fraction == 0 || (!loose && (whole == 0 || (point && fraction == 0))))
        return false;
    if (!loose && whole > 1 && *first == '0')
        return false;
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        at = digits(at, &count);
        if (count == 0)
            return false;
    }
    return *at == '\0';
}

static void check_text(const char *text, size_t len)
{
    bool strict = strlen(text) == len && is_number(text, false);
    bool loose = strlen(text) == len && is_number(text, true);
    double expected = strtod(text, NULL), value = 0, other = 0;
    float expected_float = strtof(text, NULL), value_float = 0;

    CHECK(num_parse_double(text, len, &value) == (strict && isfinite(expected)));
    CHECK(num_parse_double_loose(text, len, &other) == (loose && isfinite(expected)));
    if (strict && isfinite(expected))
        CHECK(same_double(value, expected));
    if (loose && isfinite(expected))
        CHECK(same_double(other, expected));
    CHECK(num_parse_float(text, len, &value_float) == (loose && isfinite(expected_float)));
    if (loose && isfinite(expected_float))
        CHECK(same_float(value_float, expected_float));
}

/* The part of a text that num_scan_double() takes is a number, and cannot be longer. */
static void check_scan(const char *text, size_t len)
{
    char part[512];
    size_t used = 0;
    double value = 0;
    enum result result = num_scan_double(text, len, &used, &value);

    CHECK(used <= len);
    memcpy(part, text, used);
    part[used] = '\0';
    if (result == RESULT_OK) {
        CHECK(is_number(part, false));
        CHECK(same_double(value, strtod(part, NULL)));
        CHECK(used == len || !isdigit((unsigned char)text[used]));
    } else if (result == RESULT_TOO_BIG) {
        CHECK(is_number(part, false) && isinf(strtod(part, NULL)));
    } else {
        CHECK(result == RESULT_MALFORMED);
        if (used == len)
            CHECK(!is_number(part, false));
    }
}

/* A list is what it is one by one, with enough behind it for the quick way. */
static void check_list(const char *text, size_t len)
{
    char list[600];
    double values[16], value = 0;
    size_t used = 0, part, at = 0, count, i;

    memcpy(list, text, len);
    memset(list + len, ']', 60);
    count = num_scan_list(list, len + 60, &used, values, 16);
    CHECK(count <= 16 && used <= len);
    for (i = 0; i < count; i++) {
        if (i > 0) {
            CHECK(list[at] == ',');
            at += list[at + 1] == ' ' ? 2 : 1;
        }
        CHECK(num_scan_double(list + at, len + 60 - at, &part, &value) == RESULT_OK);
        CHECK(same_double(value, values[i]));
        at += part;
        CHECK(list[at] == ',' || list[at] == ']');
    }
    CHECK(at == used);
}

static void check_whole(const char *text, size_t len)
{
    uint64_t value = 0;
    int64_t number = 0;
    char out[NUM_DOUBLE_MAX], expected[NUM_DOUBLE_MAX];

    if (num_parse_u64(text, len, &value)) {
        CHECK(len == strspn(text, "0123456789"));
        CHECK(value == strtoull(text, NULL, 10));
    }
    if (num_parse_i64(text, len, &number))
        CHECK(number == strtoll(text, NULL, 10));
    memcpy(&value, text, len < 8 ? len : 8);
    snprintf(expected, sizeof(expected), "%llu", (unsigned long long)value);
    CHECK(num_print_u64(out, value) == strlen(expected) && strcmp(out, expected) == 0);
    snprintf(expected, sizeof(expected), "%lld", (long long)value);
    CHECK(num_print_i64(out, (int64_t)value) == strlen(expected) && strcmp(out, expected) == 0);
}

static void check_double(double value)
{
    char out[NUM_DOUBLE_MAX], longer[64];
    double back = 0;
    size_t len = num_print_double(out, value);

    CHECK(len == strlen(out) && len < sizeof(out));
    if (!isfinite(value))
        return;
    snprintf(longer, sizeof(longer), "%.17g", value);
    CHECK(len <= strlen(longer));
    CHECK(num_parse_double(out, len, &back) && same_double(back, value));
    CHECK(same_double(strtod(out, NULL), value));
    CHECK(num_parse_double(longer, strlen(longer), &back) && same_double(back, value));
}

static void check_float(float value)
{
    char out[NUM_FLOAT_MAX], longer[64];
    float back = 0;
    size_t len = num_print_float(out, value);

    CHECK(len == strlen(out) && len < sizeof(out));
    if (!isfinite(value))
        return;
    snprintf(longer, sizeof(longer), "%.9g", (double)value);
    CHECK(len <= strlen(longer));
    CHECK(num_parse_float(out, len, &back) && same_float(back, value));
    CHECK(same_float(strtof(out, NULL), value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512];
    double value;
    float single;

    if (size >= sizeof(text))
        return 0;
    if (size != 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_text(text, size);
    check_scan(text, size);
    check_list(text, size);
    check_whole(text, size);
    if (size >= sizeof(value)) {
        memcpy(&value, data, sizeof(value));
        check_double(value);
        memcpy(&single, data, sizeof(single));
        check_float(single);
    }
    return 0;
}
