/*
 * fuzz_service.c: any request to a whole worker, through a real socket: what no fuzzer of one
 * parser sees, since it lies between them.
 *
 * The first byte is how the request is put into records; then come lines of NAME=VALUE, an
 * empty line and a body.  In a line $KEY is a key of every scope, $ADMIN an administrator's
 * access token and $USER a user's.  The worker runs in a thread, in a home of its own.
 *
 * - Every request has one answer, in a form that every front understands: a status, no header
 *   twice, nothing in one that is not printable, as many bytes as announced.
 * - It is never a fault of ours (500), and a refusal is a problem as RFC 9457 has it that tells
 *   its status and id; 401, 405, 429 and 503 say what to do.
 * - JSON is JSON, also by json-c's judgement.
 * - Every request has one line in the log, which is JSON.
 * - No credential stands in the log, whatever was done with it, nor in an answer, but for the
 *   word of a query that the answer has to name as wrong to whom it came from.
 */
#include "front_fuzz.h"
#include "home_fuzz.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "gate/tier.h"
#include "gate/user.h"
#include "http/pipeline.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

enum {
    SENT_MAX = 65536,
    HEADERS_MAX = 32,
    SECRET_SHOWN = 24 /* characters that a part of a secret has to have to be one */
};

enum {
    KEY,
    ADMIN,
    USER,
    CREDENTIALS
};

static const char *const words[CREDENTIALS] = {"$KEY", "$ADMIN", "$USER"};
static const char password[] = "correct horse battery";
static char credentials[CREDENTIALS][1024];
static char directory[64];
static int log_fd = -1;
static const char *input; /* before its words were replaced */
static size_t input_len;

static void leave(void)
{
    home_fuzz_remove(directory);
}

static void user_make(struct home *home, const char *name, const char *role)
{
    const struct user_wish wish = {{[USER_PART_USERNAME] = name,
                                    [USER_PART_ROLE] = role,
                                    [USER_PART_MODELS] = "*",
                                    [USER_PART_TIER] = "wide"}};
    enum user_part part;
    struct user_row row;
    struct reason why;

    CHECK(user_create(home, &wish, password, strlen(password), &row, &part, &why) == RESULT_OK);
}

static void home_fill(struct home *home)
{
    const struct tier_row tier = {.name = "wide", .limits = "1000000000/1s"};
    const struct key_wish wish = {{[KEY_PART_NAME] = "fuzz",
                                   [KEY_PART_TIER] = "wide",
                                   [KEY_PART_SCOPES] = "predict,jobs,read,admin"}};
    enum key_part part;
    struct key_row row;
    struct reason why;

    home->config.password_cost = 1;
    home_fuzz_model(home, "m");
    CHECK(tier_set(home, &tier, &why) == RESULT_OK);
    CHECK(key_create(home, &wish, credentials[KEY], &row, &part, &why) == RESULT_OK);
    user_make(home, "admin@example.org", "admin");
    user_make(home, "user@example.org", "user");
}

/* A working directory of its own, so that the fuzzer finds its corpus where it was. */
static void *worker(void *arg)
{
    struct service service;
    struct reason why = {{0}};
    struct home home;
    sigset_t all;

    (void)arg;
    sigfillset(&all); /* the fuzzer's alarm is not for it */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    CHECK(unshare(CLONE_FS) == 0);
    CHECK(home_enter(&home, directory, DB_CLI, &why) == RESULT_OK);
    config_defaults(&home.config);
    home.config.address_rate.count = 0;
    home.config.password_cost = 1;
    home.config.log_format = CONFIG_LOG_JSON;
    home.config.bulk_stall = 2;
    if (service_open(&service, &home, &why) != RESULT_OK)
        fprintf(stderr, "%s\n", why.text);
    else
        service_run(&service);
    fprintf(stderr, "the worker has ended\n");
    abort();
}

/* ---- a request and its answer ---- */

struct answer {
    struct buf all;
    char *names[HEADERS_MAX], *values[HEADERS_MAX];
    size_t headers;
    const char *body;
    size_t body_len;
    long status;
};

static const char *header(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->headers; i++)
        if (strcasecmp(answer->names[i], name) == 0)
            return answer->values[i];
    return NULL;
}

