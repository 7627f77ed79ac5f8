/*
 * idempotency.c: requests that are sent again under the same key.
 */
#include "http/idempotency.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "forest/digest.h"
#include "gate/replay.h"
#include "http/auth.h"
#include "http/body_file.h"
#include "http/metered.h"
#include "http/route.h"

enum {
    RETRY_S = 1, /* for what is in flight */
    EXPIRE_MOST = 64,
    SECOND_US = 1000000
};

/* What a worker has for this, from the first header on. */
struct keyed {
    struct replay *replay;
    char key[REPLAY_KEY_MAX + 1];
    bool unpaid;       /* the call was admitted without its charge */
    bool in_flight;    /* its answer is ours to keep */
    bool kept;         /* and was, together with what was asked for */
    int64_t tended;    /* the second */
    struct spool body; /* of a request that brings a file of rows */
    struct replay_row row;
};

/*
 * Which answers are kept: all that went well, and what is wrong with the body, since that
 * stays wrong.  Any other may be another when it is asked for again: rights, limits, models
 * and disks change.
 */
static const bool kept_statuses[REPLY_STATUS__MAX] = {
    [REPLY_OK] = true,         [REPLY_CREATED] = true,   [REPLY_ACCEPTED] = true,
    [REPLY_NO_CONTENT] = true, [REPLY_MALFORMED] = true, [REPLY_UNPROCESSABLE] = true,
};

void keyed_free(struct keyed *keyed)
{
    if (keyed == NULL)
        return;
    replay_free(keyed->replay);
    spool_free(&keyed->body);
    free(keyed);
}

/* ---- the header ---- */

static enum result keyed_get(struct service *service, struct keyed **out, struct reason *why)
{
    enum result result = RESULT_OK;

    *out = NULL;
    if (service->keyed == NULL) {
        service->keyed = calloc(1, sizeof(*service->keyed));
        if (service->keyed == NULL)
            return reason_set(why, RESULT_NOMEM, "out of memory");
        service->keyed->body.fd = -1;
    }
    if (service->keyed->replay == NULL)
        result = replay_new(&service->home, &service->keyed->replay, why);
    if (result == RESULT_OK)
        *out = service->keyed;
    return result;
}

static bool key_read(const struct service *service, char out[REPLAY_KEY_MAX + 1])
{
    return !fcgi_param_doubled(service->fcgi, FCGI_IDEMPOTENCY_KEY) &&
           replay_key_read(fcgi_param(service->fcgi, FCGI_IDEMPOTENCY_KEY), out);
}

bool idempotency_read(struct service *service, struct request *request, struct reply *reply)
{
    char key[REPLAY_KEY_MAX + 1];
    struct keyed *keyed;
    struct reason why;
    enum result result;

    if (request->keyed != NULL || !request->route->replays ||
        fcgi_param(service->fcgi, FCGI_IDEMPOTENCY_KEY) == NULL)
        return true;
    if (!key_read(service, key)) {
        reply_refuse(reply, REPLY_MALFORMED,
                     "Idempotency-Key must be one String of 1 to %d printable ASCII "
                     "characters, such as \"8e03978e-40d5-43dd-bc93-6894a57f9324\".",
                     REPLAY_KEY_MAX);
        return false;
    }
    result = keyed_get(service, &keyed, &why);
    if (keyed == NULL) {
        reply_refuse_result(reply, result, &why);
        return false;
    }
    memcpy(keyed->key, key, sizeof(key));
    keyed->unpaid = keyed->in_flight = keyed->kept = false;
    request->keyed = keyed;
    return true;
}

/* Whether all that refuses are quotas: a rate counts every attempt. */
static bool quotas_refuse(const struct ledger_verdict *verdict)
{
    for (size_t i = 0; i < verdict->count; i++)
        if ((verdict->exceeded >> i & 1) != 0 && verdict->standings[i].limit.kind == LIMIT_RATE)
            return false;
    return verdict->exceeded != 0;
}

bool idempotency_admit(struct service *service, struct request *request, struct reply *reply)
{
    struct reason why;
    bool kept = false;
    char key[REPLAY_KEY_MAX + 1];

    if (!request->route->replays || reply->status != REPLY_LIMITED ||
        fcgi_param(service->fcgi, FCGI_IDEMPOTENCY_KEY) == NULL || !key_read(service, key) ||
        !quotas_refuse(&request->verdict) || !idempotency_read(service, request, reply))
        return false;
    if (replay_is_kept(request->keyed->replay, request->caller.account, request->keyed->key,
                       &kept, &why) != RESULT_OK ||
        !kept) {
        request->keyed = NULL;
        return false;
    }
    reply_start(reply);
    request->keyed->unpaid = metered_begin_free(service, request, reply);
    return request->keyed->unpaid;
}

