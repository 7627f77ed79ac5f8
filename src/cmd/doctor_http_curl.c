/*
 * doctor_http_curl.c: one HTTP request at a time, on libcurl.
 */
#include "cmd/doctor_http.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cmd/curl_plain.h"

struct http {
    CURL *curl;
    char *base; /* the URL without a / at its end */
};

static bool part_is(CURLU *url, CURLUPart part, const char *text)
{
    char *value = NULL;
    bool is;

    if (curl_url_get(url, part, &value, 0) != CURLUE_OK)
        value = NULL;
    is = text == NULL ? value == NULL : value != NULL && strcmp(value, text) == 0;
    curl_free(value);
    return is;
}

/* The URL as libcurl writes it, without a / at its end; NULL if it is not allowed. */
static char *base_of(const char *text)
{
    CURLU *url = curl_url();
    char *whole = NULL, *base = NULL;

    if (url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
        (part_is(url, CURLUPART_SCHEME, "http") || part_is(url, CURLUPART_SCHEME, "https")) &&
        part_is(url, CURLUPART_USER, NULL) && part_is(url, CURLUPART_PASSWORD, NULL) &&
        part_is(url, CURLUPART_QUERY, NULL) && part_is(url, CURLUPART_FRAGMENT, NULL) &&
        curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK)
        base = strdup(whole);
    for (size_t len = base != NULL ? strlen(base) : 0; len > 0 && base[len - 1] == '/'; len--)
        base[len - 1] = '\0';
    curl_free(whole);
    curl_url_cleanup(url);
    return base;
}

enum result http_new(const char *url, struct http **out, struct reason *why)
{
    struct http *http = calloc(1, sizeof(*http));

    *out = NULL;
    if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(http);
        return reason_set(why, RESULT_NOMEM, "libcurl could not be started");
    }
    http->base = base_of(url);
    if (http->base == NULL) {
        http_free(http);
        return reason_set(why, RESULT_INVALID,
                          "--url: \"%.80s\" is not allowed; allowed: http://HOST:PORT/ or "
                          "https://HOST/, perhaps with a path",
                          url);
    }
    *out = http;
    return RESULT_OK;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->curl);
    curl_global_cleanup();
    free(http->base);
    free(http);
}

/* A body on its way. */
struct sending {
    uint64_t at, len;
};

static size_t body_give(char *to, size_t size, size_t count, void *arg)
{
    struct sending *sending = arg;
    size_t given = http_body_bytes(to, size * count, sending->at, sending->len);

    sending->at += given;
    return given;
}

static int body_seek(void *arg, curl_off_t to, int whence)
{
    struct sending *sending = arg;

    if (whence != SEEK_SET || to < 0 || (uint64_t)to > sending->len)
        return CURL_SEEKFUNC_FAIL;
    sending->at = (uint64_t)to;
    return CURL_SEEKFUNC_OK;
}

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *buf = arg;

    buf_put(buf, bytes, size * count);
    return buf_failed(buf) ? 0 : size * count;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return http_stopped();
}

/* What holds for every question. */
static void set_always(CURL *curl, struct http_answer *answer)
{
    const char *roots = getenv("CURL_CA_BUNDLE"); /* which the program curl knows by itself */

    curl_plain_set(curl);
    if (roots != NULL && roots[0] != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, roots);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_WAIT_S);
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer->body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer->header);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
}

static void set_body(CURL *curl, struct sending *sending)
{
    curl_easy_setopt(curl, CURLOPT_TIMEOUT,
                     sending->len > 0 ? (long)HTTP_BODY_WAIT_S : (long)HTTP_WAIT_S);
    if (sending->len == 0)
        return;
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)sending->len);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, body_give);
    curl_easy_setopt(curl, CURLOPT_READDATA, sending);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, body_seek);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, sending);
}

/* The headers, one of which is perhaps a key; NULL without memory. */
static struct curl_slist *list_make(const struct http_ask *ask)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *more;

    for (size_t i = 0; i < HTTP_HEADERS_MAX && list != NULL; i++) {
        if (ask->headers[i] == NULL)
            continue;
        more = curl_slist_append(list, ask->headers[i]);
        if (more == NULL)
            curl_slist_free_all(list);
        list = more;
    }
    return list;
}

static void list_free(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at != NULL; at = at->next)
        secret_wipe(at->data, strlen(at->data));
    curl_slist_free_all(list);
}

/*
 * Early refusals of a body may reset the connection behind the answer, which counts all
 * the same.
 */
static enum result perform(CURL *curl, struct http_answer *answer, struct reason *why)
{
    char problem[CURL_ERROR_SIZE] = "";
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    if (http_stopped())
        return reason_set(why, RESULT_BUSY, "stopped");
    if (code == CURLE_OK ||
        ((code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR) && answer->status >= 400))
        return RESULT_OK;
    return reason_set(why,
                      code == CURLE_PEER_FAILED_VERIFICATION ? RESULT_DENIED
                      : code == CURLE_SSL_CACERT_BADFILE     ? RESULT_INVALID
                                                             : RESULT_IO,
                      "%s", problem[0] != '\0' ? problem : curl_easy_strerror(code));
}

enum result http_request(struct http *http, const struct http_ask *ask,
                         struct http_answer *answer, struct reason *why)
{
    struct sending sending = {.len = ask->body_len};
    struct curl_slist *list;
    struct buf url = {0};
    enum result result;

    http_answer_free(answer);
    *answer =
        (struct http_answer){.header.limit = HTTP_ANSWER_MAX, .body.limit = HTTP_ANSWER_MAX};
    if (http_stopped())
        return reason_set(why, RESULT_BUSY, "stopped");
    curl_easy_cleanup(http->curl);
    http->curl = curl_easy_init();
    list = list_make(ask);
    buf_printf(&url, "%s%s", http->base, ask->path);
    if (http->curl == NULL || list == NULL || buf_failed(&url)) {
        result = reason_set(why, RESULT_NOMEM, "no memory for a request");
    } else {
        set_always(http->curl, answer);
        set_body(http->curl, &sending);
        curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, ask->method);
        curl_easy_setopt(http->curl, CURLOPT_URL, url.data);
        curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, list);
        result = perform(http->curl, answer, why);
        curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
    }
    list_free(list);
    buf_free(&url);
    return result;
}
