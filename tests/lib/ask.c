/*
 * ask.c: one request to the workers in FastCGI, with no front between.
 *
 *   ask HOST:PORT DIRECTORY BODY NAME=VALUE...
 *
 * Sends the parameters, of those with one name the last, and the file BODY, no more of it than
 * CONTENT_LENGTH says, and takes the answer apart: into DIRECTORY go answer (all of it), header
 * and body. What the workers say on their error stream goes to ours.  Exit status 1 if no whole
 * answer came within 30 seconds; what did come is there.
 *
 * ASK_RECORD names a file to which each whole answer is added, for tests/lib/conforms.py: a
 * line of method, path (as the workers have it, with its query), and the bytes of what follows:
 * the header, and the body, of which a long one is left out.
 *
 * Tests ask some thousand times, and one process for each is all that they can afford.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* FastCGI 1.0, section 8. */
enum {
    FCGI_VERSION = 1,
    FCGI_BEGIN = 1,
    FCGI_END = 3,
    FCGI_PARAMS = 4,
    FCGI_STDIN = 5,
    FCGI_STDOUT = 6,
    FCGI_STDERR = 7,
    FCGI_RESPONDER = 1,
    FCGI_HEAD = 8,
    FCGI_LENGTH_LONG = 0x80
};

enum {
    TIMEOUT_S = 30,
    PART = 32768,
    PATH_BYTES = 4096,
    RECORD_BODY = 262144 /* what is longer is of a type, and that is looked at */
};

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* False where the worker takes no more, which it may: its answer is read all the same. */
static bool send_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool record_send(int fd, int type, const void *bytes, size_t len)
{
    unsigned char record[FCGI_HEAD + PART] = {
        FCGI_VERSION, (unsigned char)type, 0, 1, (unsigned char)(len >> 8), (unsigned char)len};

    memcpy(record + FCGI_HEAD, bytes, len);
    return send_all(fd, record, FCGI_HEAD + len);
}

static int connect_to(const char *place)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const struct timeval patience = {TIMEOUT_S, 0};
    const char *colon = strchr(place, ':');
    char host[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || colon == NULL || colon - place >= (long)sizeof(host))
        fail(place);
    snprintf(host, sizeof(host), "%.*s", (int)(colon - place), place);
    address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail(host);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        fail(place);
    return fd;
}

static size_t length_put(unsigned char *out, size_t len)
{
    if (len < FCGI_LENGTH_LONG) {
        out[0] = (unsigned char)len;
        return 1;
    }
    out[0] = (unsigned char)(FCGI_LENGTH_LONG | len >> 24);
    out[1] = (unsigned char)(len >> 16);
    out[2] = (unsigned char)(len >> 8);
    out[3] = (unsigned char)len;
    return 4;
}

/* Whether a parameter comes again: the last one counts, as in an environment. */
static bool comes_again(char **params, int count, int at)
{
    size_t name = strcspn(params[at], "=") + 1;

    for (int i = at + 1; i < count; i++)
        if (strncmp(params[at], params[i], name) == 0)
            return true;
    return false;
}

/* The parameters as one stream, in records of PART bytes at most. */
static void params_send(int fd, char **params, int count)
{
    size_t room = 0, put = 0;
    unsigned char *stream;

    for (int i = 0; i < count; i++)
        room += strlen(params[i]) + 8;
    stream = malloc(room + 1);
    if (stream == NULL)
        fail("parameters");
    for (int i = 0; i < count; i++) {
        size_t name = strcspn(params[i], "="), value = strlen(params[i] + name);

        if (comes_again(params, count, i))
            continue;
        value -= value > 0;
        put += length_put(stream + put, name);
        put += length_put(stream + put, value);
        memcpy(stream + put, params[i], name);
        memcpy(stream + put + name, params[i] + name + 1, value);
        put += name + value;
    }
    for (size_t at = 0; at < put; at += PART)
        record_send(fd, FCGI_PARAMS, stream + at, put - at < PART ? put - at : PART);
    record_send(fd, FCGI_PARAMS, "", 0);
    free(stream);
}

static long long length_of(char **params, int count)
{
    static const char name[] = "CONTENT_LENGTH=";
    long long length = 0;

    for (int i = 0; i < count; i++)
        if (strncmp(params[i], name, sizeof(name) - 1) == 0)
            length = strtoll(params[i] + sizeof(name) - 1, NULL, 10);
    return length;
}

static void body_send(int fd, const char *path, long long left)
{
    char part[PART];
    int body = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (body < 0)
        fail(path);
    while (left > 0 && (n = read(body, part, left < PART ? (size_t)left : PART)) > 0) {
        left -= n;
        if (!record_send(fd, FCGI_STDIN, part, (size_t)n))
            break;
    }
    record_send(fd, FCGI_STDIN, "", 0);
    close(body);
}

