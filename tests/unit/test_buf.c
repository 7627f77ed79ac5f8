/*
 * test_buf.c: a buffer that fails stays failed, and what is put in comes out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void past_its_limit_nothing_more_is_taken_until_it_is_cleared(void **state)
{
    struct buf buf = {.limit = 5};

    (void)state;
    buf_puts(&buf, "abc");
    buf_putc(&buf, 'd');
    assert_false(buf_failed(&buf));
    buf_puts(&buf, "ef");
    assert_true(buf_failed(&buf));
    buf_putc(&buf, 'e');
    assert_null(buf_reserve(&buf, 1));
    assert_true(buf_failed(&buf));
    assert_string_equal(buf.data, "abcd");
    buf_clear(&buf, 1024);
    buf_puts(&buf, "abcde");
    assert_false(buf_failed(&buf));
    assert_string_equal(buf.data, "abcde");
    buf_free(&buf);
}

static void more_than_there_can_be_is_a_failure(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_puts(&buf, "abc");
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_true(buf_failed(&buf));
    buf_puts(&buf, "def");
    assert_string_equal(buf.data, "abc");
    buf_free(&buf);
}

static void a_secret_one_is_overwritten_when_it_is_cleared(void **state)
{
    static const char none[300];
    struct buf buf = {.secret = true};

    (void)state;
    for (int i = 0; i < 300; i++) /* grown, too */
        buf_putc(&buf, 'k');
    buf_clear(&buf, 1024);
    assert_non_null(buf.data);
    assert_memory_equal(buf.data, none, sizeof(none));
    buf_puts(&buf, "abc");
    assert_string_equal(buf.data, "abc");
    buf_free(&buf);
    assert_true(buf.secret);
}

/* At every length, so also at those where it has just become full. */
static void what_is_put_in_comes_out_with_a_nul_behind(void **state)
{
    struct buf one = {0}, two = {0};
    char text[1100];

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        text[i] = (char)('a' + i % 26);
        buf_putc(&one, text[i]);
        buf_put(&two, text + i, 1);
        assert_int_equal(one.len, i + 1);
        assert_true(one.len < one.cap && two.len < two.cap);
        assert_int_equal(one.data[i + 1], '\0');
        assert_int_equal(two.data[i + 1], '\0');
    }
    assert_memory_equal(one.data, text, one.len);
    assert_memory_equal(two.data, text, two.len);
    buf_free(&one);
    buf_free(&two);
}

static void numbers_and_seconds_have_all_their_digits(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_put_u64(&buf, 0);
    buf_putc(&buf, ' ');
    buf_put_u64(&buf, UINT64_MAX);
    assert_string_equal(buf.data, "0 18446744073709551615");
    buf_clear(&buf, 1024);
    buf_put_seconds(&buf, 0);
    buf_putc(&buf, ' ');
    buf_put_seconds(&buf, 7);
    buf_putc(&buf, ' ');
    buf_put_seconds(&buf, 999999);
    buf_putc(&buf, ' ');
    buf_put_seconds(&buf, 61000100);
    assert_string_equal(buf.data, "0.000000 0.000007 0.999999 61.000100");
    buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_its_limit_nothing_more_is_taken_until_it_is_cleared),
        cmocka_unit_test(more_than_there_can_be_is_a_failure),
        cmocka_unit_test(a_secret_one_is_overwritten_when_it_is_cleared),
        cmocka_unit_test(what_is_put_in_comes_out_with_a_nul_behind),
        cmocka_unit_test(numbers_and_seconds_have_all_their_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
