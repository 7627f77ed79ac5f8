/*
 * fcgi.c: one connection to the front, as FastCGI or as plain CGI.
 *
 * Connections are accepted and, where that is safe, closed without libfcgi, which spends
 * as many system calls on those two as on all the rest.
 */
#include "http/fcgi.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/secret.h"
#include "http/listener.h"

enum {
    NO_LISTEN_FD = -1,
    DRAIN_MORE = 64 << 20,
    DRAIN_STEP = 8192,
    DRAIN_LOOK = 64 << 10, /* bytes after which the time is looked at */
    DRAIN_S = 30,          /* and so many seconds in all, */
    DRAIN_STALL_S = 5,     /* or without a byte */
    WRITE_STEP = 1 << 20,
    STREAM_BYTES = 8192 /* of a stream's buffer in libfcgi, either way */
};

enum {
    DEL = 0x7f,
    NAME_LEN_MAX = 36,
    NAMES_OF_A_LENGTH = 4
};

/* By their lengths, so that most of what a front sends is passed over without a look at it. */
static const struct {
    const char *name; /* NULL: no more of this length */
    enum fcgi_param param;
} names[NAME_LEN_MAX + 1][NAMES_OF_A_LENGTH + 1] = {
    [9] = {{"PATH_INFO", FCGI_PATH_INFO}},
    [11] = {{"REQUEST_URI", FCGI_URI},
            {"REMOTE_ADDR", FCGI_ADDRESS},
            {"HTTP_ACCEPT", FCGI_ACCEPT},
            {"HTTP_PREFER", FCGI_PREFER}},
    [12] = {{"CONTENT_TYPE", FCGI_CONTENT_TYPE}},
    [13] = {{"DOCUMENT_ROOT", FCGI_DOCUMENT_ROOT}},
    [14] = {{"REQUEST_METHOD", FCGI_METHOD},
            {"CONTENT_LENGTH", FCGI_CONTENT_LENGTH},
            {"HTTP_X_API_KEY", FCGI_API_KEY}},
    [15] = {{"HTTP_TRACESTATE", FCGI_TRACE_STATE},
            {"SERVER_PROTOCOL", FCGI_PROTOCOL},
            {"HTTP_USER_AGENT", FCGI_USER_AGENT}},
    [16] = {{"HTTP_TRACEPARENT", FCGI_TRACE_PARENT}},
    [17] = {{"HTTP_X_REQUEST_ID", FCGI_REQUEST_ID}},
    [18] = {{"HTTP_AUTHORIZATION", FCGI_AUTHORIZATION},
            {"HTTP_IF_NONE_MATCH", FCGI_IF_NONE_MATCH}},
    [20] = {{"HTTP_X_FORWARDED_FOR", FCGI_FORWARDED_FOR},
            {"HTTP_IDEMPOTENCY_KEY", FCGI_IDEMPOTENCY_KEY}},
    [21] = {{"CONTEXT_DOCUMENT_ROOT", FCGI_CONTEXT_ROOT},
            {"HTTP_CONTENT_ENCODING", FCGI_CONTENT_ENCODING}},
    [22] = {{"HTTP_TRANSFER_ENCODING", FCGI_TRANSFER_ENCODING}},
    [36] = {{"HTTP_INFERENCE_HEADER_CONTENT_LENGTH", FCGI_JSON_LENGTH}},
};

struct fcgi {
    FCGX_Request request;
    bool cgi;              /* plain CGI: one request on standard input and output */
    bool served;           /* under plain CGI: that request was given out */
    bool body_ended;       /* the end of the body was seen */
    bool failed;           /* under plain CGI: a write failed */
    bool broken;           /* under plain CGI: a read did, or came to an end too early */
    int64_t patience;      /* seconds; 0: none was set */
    long long left;        /* under plain CGI: bytes of the body still to come; -1 unknown */
    unsigned char *answer; /* the buffer of what goes out */
    const char *params[FCGI_PARAM__MAX];
    bool doubled[FCGI_PARAM__MAX];
    bool control; /* a header has a control character */
};

bool fcgi_is_cgi(void)
{
    return FCGX_Init() != 0 || FCGX_IsCGI();
}

enum result fcgi_new(struct fcgi **out, struct reason *why)
{
    enum result result = RESULT_OK;
    struct fcgi *fcgi;