/* Cuts the head into its lines; each begins with a token that was not there before. */
static void head_read(struct answer *answer)
{
    char *at = answer->all.data, *end, *colon;

    CHECK(at != NULL);
    answer->headers = 0;
    while ((end = strstr(at, "\r\n")) != NULL && end != at) {
        *end = '\0';
        colon = strstr(at, ": ");
        CHECK(colon != NULL && answer->headers < HEADERS_MAX);
        *colon = '\0';
        CHECK(header(answer, at) == NULL);
        for (const char *c = colon + 2; *c != '\0'; c++)
            CHECK(*c >= 0x20 && *c < 0x7f);
        answer->names[answer->headers] = at;
        answer->values[answer->headers++] = colon + 2;
        at = end + 2;
    }
    CHECK(end == at && strcmp(answer->names[0], "Status") == 0);
    answer->status = strtol(answer->values[0], NULL, 10);
    answer->body = at + 2;
    answer->body_len = answer->all.len - (size_t)(at + 2 - answer->all.data);
}

/* Sends it and waits for all of the answer. */
static void ask(const struct front_request *request, unsigned shape, struct answer *answer)
{
    struct buf bytes = {0}, back = {0};
    const char *at;
    size_t left;
    int fd;

    front_request_write(request, shape, &bytes);
    fd = front_send(&bytes);
    CHECK(front_receive(fd, &back, true));
    close(fd);
    at = back.data;
    left = back.len;
    CHECK(front_answer(&at, &left, &answer->all) && left == 0);
    head_read(answer);
    buf_free(&bytes);
    buf_free(&back);
}

/* ---- what holds of every answer ---- */

static bool has_text(const char *all, size_t len, const char *text)
{
    return memmem(all, len, text, strlen(text)) != NULL;
}

/*
 * Of a credential its middle, where the secret is; what the fuzzer has made up out of its own
 * comparisons is none.
 */
static void check_secrets(const char *text, size_t len)
{
    for (size_t i = 0; i < CREDENTIALS; i++) {
        char part[SECRET_SHOWN + 1] = "";
        size_t whole = strlen(credentials[i]);

        if (whole < 2 * SECRET_SHOWN)
            continue;
        memcpy(part, credentials[i] + (whole - SECRET_SHOWN) / 2, SECRET_SHOWN);
        CHECK(!has_text(text, len, part) || has_text(input, input_len, part));
    }
}

static struct json_object *json_read(const char *text, size_t len)
{
    struct json_tokener *tokener = json_tokener_new_ex(128);
    struct json_object *value;

    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    value = json_tokener_parse_ex(tokener, text, (int)len);
    if (json_tokener_get_error(tokener) == json_tokener_continue) /* a number may go on */
        value = json_tokener_parse_ex(tokener, "", 1);
    if (json_tokener_get_error(tokener) != json_tokener_success ||
        json_tokener_get_parse_end(tokener) > len) {
        fprintf(stderr, "no JSON: %.*s\n", (int)len, text);
        abort();
    }
    json_tokener_free(tokener);
    return value;
}

static const char *text_of(struct json_object *object, const char *name)
{
    struct json_object *member = json_object_object_get(object, name);

    return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : "";
}

static void check_problem(const struct answer *answer)
{
    struct json_object *problem = json_read(answer->body, answer->body_len);

    CHECK(json_object_is_type(problem, json_type_object));
    CHECK(json_object_get_int(json_object_object_get(problem, "status")) == answer->status);
    CHECK(header(answer, "Idempotency-Replayed") != NULL || /* the answer of another request */
          strcmp(text_of(problem, "request_id"), header(answer, "X-Request-ID")) == 0);
    CHECK(text_of(problem, "title")[0] != '\0' && text_of(problem, "error")[0] != '\0');
    CHECK(text_of(problem, "detail")[0] != '\0' && text_of(problem, "timestamp")[0] != '\0');
    json_object_put(problem);
}

static void check_body(const struct answer *answer, bool is_head)
{
    const char *type = header(answer, "Content-Type"), *length;

    if (answer->status == 204) {
        CHECK(answer->body_len == 0 && type == NULL);
        return;
    }
    length = header(answer, "Content-Length");
    CHECK(type != NULL && length != NULL);
    if (is_head) {
        CHECK(answer->body_len == 0);
        return;
    }
    CHECK(strtoull(length, NULL, 10) == answer->body_len);
    if (answer->status >= 400) {
        CHECK(strcmp(type, "application/problem+json") == 0);
        check_problem(answer);
    } else if (strcmp(type, "application/json") == 0) {
        json_object_put(json_read(answer->body, answer->body_len));
    }
}

static void check_answer(const struct answer *answer, bool is_head)
{
    static const struct {
        long status;
        const char *header;
    } needs[] = {
        {401, "WWW-Authenticate"}, {405, "Allow"}, {429, "Retry-After"}, {503, "Retry-After"}};

    CHECK(answer->status >= 200 && answer->status < 600 && answer->status != 500);
    CHECK(header(answer, "X-Request-ID") != NULL && header(answer, "X-Process-Time") != NULL);
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        CHECK(answer->status != needs[i].status || header(answer, needs[i].header) != NULL);
    check_body(answer, is_head);
}

