/*
 * fuzz_fcgi.c: what a front sends, through a real socket and the real libfcgi.
 *
 * The first byte says whether the rest is the bytes of a connection as they are, or a request:
 * lines of NAME=VALUE, an empty line and a body, which are then put into records of odd sizes.
 *
 * - Of a request each parameter is the last line of its name, and is known to be doubled if
 *   there were two; the body is what was sent; what is written is what comes back.
 * - The path has no query, the id is fit for a header, the client's address is the one that
 *   trusted proxies vouch for, which is found here from the left and not from the right.
 * - Of any bytes nothing comes back but records, and the next connection is served.
 */
#include "front_fuzz.h"

#include "base/text.h"
#include "http/fcgi.h"
#include "http/request.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

enum {
    SENT_MAX = 65536 /* less than a socket holds, since nobody reads meanwhile */
};

static const char *const param_names[FCGI_PARAM__MAX] = {
    [FCGI_METHOD] = "REQUEST_METHOD",
    [FCGI_URI] = "REQUEST_URI",
    [FCGI_PATH_INFO] = "PATH_INFO",
    [FCGI_CONTENT_TYPE] = "CONTENT_TYPE",
    [FCGI_CONTENT_LENGTH] = "CONTENT_LENGTH",
    [FCGI_ADDRESS] = "REMOTE_ADDR",
    [FCGI_DOCUMENT_ROOT] = "DOCUMENT_ROOT",
    [FCGI_CONTEXT_ROOT] = "CONTEXT_DOCUMENT_ROOT",
    [FCGI_ACCEPT] = "HTTP_ACCEPT",
    [FCGI_API_KEY] = "HTTP_X_API_KEY",
    [FCGI_AUTHORIZATION] = "HTTP_AUTHORIZATION",
    [FCGI_FORWARDED_FOR] = "HTTP_X_FORWARDED_FOR",
    [FCGI_PREFER] = "HTTP_PREFER",
    [FCGI_IDEMPOTENCY_KEY] = "HTTP_IDEMPOTENCY_KEY",
    [FCGI_IF_NONE_MATCH] = "HTTP_IF_NONE_MATCH",
    [FCGI_REQUEST_ID] = "HTTP_X_REQUEST_ID",
    [FCGI_TRANSFER_ENCODING] = "HTTP_TRANSFER_ENCODING",
    [FCGI_CONTENT_ENCODING] = "HTTP_CONTENT_ENCODING",
    [FCGI_JSON_LENGTH] = "HTTP_INFERENCE_HEADER_CONTENT_LENGTH",
    [FCGI_TRACE_PARENT] = "HTTP_TRACEPARENT",
    [FCGI_TRACE_STATE] = "HTTP_TRACESTATE",
    [FCGI_PROTOCOL] = "SERVER_PROTOCOL",
    [FCGI_USER_AGENT] = "HTTP_USER_AGENT",
};

static struct service service;

/* libfcgi loses some bytes with each management record that does not ask for values. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct reason why = {{0}};

    (void)argc;
    (void)argv;
    front_listen();
    CHECK(fcgi_new(&service.fcgi, &why) == RESULT_OK);
    CHECK(addr_list_parse("127.0.0.1,10.0.0.0/8,::1", &service.home.config.trusted_proxies,
                          &why) == RESULT_OK);
    return 0;
}

static void check_control(const struct front_request *sent)
{
    static const char controls[] =
        "\x01\x02\x03\x04\x05\x06\x07\x08\x0a\x0b\x0c\x0d\x0e\x0f\x10"
        "\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
        "\x7f";
    bool any = false;

    for (size_t i = 0; i < sent->count; i++)
        any |= strncmp(sent->lines[i], "HTTP_", 5) == 0 &&
               strpbrk(sent->lines[i], controls) != NULL;
    CHECK(fcgi_has_control(service.fcgi) == any);
}

static void check_params(const struct front_request *sent)
{
    check_control(sent);
    for (int i = 0; i < FCGI_PARAM__MAX; i++) {
        const char *ours = fcgi_param(service.fcgi, (enum fcgi_param)i);
        size_t times;
        const char *theirs = front_value(sent, param_names[i], &times);

        CHECK((ours == NULL) == (theirs == NULL));
        CHECK(ours == NULL || strcmp(ours, theirs) == 0);
        CHECK(fcgi_param_doubled(service.fcgi, (enum fcgi_param)i) == (times > 1));
    }
}

/* The blanks around an element of a list are none of it. */
static bool entry_read(const char *entry, size_t len, struct addr *out)
{
    while (len > 0 && (*entry == ' ' || *entry == '\t'))
        entry++, len--;
    while (len > 0 && (entry[len - 1] == ' ' || entry[len - 1] == '\t'))
        len--;
    return addr_parse(entry, len, out);
}

/*
 * From the left: an entry that is no address forgets all before it, and so does one that no
 * trusted proxy has written; the first of what is left is the client.
 */