    *out = NULL;
    if (FCGX_Init() != 0)
        return reason_set(why, RESULT_FAILED, "libfcgi could not be started");
    if (!fcgi_is_cgi())
        result = listener_open(why);
    if (result != RESULT_OK)
        return result;
    fcgi = calloc(1, sizeof(*fcgi));
    if (fcgi == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for a connection");
    fcgi->cgi = fcgi_is_cgi();
    if (!fcgi->cgi && FCGX_InitRequest(&fcgi->request, NO_LISTEN_FD, 0) != 0) {
        free(fcgi);
        return reason_set(why, RESULT_FAILED, "libfcgi could not begin a request");
    }
    *out = fcgi;
    return RESULT_OK;
}

void fcgi_free(struct fcgi *fcgi)
{
    free(fcgi);
}

static void param_take(struct fcgi *fcgi, const char *entry)
{
    const char *equals = strchr(entry, '=');
    size_t len = equals != NULL ? (size_t)(equals - entry) : 0;

    if (len > NAME_LEN_MAX)
        return;
    for (size_t i = 0; names[len][i].name != NULL; i++) {
        enum fcgi_param param = names[len][i].param;

        if (memcmp(names[len][i].name, entry, len) != 0)
            continue;
        fcgi->doubled[param] = fcgi->params[param] != NULL;
        fcgi->params[param] = equals + 1;
        return;
    }
}

/* A tab is a blank (RFC 9110, section 5.5). */
static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == DEL)
            return true;
    return false;
}

static void params_read(struct fcgi *fcgi, char *const *environment)
{
    static const char header[] = "HTTP_";

    memset(fcgi->params, 0, sizeof(fcgi->params));
    memset(fcgi->doubled, 0, sizeof(fcgi->doubled));
    fcgi->control = false;
    for (; *environment != NULL; environment++) {
        param_take(fcgi, *environment);
        if (!fcgi->control && strncmp(*environment, header, sizeof(header) - 1) == 0)
            fcgi->control = has_control(*environment);
    }
}

/*
 * How much of standard input is the request's.  Nothing need end that stream (RFC 3875,
 * section 4.2), so without a length there is no body, unless a transfer coding says that
 * it comes in pieces and ends by itself.
 */
static long long cgi_length(const struct fcgi *fcgi)
{
    const char *length = fcgi->params[FCGI_CONTENT_LENGTH];
    int64_t value = 0;

    if (length != NULL && length[0] != '\0')
        return num_parse_i64(length, strlen(length), &value) && value > 0 ? value : 0;
    return fcgi->params[FCGI_TRANSFER_ENCODING] != NULL ? -1 : 0;
}

/*
 * Waits for a connection, or for more on the one that is kept.  False: there is none,
 * errno says why.
 */
static bool connection_get(FCGX_Request *request)
{
    int fd;

    if (request->ipcFd >= 0)
        return listener_wait(request->ipcFd) == 0;
    fd = listener_accept();
    request->ipcFd = fd;
    /* Until the front says otherwise; FCGX_Accept_r() closes what is not to be kept. */
    request->keepConnection = 1;
    return fd >= 0;
}

/*
 * A connection that brings no request is closed by FCGX_Accept_r(), which would then wait
 * for another by itself: not having been told of a listening socket, it fails instead.
 */
static enum fcgi_next accept_fcgi(struct fcgi *fcgi)
{
    if (!connection_get(&fcgi->request)) {
        if (errno == EAGAIN)
            return FCGI_NEXT_IDLE;
        if (!listener_stopped())
            log_message("no request could be accepted: %s", strerror(errno));
        return FCGI_NEXT_END;
    }
    if (FCGX_Accept_r(&fcgi->request) != 0)
        return FCGI_NEXT_IDLE;
    fcgi->answer = fcgi->request.out->stop - STREAM_BYTES; /* where nothing was written yet */
    params_read(fcgi, fcgi->request.envp);
    return FCGI_NEXT_REQUEST;
}

static enum fcgi_next accept_cgi(struct fcgi *fcgi)
{
    if (fcgi->served)
        return FCGI_NEXT_END;
    fcgi->served = true;
    params_read(fcgi, environ);
    return FCGI_NEXT_REQUEST;
}

enum fcgi_next fcgi_accept(struct fcgi *fcgi)
{
    enum fcgi_next next = fcgi->cgi ? accept_cgi(fcgi) : accept_fcgi(fcgi);

