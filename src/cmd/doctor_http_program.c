/*
 * doctor_http_program.c: one HTTP request at a time, by the host's own program curl: for a
 * program that is linked statically, which libcurl and the certificates that a host trusts
 * cannot be a part of.
 *
 * What is asked stands in a file without a name, which is curl's standard input: no key is
 * seen in a list of processes.
 */
#include "cmd/doctor_http.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/url.h"

enum {
    BODY_STEP = 64 << 10,
    BODY_FD = 3,          /* as curl has it */
    CURL_SEND_ERROR = 55, /* exit statuses of curl(1) */
    CURL_RECV_ERROR = 56,
    CURL_NOT_BELIEVED = 60,
    CURL_BAD_ROOTS = 77,
    NO_PROGRAM = 127,
    NOT_ENDED = 128 /* by itself, or not even begun */
};

struct http {
    char base[URL_MAX + 1]; /* the URL without a / at its end */
};

/* The files of one question. */
struct talk {
    FILE *question, *body, *answer, *problem;
};

enum result http_new(const char *url, struct http **out, struct reason *why)
{
    struct http *http = calloc(1, sizeof(*http));
    struct url parts;

    *out = NULL;
    if (http == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    if (url_parse(url, strlen(url), &parts) != NULL || strpbrk(url, "?\"\\") != NULL) {
        free(http);
        return reason_set(why, RESULT_INVALID,
                          "--url: \"%.80s\" is not allowed; allowed: http://HOST:PORT/ or "
                          "https://HOST/, perhaps with a path",
                          url);
    }
    text_copy(http->base, sizeof(http->base), url); /* url_parse() knows this bound */
    for (size_t len = strlen(http->base); http->base[len - 1] == '/'; len--)
        http->base[len - 1] = '\0';
    *out = http;
    return RESULT_OK;
}

void http_free(struct http *http)
{
    free(http);
}

static bool talk_open(struct talk *talk)
{
    talk->question = tmpfile();
    talk->body = tmpfile();
    talk->answer = tmpfile();
    talk->problem = tmpfile();
    return talk->question != NULL && talk->body != NULL && talk->answer != NULL &&
           talk->problem != NULL;
}

static void talk_close(struct talk *talk)
{
    FILE *const files[] = {talk->question, talk->body, talk->answer, talk->problem};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (files[i] != NULL)
            fclose(files[i]);
}

/* As curl(1) reads a file of options.  No text here has a quote in it. */
static bool question_write(const struct http *http, const struct http_ask *ask,
                           const struct talk *talk)
{
    static char bytes[BODY_STEP];
    FILE *to = talk->question;

    fprintf(
        to,
        "url = \"%s%s\"\nsilent\nshow-error\ninclude\nhttp1.1\npath-as-is\nnoproxy = \"*\"\n",
        http->base, ask->path);
    fprintf(to, "connect-timeout = %d\nmax-time = %d\nheader = \"Expect:\"\n",
            HTTP_CONNECT_WAIT_S, ask->body_len > 0 ? HTTP_BODY_WAIT_S : HTTP_WAIT_S);
    if (ask->method != NULL)
        fprintf(to, "request = \"%s\"\n", ask->method);
    for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
        if (ask->headers[i] != NULL)
            fprintf(to, "header = \"%s\"\n", ask->headers[i]);
    if (ask->body_len > 0)
        fprintf(to, "data-binary = \"@/dev/fd/%d\"\n", BODY_FD);
    for (uint64_t at = 0; at < ask->body_len;) {
        size_t given = http_body_bytes(bytes, sizeof(bytes), at, ask->body_len);

        if (fwrite(bytes, 1, given, talk->body) != given)
            return false;
        at += given;
    }
    return fflush(to) == 0 && fflush(talk->body) == 0 && lseek(fileno(to), 0, SEEK_SET) == 0 &&
           lseek(fileno(talk->body), 0, SEEK_SET) == 0;
}

/* In the child, which has nothing else open and little of the environment. */
static void curl_become(const struct talk *talk)
{
    const int from[] = {fileno(talk->question), fileno(talk->answer), fileno(talk->problem),
                        fileno(talk->body)};
    const struct rlimit most = {HTTP_ANSWER_MAX, HTTP_ANSWER_MAX};
    int fds[4];

    for (int i = 0; i < 4; i++) {
        fds[i] = fcntl(from[i], F_DUPFD, 16); /* above the places that they go to */
        if (fds[i] < 0)
            _exit(NO_PROGRAM);
    }
    for (int i = 0; i < 4; i++)
        dup2(fds[i], i);
    closefrom(4);
    signal(SIGXFSZ, SIG_IGN); /* curl is to say what it could not write */
    setrlimit(RLIMIT_FSIZE, &most);
    unsetenv("LD_PRELOAD");
    execlp("curl", "curl", "-q", "-K", "-", (char *)NULL);
    _exit(NO_PROGRAM);
}

/* The child's exit status, or NOT_ENDED; a signal that ends the questions ends it, too. */
static int curl_wait(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        if (http_stopped())
            kill(child, SIGTERM);
    return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_ENDED;
}

static int curl_run(const struct talk *talk)
{
    pid_t child = fork();

    if (child == 0)
        curl_become(talk);
    return child > 0 ? curl_wait(child) : NOT_ENDED;
}

/* Everything of a file, HTTP_ANSWER_MAX bytes at most. */
static void file_take(FILE *file, struct buf *out)
{
    static char bytes[BODY_STEP];
    size_t len;

    rewind(file);
    while (out->len < HTTP_ANSWER_MAX && (len = fread(bytes, 1, sizeof(bytes), file)) > 0)
        buf_put(out, bytes, len);
    buf_putc(out, '\0');
    if (!buf_failed(out))
        out->len--;
}

/* The header of the last answer and what is behind it: those of status 1xx come before. */
static void answer_split(const struct buf *whole, struct http_answer *answer)
{
    const char *at = buf_failed(whole) ? "" : whole->data, *end;

    while (strncmp(at, "HTTP/", 5) == 0 && (end = strstr(at, "\r\n\r\n")) != NULL) {
        answer->status = strtol(at + strcspn(at, " \r"), NULL, 10);
        if (answer->status >= 200) {
            buf_put(&answer->header, at, (size_t)(end + 2 - at));
            buf_putc(&answer->header, '\0');
            buf_put(&answer->body, end + 4, whole->len - (size_t)(end + 4 - whole->data));
            return;
        }
        at = end + 4;
    }
}

/* Early refusals of a body may reset the connection behind the answer, which counts. */
static enum result answer_take(const struct talk *talk, int status, struct http_answer *answer,
                               struct reason *why)
{
    struct buf whole = {0}, problem = {0};
    enum result result = RESULT_OK;

