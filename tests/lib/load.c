/*
 * load.c: many clients at once, who speak FastCGI to the workers with no front between.
 *
 *   load [-v] [-a ADDRESS] [-k KEY] [-c CLIENTS] [-n COUNT] [-t SECONDS] [-p PREFIX] [-g MS]
 * PORT|PATH load -r COMMAND [ARGUMENT...]
 *
 * KEY is sent as X-API-Key, or as Authorization: Bearer if it is an access token.
 * Sends POST /predict, one connection a request, from CLIENTS (8) at a time, COUNT of them
 * (0: no end) within SECONDS (10), or until SIGTERM; those that are under way are waited for.
 * Who was not answered with 200 pauses MS (2); after N such answers in all (0: never) there are
 * no more requests.  A line for each:
 *
 *   ID START END STATUS [VERSION]
 *
 * with the request's id (PREFIX and a number), two times of CLOCK_MONOTONIC in nanoseconds,
 * from before the connection until the answer is whole, and the status of the answer; or
 * "lost", where there was a connection and no whole answer, or "refused", where there was no
 * connection and so nobody can have had the request, or "late" after LATE_S.  With -v the
 * version of the model that the answer names, or 0, comes behind the status.
 *
 * With -r it runs a command, prints the time when that had ended, and ends as it did.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* FastCGI 1.0, section 8. */
enum {
    FCGI_VERSION = 1,
    FCGI_BEGIN = 1,
    FCGI_END = 3,
    FCGI_PARAMS = 4,
    FCGI_STDIN = 5,
    FCGI_STDOUT = 6,
    FCGI_RESPONDER = 1,
    FCGI_HEAD = 8
};

enum {
    CLIENTS_MAX = 1024,
    REQUEST_MAX = 4096,
    VALUE_MAX = 2048, /* of a parameter: a token */
    ANSWER_MAX = 16384,
    ID_MAX = 65,
    LATE_S = 20,
    POLL_MS = 50
};

#define SECOND_NS UINT64_C(1000000000)

static const char good[] = "{\"features\":[5.1,3.5,1.4,0.2]}";
static const char bad[] = "{\"features\":[5.1]}";

static volatile sig_atomic_t stopped;

struct client {
    int fd; /* -1: none under way */
    uint64_t start, pause_until;
    char id[ID_MAX];
    unsigned char request[REQUEST_MAX], answer[ANSWER_MAX];
    size_t request_len, sent, answered;
};

struct load {
    const char *key, *prefix, *address;
    int64_t clients, count, seconds, gap_ms, bad_every;
    int64_t begun;
    bool versions;
    uint64_t end;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_un un;
    } to;
    socklen_t to_len;
    struct client *all;
};

