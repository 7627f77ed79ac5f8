/*
 * url.c: URLs of http and https (RFC 3986), as strictly as they are written.
 */
#include "base/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/text.h"

enum {
    LABEL_MAX = 63,
    PORT_MAX = 65535
};

static const char digits[] = "0123456789";
static const char hex_digits[] = "0123456789abcdefABCDEF";

static bool is_in(const char *set, char c)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* The scheme and the // behind it; how many bytes, or 0. */
static size_t scheme_read(const char *text, size_t len, struct url *out)
{
    static const struct {
        const char *text;
        bool tls;
        unsigned port;
    } schemes[] = {{"https://", true, 443}, {"http://", false, 80}};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t size = strlen(schemes[i].text);

        if (len < size || strncasecmp(text, schemes[i].text, size) != 0)
            continue;
        out->tls = schemes[i].tls;
        out->port = schemes[i].port;
        return size;
    }
    return 0;
}

/* A label of a host name; letters, digits, - within it, and _ as some hosts have it. */
static bool label_is_good(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text_lower(label[i]);

        if (!(c >= 'a' && c <= 'z') && !is_in(digits, c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* Whether others may read a label as a number, and so the host as an address: 127, 0x7f. */
static bool label_is_number(const char *label, size_t len)
{
    bool hex = len >= 2 && label[0] == '0' && text_lower(label[1]) == 'x';

    for (size_t i = hex ? 2 : 0; i < len; i++)
        if (!is_in(hex ? hex_digits : digits, label[i]))
            return false;
    return true;
}

static const char *name_read(const char *text, size_t len, struct url *out)
{
    const char *label = text, *end = text + len, *dot;

    if (len == 0 || len > URL_HOST_MAX)
        return "without a host";
    for (;; label = dot + 1) {
        dot = memchr(label, '.', (size_t)(end - label));
        if (!label_is_good(label, (size_t)((dot != NULL ? dot : end) - label)))
            return "with a host that is no name";
        if (dot == NULL)
            break;
    }
    for (size_t i = 0; i < len; i++)
        out->host[i] = text_lower(text[i]);
    out->host[len] = '\0';
    out->is_addr = addr_parse(text, len, &out->addr);
    if (!out->is_addr && label_is_number(label, (size_t)(end - label)))
        return "with an address in an unusual form";
    return NULL;
}

static const char *bracketed_read(const char *text, size_t len, struct url *out)
{
    if (memchr(text, ':', len) == NULL || len >= ADDR_TEXT_MAX ||
        !addr_parse(text, len, &out->addr))
        return "with brackets round what is no address";
    out->is_addr = true;
    memcpy(out->host, text, len);
    out->host[len] = '\0';
    return NULL;
}

static const char *port_read(const char *text, size_t len, struct url *out)
{
    uint64_t port;

    if (!num_parse_u64(text, len, &port) || port == 0 || port > PORT_MAX)
        return "with a port that is none";
    out->port = (unsigned)port;
    return NULL;
}

/* Host and port. */
static const char *authority_read(const char *text, size_t len, struct url *out)
{
    const char *end = text + len, *host_end, *wrong;

    if (memchr(text, '@', len) != NULL)
        return "with a name or a password in it";
    if (len > 0 && text[0] == '[') {
        host_end = memchr(text, ']', len);
        if (host_end == NULL)
            return "with brackets round what is no address";
        wrong = bracketed_read(text + 1, (size_t)(host_end - text - 1), out);
        host_end++;
    } else {
        host_end = memchr(text, ':', len);
        if (host_end == NULL)
            host_end = end;
        wrong = name_read(text, (size_t)(host_end - text), out);
    }
    if (wrong != NULL || host_end == end)
        return wrong;
    if (*host_end != ':')
        return "with brackets round what is no address";
    return port_read(host_end + 1, (size_t)(end - host_end - 1), out);
}

/* Path and query: what RFC 3986 lets stand there, and % before two hexadecimal digits. */
static const char *rest_check(const char *text, size_t len)
{
    static const char others[] = "-._~!$&'()*+,;=:@/?[]";

    for (size_t i = 0; i < len; i++) {
        char c = text_lower(text[i]);

        if (c == '#')
            return "with a fragment (#)";
        if (c == '%' && (i + 2 >= len || !is_in(hex_digits, text[i + 1]) ||
                         !is_in(hex_digits, text[i + 2])))
            return "with a % that is not before two hexadecimal digits";
        if (!(c >= 'a' && c <= 'z') && !is_in(digits, c) && !is_in(others, c) && c != '%')
            return "with a character that no URL has";
    }
    return NULL;
}

const char *url_parse(const char *text, size_t len, struct url *out)
{
    size_t scheme, authority = 0;
    const char *wrong;

    memset(out, 0, sizeof(*out));
    if (len > URL_MAX)
        return "longer than 1023 characters";
    scheme = scheme_read(text, len, out);
    if (scheme == 0)
        return "of another scheme than http and https";
    text += scheme;
    len -= scheme;
    while (authority < len && !is_in("/?#", text[authority]))
        authority++;
    wrong = authority_read(text, authority, out);
    return wrong != NULL ? wrong : rest_check(text + authority, len - authority);
}

bool url_is_origin(const char *text, size_t len)
{
    char written[URL_HOST_MAX + 32];
    struct url url;
    bool bare;
    int put;

    if (url_parse(text, len, &url) != NULL)
        return false;
    bare = strchr(url.host, ':') == NULL;
    if (!bare) /* in the one form that is usual */
        addr_print(url.host, &url.addr);
    put = snprintf(written, sizeof(written), "%s://%s%s%s", url.tls ? "https" : "http",
                   bare ? "" : "[", url.host, bare ? "" : "]");
    if (url.port != (url.tls ? 443 : 80))
        put += snprintf(written + put, sizeof(written) - (size_t)put, ":%u", url.port);
    return len == (size_t)put && memcmp(text, written, len) == 0;
}

bool url_is_host(const char *text, size_t len)
{
    char whole[URL_HOST_MAX + 32];

    if (len == 0 || len > URL_HOST_MAX + 2 || memchr(text, '\0', len) != NULL)
        return false;
    return url_is_origin(
               whole, (size_t)snprintf(whole, sizeof(whole), "http://%.*s", (int)len, text)) &&
           (text[len - 1] == ']' || memchr(text, ':', len) == NULL);
}
