/*
 * body_file.c: the body of a request as a stream that is read while it comes.
 */
#include "http/body_file.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "http/body_inner.h"

/* False: the copy has failed, for which there is no reason to read on. */
static bool copy(const struct body_file *body, const char *bytes, size_t len)
{
    struct reason why;

    if (body->copy == NULL)
        return true;
    spool_put(body->copy, bytes, len);
    return spool_end(body->copy, &why) == RESULT_OK;
}

/*
 * A piece of the body; what is wrong with all of it is a failed read, so that nobody takes a
 * part for the whole.
 */
static ssize_t piece_read(void *cookie, char *to, size_t room)
{
    struct body_file *body = cookie;
    struct fcgi *fcgi = body->service->fcgi;
    int64_t most = (body->length >= 0 ? body->length : body->limit) + 1 - body->taken;
    size_t got;

    if (room > (size_t)most)
        room = (size_t)most;
    if (body->whole != NULL) {
        ssize_t had = spool_read(body->whole, (uint64_t)body->taken, to, room);

        body->taken += had > 0 ? had : 0;
        return had >= 0 && copy(body, to, (size_t)had) ? had : -1;
    }
    got = fcgi_read(fcgi, to, room);
    body->taken += (int64_t)got;
    body->over = body->taken > body->limit;
    body->broken = body->broken || (got < room && fcgi_is_broken(fcgi)) ||
                   (body->length >= 0 &&
                    (body->taken > body->length || (got == 0 && body->taken != body->length)));
    if (!body->over && !body->broken && copy(body, to, got))
        return (ssize_t)got;
    errno = EIO;
    return -1;
}

bool body_file_open(struct service *service, const struct request *request,
                    struct body_file *body, struct reply *reply)
{
    static const cookie_io_functions_t functions = {.read = piece_read};

    *body = (struct body_file){.service = service,
                               .length = request->file.length,
                               .limit = request->file.limit,
                               .whole = request->large};
    fcgi_set_patience(service->fcgi, service->home.config.bulk_stall);
    body->file = fopencookie(body, "r", functions);
    if (body->file != NULL && setvbuf(body->file, NULL, _IOFBF, 64 << 10) != 0) {
        fclose(body->file);
        body->file = NULL;
    }
    if (body->file == NULL)
        reply_refuse_memory(reply);
    return body->file != NULL;
}

bool body_file_refuse(const struct body_file *body, struct reply *reply)
{
    if (body->over)
        body_refuse_size(reply, body->limit);
    else if (body->broken && body->length < 0)
        reply_refuse(reply, REPLY_MALFORMED, "The body ended before its end had come.");
    else if (body->broken)
        body_refuse_length(reply);
    return body->over || body->broken;
}

void body_file_close(struct body_file *body)
{
    if (body->file != NULL)
        fclose(body->file);
    body->file = NULL;
}
