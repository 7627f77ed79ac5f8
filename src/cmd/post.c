/*
 * post.c: many POSTs at a time, on libcurl.
 */
#include "cmd/post.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/curl_plain.h"
#include "gate/hook.h"

enum {
    ANSWER_HEADER_MAX = 64 << 10
};

struct posts {
    CURLM *multi;
    const struct addr_list *allowed;
    struct post *first;
};

/* One that is under way, in the list of all. */
struct post {
    struct post *next, *before;
    const struct posts *posts;
    CURL *curl;
    struct curl_slist *headers;
    size_t body_len, header_len; /* of the answer, so far */
    bool passed;                 /* an address was let pass */
    const char *refused;         /* what one is that was not */
    void (*ended)(void *arg, const struct post_answer *answer);
    void *arg;
};

enum result posts_open(const struct addr_list *allowed, struct posts **out, struct reason *why)
{
    struct posts *posts = calloc(1, sizeof(*posts));

    *out = NULL;
    if (posts != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == 0)
        posts->multi = curl_multi_init();
    if (posts == NULL || posts->multi == NULL) {
        free(posts);
        return reason_set(why, RESULT_NOMEM, "libcurl could not be started");
    }
    posts->allowed = allowed;
    *out = posts;
    return RESULT_OK;
}

static void post_free(struct posts *posts, struct post *post)
{
    if (post->curl != NULL)
        curl_multi_remove_handle(posts->multi, post->curl);
    curl_easy_cleanup(post->curl);
    curl_slist_free_all(post->headers);
    free(post);
}

/* Takes it out of the list, and frees it. */
static void post_end(struct posts *posts, struct post *post)
{
    if (posts->first == post)
        posts->first = post->next;
    if (post->before != NULL)
        post->before->next = post->next;
    if (post->next != NULL)
        post->next->before = post->before;
    post_free(posts, post);
}

void posts_close(struct posts *posts)
{
    struct post *next;

    if (posts == NULL)
        return;
    for (struct post *post = posts->first; post != NULL; post = next) {
        next = post->next;
        post_free(posts, post);
    }
    curl_multi_cleanup(posts->multi);
    curl_global_cleanup();
    free(posts);
}

/* Whatever name led here: this is what would be connected to. */
static curl_socket_t socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct sockaddr_storage storage = {0};
    const char *refused = "of no known family";
    struct post *post = arg;
    struct addr addr;

    if (purpose != CURLSOCKTYPE_IPCXN || to->addrlen > sizeof(storage))
        return CURL_SOCKET_BAD;
    memcpy(&storage, &to->addr, to->addrlen);
    if (addr_of_socket(&storage, &addr))
        refused = hook_address_refused(post->posts->allowed, &addr);
    if (refused != NULL) {
        post->refused = refused;
        return CURL_SOCKET_BAD;
    }
    post->passed = true;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static size_t header_take(char *bytes, size_t size, size_t count, void *arg)
{
    struct post *post = arg;

    (void)bytes;
    post->header_len += size * count;
    return post->header_len <= ANSWER_HEADER_MAX ? size * count : 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static size_t body_take(char *bytes, size_t size, size_t count, void *arg)
{
    struct post *post = arg;

    (void)bytes;
    post->body_len += size * count;
    return post->body_len <= POST_ANSWER_MAX ? size * count : 0;
}

static bool headers_make(struct post *post, const struct post_ask *ask)
{
    static const char *const always[] = {"Content-Type: application/json", "Expect:"};
    struct curl_slist *more;

    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]) + POST_HEADERS_MAX; i++) {
        const char *header =
            i < POST_HEADERS_MAX ? ask->headers[i] : always[i - POST_HEADERS_MAX];

        if (header == NULL)
            continue;
        more = curl_slist_append(post->headers, header);
        if (more == NULL)
            return false;
        post->headers = more;
    }
    return true;
}

/* The bounds, and what goes where. */
static void options_set(struct post *post)
{
    CURL *curl = post->curl;

    curl_plain_set(curl);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, post);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)POST_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)POST_CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* a name server that hangs is left alone */
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, socket_open);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, post);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header_take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, post);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "Forestgate/" FORESTGATE_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, post->headers);
}

static bool request_set(struct post *post, const struct post_ask *ask)
{
    return curl_easy_setopt(post->curl, CURLOPT_URL, ask->url) == CURLE_OK &&
           curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->len) ==
               CURLE_OK &&
           curl_easy_setopt(post->curl, CURLOPT_COPYPOSTFIELDS, ask->body) == CURLE_OK;
}

enum result posts_begin(struct posts *posts, const struct post_ask *ask,
                        void (*ended)(void *arg, const struct post_answer *answer), void *arg,
                        struct reason *why)
{
    struct post *post = calloc(1, sizeof(*post));
    bool good;

    if (post == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for a request");
    post->posts = posts;
    post->ended = ended;
    post->arg = arg;
    post->next = posts->first;
    if (posts->first != NULL)
        posts->first->before = post;
    posts->first = post;
    post->curl = curl_easy_init();
    good = post->curl != NULL && headers_make(post, ask);
    if (good) {
        options_set(post);
        good = request_set(post, ask) &&
               curl_multi_add_handle(posts->multi, post->curl) == CURLM_OK;
    }
    if (good)
        return RESULT_OK;
    post_end(posts, post);
    return reason_set(why, RESULT_NOMEM, "no memory for a request");
}

/* An answer counts also where its body was too long to be read. */
static void answer_make(const struct post *post, CURLcode code, struct post_answer *answer)
{
    bool cut = code == CURLE_WRITE_ERROR && post->header_len <= ANSWER_HEADER_MAX;

    *answer = (struct post_answer){.status = 0};
    curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    if (code == CURLE_OK || (cut && answer->status >= 200))
        return;
    answer->status = 0;
    if (post->refused != NULL && !post->passed)
        text_print(answer->problem, sizeof(answer->problem),
                   "its address is not public but %s (webhook_private)", post->refused);
    else if (code == CURLE_WRITE_ERROR)
        text_print(answer->problem, sizeof(answer->problem), "the answer has no end");
    else
        text_print(answer->problem, sizeof(answer->problem), "%s", curl_easy_strerror(code));
}

static void ended_tell(struct posts *posts)
{
    struct post_answer answer;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(posts->multi, &left)) != NULL) {
        void (*ended)(void *arg, const struct post_answer *answer);
        struct post *post = NULL;
        void *arg;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        answer_make(post, message->data.result, &answer);
        ended = post->ended;
        arg = post->arg;
        post_end(posts, post);
        ended(arg, &answer);
    }
}

void posts_run(struct posts *posts, int timeout_ms)
{
    int running;

    curl_multi_perform(posts->multi, &running);
    ended_tell(posts);
    curl_multi_poll(posts->multi, NULL, 0, timeout_ms, NULL);
    curl_multi_perform(posts->multi, &running);
    ended_tell(posts);
}
