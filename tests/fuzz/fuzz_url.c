/*
 * fuzz_url.c: any text as a URL, as an origin and as a host.
 *
 * What is taken has a host, a port and nothing that another reader could take for the end of
 * the host or for a name before it; and said again from its parts it has the same parts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/url.h"

static void check_again(const struct url *url)
{
    bool brackets = strchr(url->host, ':') != NULL;
    struct url again;
    char text[512];
    int len;

    len = snprintf(text, sizeof(text), "%s://%s%s%s:%u/", url->tls ? "https" : "http",
                   brackets ? "[" : "", url->host, brackets ? "]" : "", url->port);
    CHECK(len > 0 && (size_t)len < sizeof(text));
    CHECK(url_parse(text, (size_t)len, &again) == NULL);
    CHECK(strcmp(url->host, again.host) == 0 && url->port == again.port);
    CHECK(url->tls == again.tls && url->is_addr == again.is_addr);
    CHECK(memcmp(&url->addr, &again.addr, sizeof(url->addr)) == 0);
}

/* An origin is a URL that is said in one way; a host is the part of one behind the scheme. */
static void check_origin(const char *text, size_t size)
{
    struct url url;
    char whole[7 + URL_HOST_MAX + 3] = "http://";

    if (url_is_origin(text, size)) {
        CHECK(url_parse(text, size, &url) == NULL);
        for (size_t i = 0; i < size; i++)
            CHECK((text[i] < 'A' || text[i] > 'Z') && strchr("?@%,", text[i]) == NULL &&
                  (text[i] != '/' || i < 8));
    }
    if (url_is_host(text, size)) {
        CHECK(size + 7 < sizeof(whole) && memchr(text, '\0', size) == NULL);
        memcpy(whole + 7, text, size);
        CHECK(url_is_origin(whole, size + 7) && url_parse(whole, size + 7, &url) == NULL);
        CHECK(url.port == 80);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *wrong;
    struct url url;

    check_origin(text, size);
    wrong = url_parse(text, size, &url);
    if (wrong != NULL) {
        CHECK(wrong[0] != '\0');
        return 0;
    }
    CHECK(size <= URL_MAX && url.host[0] != '\0' && url.port >= 1 && url.port <= 65535);
    for (size_t i = 0; i < size; i++)
        CHECK(data[i] > 0x20 && data[i] < 0x7f && data[i] != '\\' && data[i] != '#');
    if (!url.is_addr)
        CHECK(url.host[strspn(url.host, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0');
    check_again(&url);
    return 0;
}
