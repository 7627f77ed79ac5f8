/*
 * body_packed.c: the bytes of a body, unpacked where the client has packed them.
 *
 * The limit of a route is of what comes out: no more than that is unpacked, and one byte to
 * know by.
 */
#include <string.h>
#include <strings.h>

#include "base/inflate.h"
#include "http/body_inner.h"
#include "http/route.h"

static const struct {
    const char *name;
    enum inflate_form form;
} codings[] = {{"gzip", INFLATE_GZIP}, {"x-gzip", INFLATE_GZIP}, {"deflate", INFLATE_DEFLATE}};

static size_t packed_take(void *arg, char *to, size_t room)
{
    struct service *service = arg;

    return fcgi_read(service->fcgi, to, room);
}

static bool unpack_begin(struct service *service, enum inflate_form form, struct reply *reply)
{
    struct reason why;
    enum result result = inflate_new(form, packed_take, service, &service->unpacked, &why);

    if (result != RESULT_OK)
        reply_refuse_memory(reply);
    return result == RESULT_OK;
}

bool body_coding_read(struct service *service, enum route_body body, int64_t length,
                      struct reply *reply)
{
    const char *coding = fcgi_param(service->fcgi, FCGI_CONTENT_ENCODING);
    bool takes_packed = body != ROUTE_BODY_IMAGE;

    if (length == 0 || coding == NULL || coding[0] == '\0' ||
        strcasecmp(coding, "identity") == 0)
        return true;
    for (size_t i = 0; takes_packed && i < sizeof(codings) / sizeof(codings[0]); i++)
        if (strcasecmp(coding, codings[i].name) == 0 &&
            !fcgi_param_doubled(service->fcgi, FCGI_CONTENT_ENCODING))
            return unpack_begin(service, codings[i].form, reply);
    reply_refuse(reply, REPLY_TYPE,
                 takes_packed ? "A body is taken as it is, or with one Content-Encoding: gzip "
                                "or deflate."
                              : "A body is taken without Content-Encoding.");
    reply_header(reply, "Accept-Encoding",
                 takes_packed ? "gzip, deflate, identity" : "identity");
    return false;
}

size_t body_bytes(struct service *service, char *to, size_t room)
{
    return service->unpacked != NULL ? inflate_read(service->unpacked, to, room)
                                     : fcgi_read(service->fcgi, to, room);
}

bool body_is_packed(const struct service *service)
{
    return service->unpacked != NULL;
}

bool body_is_damaged(const struct service *service)
{
    struct reason why;
    bool ended;

    return service->unpacked != NULL &&
           inflate_end(service->unpacked, &ended, &why) != RESULT_OK;
}

bool body_packed_refuse(const struct service *service, struct reply *reply)
{
    enum result result = RESULT_OK;
    struct reason why;
    bool ended;

    if (service->unpacked != NULL)
        result = inflate_end(service->unpacked, &ended, &why);
    if (result == RESULT_NOMEM)
        reply_refuse_memory(reply);
    else if (result != RESULT_OK)
        reply_refuse(reply, REPLY_MALFORMED,
                     "The body is not what its Content-Encoding says: %s.", why.text);
    return result != RESULT_OK;
}

void body_packed_end(struct service *service)
{
    inflate_free(service->unpacked);
    service->unpacked = NULL;
}
