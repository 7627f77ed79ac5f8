/*
 * test_addr.c: addresses and ranges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/addr.h"

static bool has(const char *list_text, const char *text)
{
    struct addr_list list;
    struct reason why = {{0}};
    struct addr addr;

    if (addr_list_parse(list_text, &list, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_true(addr_parse(text, strlen(text), &addr));
    return addr_list_has(&list, &addr);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = {"",           "1.2.3",    "1.2.3.4.5",    "256.1.1.1",
                                      "1.2.3.4:80", "[::1]",    "fe80::1%eth0", "::g",
                                      "1.2.3.4 ",   "01.2.3.4", "localhost"};
    struct addr addr;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (addr_parse(bad[i], strlen(bad[i]), &addr))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_false(addr_parse("1.2.3.4\0x", 9, &addr));
}

static void ranges_with_host_bits_or_too_long_are_refused(void **state)
{
    static const char *const bad[] = {"10.0.0.1/8", "10.0.0.0/33", "::/129",     "10.0.0.0/",
                                      "/8",         "10.0.0.0/-1", "10.0.0.0/8x"};
    struct addr_list list;
    struct reason why;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (addr_list_parse(bad[i], &list, &why) != RESULT_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
}

static void a_list_is_bounded(void **state)
{
    char text[ADDR_RANGES_MAX * 4 + 8] = "";
    struct addr_list list;

    (void)state;
    for (int i = 0; i < ADDR_RANGES_MAX; i++)
        strcat(text, "::1 ");
    assert_int_equal(addr_list_parse(text, &list, NULL), RESULT_OK);
    strcat(text, "::1");
    assert_int_equal(addr_list_parse(text, &list, NULL), RESULT_TOO_BIG);
}

static void ranges_hold_their_own_and_no_more(void **state)
{
    (void)state;
    assert_true(has("10.0.0.0/8", "10.255.255.255"));
    assert_false(has("10.0.0.0/8", "11.0.0.0"));
    assert_true(has("192.168.1.7", "192.168.1.7"));
    assert_false(has("192.168.1.7", "192.168.1.6"));
    assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(has("0.0.0.0/0", "8.8.8.8"));
    assert_false(has("0.0.0.0/0", "::1"));
    assert_false(has("", "127.0.0.1"));
}

static void a_mapped_address_is_its_ipv4_address(void **state)
{
    char text[ADDR_TEXT_MAX];
    struct addr addr;

    (void)state;
    assert_true(has("127.0.0.1", "::ffff:127.0.0.1"));
    assert_true(addr_parse("::ffff:10.1.2.3", 15, &addr));
    addr_print(text, &addr);
    assert_string_equal(text, "10.1.2.3");
    assert_true(addr_parse("2001:DB8:0:0::1", 15, &addr));
    addr_print(text, &addr);
    assert_string_equal(text, "2001:db8::1");
}

static void a_list_is_written_as_it_would_be_given(void **state)
{
    static const struct {
        const char *text, *written;
    } lists[] = {
        {"", ""},
        {"10.0.0.0/8", "10.0.0.0/8"},
        {" 10.0.0.1/32 ,\t2001:DB8::/32  ::1", "10.0.0.1,2001:db8::/32,::1"},
        {"::ffff:10.0.0.0/104,::ffff:1.2.3.4", "10.0.0.0/8,1.2.3.4"},
        {"0.0.0.0/0,::/0", "0.0.0.0/0,::/0"},
    };
    struct addr_list list, again;
    char out[256];

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        assert_int_equal(addr_list_parse(lists[i].text, &list, NULL), RESULT_OK);
        assert_true(addr_list_print(out, sizeof(out), &list));
        assert_string_equal(out, lists[i].written);
        assert_int_equal(addr_list_parse(out, &again, NULL), RESULT_OK);
        assert_memory_equal(&list, &again, sizeof(list));
        assert_true(addr_list_print(out, strlen(lists[i].written) + 1, &list));
        if (list.count > 0)
            assert_false(addr_list_print(out, strlen(lists[i].written), &list));
    }
}

static void an_ipv4_address_is_printed_with_all_its_digits(void **state)
{
    static const char *const good[] = {"0.0.0.0", "255.255.255.255", "1.20.100.9", "10.0.0.10"};
    char text[ADDR_TEXT_MAX];
    struct addr addr;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(addr_parse(good[i], strlen(good[i]), &addr));
        assert_int_equal(addr_print(text, &addr), strlen(good[i]));
        assert_string_equal(text, good[i]);
    }
}

static void a_sockets_address_is_that_of_its_family(void **state)
{
    struct sockaddr_storage from = {.ss_family = AF_INET};
    char text[ADDR_TEXT_MAX];
    struct addr addr;

    (void)state;
    ((struct sockaddr_in *)&from)->sin_addr.s_addr = htonl(0x7f000001);
    assert_true(addr_of_socket(&from, &addr));
    addr_print(text, &addr);
    assert_string_equal(text, "127.0.0.1");
    memset(&from, 0, sizeof(from));
    from.ss_family = AF_INET6;
    ((struct sockaddr_in6 *)&from)->sin6_addr.s6_addr[15] = 1;
    assert_true(addr_of_socket(&from, &addr));
    addr_print(text, &addr);
    assert_string_equal(text, "::1");
    from.ss_family = AF_UNIX;
    assert_false(addr_of_socket(&from, &addr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(ranges_with_host_bits_or_too_long_are_refused),
        cmocka_unit_test(a_list_is_bounded),
        cmocka_unit_test(ranges_hold_their_own_and_no_more),
        cmocka_unit_test(a_mapped_address_is_its_ipv4_address),
        cmocka_unit_test(a_list_is_written_as_it_would_be_given),
        cmocka_unit_test(an_ipv4_address_is_printed_with_all_its_digits),
        cmocka_unit_test(a_sockets_address_is_that_of_its_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
