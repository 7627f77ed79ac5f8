/*
 * front_fuzz.h: a front for the fuzzers: a socket that the worker's side listens on, FastCGI
 * records of parameters and a body, and the answer out of the records that come back.
 *
 * Records are as the FastCGI specification 1.0 has them, section 3.3; this side is written
 * anew, so that it shares no fault with libfcgi.
 */
#ifndef TESTS_FRONT_FUZZ_H
#define TESTS_FRONT_FUZZ_H

#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

enum {
    FRONT_BEGIN = 1,
    FRONT_END = 3,
    FRONT_PARAMS = 4,
    FRONT_STDIN = 5,
    FRONT_STDOUT = 6,
    FRONT_GET_VALUES = 9,
    FRONT_HEAD = 8,
    FRONT_LINES_MAX = 64
};

static struct sockaddr_un front_address = {.sun_family = AF_UNIX};
static socklen_t front_address_len;

/* A listening socket on descriptor 0, at an address that the kernel makes up. */
static inline void front_listen(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK(bind(fd, (struct sockaddr *)&front_address, sizeof(sa_family_t)) == 0);
    CHECK(listen(fd, 8) == 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    close(fd);
    front_address_len = sizeof(front_address);
    CHECK(getsockname(STDIN_FILENO, (struct sockaddr *)&front_address, &front_address_len) ==
          0);
}

/* A connection on which all of these bytes were sent, and nothing more comes. */
static inline int front_send(const struct buf *bytes)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 1 << 20;
    size_t sent = 0;
    ssize_t put;

    CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) == 0);
    CHECK(connect(fd, (struct sockaddr *)&front_address, front_address_len) == 0);
    while (sent < bytes->len) {
        put = send(fd, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL);
        if (put > 0)
            sent += (size_t)put;
        else if (errno != EINTR) /* who refuses a request need not read all of it */
            break;
    }
    shutdown(fd, SHUT_WR);
    return fd;
}

static inline void front_record(struct buf *out, int type, const char *bytes, size_t len,
                                unsigned padding)
{
    const char head[FRONT_HEAD] = {1,         (char)type,   0, 1, (char)(len >> 8),
                                   (char)len, (char)padding};
    static const char zeros[256];

    buf_put(out, head, sizeof(head));
    buf_put(out, bytes, len);
    buf_put(out, zeros, padding);
}

/*
 * A stream in records of so many bytes, and its end; which has no padding, as no front gives it
 * any: libfcgi then takes the connection for broken.
 */
static inline void front_stream(struct buf *out, int type, const char *bytes, size_t len,
                                size_t step, unsigned padding)
{
    for (size_t part; len > 0; bytes += part, len -= part) {
        part = len < step ? len : step;
        front_record(out, type, bytes, part, padding);
    }
    front_record(out, type, "", 0, 0);
}

static inline void front_begin(struct buf *out, bool keep)
{
    const char begin[8] = {0, 1, (char)keep};

    front_record(out, FRONT_BEGIN, begin, sizeof(begin), 0);
}

static inline void front_len(struct buf *out, size_t len)
{
    if (len >= 128)
        for (int shift = 24; shift >= 8; shift -= 8)
            buf_putc(out, (char)(len >> shift | (shift == 24 ? 0x80 : 0)));
    buf_putc(out, (char)len);
}

static inline void front_param(struct buf *out, const char *name, size_t name_len,
                               const char *value, size_t value_len)
{
    front_len(out, name_len);
    front_len(out, value_len);
    buf_put(out, name, name_len);
    buf_put(out, value, value_len);
}

/* What comes back until the other side has nothing more to say; true if it has closed. */
static inline bool front_receive(int fd, struct buf *out, bool wait)
{
    char piece[16384];
    ssize_t got;

    do {
        got = recv(fd, piece, sizeof(piece), wait ? 0 : MSG_DONTWAIT);
        if (got > 0)
            buf_put(out, piece, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got == 0 || errno != EAGAIN;
}

/*
 * The first answer in the records of *from, which is moved behind it; what else is in there
 * has to be records too.  False if it has no end.
 */
static inline bool front_answer(const char **from, size_t *left, struct buf *out)
{
    while (*left >= FRONT_HEAD) {
        const unsigned char *head = (const unsigned char *)*from;
        size_t len = (size_t)head[4] << 8 | head[5], whole = FRONT_HEAD + len + head[6];

        CHECK(head[0] == 1);
        if (whole > *left)
            return false;
        if (head[1] == FRONT_STDOUT)
            buf_put(out, *from + FRONT_HEAD, len);
        *from += whole;
        *left -= whole;
        if (head[1] == FRONT_END) {
            CHECK(len == 8);
            return true;
        }
    }
    return false;
}

/* A request as it is written in a corpus: lines of NAME=VALUE, an empty one, and a body. */
struct front_request {
    char *lines[FRONT_LINES_MAX];
    size_t count;
    const char *body;
    size_t body_len;
};

/* Puts a NUL behind each line, within the text. */
static inline void front_request_read(struct front_request *request, char *text, size_t len)
{
    char *end = text + len;

    request->count = 0;
    while (text < end && *text != '\n' && request->count < FRONT_LINES_MAX) {
        char *newline = memchr(text, '\n', (size_t)(end - text));

        request->lines[request->count++] = text;
        if (newline != NULL)
            *newline = '\0';
        text = newline != NULL ? newline + 1 : end;
    }
    if (text < end && *text == '\n')
        text++;
    request->body = text;
    request->body_len = (size_t)(end - text);
}

/* The last value of a name, and how many there are; a line without = has an empty value. */
static inline const char *front_value(const struct front_request *request, const char *name,
                                      size_t *times)
{
    const char *value = NULL;
    size_t len = strlen(name);

    *times = 0;
    for (size_t i = 0; i < request->count; i++) {
        const char *line = request->lines[i];

        if (strncmp(line, name, len) != 0 || (line[len] != '=' && line[len] != '\0'))
            continue;
        value = line + len + (line[len] == '=');
        ++*times;
    }
    return value;
}

/* In records of sizes that the shape says. */
static inline void front_request_write(const struct front_request *request, unsigned shape,
                                       struct buf *out)
{
    struct buf params = {0};

    for (size_t i = 0; i < request->count; i++) {
        const char *line = request->lines[i];
        size_t len = strcspn(line, "="), begin = len + (line[len] == '=');

        front_param(&params, line, len, line + begin, strlen(line) - begin);
    }
    front_begin(out, false);
    front_stream(out, FRONT_PARAMS, params.data, params.len, 1 + shape % 7 * 50, shape % 5);
    front_stream(out, FRONT_STDIN, request->body, request->body_len, 1 + shape % 3 * 4000,
                 shape % 9);
    buf_free(&params);
}

#endif