    file_take(talk->answer, &whole);
    file_take(talk->problem, &problem);
    answer_split(&whole, answer);
    if (http_stopped())
        result = reason_set(why, RESULT_BUSY, "stopped");
    else if (status == NO_PROGRAM)
        result = reason_set(why, RESULT_MISSING,
                            "there is no program curl here, with which questions are asked");
    else if (status == NOT_ENDED)
        result = reason_set(why, RESULT_FAILED,
                            "the program curl was ended, or could not be begun: a host may "
                            "have a limit on processes and their memory");
    else if (status != 0 && !((status == CURL_SEND_ERROR || status == CURL_RECV_ERROR) &&
                              answer->status >= 400))
        result =
            reason_set(why,
                       status == CURL_NOT_BELIEVED ? RESULT_DENIED
                       : status == CURL_BAD_ROOTS  ? RESULT_INVALID
                                                   : RESULT_IO,
                       "%.*s", (int)(buf_failed(&problem) ? 0 : strcspn(problem.data, "\n")),
                       buf_failed(&problem) ? "" : problem.data);
    buf_free(&whole);
    buf_free(&problem);
    return result;
}

enum result http_request(struct http *http, const struct http_ask *ask,
                         struct http_answer *answer, struct reason *why)
{
    struct talk talk = {0};
    enum result result;

    http_answer_free(answer);
    *answer = (struct http_answer){.status = 0};
    if (http_stopped())
        return reason_set(why, RESULT_BUSY, "stopped");
    if (!talk_open(&talk) || !question_write(http, ask, &talk))
        result =
            reason_set(why, result_from_errno(errno), "a file in /tmp: %s", strerror(errno));
    else
        result = answer_take(&talk, curl_run(&talk), answer, why);
    talk_close(&talk);
    return result;
}
