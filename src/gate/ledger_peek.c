/*
 * ledger_peek.c: the latest calls, for who only looks on.
 *
 * What is read may be written meanwhile.  A record counts if it has the number that it should
 * have and its place was still its own when all were read: whoever writes the one behind the
 * last writes over the oldest.
 */
#include "gate/ledger_peek.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/ledger_file.h"

enum {
    CHUNK = 256,       /* records that are read at once */
    SLACK_US = 1000000 /* calls end nearly in the order of their numbers */
};

struct peek {
    int fd;
    const char *path;
    struct ledger_header *header;
    struct ledger_record *chunk;
    void (*each)(void *arg, const struct call_row *call);
    void *arg;
};

static enum result bytes_get(const struct peek *peek, void *to, size_t len, uint64_t at,
                             struct reason *why)
{
    ssize_t got = pread(peek->fd, to, len, (off_t)at);

    if (got < 0)
        return reason_errno(why, "%s", peek->path);
    return (size_t)got == len
               ? RESULT_OK
               : reason_set(why, RESULT_MISSING, "%s: it is being made anew", peek->path);
}

static enum result header_get(const struct peek *peek, struct reason *why)
{
    struct stat st;
    enum result result = bytes_get(peek, peek->header, sizeof(*peek->header), 0, why);

    if (result == RESULT_OK && (fstat(peek->fd, &st) != 0 ||
                                !ledger_header_is_ours(peek->header, (uint64_t)st.st_size)))
        result = reason_set(why, RESULT_MISSING, "%s: another version's, or being made anew",
                            peek->path);
    return result;
}

/* Reads the records of count calls, from a number on, none of which is behind the ring's end.
 */
static enum result chunk_get(const struct peek *peek, int64_t from, size_t count,
                             struct reason *why)
{
    const struct ledger_layout *layout = &peek->header->layout;
    const uint64_t index = (uint64_t)from & (layout->journal - 1);

    return bytes_get(peek, peek->chunk, count * sizeof(*peek->chunk),
                     layout->journal_at + index * sizeof(*peek->chunk), why);
}

/* The latest number, read once more. */
static enum result last_get(const struct peek *peek, int64_t *last, struct reason *why)
{
    return bytes_get(peek, last, sizeof(*last), offsetof(struct ledger_header, last), why);
}

/* Whatever was read, its texts end. */
static void texts_end(struct call_row *call)
{
    call->key[sizeof(call->key) - 1] = '\0';
    call->user[sizeof(call->user) - 1] = '\0';
    call->model[sizeof(call->model) - 1] = '\0';
    call->route[sizeof(call->route) - 1] = '\0';
    call->request_id[sizeof(call->request_id) - 1] = '\0';
    call->account[sizeof(call->account) - 1] = '\0';
    call->address[sizeof(call->address) - 1] = '\0';
    call->over[sizeof(call->over) - 1] = '\0';
}

/* Tells the whole records of a chunk, the last first; false: one is older than wanted. */
static bool chunk_tell(const struct peek *peek, int64_t from, size_t count, int64_t now_last,
                       int64_t after_us, struct ledger_peek *out)
{
    const int64_t overwritten = now_last + 1 - (int64_t)peek->header->layout.journal;

    for (size_t i = count; i > 0; i--) {
        struct call_row *call = &peek->chunk[i - 1].call;
        const int64_t seq = from + (int64_t)i - 1;

        if (call->seq != seq || seq <= overwritten) {
            out->cut = true;
            continue;
        }
        if (ledger_peek_end(call) <= after_us - SLACK_US)
            return false;
        if (ledger_peek_end(call) <= after_us)
            continue;
        out->reach_us = ledger_peek_end(call);
        texts_end(call);
        peek->each(peek->arg, call);
    }
    return true;
}

/* From the last call back, in chunks that end where the ring does. */
static enum result calls_tell(const struct peek *peek, int64_t after_us,
                              struct ledger_peek *out, struct reason *why)
{
    const int64_t room = peek->header->layout.journal;
    int64_t to = out->last, from, now_last;
    enum result result = RESULT_OK;
    bool more = true;

    while (result == RESULT_OK && more && to > 0 && to > out->last - room) {
        from = (to - 1) / CHUNK * CHUNK + 1;
        if (from / room != to / room)
            from = to / room * room;
        if (from <= out->last - room)
            from = out->last - room + 1;
        if (from < 1)
            from = 1;
        result = chunk_get(peek, from, (size_t)(to - from + 1), why);
        if (result == RESULT_OK)
            result = last_get(peek, &now_last, why);
        if (result == RESULT_OK)
            more = chunk_tell(peek, from, (size_t)(to - from + 1), now_last, after_us, out);
        to = from - 1;
    }
    if (result == RESULT_OK && more && to > 0)
        out->cut = true;
    return result;
}

static enum result peek_all(struct peek *peek, int64_t after_us, struct ledger_peek *out,
                            struct reason *why)
{
    enum result result = header_get(peek, why);
    const struct ledger_header *header = peek->header;

    if (result != RESULT_OK)
        return result;
    out->last = header->last;
    /* Both may have gone on between the one and the other being read. */
    out->waiting = header->last > header->drained ? header->last - header->drained : 0;
    out->journal = header->layout.journal;
    out->open = header->open;
    return calls_tell(peek, after_us, out, why);
}

enum result ledger_peek(const char *path, int64_t after_us, struct ledger_peek *out,
                        void (*each)(void *arg, const struct call_row *call), void *arg,
                        struct reason *why)
{
    struct peek peek = {.fd = open(path, O_RDONLY | O_CLOEXEC),
                        .path = path,
                        .header = malloc(sizeof(*peek.header)),
                        .chunk = malloc(CHUNK * sizeof(*peek.chunk)),
                        .each = each,
                        .arg = arg};
    enum result result = RESULT_NOMEM;

    memset(out, 0, sizeof(*out));
    if (peek.fd < 0)
        result = reason_errno(why, "%s", path);
    else if (peek.header == NULL || peek.chunk == NULL)
        reason_set(why, result, "out of memory");
    else
        result = peek_all(&peek, after_us, out, why);
    free(peek.chunk);
    free(peek.header);
    if (peek.fd >= 0)
        close(peek.fd);
    return result;
}
