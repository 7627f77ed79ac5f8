/*
 * prefer.c: the header Prefer (RFC 7240, section 2):
 *
 *     Prefer     = 1#preference
 *     preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] )
 *     parameter  = token [ BWS "=" BWS word ]
 *     word       = token / quoted-string
 *
 * and of a list empty elements are passed over (RFC 9110, section 5.6.1).
 */
#include "http/prefer.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char async_name[] = "respond-async";

/* What is being read, and whether it is well formed so far. */
struct scan {
    const char *at;
    bool good;
};

static void blanks_pass(struct scan *scan)
{
    scan->at += strspn(scan->at, " \t");
}

/* Goes past a character, if it is next. */
static bool sign_pass(struct scan *scan, char sign)
{
    bool is_there = *scan->at == sign;

    scan->at += is_there;
    return is_there;
}

/* A token (RFC 9110, section 5.6.2): how long it is. */
static size_t token_pass(struct scan *scan)
{
    static const char of_tokens[] =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t len = strspn(scan->at, of_tokens);

    scan->at += len;
    scan->good = scan->good && len > 0;
    return len;
}

/* Whether a byte can stand in a quoted string: no control character but the tab. */
static bool is_quotable(char c)
{
    return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

/* A quoted string (section 5.6.4), the first quote passed: how many characters it means. */
static size_t quoted_pass(struct scan *scan)
{
    size_t len = 0;

    while (*scan->at != '"' && scan->good) {
        if (*scan->at == '\\')
            scan->at++;
        scan->good = *scan->at != '\0' && is_quotable(*scan->at);
        scan->at += scan->good;
        len++;
    }
    scan->at += scan->good;
    return len;
}

/* "=" and a word, if they are next: how long the word is; an empty one is like none. */
static size_t value_pass(struct scan *scan)
{
    const char *before = scan->at;

    blanks_pass(scan);
    if (!sign_pass(scan, '=')) {
        scan->at = before;
        return 0;
    }
    blanks_pass(scan);
    return sign_pass(scan, '"') ? quoted_pass(scan) : token_pass(scan);
}

static void parameters_pass(struct scan *scan)
{
    blanks_pass(scan);
    while (scan->good && sign_pass(scan, ';')) {
        blanks_pass(scan);
        if (*scan->at != ';' && *scan->at != ',' && *scan->at != '\0') {
            token_pass(scan);
            value_pass(scan);
            blanks_pass(scan);
        }
    }
}

bool prefer_async(const char *value)
{
    struct scan scan = {value, true};
    bool was_named = false, prefers = false;

    while (scan.good) {
        scan.at += strspn(scan.at, " \t,");
        if (*scan.at == '\0')
            break;

        const char *name = scan.at;
        size_t len = token_pass(&scan);
        bool has_value = value_pass(&scan) > 0;

        parameters_pass(&scan);
        if (len == sizeof(async_name) - 1 && strncasecmp(name, async_name, len) == 0 &&
            !was_named) {
            was_named = true;
            prefers = !has_value;
        }
        scan.good = scan.good && (*scan.at == ',' || *scan.at == '\0');
    }
    return scan.good && prefers;
}