    if (next != FCGI_NEXT_REQUEST)
        return next;
    fcgi->body_ended = false;
    fcgi->failed = fcgi->broken = false;
    fcgi->patience = 0;
    fcgi->left = fcgi->cgi ? cgi_length(fcgi) : -1;
    return FCGI_NEXT_REQUEST;
}

const char *fcgi_param(const struct fcgi *fcgi, enum fcgi_param param)
{
    return fcgi->params[param];
}

bool fcgi_has_control(const struct fcgi *fcgi)
{
    return fcgi->control;
}

bool fcgi_param_doubled(const struct fcgi *fcgi, enum fcgi_param param)
{
    return fcgi->doubled[param];
}

void fcgi_set_patience(struct fcgi *fcgi, int64_t seconds)
{
    const struct timeval limit = {.tv_sec = seconds};

    fcgi->patience = seconds;
    if (fcgi->cgi)
        return;
    setsockopt(fcgi->request.ipcFd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fcgi->request.ipcFd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

bool fcgi_is_broken(const struct fcgi *fcgi)
{
    return fcgi->cgi ? fcgi->broken : FCGX_GetError(fcgi->request.in) != 0;
}

/* Under plain CGI, where a pipe has no time limit of its own.  False: nothing came of it. */
static bool cgi_wait(const struct fcgi *fcgi, int fd, short what)
{
    struct pollfd wait = {.fd = fd, .events = what};
    int ready;

    if (fcgi->patience == 0)
        return true;
    do
        ready = poll(&wait, 1, (int)fcgi->patience * 1000);
    while (ready < 0 && errno == EINTR);
    return ready != 0;
}

static size_t read_cgi(struct fcgi *fcgi, char *to, size_t len)
{
    size_t had = 0;
    ssize_t got;

    if (fcgi->left >= 0 && len > (size_t)fcgi->left)
        len = (size_t)fcgi->left;
    while (had < len) {
        if (!cgi_wait(fcgi, STDIN_FILENO, POLLIN)) {
            fcgi->broken = true;
            break;
        }
        got = read(STDIN_FILENO, to + had, len - had);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fcgi->broken = got < 0 || fcgi->left > 0;
            break;
        }
        had += (size_t)got;
    }
    if (fcgi->left >= 0)
        fcgi->left -= (long long)had;
    return had;
}

/*
 * Where a connection has a time limit, a signal ends a read() or write() that waits, whatever
 * was said of SA_RESTART (signal(7)), and for libfcgi that is the end of the request: of a read
 * it is taken up again, and during writes, of which nobody knows how far they came, signals
 * wait.
 */
static size_t read_fcgi(struct fcgi *fcgi, char *to, size_t len)
{
    FCGX_Stream *in = fcgi->request.in;
    int most = len > INT_MAX ? INT_MAX : (int)len, had = FCGX_GetStr(to, most, in);

    while (had < most && FCGX_GetError(in) == EINTR) {
        FCGX_ClearError(in);
        in->isClosed = 0;
        had += FCGX_GetStr(to + had, most - had, in);
    }
    return (size_t)had;
}

static void signals_hold(sigset_t *before)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    sigset_t held;

    sigemptyset(&held);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaddset(&held, signals[i]);
    sigprocmask(SIG_BLOCK, &held, before);
}

size_t fcgi_read(struct fcgi *fcgi, char *to, size_t len)
{
    size_t had = 0;

    if (fcgi->body_ended)
        return 0;
    if (len > 0)
        had = fcgi->cgi ? read_cgi(fcgi, to, len) : read_fcgi(fcgi, to, len);
    fcgi->body_ended = had < len;
    return had;
}

/* An error sticks to the stream, and the front knows of it. */
static bool write_fcgi(struct fcgi *fcgi, const char *bytes, size_t len)
{
    sigset_t before;
    bool taken = true;

    if (fcgi->patience > 0)
        signals_hold(&before);
    for (size_t step; len > 0 && taken; bytes += step, len -= step) {
        step = len < WRITE_STEP ? len : WRITE_STEP;
        taken = FCGX_PutStr(bytes, (int)step, fcgi->request.out) == (int)step;
    }
    if (fcgi->patience > 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    return taken;
}

bool fcgi_write(struct fcgi *fcgi, const char *bytes, size_t len)
{
    size_t step;
    ssize_t put;

    if (!fcgi->cgi)
        return write_fcgi(fcgi, bytes, len);
    while (len > 0 && !fcgi->failed) {
        if (!cgi_wait(fcgi, STDOUT_FILENO, POLLOUT)) {
            fcgi->failed = true;
            break;
        }
        /* Of a pipe that takes something only so much is taken for sure without a wait. */
        step = fcgi->patience > 0 && len > PIPE_BUF ? PIPE_BUF : len;
        put = write(STDOUT_FILENO, bytes, step);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            fcgi->failed = true;
            break;
        }
        bytes += put;
        len -= (size_t)put;
    }
    return !fcgi->failed;
}

