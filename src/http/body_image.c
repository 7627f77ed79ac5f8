/*
 * body_image.c: the image of a model as the body of a request, piece by piece into a file.
 *
 * The file never has a name, and is on the disk where it may have to stay.
 */
#include "base/file.h"
#include "gate/image_file.h"
#include "http/body_inner.h"

enum {
    PIECE = 64 << 10
};

/* Takes in up to most bytes, and says how many there were. */
static enum result copy(struct service *service, int fd, int64_t most, int64_t *taken,
                        struct reason *why)
{
    enum result result = RESULT_OK;
    char *piece = buf_reserve(&service->body, PIECE);
    size_t step = PIECE, got = step;

    *taken = 0;
    if (piece == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    while (result == RESULT_OK && got == step && *taken < most) {
        if ((int64_t)step > most - *taken)
            step = (size_t)(most - *taken);
        got = fcgi_read(service->fcgi, piece, step);
        result = file_put_at(fd, piece, got, *taken, "a body", why);
        *taken += (int64_t)got;
    }
    return result;
}

bool body_image_take(struct service *service, struct request *request, int64_t length,
                     int64_t limit, struct reply *reply)
{
    struct reason why;
    int64_t taken = 0;
    enum result result = file_make_dir(IMAGE_INCOMING, 0700, &why);

    if (result == RESULT_OK)
        result = file_nameless(IMAGE_INCOMING, &request->image_fd, &why);

    if (result == RESULT_OK)
        result =
            copy(service, request->image_fd, (length >= 0 ? length : limit) + 1, &taken, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    else if (length >= 0 && taken != length)
        body_refuse_length(reply);
    else if (taken > limit)
        body_refuse_size(reply, limit);
    else
        return true;
    return false;
}
