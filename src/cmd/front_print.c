/*
 * front_print.c: from settings and places to the text of a front's configuration.
 *
 * What is the same on every answer of every front stands here, once.
 */
#include "cmd/front.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/front_errors.h"
#include "cmd/front_texts.h"
#include "cmd/template.h"
#include "gate/home.h"
#include "http/page_policy.h"

enum {
    LIST_MAX = CONFIG_WORDS_MAX / 2 + 1, /* words and commas */
    PORT_MAX = 24,
    RANGE_MAX = ADDR_TEXT_MAX + 4, /* with its length */
    FCGID_LIMIT = 131072,          /* FcgidMaxRequestLen, if the host has not said otherwise */
    LIMIT_SLACK = 1 << 20 /* so that the worker's own limit is met first, and tells more */
};

/*
 * On every answer.  What the worker may say otherwise for a page of its own, its
 * Content-Security-Policy and its Referrer-Policy, are values apart.
 */
static const struct template_pair headers[] = {
    {"X-Content-Type-Options", "nosniff", NULL},
    {"X-Frame-Options", "DENY", NULL},
    {"Permissions-Policy", "geolocation=(), microphone=(), camera=()", NULL},
    {"Cross-Origin-Opener-Policy", "same-origin", NULL},
    {"X-XSS-Protection", "0", NULL},
};

const struct template_pair *front_header_at(size_t i)
{
    return i < sizeof(headers) / sizeof(headers[0]) ? &headers[i] : NULL;
}

/* What a preflight is told.  The methods are those of the routes. */
static const char cors_methods[] = "GET, HEAD, POST, PUT, DELETE";
static const char cors_request_headers[] =
    "Authorization, Content-Type, X-API-Key, X-Request-ID, Idempotency-Key, Prefer, Accept";
static const char cors_answer_headers[] =
    "X-Request-ID, X-Process-Time, RateLimit, RateLimit-Policy, Retry-After, Location, "
    "Preference-Applied, Idempotency-Replayed, WWW-Authenticate";

static const struct front_kind kinds[] = {
    {"lighttpd", "socket", front_lighttpd, "html", 0, false, false, false},
    {"lighttpd", "spawn", front_lighttpd, "html", 0, true, false, false},
    {"lighttpd", "cgi", front_lighttpd, "html", 0, true, false, false},
    {"apache", "fcgid", front_apache, "json", 0, true, false, false},
    {"apache", "cgi", front_apache, "json", 0, true, false, false},
    {"apache", "proxy", front_apache, "json", 0, false, false, false},
    {"nginx", "socket", front_nginx, NULL, 0, false, false, false},
    {"htaccess", "fcgid", front_htaccess, NULL, FCGID_LIMIT, true, true, false},
    {"htaccess", "cgi", front_htaccess, NULL, 0, true, true, false},
    {"nftables", "rules", front_nftables, NULL, 0, false, false, true},
};

const struct front_kind *front_kind_at(size_t i)
{
    return i < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[i] : NULL;
}

const struct front_kind *front_kind_find(const char *server, const char *mode)
{
    const struct front_kind *kind;

    for (size_t i = 0; (kind = front_kind_at(i)) != NULL; i++)
        if (strcmp(kind->server, server) == 0 &&
            (mode == NULL || strcmp(kind->mode, mode) == 0))
            return kind;
    return NULL;
}

/* Everything that the facts point at. */
struct made {
    struct template_facts facts;
    char words[2][CONFIG_WORDS_MAX + 1]; /* hosts and origins, a NUL for each comma */
    struct template_pair hosts[LIST_MAX], origins[LIST_MAX];
    struct buf hosts_pattern, origins_pattern;
    struct front_error refusals[FRONT_ERRORS_MAX];
    struct template_pair errors[FRONT_ERRORS_MAX];
    struct template_pair pages[2][PAGE__MAX]; /* those that are asked for apart */
    size_t page_counts[2];
    char certificate[PATH_MAX + 32], key[PATH_MAX + 32], worker_directory[PATH_MAX];
    char redirect_port[PORT_MAX], listen[ADDR_TEXT_MAX + 2];
    char proxy_texts[ADDR_RANGES_MAX][RANGE_MAX];
    struct template_pair proxies[2][ADDR_RANGES_MAX]; /* of IPv4 and of IPv6 */
};

/* One more alternative of a regular expression that takes texts as they are. */
static void pattern_add(struct buf *pattern, const char *text)
{
    if (pattern->len > 0)
        buf_putc(pattern, '|');
    for (; *text != '\0'; text++) {
        if (strchr(".[]", *text) != NULL)
            buf_putc(pattern, '\\');
        buf_putc(pattern, *text);
    }
}

/* The words of a setting as a list, and as a pattern that takes each of them. */
static size_t words_split(const char *setting, char *words, struct template_pair *pairs,
                          struct buf *pattern)
{
    size_t count = 0;
    char *word;

