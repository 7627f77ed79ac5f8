/*
 * drive.c: commands for a browser, by WebDriver (https://www.w3.org/TR/webdriver2/), which is
 * JSON over HTTP.
 *
 *   drive URL ask PATH [JSON | @FILE]   one command: POST, or GET without JSON; prints the
 * value drive URL delete PATH               DELETE; prints the value drive URL js SCRIPT
 * [JSON...]       what the script returns (return ...); its arguments are arguments[0] and so
 * on; a promise is waited for drive URL text SCRIPT [JSON...]     the same, which is a text, as
 * it is drive URL until SECONDS SCRIPT      asks the script until it returns true; what fails
 *                                       meanwhile, as where a page gives way to another, is
 * asked again drive URL type TEXT...              presses keys: the name of one (Tab, Enter,
 * Space), or a text
 *
 * URL is http://HOST:PORT/PATH, of a session but for the one that makes it.  Exit status 1 if
 * the browser says that it failed, which is told, or if what was waited for did not come.
 *
 * Tests tell a browser some thousand things, and one process for each, or for many that are
 * asked again and again, is all that they can afford.
 */
#include <arpa/inet.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    TIMEOUT_S = 60,
    HEAD_BYTES = 16384,
    PART = 65536,
    AGAIN_MS = 20
};

struct driver {
    int fd;
    char host[128]; /* HOST:PORT */
    const char *path;
};

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- HTTP ---- */

static void driver_connect(struct driver *driver, const char *url)
{
    static const char scheme[] = "http://";
    struct sockaddr_in address = {.sin_family = AF_INET};
    const struct timeval patience = {TIMEOUT_S, 0};
    char host[sizeof(driver->host)], *colon;

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
        fail(url);
    url += sizeof(scheme) - 1;
    driver->path = url + strcspn(url, "/");
    snprintf(driver->host, sizeof(driver->host), "%.*s", (int)(driver->path - url), url);
    memcpy(host, driver->host, sizeof(host));
    colon = strchr(host, ':');
    if (colon == NULL)
        fail(url);
    *colon = '\0';
    address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    driver->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || driver->fd < 0)
        fail(host);
    setsockopt(driver->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(driver->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        fail(driver->host);
}

static void send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            fail("the browser's driver");
        bytes += n;
        len -= (size_t)n;
    }
}

