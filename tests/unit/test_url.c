/*
 * test_url.c: what is a URL, and which addresses are special.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr_special.h"
#include "base/url.h"

/* What two readers could take for two things, or what is no URL of a host. */
static const char *const bad[] = {
    "",
    "http",
    "http:",
    "http://",
    "https:///path",
    "http:/example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "//example.org/",
    "example.org",
    " http://example.org/",
    "http://example.org/ ",
    "http://user@example.org/",
    "http://user:secret@example.org/",
    "http://example.org:80@127.0.0.1/",
    "http://@example.org/",
    "http://example.org/#there",
    "http://example.org#@127.0.0.1/",
    "http://example.org\\@127.0.0.1/",
    "http://example.org/\\",
    "http://example.org/\r\nHost: x",
    "http://example.org/\tx",
    "http://example.org/a b",
    "http://example.org/\"",
    "http://example.org/<x>",
    "http://example.org/%",
    "http://example.org/%2",
    "http://example.org/%g0",
    "http://ex%61mple.org/",
    "http://ex\xc3\xa4mple.org/",
    "http://example..org/",
    "http://.example.org/",
    "http://example.org./",
    "http://-example.org/",
    "http://example-.org/",
    "http://exam ple.org/",
    "http://example.org:/",
    "http://example.org:0/",
    "http://example.org:65536/",
    "http://example.org:-1/",
    "http://example.org:+80/",
    "http://example.org:80x/",
    "http://example.org:80:80/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.1.1/",
    "http://256.0.0.1/",
    "http://example.org.0x7f/",
    "http://0x/",
    "http://1.2.3.4.5/",
    "http://::1/",
    "http://[::1/",
    "http://[::1]x/",
    "http://[::1]:/",
    "http://[127.0.0.1]/",
    "http://[fe80::1%25eth0]/",
    "http://[v1.x]/",
    "http://[]/",
    "http://[::1]]/",
};

static void what_two_readers_could_take_for_two_things_is_refused(void **state)
{
    struct url url;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (url_parse(bad[i], strlen(bad[i]), &url) == NULL)
            fail_msg("\"%s\" was taken, with host \"%s\"", bad[i], url.host);
    assert_non_null(url_parse("http://example.org/\0x", 21, &url));
}

static void a_url_has_a_bound(void **state)
{
    char text[URL_MAX + 2] = "http://h/";
    struct url url;

    (void)state;
    memset(text + 9, 'x', sizeof(text) - 9);
    assert_null(url_parse(text, URL_MAX, &url));
    assert_non_null(url_parse(text, URL_MAX + 1, &url));
}

static void a_label_and_a_host_have_bounds(void **state)
{
    char text[512];
    struct url url;
    int len;

    (void)state;
    len = snprintf(text, sizeof(text), "http://%063d.x/", 0);
    assert_null(url_parse(text, (size_t)len, &url));
    len = snprintf(text, sizeof(text), "http://%064d.x/", 0);
    assert_non_null(url_parse(text, (size_t)len, &url));
    len = snprintf(text, sizeof(text), "http://%063d.%063d.%063d.%059d.x", 0, 0, 0, 0);
    assert_null(url_parse(text, (size_t)len, &url));
    len = snprintf(text, sizeof(text), "http://%063d.%063d.%063d.%060d.x", 0, 0, 0, 0);
    assert_non_null(url_parse(text, (size_t)len, &url));
}

static void the_parts_are_read(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
        bool tls, is_addr;
    } good[] = {
        {"http://example.org", "example.org", 80, false, false},
        {"https://example.org", "example.org", 443, true, false},
        {"HTTPS://Example.ORG/", "example.org", 443, true, false},
        {"http://localhost:8080/hook?a=b&c=%2F", "localhost", 8080, false, false},
        {"http://h?q", "h", 80, false, false},
        {"https://a_b.xn--p1ai:65535/", "a_b.xn--p1ai", 65535, true, false},
        {"http://0x7f.example.org/", "0x7f.example.org", 80, false, false},
        {"http://1.2.3.4.example/", "1.2.3.4.example", 80, false, false},
        {"http://127.0.0.1:9/", "127.0.0.1", 9, false, true},
        {"http://[::1]:9/x", "::1", 9, false, true},
        {"http://[::ffff:127.0.0.1]", "::ffff:127.0.0.1", 80, false, true},
        {"http://h/a@b:c;d=(e)!$'*,~._-", "h", 80, false, false},
    };
    struct url url;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const char *wrong = url_parse(good[i].text, strlen(good[i].text), &url);

        if (wrong != NULL)
            fail_msg("\"%s\" was refused: it is %s", good[i].text, wrong);
        assert_string_equal(url.host, good[i].host);
        assert_int_equal(url.port, good[i].port);
        assert_int_equal(url.tls, good[i].tls);
        assert_int_equal(url.is_addr, good[i].is_addr);
    }
}

