/*
 * body.c: the body of a request, taken in under its route's limits.
 */
#include "http/body.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "http/route.h"

enum {
    BODY_KEPT = 64 << 10,
    READ_STEP = 64 << 10,
    READ_FIRST = 4 << 10
};

/* The announced length; -1 when none is. */
static bool length_read(const struct service *service, int64_t *length)
{
    const char *text = fcgi_param(service->fcgi, FCGI_CONTENT_LENGTH);

    *length = -1;
    return text == NULL || text[0] == '\0' ||
           (text[0] != '-' && num_parse_i64(text, strlen(text), length));
}

static bool headers_agree(const struct service *service, int64_t *length, struct reply *reply)
{
    const char *coding = fcgi_param(service->fcgi, FCGI_TRANSFER_ENCODING);

    if (!length_read(service, length) ||
        fcgi_param_doubled(service->fcgi, FCGI_CONTENT_LENGTH)) {
        reply_refuse(reply, REPLY_MALFORMED, "Content-Length must be one whole number.");
        return false;
    }
    if (*length >= 0 && coding != NULL && coding[0] != '\0') {
        reply_refuse(reply, REPLY_MALFORMED,
                     "Content-Length and Transfer-Encoding together are not allowed.");
        return false;
    }
    return true;
}

/* application/json, with no parameter but charset=utf-8; no type at all is taken as it. */
static bool type_is_json(const char *type)
{
    static const char json[] = "application/json";
    static const char charset[] = "charset=";
    static const char *const utf8[] = {"utf-8", "\"utf-8\"", "utf8"};

    if (type == NULL || type[0] == '\0')
        return true;
    if (strncasecmp(type, json, sizeof(json) - 1) != 0)
        return false;
    type += sizeof(json) - 1;
    type += strspn(type, " \t");
    if (*type == '\0')
        return true;
    if (*type++ != ';')
        return false;
    type += strspn(type, " \t");
    if (strncasecmp(type, charset, sizeof(charset) - 1) != 0)
        return *type == '\0';
    type += sizeof(charset) - 1;
    for (size_t i = 0; i < sizeof(utf8) / sizeof(utf8[0]); i++)
        if (strncasecmp(type, utf8[i], strlen(utf8[i])) == 0 &&
            strspn(type + strlen(utf8[i]), " \t") == strlen(type + strlen(utf8[i])))
            return true;
    return false;
}

static void refuse_size(struct reply *reply, int64_t limit)
{
    reply_refuse(reply, REPLY_TOO_LARGE,
                 "The body is over this route's limit of %" PRId64 " bytes.", limit);
}

/* Takes in one byte more than the limit at most, so as to know that it is over it. */
static void read_up_to(struct service *service, int64_t length, int64_t limit)
{
    size_t most = (size_t)(length >= 0 ? length : limit) + 1;
    struct buf *body = &service->body;
    size_t step = READ_FIRST, got;
    char *room;

    do {
        if (step > most - body->len)
            step = most - body->len;
        room = buf_reserve(body, step);
        if (room == NULL)
            return;
        got = fcgi_read(service->fcgi, room, step);
        buf_advance(body, got);
        if (got < step)
            return;
        step = READ_STEP;
    } while (body->len < most);
}

bool body_read(struct service *service, const struct request *request, struct reply *reply)
{
    int64_t limit = service->home.config.predict_body_limit, length;
    struct buf *body = &service->body;

    buf_clear(body, BODY_KEPT);
    if (!headers_agree(service, &length, reply))
        return false;
    if (request->route->body == ROUTE_BODY_NONE) {
        limit = service->home.config.body_limit;
        if (length > limit)
            refuse_size(reply, limit);
        return length <= limit;
    }
    if (!type_is_json(fcgi_param(service->fcgi, FCGI_CONTENT_TYPE))) {
        reply_refuse(reply, REPLY_TYPE, "This route takes application/json in UTF-8.");
        return false;
    }
    if (length > limit) {
        refuse_size(reply, limit);
        return false;
    }
    read_up_to(service, length, limit);
    if (buf_failed(body))
        reply_refuse_memory(reply);
    else if (length >= 0 && body->len != (size_t)length)
        reply_refuse(reply, REPLY_MALFORMED, "The body is not as long as Content-Length says.");
    else if ((int64_t)body->len > limit)
        refuse_size(reply, limit);
    else
        return true;
    return false;
}

void body_release(struct service *service)
{
    buf_clear(&service->body, BODY_KEPT);
}
