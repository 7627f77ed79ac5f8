/*
 * body_file.c: the body of a request as a stream that is read while it comes.
 */
#include "http/body_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "gate/slots.h"
#include "http/body_inner.h"

enum {
    SMALL = 256 << 10, /* bytes of a body that is as soon read as one of JSON */
    PIECE = 64 << 10
};

bool body_file_slot(struct service *service, struct request *request, struct reply *reply)
{
    enum result result = RESULT_OK;
    struct reason why;

    if (request->slot < 0 && (request->file.length < 0 || request->file.length > SMALL))
        result = slots_take(&service->home, HOME_BULK, service->home.config.bulk_requests,
                            "too many files of rows are read just now", &request->slot, &why);
    if (result == RESULT_BUSY)
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "Too many files of rows are read just now. Try again.");
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
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
    got = fcgi_read(fcgi, to, room);
    body->taken += (int64_t)got;
    body->over = body->taken > body->limit;
    body->broken = body->broken || (got < room && fcgi_is_broken(fcgi)) ||
                   (body->length >= 0 &&
                    (body->taken > body->length || (got == 0 && body->taken != body->length)));
    if (!body->over && !body->broken)
        return (ssize_t)got;
    errno = EIO;
    return -1;
}

/* What was taken in already, from its start. */
static FILE *spool_open(struct spool *spool)
{
    FILE *file = NULL;
    struct reason why;
    int fd;

    if (spool_file(spool, &fd, &why) != RESULT_OK)
        return NULL;
    if (fd < 0)
        return fmemopen(spool->memory.data, spool->memory.len, "r");
    fd = dup(fd);
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0)
        file = fdopen(fd, "r");
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

bool body_file_open(struct service *service, const struct request *request,
                    struct body_file *body, struct reply *reply)
{
    static const cookie_io_functions_t functions = {.read = piece_read};

    *body = (struct body_file){
        .service = service, .length = request->file.length, .limit = request->file.limit};
    fcgi_set_patience(service->fcgi, service->home.config.bulk_stall);
    body->file = request->file.spool != NULL ? spool_open(request->file.spool)
                                             : fopencookie(body, "r", functions);
    if (body->file != NULL && setvbuf(body->file, NULL, _IOFBF, PIECE) != 0) {
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

/* All pieces of a stream. */
static enum result spool_read(struct spool *spool, FILE *file, struct reason *why)
{
    char *piece = malloc(PIECE);
    size_t got = 1;

    if (piece == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    while (got > 0 && spool_end(spool, why) == RESULT_OK) {
        got = fread(piece, 1, PIECE, file);
        spool_put(spool, piece, got);
    }
    free(piece);
    return spool_end(spool, why);
}

bool body_file_take(struct service *service, struct request *request, struct spool *spool,
                    struct reply *reply)
{
    struct body_file body;
    enum result result;
    struct reason why;
    bool refused;

    if (!body_file_slot(service, request, reply) ||
        !body_file_open(service, request, &body, reply))
        return false;
    spool_start(spool);
    result = spool_read(spool, body.file, &why);
    refused = body_file_refuse(&body, reply);
    body_file_close(&body);
    if (!refused && result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    request->file.spool = spool;
    return !refused && result == RESULT_OK;
}
