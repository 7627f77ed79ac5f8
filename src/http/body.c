/*
 * body.c: the body of a request, taken in under its route's limits, and its query.
 *
 * A body with a secret is read into room that is there from the start on and wiped at the
 * end; an image is never in memory but for the piece at hand.
 */
#include "http/body_inner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/num.h"
#include "base/secret.h"
#include "gate/slots.h"
#include "http/form.h"
#include "http/route.h"

enum {
    BODY_KEPT = 64 << 10,
    TENSORS_KEPT = 4 << 20, /* between tensors that come one after the other */
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

/* Whether a type is this one, with no parameter but charset=utf-8. */
static bool type_is(const char *type, const char *wanted)
{
    static const char charset[] = "charset=";
    static const char *const utf8[] = {"utf-8", "\"utf-8\"", "utf8"};
    size_t len = strlen(wanted);

    if (strncasecmp(type, wanted, len) != 0)
        return false;
    type += len;
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

static const char json_type[] = "application/json";
static const char pairs_type[] = "application/x-www-form-urlencoded";
static const char bytes_type[] = "application/octet-stream";
const char body_csv[] = "text/csv";
const char body_npy[] = "application/x-npy";

/* The first call of many a newcomer. */
static const char form_hint[] = " What came says that it is a form, as all that curl -d sends "
                                "unless -H 'Content-Type: ...' "
                                "says otherwise.";

enum {
    KIND_TYPES = 3
};

/* What bodies are: none given is taken as the first type. */
static const struct kind {
    const char *types[KIND_TYPES];
    const char *taken; /* the same in words */
} kinds[ROUTE_BODY__MAX] = {
    [ROUTE_BODY_PREDICT] = {{json_type, body_csv, body_npy},
                            "application/json or text/csv in UTF-8, or application/x-npy"},
    /* curl -d says that it is a form, which other servers of the protocols pass over. */
    [ROUTE_BODY_PROTOCOL] = {{json_type, pairs_type}, "application/json in UTF-8"},
    [ROUTE_BODY_FRAME] = {{json_type, body_csv}, "application/json or text/csv in UTF-8"},
    [ROUTE_BODY_EXPLAIN] = {{json_type}, "application/json in UTF-8"},
    [ROUTE_BODY_ROW] = {{json_type}, "application/json in UTF-8"},
    [ROUTE_BODY_TENSORS] = {{json_type, bytes_type, pairs_type},
                            "application/json in UTF-8, or application/octet-stream"},
    [ROUTE_BODY_FEEDBACK] = {{json_type}, "application/json in UTF-8"},
    [ROUTE_BODY_JSON] = {{json_type}, "application/json in UTF-8"},
    [ROUTE_BODY_SEALED] = {{json_type}, "application/json in UTF-8"},
    [ROUTE_BODY_OAUTH] = {{json_type, pairs_type},
                          "application/x-www-form-urlencoded or application/json in UTF-8"},
    [ROUTE_BODY_IMAGE] = {{bytes_type}, "application/octet-stream"},
    [ROUTE_BODY_ROWS] = {{body_csv, body_npy}, "text/csv in UTF-8, or application/x-npy"},
};

/*
 * The type of the body, one of its kind's; NULL with the refusal written.  Where there is no
 * body it is the first whatever is said, since who sends none to a front that wants a length
 * (curl -d '') says a type without a meaning.
 */
static const char *type_find(const struct service *service, const struct kind *kind,
                             int64_t length, struct reply *reply)
{
    const char *type = fcgi_param(service->fcgi, FCGI_CONTENT_TYPE);

    if (type == NULL || type[0] == '\0')
        return kind->types[0];
    for (size_t i = 0; i < KIND_TYPES && kind->types[i] != NULL; i++)
        if (type_is(type, kind->types[i]))
            return kind->types[i];
    if (length == 0)
        return kind->types[0];
    reply_refuse(reply, REPLY_TYPE, "This route takes %s.%s", kind->taken,
                 type_is(type, pairs_type) ? form_hint : "");
    return NULL;
}

static int64_t limit_of(const struct config *config, enum route_body body)
{
    switch (body) {
    case ROUTE_BODY_PREDICT:
    case ROUTE_BODY_EXPLAIN:
    case ROUTE_BODY_ROW:
    case ROUTE_BODY_TENSORS:
    case ROUTE_BODY_PROTOCOL:
    case ROUTE_BODY_FRAME:
    case ROUTE_BODY_FEEDBACK:
    case ROUTE_BODY_SEALED:
    case ROUTE_BODY_ROWS:
        return config->predict_body_limit;
    case ROUTE_BODY_IMAGE:
        return config->image_body_limit;
    default:
        return config->body_limit;
    }
}

int64_t body_largest(const struct config *config)
{
    int64_t largest = config->bulk_body_limit > config->job_body_limit ? config->bulk_body_limit
                                                                       : config->job_body_limit;

    for (enum route_body body = 0; body < ROUTE_BODY__MAX; body++)
        if (limit_of(config, body) > largest)
            largest = limit_of(config, body);
    return largest;
}

void body_refuse_size(struct reply *reply, int64_t limit)
{
    reply_refuse(reply, REPLY_TOO_LARGE,
                 "The body is over this route's limit of %" PRId64 " bytes.", limit);
}

void body_refuse_length(struct reply *reply)
{
    reply_refuse(reply, REPLY_MALFORMED, "The body is not as long as Content-Length says.");
}

/* Takes in so many bytes at most. */
static void read_up_to(struct service *service, size_t most)
{
    struct buf *body = &service->body;
    size_t step = READ_FIRST, got;
    char *room;

    do {
        if (step > most - body->len)
            step = most - body->len;
        room = buf_reserve(body, step);
        if (room == NULL)
            return;
        got = body_bytes(service, room, step);
        buf_advance(body, got);
        if (got < step)
            return;
        step = READ_STEP;
    } while (body->len < most);
}

/* What has come, and all that comes behind it, goes into the spool. */
static bool spool_rest(struct service *service, struct request *request, size_t most,
                       struct reply *reply)
{
    struct spool *large = &service->large;
    struct buf *body = &service->body;
    size_t got = READ_STEP, step = READ_STEP;
    enum result result;
    struct reason why;
    char *room;

    fcgi_set_patience(service->fcgi, service->home.config.bulk_stall);
    spool_start(large);
    request->large = large;
    spool_take(large, body);
    room = buf_reserve(body, READ_STEP);
    while (room != NULL && got == step && spool_len(large) < most) {
        if (step > most - spool_len(large))
            step = (size_t)(most - spool_len(large));
        got = body_bytes(service, room, step);
        spool_put(large, room, got);
    }
    result = spool_end(large, &why);
    if (room == NULL)
        reply_refuse_memory(reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return room != NULL && result == RESULT_OK;
}

/* Whether so many bytes are what was announced, and within the limit. */
static bool fits(uint64_t len, int64_t length, int64_t limit, struct reply *reply)
{
    if (length >= 0 && len != (uint64_t)length)
        body_refuse_length(reply);
    else if (len > (uint64_t)limit)
        body_refuse_size(reply, limit);
    else
        return true;
    return false;
}

/* Whether a body that is large is read as it comes to be predicted, and need not be in memory.
 */
static bool spools(const struct route *route)
{
    return route->body == ROUTE_BODY_PREDICT ||
           (route->protocol != NULL && !route->protocol->explains);
}

/*
 * Takes the body in, and one byte more than the limit at most, so as to know that it is over
 * it.  False with the refusal written.
 */
static bool take_in(struct service *service, struct request *request, int64_t length,
                    int64_t limit, struct reply *reply)
{
    const int64_t known = body_is_packed(service) ? -1 : length; /* of what is taken in */
    const size_t most = (size_t)(known >= 0 ? known : limit) + 1;
    const bool may_spool = spools(request->route) && most > BODY_LARGE;
    struct buf *body = &service->body;

    if (request->route->body == ROUTE_BODY_TENSORS && known > 0)
        buf_reserve(body, most); /* at once: what grows is copied */
    read_up_to(service, may_spool ? BODY_LARGE : most);
    if (buf_failed(body)) {
        reply_refuse_memory(reply);
        return false;
    }
    if (may_spool && body->len == BODY_LARGE && !spool_rest(service, request, most, reply))
        return false;
    if (body_packed_refuse(service, reply))
        return false;
    return fits(request->large != NULL ? spool_len(request->large) : body->len, known, limit,
                reply);
}

/* ---- forms ---- */

/*
 * Says what is wrong with a form: its faults field by field, or where OAuth 2's words are
 * expected the first one in those (RFC 6749, section 5.2).
 */
static void refuse_form(struct reply *reply, const struct form_data *data, enum result result,
                        const struct reason *why, const char *what, bool oauth)
{
    if (result == RESULT_INVALID && !oauth) {
        for (size_t i = 0; i < data->fault_count && i < FORM_FAULTS_MAX; i++)
            reply_fault(reply, data->faults[i].field, data->faults[i].problem,
                        data->faults[i].allowed);
        return;
    }
    if (result == RESULT_INVALID)
        reply_refuse(reply, REPLY_MALFORMED, "%s.", why->text);
    else if (result == RESULT_MALFORMED || result == RESULT_TOO_BIG)
        reply_refuse(reply, REPLY_MALFORMED, "%s: %s.", what, why->text);
    else
        reply_refuse_memory(reply);
    if (oauth && reply->status == REPLY_MALFORMED)
        reply_error_word(reply, "invalid_request");
}

/* The body, which is here, as the route's form.  False with the refusal written. */
static bool form_take(struct service *service, struct request *request, const char *type,
                      struct reply *reply)
{
    const struct form *form = request->route->form;
    const struct buf *body = &service->body;
    const char *text = body->data != NULL ? body->data : "";
    bool pairs = type == pairs_type;
    enum result result;
    struct reason why;

    if (pairs)
        result = form_read_urlencoded(&service->form, form, text, body->len, &why);
    else
        result = form_read_json(&service->form, form, text, body->len, &why);
    request->form = &service->form;
    if (result != RESULT_OK)
        refuse_form(reply, &service->form, result, &why,
                    pairs ? "The body is not well formed"
                          : "The body is not JSON that is taken here",
                    pairs && form->oauth);
    return result == RESULT_OK;
}

/* Reads the query by a table of it. */
static bool query_take(struct service *service, struct request *request,
                       const struct form *form, struct reply *reply)
{
    const char *uri = fcgi_param(service->fcgi, FCGI_URI), *mark;
    enum result result;
    struct reason why;

    mark = uri != NULL ? strchr(uri, '?') : NULL;
    if (mark == NULL)
        mark = "?";
    result = form_read_query(&service->query, form, mark + 1, strlen(mark + 1), &why);
    request->query = &service->query;
    if (result != RESULT_OK)
        refuse_form(reply, &service->query, result, &why, "The query is not well formed",
                    false);
    return result == RESULT_OK;
}

bool body_query(struct service *service, struct request *request, struct reply *reply)
{
    const struct form *form = request->route->query;

    return form == NULL || query_take(service, request, form, reply);
}

/* ---- the room ---- */

/* Of a route that takes none a body is passed over, but for its size. */
static bool pass_over(const struct service *service, int64_t length, struct reply *reply)
{
    int64_t limit = service->home.config.body_limit;

    if (length > limit)
        body_refuse_size(reply, limit);
    return length <= limit;
}

/*
 * How much room stays for the next body.  Tensors come one after the other, and room that is
 * given back each time costs as much as to read them; body_idle() takes it.
 */
static size_t kept(const struct request *request)
{
    return request->route != NULL && request->route->body == ROUTE_BODY_TENSORS ? TENSORS_KEPT
                                                                                : BODY_KEPT;
}

bool body_read(struct service *service, struct request *request, struct reply *reply)
{
    const struct route *route = request->route;
    int64_t limit = limit_of(&service->home.config, route->body), length;
    const char *type;
    bool streams; /* it is a file of rows that is read while it comes */

    buf_clear(&service->body, kept(request));
    if (!headers_agree(service, &length, reply))
        return false;
    if (route->body == ROUTE_BODY_NONE)
        return pass_over(service, length, reply);
    if (!body_coding_read(service, route->body, length, reply))
        return false;
    type = type_find(service, &kinds[route->body], length, reply);
    if (type == NULL)
        return false;
    streams = route->bulk != NULL && (type == body_csv || type == body_npy);
    if (streams && route->body == ROUTE_BODY_PREDICT)
        limit = request->later ? service->home.config.job_body_limit
                               : service->home.config.bulk_body_limit;
    if (length > limit) {
        body_refuse_size(reply, limit);
        return false;
    }
    if (streams) {
        request->file.type = type;
        request->file.length = body_is_packed(service) ? -1 : length;
        request->file.limit = limit;
        return query_take(service, request, route->bulk, reply);
    }
    if (route->body == ROUTE_BODY_IMAGE)
        return body_image_take(service, request, length, limit, reply);
    if (route->form != NULL)
        buf_reserve(&service->body,
                    (size_t)(length >= 0 && !body_is_packed(service) ? length : limit) + 1);
    return take_in(service, request, length, limit, reply) &&
           (route->form == NULL || form_take(service, request, type, reply));
}

void body_release(struct service *service, struct request *request)
{
    struct buf *body = &service->body;

    body_packed_end(service);
    if (request->route != NULL && request->route->form != NULL &&
        form_has_secret(request->route->form) && body->data != NULL)
        secret_wipe(body->data, body->cap);
    buf_clear(body, kept(request));
    form_release(&service->form);
    form_release(&service->query);
    if (request->image_fd >= 0)
        close(request->image_fd);
    request->image_fd = -1;
    slots_give(request->slot);
    request->slot = -1;
    if (request->large != NULL)
        spool_start(&service->large);
    request->large = NULL;
}

void body_idle(struct service *service)
{
    buf_clear(&service->body, BODY_KEPT);
}