/* The line that the log has more since the last time. */
static void check_log(const struct answer *answer)
{
    static char line[65536];
    struct json_object *entry;
    ssize_t got = read(log_fd, line, sizeof(line));

    CHECK(got > 0 && (size_t)got < sizeof(line));
    CHECK(memchr(line, '\n', (size_t)got) == line + got - 1);
    check_secrets(line, (size_t)got);
    entry = json_read(line, (size_t)got - 1);
    CHECK(strcmp(text_of(entry, "request_id"), header(answer, "X-Request-ID")) == 0);
    CHECK(json_object_get_int(json_object_object_get(entry, "status")) == answer->status);
    json_object_put(entry);
}

/* ---- what is sent ---- */

/* Logs in as a user does. */
static void token_get(const char *name, char out[1024])
{
    char text[512];
    struct answer answer = {0};
    struct front_request request;
    struct json_object *body;
    int len = snprintf(text, sizeof(text),
                       "REQUEST_METHOD=POST\nREQUEST_URI=/auth/token\n"
                       "CONTENT_TYPE=application/json\n\n"
                       "{\"username\":\"%s\",\"password\":\"%s\"}",
                       name, password);

    front_request_read(&request, text, (size_t)len);
    ask(&request, 18, &answer);
    CHECK(answer.status == 200);
    body = json_read(answer.body, answer.body_len);
    CHECK(snprintf(out, 1024, "%s", text_of(body, "access_token")) < 1024);
    json_object_put(body);
    buf_free(&answer.all);
}

static void log_open_here(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/logs/access.log", directory);
    log_fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(log_fd >= 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct home home;
    pthread_t thread;

    (void)argc;
    (void)argv;
    front_listen();
    home_fuzz_make(&home, directory);
    atexit(leave);
    home_fill(&home);
    home_close(&home);
    home_leave(&home);
    CHECK(pthread_create(&thread, NULL, worker, NULL) == 0);
    token_get("admin@example.org", credentials[ADMIN]);
    token_get("user@example.org", credentials[USER]);
    log_open_here();
    lseek(log_fd, 0, SEEK_END);
    return 0;
}

/* A line with the words for credentials replaced. */
static char *line_make(const char *line)
{
    struct buf out = {0};

    while (*line != '\0') {
        size_t i = 0;

        while (i < CREDENTIALS && strncmp(line, words[i], strlen(words[i])) != 0)
            i++;
        if (i < CREDENTIALS) {
            buf_puts(&out, credentials[i]);
            line += strlen(words[i]);
        } else {
            buf_putc(&out, *line++);
        }
    }
    buf_puts(&out, "");
    return out.data != NULL ? out.data : strdup("");
}

/*
 * What would leave the next requests less than there was: a model or a tier that is gone, a
 * credential that has ended.  Each has a test of its own.
 */
static bool takes_away(const struct front_request *request)
{
    size_t times;
    const char *method = front_value(request, "REQUEST_METHOD", &times);
    const char *uri = front_value(request, "REQUEST_URI", &times);
    const char *info = front_value(request, "PATH_INFO", &times);

    for (int i = 0; i < 2; i++) {
        const char *path = i == 0 ? uri : info;

        if (path == NULL || method == NULL || strcmp(method, "GET") == 0)
            continue;
        if (strstr(path, "/logout") != NULL || strstr(path, "/admin/models") != NULL ||
            strstr(path, "/admin/tiers/") != NULL)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct front_request request;
    struct answer answer = {0};
    const char *method;
    char *text;
    size_t times;

    if (size < 1 || size > SENT_MAX / 2)
        return 0;
    input = (const char *)data;
    input_len = size;
    text = fuzz_text(data + 1, size - 1);
    front_request_read(&request, text, size - 1);
    for (size_t i = 0; i < request.count; i++)
        request.lines[i] = line_make(request.lines[i]);
    if (!takes_away(&request)) {
        method = front_value(&request, "REQUEST_METHOD", &times);
        ask(&request, data[0], &answer);
        check_answer(&answer, method != NULL && strcmp(method, "HEAD") == 0);
        if (memmem(input, input_len, "?", 1) == NULL)
            check_secrets(answer.all.data, answer.all.len);
        check_log(&answer);
    }
    for (size_t i = 0; i < request.count; i++)
        free(request.lines[i]);
    buf_free(&answer.all);
    free(text);
    return 0;
}
