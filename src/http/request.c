/*
 * request.c: what the front says of a request.
 *
 * The path is the one that the client sent, undecoded, so that every front routes
 * alike: one with a %, a // or a .. in it matches no route.
 */
#include "http/request.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static const char *const method_names[REQUEST_METHOD__MAX] = {
    [REQUEST_GET] = "GET",       [REQUEST_POST] = "POST",      [REQUEST_PUT] = "PUT",
    [REQUEST_DELETE] = "DELETE", [REQUEST_METHOD_OTHER] = "?",
};

const char *request_method_name(enum request_method method)
{
    return method_names[method];
}

const char *request_variable(const struct request *request, const char *name, size_t *len)
{
    size_t name_len = strlen(name);

    for (size_t i = 0; i < REQUEST_VARIABLES; i++) {
        const struct request_variable *variable = &request->variables[i];

        if (variable->name == NULL || variable->name_len != name_len ||
            memcmp(variable->name, name, name_len) != 0)
            continue;
        if (len != NULL)
            *len = variable->len;
        return variable->text;
    }
    if (len != NULL)
        *len = 0;
    return "";
}

static void method_read(struct request *request, const char *text)
{
    int method;

    if (text == NULL)
        text = "";
    request->head = strcmp(text, "HEAD") == 0;
    for (method = 0; method < REQUEST_METHOD_OTHER; method++)
        if (strcmp(text, method_names[method]) == 0)
            break;
    request->method = request->head ? REQUEST_GET : (enum request_method)method;
}

/*
 * Whether this can stand before our path: a mount point, as a front would write it.  It comes
 * back in answers, so it has no character that means anything in one.
 */
static bool is_clean_prefix(const char *text, size_t len)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789._~/-";

    if (len == 0)
        return true;
    if (text[0] != '/' || text[len - 1] == '/' || len > REQUEST_MOUNT_MAX ||
        strspn(text, plain) < len)
        return false;
    return memmem(text, len, "//", 2) == NULL && memmem(text, len, "/.", 2) == NULL;
}

/*
 * What is behind the scheme and the host in a URI of the absolute form (RFC 9112, 3.2.2), which
 * Apache hands on as it came, having judged the host; another URI as it is.
 */
static const char *origin_form(const char *uri)
{
    const char *path = uri + strcspn(uri, ":/?");

    if (strncmp(path, "://", 3) != 0)
        return uri;
    path += 3 + strcspn(path + 3, "/?");
    return *path == '/' ? path : uri;
}

/*
 * The part of the path that is ours: PATH_INFO, where the front gives one and the
 * client's own path agrees; else all of it.
 */
static void path_read(struct request *request, const char *uri, const char *path_info)
{
    size_t len, tail;

    request->mount[0] = '\0';
    if (uri == NULL)
        uri = path_info != NULL ? path_info : "";
    uri = origin_form(uri);
    len = strcspn(uri, "?");
    tail = path_info != NULL ? strlen(path_info) : 0;
    if (tail > 0 && tail <= len && memcmp(uri + len - tail, path_info, tail) == 0 &&
        is_clean_prefix(uri, len - tail)) {
        memcpy(request->mount, uri, len - tail);
        request->mount[len - tail] = '\0';
        uri += len - tail;
        len = tail;
    }
    request->path_cut = len > REQUEST_PATH_MAX;
    if (request->path_cut)
        len = REQUEST_PATH_MAX;
    memcpy(request->path, uri, len);
    request->path[len] = '\0';
}

void request_link(const struct request *request, char *out, size_t size, const char *format,
                  ...)
{
    size_t len = strlen(request->mount);
    va_list args;

    text_copy(out, size, request->mount);
    va_start(args, format);
    if (len < size)
        text_print_list(out + len, size - len, format, args);
    va_end(args);
}

static bool id_is_fit(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    size_t len = strlen(text);

    return len >= 1 && len <= REQUEST_ID_MAX && strspn(text, allowed) == len;
}

static void id_make(char out[REQUEST_ID_MAX + 1])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t bytes[16];

    secret_random_pooled(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    *out = '\0';
}

/*
 * The client's address: the peer's, unless the peer is a trusted proxy; then the
 * rightmost in X-Forwarded-For that is not one.  An entry that is no address ends the
 * search, since what is left of it was written by nobody that is trusted.
 */
static void address_read(struct request *request, const struct service *service)
{
    const struct addr_list *trusted = &service->home.config.trusted_proxies;
    const char *peer = fcgi_param(service->fcgi, FCGI_ADDRESS);
    const char *list = fcgi_param(service->fcgi, FCGI_FORWARDED_FOR);
    struct addr address, next;
    size_t end;

    request->address[0] = '\0';
    memset(&request->from, 0, sizeof(request->from));
    if (peer == NULL || !addr_parse(peer, strlen(peer), &address))
        return;
    if (fcgi_param_doubled(service->fcgi, FCGI_FORWARDED_FOR))
        list = NULL;
    end = list != NULL ? strlen(list) : 0;
    while (end > 0 && addr_list_has(trusted, &address)) {
        const char *comma = memrchr(list, ',', end);
        size_t start = comma != NULL ? (size_t)(comma - list) + 1 : 0;
        size_t from = start + strspn(list + start, " \t");
        size_t to = end;

        while (to > from && (list[to - 1] == ' ' || list[to - 1] == '\t'))
            to--;
        if (!addr_parse(list + from, to - from, &next))
            break;
        address = next;
        end = comma != NULL ? start - 1 : 0;
    }
    request->from = address;
    addr_print(request->address, &address);
}

/* A header that came twice says nothing. */
static const char *once(const struct service *service, enum fcgi_param param)
{
    return fcgi_param_doubled(service->fcgi, param) ? NULL : fcgi_param(service->fcgi, param);
}

static void trace_start(struct request *request, const struct service *service)
{
    trace_read(&request->trace, once(service, FCGI_TRACE_PARENT),
               once(service, FCGI_TRACE_STATE), service->home.config.trace_begin != 0);
}

void request_start(struct request *request, const struct service *service)
{
    const char *id = fcgi_param(service->fcgi, FCGI_REQUEST_ID);

    request->start_ns = clock_mono_ns();
    request->wall_us = clock_wall_us();
    request->route = NULL;
    for (size_t i = 0; i < REQUEST_VARIABLES; i++)
        request->variables[i].name = NULL;
    request->name = NULL;
    request->name_len = 0;
    request->refused_credential = false;
    request->lapsed = false;
    request->later = false;
    request->metered = false;
    request->verdict.count = 0;
    request->model = NULL;
    request->judged_by = NULL;
    request->rows = 0;
    request->body = &service->body;
    request->form = NULL;
    request->query = NULL;
    request->keyed = NULL;
    memset(&request->replayed, 0, sizeof(request->replayed));
    request->image_fd = -1;
    request->file.type = NULL;
    request->file.spool = NULL;
    request->slot = -1;
    request->large = NULL;
    memset(&request->caller, 0, sizeof(request->caller));
    method_read(request, fcgi_param(service->fcgi, FCGI_METHOD));
    path_read(request, fcgi_param(service->fcgi, FCGI_URI),
              fcgi_param(service->fcgi, FCGI_PATH_INFO));
    if (id != NULL && id_is_fit(id) && !fcgi_param_doubled(service->fcgi, FCGI_REQUEST_ID))
        text_copy(request->id, sizeof(request->id), id);
    else
        id_make(request->id);
    address_read(request, service);
    trace_start(request, service);
}