    memcpy(words, setting, strlen(setting) + 1); /* which has this bound */
    while (count < LIST_MAX && (word = strsep(&words, ",")) != NULL && word[0] != '\0') {
        pattern_add(pattern, word);
        pairs[count++] = (struct template_pair){word, "", NULL};
    }
    return count;
}

/* An empty list has a pattern that nothing is like. */
static void pattern_put(struct made *made, const char *name, const struct buf *pattern)
{
    template_value(&made->facts, name, pattern->len > 0 ? pattern->data : "(?!)");
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Whether sockets of IPv6 can be had: where they cannot, asking for one stops a front. */
static bool ipv6_is_there(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/*
 * LISTEN is what stands before a port: an address of IPv6 in brackets.  With the flag
 * everywhere it is that of all of IPv4, and with listen6 there is all of IPv6 beside it.
 */
static void listen_put(struct made *made, const char *address)
{
    struct template_facts *facts = &made->facts;
    bool everywhere = strcmp(address, "*") == 0, ipv6 = strchr(address, ':') != NULL;

    snprintf(made->listen, sizeof(made->listen), "%s%s%s", ipv6 ? "[" : "",
             everywhere ? "0.0.0.0" : address, ipv6 ? "]" : "");
    template_value(facts, "ADDRESS", address);
    template_value(facts, "LISTEN", made->listen);
    template_flag(facts, "everywhere", everywhere);
    template_flag(facts, "ipv6", ipv6);
    template_flag(facts, "listen6", everywhere && ipv6_is_there());
}

/* A limit of bodies in bytes and, as lighttpd counts, in KiB. */
static void limit_put(struct made *made, const char *bytes, const char *kib, int64_t limit)
{
    template_number(&made->facts, bytes, limit);
    template_number(&made->facts, kib, limit / 1024);
}

/* A limit with something more, or the host's where that is lower. */
static int64_t limit_of(const struct front_places *places, int64_t limit)
{
    limit += LIMIT_SLACK;
    return places->host_limit > 0 && places->host_limit < limit ? places->host_limit : limit;
}

/*
 * The workers' own limits, each with something more, so that it is they who refuse and tell
 * more.  A front cannot tell all routes apart: where images or files of rows are taken it
 * takes no less than anywhere.
 */
static void limits_put(struct made *made, const struct config *config,
                       const struct front_places *places)
{
    int64_t body = larger(config->body_limit, config->predict_body_limit);
    int64_t image = limit_of(places, larger(config->image_body_limit, body));
    int64_t rows =
        limit_of(places, larger(larger(config->bulk_body_limit, config->job_body_limit), body));

    limit_put(made, "BODY_BYTES", "BODY_KIB", limit_of(places, body));
    limit_put(made, "IMAGE_BYTES", "IMAGE_KIB", image);
    limit_put(made, "ROWS_BYTES", "ROWS_KIB", rows);
    template_number(&made->facts, "MOST_BYTES", larger(rows, image));
    template_number(&made->facts, "OVER_BYTES", larger(rows, image) + LIMIT_SLACK);
}

static void tls_put(struct made *made, const struct config *config,
                    const struct front_places *places)
{
    struct template_facts *facts = &made->facts;
    const char *certificate = config->tls_certificate, *key = config->tls_key;

    snprintf(made->certificate, sizeof(made->certificate), "%s/%s", places->home,
             HOME_TLS_CERTIFICATE);
    snprintf(made->key, sizeof(made->key), "%s/%s", places->home, HOME_TLS_KEY);
    if (certificate[0] == '\0')
        key = made->key;
    else if (key[0] == '\0')
        key = certificate;
    template_value(facts, "TLS_CERTIFICATE",
                   certificate[0] != '\0' ? certificate : made->certificate);
    template_value(facts, "TLS_KEY", key);
    template_number(&made->facts, "HSTS", config->hsts);
    if (config->https_port != 443)
        snprintf(made->redirect_port, PORT_MAX, ":%" PRId64, config->https_port);
    template_value(facts, "REDIRECT_PORT", made->redirect_port);
    template_flag(facts, "tls", config->https_port != 0);
    template_flag(facts, "http", config->http_port != 0);
    template_flag(facts, "redirect", config->https_port != 0 && config->http_port != 0);
    template_flag(facts, "plain", config->https_port == 0);
    template_flag(facts, "hsts", config->https_port != 0 && config->hsts != 0);
    template_number(&made->facts, "PORT", config->http_port);
    template_number(&made->facts, "TLS_PORT", config->https_port);
}

static void cors_put(struct made *made, const struct config *config)
{
    struct template_facts *facts = &made->facts;
    size_t count = words_split(config->cors_origins, made->words[1], made->origins,
                               &made->origins_pattern);

    template_list(facts, "ORIGINS", made->origins, count);
    template_flag(facts, "cors", count > 0);
    pattern_put(made, "ORIGINS_PATTERN", &made->origins_pattern);
    template_value(facts, "CORS_METHODS", cors_methods);
    template_value(facts, "CORS_REQUEST_HEADERS", cors_request_headers);
    template_value(facts, "CORS_ANSWER_HEADERS", cors_answer_headers);
}

static void hosts_put(struct made *made, const struct config *config)
{
    size_t count =
        words_split(config->hosts, made->words[0], made->hosts, &made->hosts_pattern);

    template_list(&made->facts, "HOSTS", made->hosts, count);
    pattern_put(made, "HOSTS_PATTERN", &made->hosts_pattern);
    template_value(&made->facts, "FIRST_HOST", count > 0 ? made->hosts[0].item : "localhost");
}

static void places_put(struct made *made, const struct config *config,
                       const struct front_places *places)
{
    struct template_facts *facts = &made->facts;
    const int64_t workers = config->workers > 0 ? config->workers : 4;
    char *slash;

    memcpy(made->worker_directory, places->worker, sizeof(places->worker));
    slash = strrchr(made->worker_directory, '/');
    if (slash != NULL)
        slash[slash == made->worker_directory] = '\0';
    template_value(facts, "HOME", places->home);
    template_value(facts, "WORKER", places->worker);
    template_value(facts, "WORKER_DIR", made->worker_directory);
    template_value(facts, "SOCKET", places->socket);
    template_value(facts, "DIR", places->dir);
    template_value(facts, "PID", places->pid);
    template_value(facts, "RUN", places->run);
    template_value(facts, "LOG", places->log);
    template_value(facts, "ERRORS", places->errors);
    template_value(facts, "EMPTY", places->empty);
    template_value(facts, "USER", places->user);
    template_value(facts, "GROUP", places->group);
    listen_put(made, config->front_address);
    template_flag(facts, "root", geteuid() == 0);
    template_number(&made->facts, "WORKERS", workers);
    template_number(&made->facts, "WORKERS_MOST", workers * 4);
}

/*
 * How many connections an address may hold, and who may have any number: proxies, each of which
 * stands for many clients.
 */
static void connections_put(struct made *made, const struct config *config)
{
    const struct addr_list *trusted = &config->trusted_proxies;
    size_t counts[2] = {0, 0};

    for (size_t i = 0; i < trusted->count; i++) {
        const struct addr_list one = {{trusted->ranges[i]}, 1};
        bool ipv6;

        addr_list_print(made->proxy_texts[i], RANGE_MAX, &one);
        ipv6 = strchr(made->proxy_texts[i], ':') != NULL;
        made->proxies[ipv6][counts[ipv6]++] =
            (struct template_pair){made->proxy_texts[i], "", NULL};
    }
    template_list(&made->facts, "PROXIES4", made->proxies[false], counts[false]);
    template_list(&made->facts, "PROXIES6", made->proxies[true], counts[true]);
    template_flag(&made->facts, "crowds", config->address_connections > 0);
    template_number(&made->facts, "ADDRESS_CONNECTIONS", config->address_connections);
}

static void headers_put(struct made *made)
{
    struct template_facts *facts = &made->facts;

    for (size_t i = 0; i < PAGE__MAX; i++) {
        const struct page_policy *page = &page_policies[i];
        size_t *count = &made->page_counts[page->asked];

        made->pages[page->asked][(*count)++] =
            (struct template_pair){page->path, page->content, page->referrer};
    }
    template_list(facts, "PAGES", made->pages[false], made->page_counts[false]);
    template_list(facts, "PAGES_ASKED", made->pages[true], made->page_counts[true]);
    template_value(facts, "PAGE_ASKED", PAGE_ASKED);
    template_list(facts, "HEADERS", headers, sizeof(headers) / sizeof(headers[0]));
    template_value(facts, "CONTENT_POLICY", page_none_content);
    template_value(facts, "REFERRER_POLICY", page_none_referrer);
}

static enum result errors_put(struct made *made, struct reason *why)
{
    size_t count;
    enum result result = front_errors_read(front_errors, made->refusals, &count, why);

    for (size_t i = 0; result == RESULT_OK && i < count; i++)
        made->errors[i] =
            (struct template_pair){made->refusals[i].status, made->refusals[i].body, NULL};
    if (result == RESULT_OK)
        template_list(&made->facts, "ERRORS", made->errors, count);
    return result;
}

enum result front_print(const struct front_kind *kind, const struct config *config,
                        const struct front_places *places, struct buf *out, struct reason *why)
{
    struct made *made = calloc(1, sizeof(*made));
    enum result result;

    if (made == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    template_flag(&made->facts, kind->mode, true);
    headers_put(made);
    places_put(made, config, places);
    hosts_put(made, config);
    tls_put(made, config, places);
    cors_put(made, config);
    limits_put(made, config, places);
    connections_put(made, config);
    result = errors_put(made, why);
    if (buf_failed(&made->hosts_pattern) || buf_failed(&made->origins_pattern))
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    if (result == RESULT_OK)
        result = template_render(kind->text, &made->facts, out, why);
    buf_free(&made->hosts_pattern);
    buf_free(&made->origins_pattern);
    free(made);
    return result;
}