/* ---- what is asked ---- */

static void text_add(struct digest *digest, const char *text)
{
    uint64_t len = text != NULL ? strlen(text) : 0;

    digest_add(digest, &len, sizeof(len));
    if (len > 0)
        digest_add(digest, text, len);
}

static bool piece_add(void *arg, const char *bytes, size_t len)
{
    digest_add(arg, bytes, len);
    return true;
}

static enum result body_add(struct digest *digest, const struct request *request,
                            struct reason *why)
{
    const struct spool *spool = request->large != NULL ? request->large : request->file.spool;
    uint64_t len = spool != NULL ? spool_len(spool) : request->body->len;

    digest_add(digest, &len, sizeof(len));
    if (spool != NULL)
        return spool_each(spool, piece_add, digest, why);
    if (len > 0)
        digest_add(digest, request->body->data, len);
    return RESULT_OK;
}

/* All that says what is asked: each part behind its length. */
static enum result asked_digest(const struct service *service, const struct request *request,
                                uint8_t out[DIGEST_BYTES], struct reason *why)
{
    const char *uri = fcgi_param(service->fcgi, FCGI_URI);
    const char *query = uri != NULL ? strchr(uri, '?') : NULL;
    struct digest *digest = digest_open();
    enum result result;

    if (digest == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for a digest");
    text_add(digest, request_method_name(request->method));
    text_add(digest, request->path);
    text_add(digest, query);
    text_add(digest, fcgi_param(service->fcgi, FCGI_CONTENT_TYPE));
    result = body_add(digest, request, why);
    if (result == RESULT_OK && digest_finish(digest, out) != RESULT_OK)
        result = reason_set(why, RESULT_FAILED, "a digest failed");
    digest_close(digest);
    return result;
}

/* ---- begin ---- */

static void refuse_full(const struct request *request, struct reply *reply)
{
    int64_t wait_s =
        (request->keyed->row.at_us - clock_wall_us() + SECOND_US - 1) / SECOND_US + 1;

    reply_refuse(reply, REPLY_LIMITED,
                 "The answers that are kept for your idempotency keys take all the room that "
                 "they may. Try again later, or without the header.");
    reply->cause = COUNTER_REFUSED_STORAGE;
    reply_retry_after(reply, wait_s > 0 ? wait_s : 1);
}

/* The answer of before, as far as this credential may have it. */
static void answer_again(struct request *request, int fd, struct reply *reply)
{
    struct replay_row *row = &request->keyed->row;
    struct spool *spool = NULL;
    enum reply_status status;

    if (fd >= 0) {
        spool = reply_spool(reply, row->type);
        spool_adopt(spool, fd);
    }
    if (row->model[0] != '\0' && !auth_may_use(request, row->model, strlen(row->model), reply))
        return;
    if (!reply_status_of(row->status, &status)) {
        reply_refuse(reply, REPLY_UNAVAILABLE, "The service cannot answer now. Try again.");
        return;
    }
    reply->status = status;
    reply->type = row->type;
    reply->written = true;
    buf_puts(&reply->headers, row->headers);
    reply_header(reply, "Idempotency-Replayed", "true");
    request->replayed.yes = true;
    if (row->model[0] == '\0' || !reply_is_good(status))
        return; /* the call was of no model */
    request->replayed.model = row->model;
    request->replayed.version = row->version;
}

static void refuse_other(struct reply *reply)
{
    reply_refuse(reply, REPLY_UNPROCESSABLE,
                 "This Idempotency-Key was used for another request. Make a new one for each "
                 "request that is not a repetition.");
}

static void refuse_in_flight(struct reply *reply)
{
    reply_refuse(reply, REPLY_CONFLICT,
                 "The request with this Idempotency-Key is being served. Try again to have its "
                 "answer.");
    reply_retry_after(reply, RETRY_S);
}

bool idempotency_begin(struct service *service, struct request *request, struct reply *reply)
{
    struct keyed *keyed = request->keyed;
    uint8_t asked[DIGEST_BYTES];
    const struct replay_request which = {request->caller.account, keyed->key, asked};
    enum replay_found found = REPLAY_NEW;
    struct reason why;
    int fd = -1;
    enum result result;

    if (request->file.type != NULL && !body_file_take(service, request, &keyed->body, reply))
        return false;
    result = asked_digest(service, request, asked, &why);
    if (result == RESULT_OK)
        result =
            replay_begin(keyed->replay, &which, &keyed->row, &reply->body, &fd, &found, &why);
    if (result == RESULT_DENIED)
        refuse_full(request, reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    else if (found == REPLAY_KEPT)
        answer_again(request, fd, reply);
    else if (found == REPLAY_OTHER)
        refuse_other(reply);
    else if (found == REPLAY_IN_FLIGHT)
        refuse_in_flight(reply);
    else
        keyed->in_flight = true;
    /* What was let in for an answer that is gone by now has to be paid after all. */
    return keyed->in_flight && (!keyed->unpaid || metered_pay(service, request, reply));
}

/* ---- end ---- */

/*
 * What the row has to say, but for the body.  A refusal of the body has the model as well,
 * whose schema it tells of.  False: it is over a bound.
 */
static bool row_fill(const struct request *request, const struct reply *reply,
                     struct replay_row *row)
{
    const struct model *model = request->model != NULL ? request->model : request->judged_by;

    row->status = reply_code(reply->status);
    row->model[0] = '\0';
    row->version = 0;
    if (model != NULL) {
        text_copy(row->model, sizeof(row->model), model->row.name);
        row->version = model->row.version;
    }
    text_copy(row->type, sizeof(row->type), reply->type);
    row->headers[0] = '\0';
    if (reply->headers.len > 0)
        text_copy(row->headers, sizeof(row->headers), reply->headers.data);
    return reply->headers.len <= REPLAY_HEADERS_MAX && strlen(reply->type) <= REPLAY_TYPE_MAX;
}

/* The body as the spool that it goes to a file by, if it is large. */
static enum result keep(struct keyed *keyed, struct reply *reply, struct reason *why)
{
    struct spool of_body = {.fd = -1}, *spool = &reply->spool;
    const struct buf *body = &reply->body;
    enum result result = RESULT_OK;
    uint64_t len = body->len;
    int fd = -1;

    if (!reply->spooled) {
        spool = &of_body;
        if (len > REPLAY_INLINE_MAX)
            spool_put(spool, body->data, body->len);
    }
    if (reply->spooled || len > REPLAY_INLINE_MAX) {
        len = spool_len(spool);
        result = spool_file(spool, &fd, why);
        body = &spool->memory;
    }
    if (result == RESULT_OK)
        result = replay_end(keyed->replay, &keyed->row, body->data, (size_t)len, fd, why);
    spool_free(&of_body);
    return result;
}

enum result idempotency_keep(struct request *request, struct reply *reply, struct reason *why)
{
    struct keyed *keyed = request->keyed;
    enum result result;

    if (keyed == NULL)
        return RESULT_OK;
    if (buf_failed(&reply->body) || buf_failed(&reply->headers))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    if (!row_fill(request, reply, &keyed->row))
        return reason_set(why, RESULT_FAILED, "the head of an answer is too long to be kept");
    result =
        replay_end_within(keyed->replay, &keyed->row, reply->body.data, reply->body.len, why);
    keyed->kept = result == RESULT_OK;
    return result;
}

static uint64_t length_of(const struct reply *reply)
{
    return reply->spooled ? spool_len(&reply->spool) : reply->body.len;
}

void idempotency_end(struct service *service, struct request *request, struct reply *reply)
{
    struct keyed *keyed = request->keyed;
    enum result result = RESULT_OK;
    struct reason why;

    (void)service;
    spool_start(&keyed->body);
    if (!keyed->in_flight)
        return;
    keyed->in_flight = false;
    if (keyed->kept) { /* or all of it was taken back */
        replay_let_go(keyed->replay);
        return;
    }
    if (kept_statuses[reply->status]) {
        reply_write(reply, request->id, request->wall_us);
        reply_settle(reply);
    }
    if (length_of(reply) > REPLAY_BYTES_MAX)
        reply_refuse(reply, REPLY_UNPROCESSABLE,
                     "The answer is larger than the %d bytes that are kept for an "
                     "Idempotency-Key. Ask for fewer rows, or without the header.",
                     REPLAY_BYTES_MAX);
    else if (kept_statuses[reply->status] && !row_fill(request, reply, &keyed->row))
        result =
            reason_set(&why, RESULT_FAILED, "the head of an answer is too long to be kept");
    else if (kept_statuses[reply->status])
        result = keep(keyed, reply, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    replay_let_go(keyed->replay);
}

/* ---- between requests ---- */

/* A lock that another has, or a full disk, is met again a second later. */
void idempotency_tend(struct service *service, int64_t second)
{
    struct keyed *keyed = service->keyed;
    struct reason why;

    if (keyed == NULL || keyed->tended == second)
        return;
    keyed->tended = second;
    replay_expire(&service->home, EXPIRE_MOST, &why);
}
