/*
 * route_find.c: which row of a table of routes a request is for, by its path and method.
 *
 * Paths are compared as they came, undecoded: what could be another path to somebody else is
 * none.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "http/route.h"

/* A variable of a path and what stands for it, neither of them ended by a NUL. */
struct span {
    const char *name, *text;
    size_t name_len, len;
};

/*
 * Whether a segment can stand for a variable: it is undecoded, so one with a % could be
 * another text to someone else, and . and .. are directions.
 */
static bool is_plain(const char *text, size_t len)
{
    return len > 0 && memchr(text, '%', len) == NULL && !(len == 1 && text[0] == '.') &&
           !(len == 2 && memcmp(text, "..", 2) == 0);
}

/*
 * How long what stands for a variable is, up to the next / or, where the pattern goes on with a
 * verb ({name}:predict), up to the : before that.
 */
static size_t span_len(const char *path, char next)
{
    return strcspn(path, next == ':' ? "/:" : "/");
}

/* Whether a path is of the pattern, and what stands for its variables, the rest zero. */
static bool matches(const char *pattern, const char *path, struct span spans[ROUTE_VARIABLES])
{
    struct span *span = spans;

    memset(spans, 0, ROUTE_VARIABLES * sizeof(*spans));
    while (*pattern != '\0') {
        if (*pattern == '{') {
            span->name = ++pattern;
            span->name_len = strcspn(pattern, "}");
            span->text = path;
            span->len = span_len(path, pattern[span->name_len + 1]);
            if (!is_plain(span->text, span->len))
                return false;
            path += span->len;
            pattern += span->name_len + 1;
            span++;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* Of two patterns that fit one path, whether a is the more literal: at the first difference. */
static bool more_literal(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0' && (*a == '{') == (*b == '{')) {
        if (*a == '{') {
            a += strcspn(a, "}");
            b += strcspn(b, "}");
        }
        a++;
        b++;
    }
    return *a != '\0' && (*b == '{' || *b == '\0'); /* of one with a verb more, that one */
}

/* The pattern that a path is of, or NULL. */
static const char *pattern_of(const struct route *rows, size_t count, const char *path,
                              struct span spans[ROUTE_VARIABLES])
{
    const char *pattern = NULL;

    for (size_t i = 0; i < count; i++)
        if (matches(rows[i].path, path, spans) &&
            (pattern == NULL || more_literal(rows[i].path, pattern)))
            pattern = rows[i].path;
    if (pattern != NULL)
        matches(pattern, path, spans);
    return pattern;
}

/* Takes what stands for the variables.  False if one is longer than any can be. */
static bool variables_take(struct request *request, const struct span spans[ROUTE_VARIABLES])
{
    for (size_t i = 0; i < ROUTE_VARIABLES && spans[i].name != NULL; i++) {
        struct request_variable *variable = &request->variables[i];

        if (spans[i].len > REQUEST_VARIABLE_MAX)
            return false;
        variable->name = spans[i].name;
        variable->name_len = spans[i].name_len;
        memcpy(variable->text, spans[i].text, spans[i].len);
        variable->text[spans[i].len] = '\0';
        variable->len = spans[i].len;
    }
    return true;
}

static void allow_add(struct buf *allow, enum request_method method)
{
    if (allow->len > 0)
        buf_puts(allow, ", ");
    buf_puts(allow, request_method_name(method));
    if (method == REQUEST_GET)
        buf_puts(allow, ", HEAD");
}

static void refuse_method(const struct route *rows, size_t count, const char *pattern,
                          struct reply *reply)
{
    struct buf allow = {0};

    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].path, pattern) == 0)
            allow_add(&allow, rows[i].method);
    if (buf_failed(&allow)) {
        reply_refuse_memory(reply);
    } else {
        reply_refuse(reply, REPLY_METHOD, "This path takes %s.", allow.data);
        reply_header(reply, "Allow", allow.data);
    }
    buf_free(&allow);
}

/* The row of a pattern and a method, or NULL. */
static const struct route *row_of(const struct route *rows, size_t count, const char *pattern,
                                  enum request_method method)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].method == method && strcmp(rows[i].path, pattern) == 0)
            return &rows[i];
    return NULL;
}

/* The row of a path without variables, more literal than which none is; NULL if it is none. */
static const struct route *literal_of(const struct route *rows, size_t count,
                                      const struct request *request)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].method == request->method && strcmp(rows[i].path, request->path) == 0)
            return strchr(request->path, '{') == NULL ? &rows[i] : NULL;
    return NULL;
}

/* How many dots a segment has that is of nothing else, written as they are or encoded; 0: none.
 */
static int dots_of(const char *segment, size_t len)
{
    size_t at = 0;
    int dots;

    for (dots = 0; at < len; dots++) {
        if (segment[at] == '.')
            at++;
        else if (len - at >= 3 && strncasecmp(segment + at, "%2e", 3) == 0)
            at += 3;
        else
            return 0;
    }
    return dots;
}

/*
 * Whether this is the path of no URI, as Apache and nginx find before they ask us: with a %
 * without two digits, a blank or a #, or with a .. above the root.  lighttpd hands it on, and
 * it is to be the same refusal.
 */
static bool is_no_path(const char *path)
{
    int depth = 0;

    for (const char *at = path; *at != '\0'; at++) {
        if (*at == ' ' || *at == '#')
            return true;
        if (*at == '%' && (!isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2])))
            return true;
    }
    while (*path == '/' && depth >= 0) {
        size_t len = strcspn(path + 1, "/");
        int dots = dots_of(path + 1, len);

        depth += dots == 2 ? -1 : dots != 1;
        path += 1 + len;
    }
    return depth < 0;
}

const struct route *route_find_in(const struct route *rows, size_t count,
                                  struct request *request, struct reply *reply)
{
    struct span spans[ROUTE_VARIABLES];
    const char *pattern = NULL;
    const struct route *route = NULL;

    if (!request->path_cut)
        route = literal_of(rows, count, request);
    if (route != NULL)
        return route;
    if (!request->path_cut && is_no_path(request->path)) {
        reply_refuse(reply, REPLY_MALFORMED,
                     "The path is none: it has a %% without two digits, a blank or a #, or "
                     "leads above /.");
        return NULL;
    }
    if (!request->path_cut)
        pattern = pattern_of(rows, count, request->path, spans);
    if (pattern == NULL || !variables_take(request, spans)) {
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "There is no such path. GET / lists the ones that there are.");
        return NULL;
    }
    route = row_of(rows, count, pattern, request->method);
    if (route == NULL)
        refuse_method(rows, count, pattern, reply);
    else if (route->of_model)
        request->name = request_variable(request, "name", &request->name_len);
    return route;
}

/* The protocol's text has its root as /v2, and its OpenAPI file, from which clients are made,
 * as /v2/. */
static void path_fold(struct request *request)
{
    static const char root[] = "/v2/";

    if (strcmp(request->path, root) == 0)
        request->path[sizeof(root) - 2] = '\0';
}

const struct route *route_find(struct request *request, struct reply *reply)
{
    path_fold(request);
    return route_find_in(route_at(0), route_count(), request, reply);
}