static uint64_t mono_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void on_term(int signal)
{
    (void)signal;
    stopped = 1;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static _Noreturn void misuse(const char *what)
{
    fprintf(stderr, "load: %s; see the head of tests/lib/load.c\n", what);
    exit(2);
}

/* ---- records ---- */

static void put(struct client *client, const void *bytes, size_t len)
{
    if (len > sizeof(client->request) - client->request_len)
        misuse("a request does not fit");
    memcpy(client->request + client->request_len, bytes, len);
    client->request_len += len;
}

static void put_head(struct client *client, int type, size_t len)
{
    unsigned char head[FCGI_HEAD] = {[0] = FCGI_VERSION,
                                     [1] = (unsigned char)type,
                                     [3] = 1,
                                     [4] = (unsigned char)(len >> 8),
                                     [5] = (unsigned char)len};

    put(client, head, sizeof(head));
}

static void put_record(struct client *client, int type, const void *bytes, size_t len)
{
    put_head(client, type, len);
    put(client, bytes, len);
}

/* One parameter; lengths under 128 are one byte, others here are four. */
static void put_param(struct client *client, const char *name, const char *value)
{
    size_t name_len = strlen(name), value_len = strlen(value);
    unsigned char lens[5] = {(unsigned char)name_len, (unsigned char)value_len};
    size_t lens_len = 2;

    if (name_len > 127 || value_len > VALUE_MAX)
        misuse("a parameter is too long");
    if (value_len > 127) {
        lens[1] = 0x80;
        lens[3] = (unsigned char)(value_len >> 8);
        lens[4] = (unsigned char)value_len;
        lens_len = 5;
    }
    put_head(client, FCGI_PARAMS, lens_len + name_len + value_len);
    put(client, lens, lens_len);
    put(client, name, name_len);
    put(client, value, value_len);
}

/* A key, or a token, which is no longer than VALUE_MAX with its scheme. */
static void put_credential(struct client *client, const char *key)
{
    char bearer[VALUE_MAX + 1];

    if (strncmp(key, "eyJ", 3) != 0) {
        put_param(client, "HTTP_X_API_KEY", key);
        return;
    }
    snprintf(bearer, sizeof(bearer), "Bearer %s", key);
    put_param(client, "HTTP_AUTHORIZATION", bearer);
}

static void request_make(const struct load *load, struct client *client)
{
    static const unsigned char begin[8] = {0, FCGI_RESPONDER};
    bool is_bad = load->bad_every != 0 && load->begun % load->bad_every == 0;
    const char *body = is_bad ? bad : good;
    char length[24];

    snprintf(length, sizeof(length), "%zu", strlen(body));
    client->request_len = 0;
    put_record(client, FCGI_BEGIN, begin, sizeof(begin));
    put_param(client, "REQUEST_METHOD", "POST");
    put_param(client, "REQUEST_URI", "/predict");
    put_param(client, "SERVER_PROTOCOL", "HTTP/1.1");
    put_param(client, "REMOTE_ADDR", load->address);
    put_param(client, "CONTENT_TYPE", "application/json");
    put_param(client, "CONTENT_LENGTH", length);
    put_param(client, "HTTP_X_REQUEST_ID", client->id);
    if (load->key != NULL)
        put_credential(client, load->key);
    put_record(client, FCGI_PARAMS, "", 0);
    put_record(client, FCGI_STDIN, body, strlen(body));
    put_record(client, FCGI_STDIN, "", 0);
}

/* The status that a text begins with as our workers write it, 0 for none. */
static int status_of(const char *text, size_t len)
{
    static const char name[] = "Status: ";

    if (len < sizeof(name) + 3 || memcmp(text, name, sizeof(name) - 1) != 0)
        return 0;
    return (int)strtol(text + sizeof(name) - 1, NULL, 10);
}

/* The status of an answer that is whole, up to the record of its end; 0 until it is. */
static int answer_status(const struct client *client)
{
    const unsigned char *at = client->answer, *end = at + client->answered;
    int status = 0;

    while (end - at >= FCGI_HEAD) {
        size_t len = (size_t)at[4] << 8 | at[5], whole = FCGI_HEAD + len + at[6];

        if ((size_t)(end - at) < whole)
            return 0;
        if (at[1] == FCGI_END)
            return status;
        if (at[1] == FCGI_STDOUT && status == 0)
            status = status_of((const char *)at + FCGI_HEAD, len);
        at += whole;
    }
    return 0;
}

/* The version that an answer names, 0 for none. */
static long answer_version(const struct client *client)
{
    static const char name[] = "\"version\":";
    const char *at = memmem(client->answer, client->answered, name, sizeof(name) - 1);

    return at != NULL ? strtol(at + sizeof(name) - 1, NULL, 10) : 0;
}

/* ---- clients ---- */

static void client_end(struct load *load, struct client *client, const char *how)
{
    uint64_t now = mono_ns();

    printf("%s %" PRIu64 " %" PRIu64 " %s", client->id, client->start, now, how);
    if (load->versions)
        printf(" %ld", answer_version(client));
    putchar('\n');
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->pause_until = 0;
    if (strcmp(how, "200") != 0)
        client->pause_until = now + (uint64_t)load->gap_ms * (SECOND_NS / 1000);
}

static void client_send(struct load *load, struct client *client)
{
    ssize_t n = send(client->fd, client->request + client->sent,
                     client->request_len - client->sent, MSG_NOSIGNAL);

    if (n > 0)
        client->sent += (size_t)n;
    else if (errno == ECONNREFUSED)
        client_end(load, client, "refused");
    else if (errno != EAGAIN && errno != EINTR)
        client_end(load, client, "lost");
}

static void client_begin(struct load *load, struct client *client)
{
    int error;

    snprintf(client->id, sizeof(client->id), "%s%" PRId64, load->prefix, load->begun++);
    request_make(load, client);
    client->sent = client->answered = 0;
    client->start = mono_ns();
    client->fd = socket(load->to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        die("socket");
    error = connect(client->fd, &load->to.any, load->to_len) == 0 ? 0 : errno;
    if (error == ECONNREFUSED || error == EAGAIN || error == ENOENT || error == EADDRNOTAVAIL)
        client_end(load, client, "refused");
    else if (error != 0 && error != EINPROGRESS)
        client_end(load, client, "lost");
    else if (error == 0)
        client_send(load, client);
}

static void client_read(struct load *load, struct client *client)
{
    ssize_t n = recv(client->fd, client->answer + client->answered,
                     sizeof(client->answer) - client->answered, 0);
    char how[16];
    int status;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        client->answered += (size_t)n;
    status = answer_status(client);
    snprintf(how, sizeof(how), "%d", status);
    if (status != 0)
        client_end(load, client, how);
    else if (n <= 0)
        client_end(load, client,
                   client->sent == 0 && errno == ECONNREFUSED ? "refused" : "lost");
}

/* What is to be waited for, of a client that is under way. */
static short client_events(const struct client *client)
{
    return client->sent < client->request_len ? POLLOUT | POLLIN : POLLIN;
}

static void client_go_on(struct load *load, struct client *client, short events)
{
    if (client->sent < client->request_len && (events & (POLLOUT | POLLERR | POLLHUP)) != 0)
        client_send(load, client);
    else if (events != 0)
        client_read(load, client);
    else if (mono_ns() - client->start > LATE_S * SECOND_NS)
        client_end(load, client, "late");
}

static bool load_goes_on(const struct load *load, uint64_t now)
{
    return !stopped && now < load->end && (load->count == 0 || load->begun < load->count);
}

/* One turn; false when nobody is under way and nobody is to begin. */
static bool load_turn(struct load *load)
{
    struct pollfd polls[CLIENTS_MAX];
    uint64_t now = mono_ns();
    int timeout = POLL_MS;
    bool busy = false;

    for (int64_t i = 0; i < load->clients; i++) {
        struct client *client = &load->all[i];

        if (client->fd < 0 && load_goes_on(load, now)) {
            busy = true;
            if (client->pause_until <= now)
                client_begin(load, client);
            if (client->fd < 0)
                timeout = 1;
        }
        busy = busy || client->fd >= 0;
        polls[i] = (struct pollfd){.fd = client->fd, .events = client_events(client)};
    }
    if (!busy)
        return false;
    if (poll(polls, (nfds_t)load->clients, timeout) < 0 && errno != EINTR)
        die("poll");
    for (int64_t i = 0; i < load->clients; i++)
        if (load->all[i].fd >= 0)
            client_go_on(load, &load->all[i], polls[i].revents);
    return true;
}

static void load_run(struct load *load)
{
    load->all = calloc((size_t)load->clients, sizeof(*load->all));
    if (load->all == NULL)
        die("clients");
    for (int64_t i = 0; i < load->clients; i++)
        load->all[i].fd = -1;
    load->end = mono_ns() + (uint64_t)load->seconds * SECOND_NS;
    while (load_turn(load))
        ;
    free(load->all);
}

/* ---- the command line ---- */

static int run_command(char **argv)
{
    pid_t pid = argv[0] != NULL ? fork() : -1;
    int status;

    if (pid == 0) {
        execvp(argv[0], argv);
        die(argv[0]);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("a command");
    printf("%" PRIu64 "\n", mono_ns());
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static int64_t number_read(const char *text, int64_t max)
{
    char *end;
    int64_t value = strtoll(text, &end, 10);

    if (end == text || *end != '\0' || value < 0 || value > max)
        misuse("a number is not allowed");
    return value;
}

static void target_read(struct load *load, const char *text)
{
    if (text[0] == '/') {
        load->to.un.sun_family = AF_UNIX;
        if (strlen(text) >= sizeof(load->to.un.sun_path))
            misuse("the path is too long");
        memcpy(load->to.un.sun_path, text, strlen(text) + 1);
        load->to_len = sizeof(load->to.un);
        return;
    }
    load->to.in.sin_family = AF_INET;
    load->to.in.sin_port = htons((uint16_t)number_read(text, UINT16_MAX));
    load->to.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    load->to_len = sizeof(load->to.in);
}

static void options_read(struct load *load, int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "a:b:k:c:n:t:p:g:v")) != -1) {
        switch (option) {
        case 'a':
            load->address = optarg;
            break;
        case 'b':
            load->bad_every = number_read(optarg, INT64_MAX);
            break;
        case 'k':
            load->key = optarg;
            break;
        case 'c':
            load->clients = number_read(optarg, CLIENTS_MAX);
            break;
        case 'n':
            load->count = number_read(optarg, INT64_MAX);
            break;
        case 't':
            load->seconds = number_read(optarg, 86400);
            break;
        case 'p':
            load->prefix = optarg;
            break;
        case 'v':
            load->versions = true;
            break;
        case 'g':
            load->gap_ms = number_read(optarg, 60000);
            break;
        default:
            misuse("an option is not known");
        }
    }
    if (optind != argc - 1)
        misuse("a port or the path of a socket is needed");
    target_read(load, argv[optind]);
}

int main(int argc, char **argv)
{
    struct load load = {
        .prefix = "load-",
        .address = "127.0.0.1",
        .clients = 8,
        .seconds = 10,
        .gap_ms = 2,
    };
    struct sigaction action = {.sa_handler = on_term};

    if (argc > 1 && strcmp(argv[1], "-r") == 0)
        return run_command(argv + 2);
    options_read(&load, argc, argv);
    sigaction(SIGTERM, &action, NULL);
    load_run(&load);
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