/*
 * libfcgi ends a connection by a shutdown(), a wait until the front has closed its side
 * too, and a read(), since what a front sends after a close() would have the kernel throw
 * the answer away.  Where all of the request has been read nothing more comes, and a
 * close() alone is as orderly; to have been detached is what leaves the rest out.
 */
static void end_prepare(struct fcgi *fcgi)
{
    if (fcgi->body_ended && FCGX_GetError(fcgi->request.in) == 0)
        FCGX_Detach(&fcgi->request);
    else
        FCGX_Attach(&fcgi->request);
}

/*
 * Reads what is left of a body that nobody wants: what is still on its way is waited for, but
 * not long.
 */
static void waste_rest(struct fcgi *fcgi, int64_t most)
{
    const char *length = fcgi->params[FCGI_CONTENT_LENGTH];
    bool some = length != NULL && length[0] != '\0' && strcmp(length, "0") != 0;
    uint64_t start = some && !fcgi->body_ended ? clock_mono_ns() : 0;
    char waste[DRAIN_STEP];

    if (start != 0)
        fcgi_set_patience(fcgi, DRAIN_STALL_S);
    for (int64_t had = 0; had < most && !fcgi->body_ended;) {
        had += (int64_t)fcgi_read(fcgi, waste, sizeof(waste));
        if (fcgi->body_ended || had % DRAIN_LOOK != 0)
            continue;
        if (start == 0) { /* its length was not announced */
            start = clock_mono_ns();
            fcgi_set_patience(fcgi, DRAIN_STALL_S);
        }
        if (clock_mono_ns() - start > DRAIN_S * UINT64_C(1000000000))
            break;
    }
    secret_wipe(waste, sizeof(waste)); /* a password may have been in it */
}

/*
 * The buffer that a request was read into, which libfcgi has at the beginning of what it keeps
 * of a stream (2.4.0 to 2.4.2) and has no name for; NULL where that does not fit what it says.
 */
static unsigned char *input_buffer(const FCGX_Stream *in)
{
    unsigned char *buffer;

    memcpy(&buffer, in->data, sizeof(buffer));
    return (uintptr_t)buffer <= (uintptr_t)in->rdNext &&
                   (uintptr_t)in->rdNext - (uintptr_t)buffer <= STREAM_BYTES
               ? buffer
               : NULL;
}

/*
 * libfcgi frees what it kept of a request as it is: keys, tokens and passwords, and answers
 * with new ones.  So that is overwritten first, when all has gone out: to have been closed
 * before is no harm to a stream.
 */
static void memory_wipe(FCGX_Request *request, unsigned char *answer)
{
    unsigned char *input = input_buffer(request->in);

    FCGX_FClose(request->err);
    FCGX_FClose(request->out);
    for (char **param = request->envp; *param != NULL; param++)
        secret_wipe(*param, strlen(*param));
    if (input != NULL)
        secret_wipe(input, STREAM_BYTES);
    secret_wipe(answer, STREAM_BYTES);
}

void fcgi_finish(struct fcgi *fcgi, int64_t largest)
{
    sigset_t before;

    waste_rest(fcgi, largest + DRAIN_MORE);
    if (fcgi->cgi)
        return;
    end_prepare(fcgi);
    if (fcgi->patience > 0)
        signals_hold(&before);
    memory_wipe(&fcgi->request, fcgi->answer);
    FCGX_Finish_r(&fcgi->request);
    if (fcgi->patience > 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    if (fcgi->patience > 0 && fcgi->request.ipcFd >= 0) /* it is kept, for others */
        fcgi_set_patience(fcgi, 0);
}

bool fcgi_stopped(void)
{
    return listener_stopped();
}

void fcgi_stop(void)
{
    listener_stop();
}