static void request_send(const struct driver *driver, const char *method, const char *path,
                         const char *body)
{
    char head[HEAD_BYTES];
    int len = snprintf(head, sizeof(head),
                       "%s %s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       method, driver->path, path, driver->host, strlen(body));

    if (len >= (int)sizeof(head))
        fail(path);
    send_all(driver->fd, head, (size_t)len);
    send_all(driver->fd, body, strlen(body));
}

/* The body of an answer, which the driver says the length of, whatever its status. */
static char *answer_receive(int fd)
{
    char head[HEAD_BYTES], *end = NULL, *line, *body;
    size_t had = 0, len = 0, got;
    ssize_t n;

    while (end == NULL) {
        n = had < sizeof(head) - 1 ? recv(fd, head + had, sizeof(head) - 1 - had, 0) : 0;
        if (n <= 0)
            fail("the browser's driver");
        had += (size_t)n;
        head[had] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    *end = '\0';
    for (line = head; (line = strstr(line, "\r\n")) != NULL; line += 2)
        if (strncasecmp(line + 2, "content-length:", 15) == 0)
            len = strtoul(line + 17, NULL, 10);
    end += 4;
    got = had - (size_t)(end - head);
    body = calloc(1, len + 1);
    if (body == NULL || got > len)
        fail("an answer of the browser's driver");
    memcpy(body, end, got);
    if (got < len && recv(fd, body + got, len - got, MSG_WAITALL) != (ssize_t)(len - got))
        fail("an answer of the browser's driver");
    return body;
}

/* ---- WebDriver ---- */

/* The whole answer; its member value is what there is, or tells of a failure in its member
 * error. */
static struct json_object *driver_ask(const struct driver *driver, const char *method,
                                      const char *path, const char *body)
{
    struct json_object *answer;
    char *text;

    request_send(driver, method, path, body);
    text = answer_receive(driver->fd);
    answer = json_tokener_parse(text);
    if (answer == NULL) {
        fprintf(stderr, "the browser: %s\n", text);
        exit(1);
    }
    free(text);
    return answer;
}

/* The value of an answer, which may be NULL for JSON's null, or false with its error if quiet
 * is not set. */
static bool value_take(struct json_object *answer, bool quiet, struct json_object **value)
{
    struct json_object *error = NULL, *message = NULL;

    *value = json_object_object_get(answer, "value");
    if (!json_object_is_type(*value, json_type_object) ||
        !json_object_object_get_ex(*value, "error", &error))
        return true;
    json_object_object_get_ex(*value, "message", &message);
    if (!quiet)
        fprintf(stderr, "the browser: %s: %s\n", json_object_get_string(error),
                message == NULL ? "" : json_object_get_string(message));
    return false;
}

/* Prints the value; a text is as it is, if so wanted. */
static int value_print(struct json_object *answer, bool as_text)
{
    struct json_object *value;
    bool good = value_take(answer, false, &value);

    if (good && as_text && json_object_is_type(value, json_type_string))
        puts(json_object_get_string(value));
    else if (good)
        puts(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(answer);
    return good ? 0 : 1;
}

static char *file_read(const char *path)
{
    FILE *file = fopen(path, "re");
    long len = file != NULL && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    char *text = len < 0 ? NULL : calloc(1, (size_t)len + 1);

    if (text == NULL)
        fail(path);
    rewind(file);
    if (fread(text, 1, (size_t)len, file) != (size_t)len)
        fail(path);
    fclose(file);
    return text;
}

static struct json_object *text_of(const char *text, size_t len)
{
    return json_object_new_string_len(text, (int)len);
}

static struct json_object *script_call(const struct driver *driver, const char *script,
                                       char **args, int count)
{
    struct json_object *body = json_object_new_object(), *list = json_object_new_array();
    struct json_object *arg, *answer;

    for (int i = 0; i < count; i++) {
        arg = json_tokener_parse(args[i]);
        if (arg == NULL && strcmp(args[i], "null") != 0) {
            fprintf(stderr, "drive: no JSON: %s\n", args[i]);
            exit(2);
        }
        json_object_array_add(list, arg);
    }
    json_object_object_add(body, "script", json_object_new_string(script));
    json_object_object_add(body, "args", list);
    answer = driver_ask(driver, "POST", "/execute/sync", json_object_to_json_string(body));
    json_object_put(body);
    return answer;
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int until(const struct driver *driver, double seconds, const char *script)
{
    const struct timespec again = {0, AGAIN_MS * 1000000L};
    const double end = now_s() + seconds;
    struct json_object *answer, *value;
    bool come;

    for (;;) {
        answer = script_call(driver, script, NULL, 0);
        come = value_take(answer, now_s() < end, &value) &&
               json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
        json_object_put(answer);
        if (come || now_s() >= end)
            return come ? 0 : 1;
        nanosleep(&again, NULL);
    }
}

/* ---- keys ---- */

static void key_add(struct json_object *actions, const char *type, const char *key, size_t len)
{
    struct json_object *action = json_object_new_object();

    json_object_object_add(action, "type", json_object_new_string(type));
    json_object_object_add(action, "value", text_of(key, len));
    json_object_array_add(actions, action);
}

/* Each character of a text in UTF-8 is a key, pressed and let go. */
static void keys_add(struct json_object *actions, const char *text)
{
    static const struct {
        const char *name, *key;
    } named[] = {{"Tab", "\xee\x80\x84"}, {"Enter", "\xee\x80\x87"}, {"Space", " "}};
    size_t len;

    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        if (strcmp(text, named[i].name) == 0)
            text = named[i].key;
    for (; *text != '\0'; text += len) {
        len = 1;
        while (((unsigned char)text[len] & 0xc0) == 0x80)
            len++;
        key_add(actions, "keyDown", text, len);
        key_add(actions, "keyUp", text, len);
    }
}

static struct json_object *type_keys(const struct driver *driver, char **texts, int count)
{
    struct json_object *actions = json_object_new_array(), *keys = json_object_new_object();
    struct json_object *all = json_object_new_array(), *body = json_object_new_object(),
                       *answer;

    for (int i = 0; i < count; i++)
        keys_add(actions, texts[i]);
    json_object_object_add(keys, "type", json_object_new_string("key"));
    json_object_object_add(keys, "id", json_object_new_string("keys"));
    json_object_object_add(keys, "actions", actions);
    json_object_array_add(all, keys);
    json_object_object_add(body, "actions", all);
    answer = driver_ask(driver, "POST", "/actions", json_object_to_json_string(body));
    json_object_put(body);
    return answer;
}

int main(int argc, char **argv)
{
    const char *command = argc > 3 ? argv[2] : "", *what = argc > 3 ? argv[3] : "";
    struct driver driver;
    char *body = NULL;
    int status = 2;

    if (argc > 3)
        driver_connect(&driver, argv[1]);
    if (strcmp(command, "ask") == 0 && argc == 4) {
        status = value_print(driver_ask(&driver, "GET", what, ""), false);
    } else if (strcmp(command, "ask") == 0 && argc == 5) {
        if (argv[4][0] == '@')
            body = file_read(argv[4] + 1);
        status = value_print(driver_ask(&driver, "POST", what, body == NULL ? argv[4] : body),
                             false);
        free(body);
    } else if (strcmp(command, "delete") == 0 && argc == 4) {
        status = value_print(driver_ask(&driver, "DELETE", what, ""), false);
    } else if (strcmp(command, "js") == 0 || strcmp(command, "text") == 0) {
        status = value_print(script_call(&driver, what, argv + 4, argc - 4), command[0] == 't');
    } else if (strcmp(command, "until") == 0 && argc == 5) {
        status = until(&driver, strtod(what, NULL), argv[4]);
    } else if (strcmp(command, "type") == 0) {
        status = value_print(type_keys(&driver, argv + 3, argc - 3), false);
    } else {
        fputs("usage: drive URL ask PATH [JSON|@FILE] | delete PATH | js SCRIPT [JSON...] |\n"
              "  text SCRIPT [JSON...] | until SECONDS SCRIPT | type TEXT...\n",
              stderr);
    }
    return status;
}