static void check_address(const struct request *request)
{
    const struct addr_list *trusted = &service.home.config.trusted_proxies;
    const char *peer = fcgi_param(service.fcgi, FCGI_ADDRESS);
    const char *list = fcgi_param(service.fcgi, FCGI_FORWARDED_FOR);
    struct addr from, client = {{0}};
    size_t count = 0, len;
    char text[ADDR_TEXT_MAX] = "";
    static struct addr chain[1 + SENT_MAX / 2];

    if (peer == NULL || !addr_parse(peer, strlen(peer), &from)) {
        CHECK(request->address[0] == '\0');
        CHECK(memcmp(&request->from, &client, sizeof(client)) == 0);
        return;
    }
    if (list == NULL || list[0] == '\0' || fcgi_param_doubled(service.fcgi, FCGI_FORWARDED_FOR))
        list = NULL;
    for (const char *at = list; at != NULL; at = at[len] == ',' ? at + len + 1 : NULL) {
        len = strcspn(at, ",");
        if (!entry_read(at, len, &chain[count++]))
            count = 0;
    }
    chain[count++] = from;
    client = from;
    while (count > 0 && addr_list_has(trusted, &client) && --count > 0)
        client = chain[count - 1];
    addr_print(text, &client);
    CHECK(strcmp(text, request->address) == 0);
    CHECK(memcmp(&request->from, &client, sizeof(client)) == 0);
}

static void check_request(struct request *request)
{
    const char *method = fcgi_param(service.fcgi, FCGI_METHOD);
    const char *name;

    request_start(request, &service);
    name = request_method_name(request->method);
    CHECK(strlen(request->path) <= REQUEST_PATH_MAX && strchr(request->path, '?') == NULL);
    CHECK(strlen(request->id) >= 1 && strlen(request->id) <= REQUEST_ID_MAX);
    CHECK(request->id[strspn(request->id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                          "uvwxyz0123456789._-")] == '\0');
    if (request->head)
        CHECK(strcmp(method, "HEAD") == 0 && request->method == REQUEST_GET);
    else
        CHECK(request->method == REQUEST_METHOD_OTHER || strcmp(method, name) == 0);
    check_address(request);
}

/* Reads the body in steps of different sizes and says it back. */
static void serve(unsigned step, bool whole, struct buf *body)
{
    static struct request request;
    char piece[4096];
    size_t got, room;

    check_request(&request);
    do {
        room = 1 + (step += 977) % sizeof(piece);
        got = fcgi_read(service.fcgi, piece, room);
        CHECK(got <= room);
        buf_put(body, piece, got);
    } while (got == room);
    CHECK(!whole || !fcgi_is_broken(service.fcgi));
    CHECK(fcgi_read(service.fcgi, piece, sizeof(piece)) == 0);
    fcgi_write(service.fcgi, body->data, body->len);
    fcgi_finish(service.fcgi, SENT_MAX);
}

static void check_lines(char *text, size_t len, unsigned shape)
{
    struct buf bytes = {0}, body = {0}, back = {0}, answer = {0};
    struct front_request sent;
    const char *at;
    size_t left;
    int fd;

    front_request_read(&sent, text, len);
    front_request_write(&sent, shape, &bytes);
    if (bytes.len <= SENT_MAX) {
        fd = front_send(&bytes);
        CHECK(fcgi_accept(service.fcgi) == FCGI_NEXT_REQUEST);
        check_params(&sent);
        serve(shape, true, &body);
        CHECK(body.len == sent.body_len && memcmp(body.data, sent.body, body.len) == 0);
        CHECK(front_receive(fd, &back, true));
        close(fd);
        at = back.data;
        left = back.len;
        CHECK(front_answer(&at, &left, &answer) && left == 0);
        CHECK(answer.len == body.len && memcmp(answer.data, body.data, body.len) == 0);
    }
    buf_free(&bytes);
    buf_free(&body);
    buf_free(&back);
    buf_free(&answer);
}

/*
 * Whether a name or a value could be said to be of over 64 KB: libfcgi asks for that much
 * memory at once, and ends the process if there is none.  Whoever may connect can do that.
 */
static bool asks_for_much(const unsigned char *at, size_t left)
{
    while (left > FRONT_HEAD) {
        size_t len = (size_t)at[4] << 8 | at[5], whole = FRONT_HEAD + len + at[6];

        for (size_t i = FRONT_HEAD; i + 1 < left && i < FRONT_HEAD + len; i++)
            if (at[i] > 0x80 || (at[i] == 0x80 && at[i + 1] != 0))
                if (at[1] == FRONT_PARAMS || at[1] == FRONT_GET_VALUES)
                    return true;
        if (whole >= left)
            break;
        at += whole;
        left -= whole;
    }
    return false;
}

/* Whatever it is, a request or none. */
static void check_raw(const char *text, size_t len)
{
    struct buf bytes = {0}, back = {0}, body = {0}, answer = {0};
    const char *at;
    size_t left;
    int fd;

    if (asks_for_much((const unsigned char *)text, len))
        return;
    buf_put(&bytes, text, len);
    fd = front_send(&bytes);
    while (fcgi_accept(service.fcgi) == FCGI_NEXT_REQUEST) {
        buf_clear(&body, SIZE_MAX);
        serve((unsigned)len, false, &body);
        if (front_receive(fd, &back, false)) /* it was not to be kept */
            break;
    }
    front_receive(fd, &back, false);
    close(fd);
    at = back.data;
    left = back.len;
    while (left > 0 && front_answer(&at, &left, &answer))
        continue;
    buf_free(&bytes);
    buf_free(&back);
    buf_free(&body);
    buf_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < 1 || size > SENT_MAX / 2)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    if (data[0] % 2 == 0)
        check_lines(text, size - 1, data[0]);
    else
        check_raw(text, size - 1);
    free(text);
    return 0;
}