/* Of each special range the first and the last address, and the neighbours that are none. */
static const struct {
    const char *text, *what;
} addresses[] = {
    {"0.0.0.0", "unspecified"},
    {"0.0.0.1", "of this network"},
    {"0.255.255.255", "of this network"},
    {"1.0.0.0", NULL},
    {"1.1.1.1", NULL},
    {"9.255.255.255", NULL},
    {"10.0.0.0", "private"},
    {"10.255.255.255", "private"},
    {"11.0.0.0", NULL},
    {"100.63.255.255", NULL},
    {"100.64.0.0", "shared by a carrier"},
    {"100.127.255.255", "shared by a carrier"},
    {"100.128.0.0", NULL},
    {"126.255.255.255", NULL},
    {"127.0.0.0", "loopback"},
    {"127.0.0.1", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", NULL},
    {"169.253.255.255", NULL},
    {"169.254.0.0", "link-local"},
    {"169.254.169.254", "link-local"},
    {"169.254.255.255", "link-local"},
    {"169.255.0.0", NULL},
    {"172.15.255.255", NULL},
    {"172.16.0.0", "private"},
    {"172.31.255.255", "private"},
    {"172.32.0.0", NULL},
    {"191.255.255.255", NULL},
    {"192.0.0.0", "of a protocol"},
    {"192.0.0.255", "of a protocol"},
    {"192.0.1.0", NULL},
    {"192.0.2.0", "for documentation"},
    {"192.0.2.255", "for documentation"},
    {"192.0.3.0", NULL},
    {"192.31.195.255", NULL},
    {"192.31.196.0", "of a protocol"},
    {"192.31.196.255", "of a protocol"},
    {"192.31.197.0", NULL},
    {"192.52.192.255", NULL},
    {"192.52.193.0", "of a protocol"},
    {"192.52.193.255", "of a protocol"},
    {"192.52.194.0", NULL},
    {"192.88.98.255", NULL},
    {"192.88.99.0", "of a tunnel"},
    {"192.88.99.255", "of a tunnel"},
    {"192.88.100.0", NULL},
    {"192.167.255.255", NULL},
    {"192.168.0.0", "private"},
    {"192.168.255.255", "private"},
    {"192.169.0.0", NULL},
    {"192.175.47.255", NULL},
    {"192.175.48.0", "of a protocol"},
    {"192.175.48.255", "of a protocol"},
    {"192.175.49.0", NULL},
    {"198.17.255.255", NULL},
    {"198.18.0.0", "for benchmarks"},
    {"198.19.255.255", "for benchmarks"},
    {"198.20.0.0", NULL},
    {"198.51.99.255", NULL},
    {"198.51.100.0", "for documentation"},
    {"198.51.100.255", "for documentation"},
    {"198.51.101.0", NULL},
    {"203.0.112.255", NULL},
    {"203.0.113.0", "for documentation"},
    {"203.0.113.255", "for documentation"},
    {"203.0.114.0", NULL},
    {"223.255.255.255", NULL},
    {"224.0.0.0", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.0", "reserved"},
    {"255.255.255.254", "reserved"},
    {"255.255.255.255", "broadcast"},
    {"::", "unspecified"},
    {"::1", "loopback"},
    {"::2", "IPv4 within IPv6"},
    {"::127.0.0.1", "IPv4 within IPv6"},
    {"::8.8.8.8", "IPv4 within IPv6"},
    {"::1:0:0", "reserved"},
    {"::ffff:127.0.0.1", "loopback"},
    {"::ffff:a9fe:a9fe", "link-local"},
    {"::ffff:8.8.8.8", NULL},
    {"::ffff:0:127.0.0.1", "reserved"}, /* as SIIT has them */
    {"64:ff9b::", "IPv4 within IPv6"},
    {"64:ff9b::8.8.8.8", "IPv4 within IPv6"},
    {"64:ff9b::127.0.0.1", "IPv4 within IPv6"},
    {"64:ff9b:1::", "IPv4 within IPv6"},
    {"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "IPv4 within IPv6"},
    {"64:ff9b:2::", "reserved"},
    {"100::", "discarded"},
    {"100::ffff:ffff:ffff:ffff", "discarded"},
    {"100:0:0:1::", "of a protocol"},
    {"100:0:0:1:ffff:ffff:ffff:ffff", "of a protocol"},
    {"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"},
    {"2000::", NULL},
    {"2001::", "of a tunnel"},
    {"2001::ffff:ffff:ffff:ffff:ffff:ffff", "of a tunnel"},
    {"2001:1::1", "of a protocol"},
    {"2001:2::", "of a protocol"},
    {"2001:20::", "of a protocol"},
    {"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "of a protocol"},
    {"2001:200::", NULL},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {"2001:db8::", "for documentation"},
    {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "for documentation"},
    {"2001:db9::", NULL},
    {"2001:4860:4860::8888", NULL},
    {"2002::", "IPv4 within IPv6"},
    {"2002:7f00:1::", "IPv4 within IPv6"},
    {"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "IPv4 within IPv6"},
    {"2003::", NULL},
    {"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", NULL},
    {"2620:4f:8000::", "of a protocol"},
    {"2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "of a protocol"},
    {"2620:4f:8001::", NULL},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {"3fff::", "for documentation"},
    {"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "for documentation"},
    {"3fff:1000::", NULL},
    {"4000::", "reserved"},
    {"5f00::", "of a protocol"},
    {"5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "of a protocol"},
    {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"},
    {"fc00::", "private"},
    {"fd00:ec2::254", "private"}, /* a cloud's secrets */
    {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"},
    {"fe00::", "reserved"},
    {"fe80::", "link-local"},
    {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"},
    {"fec0::", "private"},
    {"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"},
    {"ff00::", "multicast"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
};

/* Only what a browser says, byte for byte: a header is compared with it. */
static void an_origin_that_no_browser_says_is_none(void **state)
{
    static const char *const none[] = {
        "",
        "*",
        "null",
        "example.org",
        "https://",
        "https://example.org/",
        "https://example.org/x",
        "https://example.org?",
        "https://Example.org",
        "HTTPS://example.org",
        "https://example.org:443",
        "http://example.org:80",
        "http://example.org:080",
        "http://example.org:08080",
        "https://example.org.",
        "https://*.example.org",
        "https://user@example.org",
        "https://example.org,https://example.com",
        "https://example.org https://example.com",
        " https://example.org",
        "https://[0:0::1]",
        "https://[::1]:443",
        "https://[FE80::1]",
        "https://::1",
        "https://127.1",
        "https://ex\"ample.org",
        "file:///x",
        "chrome-extension://abc",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (url_is_origin(none[i], strlen(none[i])))
            fail_msg("\"%s\" was taken", none[i]);
    assert_false(url_is_origin("http://a\0b", 10));
}

static void an_origin_that_a_browser_says_is_one(void **state)
{
    static const char *const origins[] = {
        "https://example.org",    "http://localhost:3000",     "https://a-b.xn--p1ai:8443",
        "https://example.org:80", "http://example.org:443",    "http://127.0.0.1:65535",
        "https://[::1]",          "http://[2001:db8::1]:8080",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
        if (!url_is_origin(origins[i], strlen(origins[i])))
            fail_msg("\"%s\" was refused", origins[i]);
    assert_true(url_is_origin("https://example.org,", 19)); /* a part of a text */
}

static void a_host_with_anything_more_is_none(void **state)
{
    static const char *const none[] = {
        "",
        "*",
        "*.example.org",
        "example.org:80",
        "example.org.",
        ".a",
        "a..b",
        "Example.org",
        "http://a",
        "a/b",
        "a b",
        " a",
        "a,b",
        "a@b",
        "a?b",
        "a#b",
        "::1",
        "[::1",
        "[::1]:80",
        "[0::1]",
        "[]",
        "[a]",
        "::1]",
        "127.1",
        "0x7f000001",
        "a|b",
        "(a)",
        "a\"b",
        "a\\b",
        "^a$",
        "a]",
        "\xc3\xa4",
        "$a",
        "a;b",
        "[::1]]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (url_is_host(none[i], strlen(none[i])))
            fail_msg("\"%s\" was taken", none[i]);
}

static void a_host_is_a_name_or_an_address(void **state)
{
    static const char *const hosts[] = {
        "localhost", "api.example.org", "a_b.xn--p1ai", "127.0.0.1", "[::1]", "[2001:db8::1]",
    };
    char name[300];
    int len;

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (!url_is_host(hosts[i], strlen(hosts[i])))
            fail_msg("\"%s\" was refused", hosts[i]);
    len = snprintf(name, sizeof(name), "%063d.%063d.%063d.%059d.x", 0, 0, 0, 0);
    assert_true(url_is_host(name, (size_t)len));
    len = snprintf(name, sizeof(name), "%063d.%063d.%063d.%060d.x", 0, 0, 0, 0);
    assert_false(url_is_host(name, (size_t)len));
}

static void every_special_range_is_known_to_its_edges(void **state)
{
    struct addr addr;

    (void)state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const char *what, *want = addresses[i].what;

        if (!addr_parse(addresses[i].text, strlen(addresses[i].text), &addr))
            fail_msg("\"%s\" is no address", addresses[i].text);
        what = addr_special(&addr);
        if ((what == NULL) != (want == NULL) || (what != NULL && strcmp(what, want) != 0))
            fail_msg("%s is %s, not %s", addresses[i].text, what != NULL ? what : "ordinary",
                     want != NULL ? want : "ordinary");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_two_readers_could_take_for_two_things_is_refused),
        cmocka_unit_test(a_url_has_a_bound),
        cmocka_unit_test(a_label_and_a_host_have_bounds),
        cmocka_unit_test(the_parts_are_read),
        cmocka_unit_test(an_origin_that_no_browser_says_is_none),
        cmocka_unit_test(an_origin_that_a_browser_says_is_one),
        cmocka_unit_test(a_host_with_anything_more_is_none),
        cmocka_unit_test(a_host_is_a_name_or_an_address),
        cmocka_unit_test(every_special_range_is_known_to_its_edges),
    };

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
