/*
 * body_file.c: the body of a request as a stream that is read while it comes.
 */
#include "http/body_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "http/body_inner.h"
#include "http/slot.h"

enum {
    SMALL = 256 << 10, /* bytes of a body that is as soon read as one of JSON */
    PIECE = 64 << 10
};

bool body_file_slot(struct service *service, struct request *request, struct reply *reply)
{
    bool is_small = request->file.length >= 0 && request->file.length <= SMALL;

    return is_small || slot_take(service, request, "files of rows are read", reply);
}

/* False: the copy has failed, for which there is no reason to read on. */
static bool copy(const struct body_file *body, const char *bytes, size_t len)
{
    struct reason why;

    if (body->copy == NULL)
        return true;
    spool_put(body->copy, bytes, len);
    return spool_end(body->copy, &why) == RESULT_OK;
}

/* As fcgi_read(), of a body that was taken in already, or that comes now. */
static size_t bytes_read(struct body_file *body, char *to, size_t room)
{
    ssize_t got;

    if (body->taken_in == NULL)
        return body_bytes(body->service, to, room);
    got = spool_read(body->taken_in, (uint64_t)body->taken, to, room);
    body->broken = got < 0;
    return got > 0 ? (size_t)got : 0;
}

/*
 * A piece of the body; what is wrong with all of it is a failed read, so that nobody takes a
 * part for the whole.
 */
static ssize_t piece_read(void *cookie, char *to, size_t room)
{
    struct body_file *body = cookie;
    int64_t most = (body->length >= 0 ? body->length : body->limit) + 1 - body->taken;
    size_t got;

    if (room > (size_t)most)
        room = (size_t)most;
    got = bytes_read(body, to, room);
    body->taken += (int64_t)got;
    body->over = body->taken > body->limit;
    body->broken = body->broken ||
                   (got < room && body->taken_in == NULL &&
                    (fcgi_is_broken(body->service->fcgi) || body_is_damaged(body->service))) ||
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

    *body = (struct body_file){
        .service = service,
        .length = request->file.length,
        .limit = request->file.limit,
        .taken_in = request->file.spool,
    };
    fcgi_set_patience(service->fcgi, service->home.config.bulk_stall);
    body->file = fopencookie(body, "r", functions);
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
    else if (body->broken && body_packed_refuse(body->service, reply))
        return true;
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

bool body_file_take(struct service *service, struct request *request, struct spool *spool,
                    struct reply *reply)
{
    char *piece = malloc(PIECE);
    struct body_file body = {.file = NULL};
    enum result result;
    struct reason why;
    bool refused;

    if (piece == NULL)
        reply_refuse_memory(reply);
    if (piece == NULL || !body_file_slot(service, request, reply) ||
        !body_file_open(service, request, &body, reply)) {
        free(piece);
        return false;
    }
    spool_start(spool);
    body.copy = spool;
    while (fread(piece, 1, PIECE, body.file) > 0)
        ;
    free(piece);
    result = spool_end(spool, &why);
    refused = result == RESULT_OK && body_file_refuse(&body, reply);
    body_file_close(&body);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    request->file.spool = spool;
    return !refused && result == RESULT_OK;
}