static FILE *file_make(const char *directory, const char *name)
{
    char path[PATH_BYTES];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "w+e");
    if (file == NULL)
        fail(path);
    return file;
}

static bool receive_all(int fd, void *bytes, size_t len)
{
    return len == 0 || recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

/* Whether the request was ended as it is to be. */
static bool answer_receive(int fd, FILE *answer)
{
    unsigned char head[FCGI_HEAD];
    char content[65535 + 255];
    size_t len;

    while (receive_all(fd, head, sizeof(head))) {
        len = (size_t)head[4] << 8 | head[5];
        if (!receive_all(fd, content, len + head[6]))
            return false;
        if (head[1] == FCGI_STDOUT)
            fwrite(content, 1, len, answer);
        else if (head[1] == FCGI_STDERR)
            fwrite(content, 1, len, stderr);
        else if (head[1] == FCGI_END)
            return true;
    }
    return false;
}

/* The header without its line ends' CR, and the body behind the empty line. */
static void answer_split(FILE *answer, const char *directory)
{
    FILE *header = file_make(directory, "header"), *body = file_make(directory, "body");
    char *line = NULL, part[PART];
    size_t room = 0, n;
    ssize_t len;

    rewind(answer);
    while ((len = getline(&line, &room, answer)) > 0 && line[0] != '\r' && line[0] != '\n') {
        if (len >= 2 && line[len - 2] == '\r')
            line[--len - 1] = '\n';
        fwrite(line, 1, (size_t)len, header);
    }
    while ((n = fread(part, 1, sizeof(part), answer)) > 0)
        fwrite(part, 1, n, body);
    free(line);
    if (fclose(header) != 0 || fclose(body) != 0)
        fail(directory);
}

/* The value of a parameter, of those with one name the last; empty without one. */
static const char *param_of(char **params, int count, const char *name)
{
    size_t len = strlen(name);
    const char *value = "";

    for (int i = 0; i < count; i++)
        if (strncmp(params[i], name, len) == 0 && params[i][len] == '=')
            value = params[i] + len + 1;
    return value;
}

/* A file of the answer's parts, at the end of a text. */
static size_t part_read(char *out, size_t room, const char *directory, const char *name)
{
    char path[PATH_BYTES];
    size_t len = 0;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "re");
    if (file != NULL) {
        len = fread(out, 1, room, file);
        if (fgetc(file) != EOF)
            len = 0;
        fclose(file);
    }
    return len;
}

/* Of some that are added at once each is whole: one write for each, at the end of the file. */
static void record(const char *to, const char *directory, char **params, int count)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static char head[RECORD_BODY], body[RECORD_BODY], line[PATH_BYTES * 4];
    const char *path = param_of(params, count, "PATH_INFO");
    const char *method = param_of(params, count, "REQUEST_METHOD");
    size_t head_len = part_read(head, sizeof(head), directory, "header");
    size_t body_len = part_read(body, sizeof(body), directory, "body");
    int fd = open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    struct iovec parts[3] = {{line, 0}, {head, head_len}, {body, body_len}};
    int len;

    if (path[0] == '\0')
        path = param_of(params, count, "REQUEST_URI");
    if (method[0] == '\0' || method[strspn(method, letters)] != '\0')
        method = "-"; /* some other, which stands in no line */
    if (path[strcspn(path, "\r\n")] != '\0')
        path = "-"; /* the same of a path */
    len = snprintf(line, sizeof(line), "%zu %zu %s %s\n", head_len, body_len, method, path);
    parts[0].iov_len = (size_t)len;
    if (fd < 0 || len >= (int)sizeof(line) || writev(fd, parts, 3) < 0)
        fail(to);
    close(fd);
}

int main(int argc, char **argv)
{
    const char *record_to = getenv("ASK_RECORD");
    static const unsigned char begin[FCGI_HEAD] = {0, FCGI_RESPONDER};
    FILE *answer;
    bool whole;
    int fd;

    if (argc < 4) {
        fputs("usage: ask HOST:PORT DIRECTORY BODY NAME=VALUE...\n", stderr);
        return 2;
    }
    answer = file_make(argv[2], "answer");
    answer_split(answer, argv[2]); /* nothing of one before is left, whatever comes */
    fd = connect_to(argv[1]);
    record_send(fd, FCGI_BEGIN, begin, sizeof(begin));
    params_send(fd, argv + 4, argc - 4);
    body_send(fd, argv[3], length_of(argv + 4, argc - 4));
    whole = answer_receive(fd, answer);
    answer_split(answer, argv[2]);
    close(fd);
    if (whole && record_to != NULL)
        record(record_to, argv[2], argv + 4, argc - 4);
    return fclose(answer) == 0 && whole ? 0 : 1;
}
