/*
 * reply.c: the answer to a request; the one room that knows HTTP's statuses.
 */
#include "http/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/text.h"

enum {
    BUFFER_KEPT = 64 << 10
};

static const struct {
    unsigned code;
    const char *title, *word;
} statuses[REPLY_STATUS__MAX] = {
    [REPLY_OK] = {200, "OK", "ok"},
    [REPLY_CREATED] = {201, "Created", "created"},
    [REPLY_ACCEPTED] = {202, "Accepted", "accepted"},
    [REPLY_NO_CONTENT] = {204, "No Content", "no_content"},
    [REPLY_NOT_MODIFIED] = {304, "Not Modified", "not_modified"},
    [REPLY_MALFORMED] = {400, "Bad Request", "bad_request"},
    [REPLY_UNAUTHORIZED] = {401, "Unauthorized", "unauthorized"},
    [REPLY_FORBIDDEN] = {403, "Forbidden", "forbidden"},
    [REPLY_NOT_FOUND] = {404, "Not Found", "not_found"},
    [REPLY_METHOD] = {405, "Method Not Allowed", "method_not_allowed"},
    [REPLY_CONFLICT] = {409, "Conflict", "conflict"},
    [REPLY_TOO_LARGE] = {413, "Content Too Large", "content_too_large"},
    [REPLY_TYPE] = {415, "Unsupported Media Type", "unsupported_media_type"},
    [REPLY_UNPROCESSABLE] = {422, "Unprocessable Content", "unprocessable_content"},
    [REPLY_LIMITED] = {429, "Too Many Requests", "too_many_requests"},
    [REPLY_INTERNAL] = {500, "Internal Server Error", "internal_error"},
    [REPLY_UNAVAILABLE] = {503, "Service Unavailable", "unavailable"},
};

static const enum reply_status result_statuses[RESULT__MAX] = {
    [RESULT_OK] = REPLY_OK,
    [RESULT_FAILED] = REPLY_INTERNAL,
    [RESULT_NOMEM] = REPLY_UNAVAILABLE,
    [RESULT_IO] = REPLY_UNAVAILABLE,
    [RESULT_FULL] = REPLY_UNAVAILABLE,
    [RESULT_BUSY] = REPLY_UNAVAILABLE,
    [RESULT_READONLY] = REPLY_UNAVAILABLE,
    [RESULT_DENIED] = REPLY_UNAVAILABLE,
    [RESULT_MISSING] = REPLY_UNAVAILABLE,
    [RESULT_EXISTS] = REPLY_CONFLICT,
    [RESULT_MALFORMED] = REPLY_UNAVAILABLE,
    [RESULT_INVALID] = REPLY_INTERNAL,
    [RESULT_TOO_BIG] = REPLY_INTERNAL,
};

static const char json_type[] = "application/json";
static const char no_store[] = "no-store";
static const char problem_type[] = "application/problem+json";

/* The problem type of draft-ietf-httpapi-ratelimit-headers-10, with its member. */
static const char quota_exceeded[] =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";

unsigned reply_code(enum reply_status status)
{
    return statuses[status].code;
}

const char *reply_title(enum reply_status status)
{
    return statuses[status].title;
}

bool reply_status_of(int64_t code, enum reply_status *status)
{
    for (int i = 0; i < REPLY_STATUS__MAX; i++)
        if (statuses[i].code == code) {
            *status = (enum reply_status)i;
            return true;
        }
    return false;
}

bool reply_is_good(enum reply_status status)
{
    return status <= REPLY_NOT_MODIFIED;
}

/* Whether no body goes with it (RFC 9110, sections 15.3.5 and 15.4.5). */
static bool is_bodiless(enum reply_status status)
{
    return status == REPLY_NO_CONTENT || status == REPLY_NOT_MODIFIED;
}

static void spool_drop(struct reply *reply)
{
    if (reply->spooled)
        spool_start(&reply->spool);
    reply->spooled = false;
}

struct spool *reply_spool(struct reply *reply, const char *type)
{
    reply->type = type;
    reply->spooled = true;
    spool_start(&reply->spool);
    return &reply->spool;
}

static bool piece_take(void *arg, const char *bytes, size_t len)
{
    buf_put(arg, bytes, len);
    return true;
}

void reply_unspool(struct reply *reply)
{
    struct reason why;
    enum result result = RESULT_OK;

    if (reply->spooled)
        result = spool_end(&reply->spool, &why);
    if (reply->spooled && result == RESULT_OK)
        result = spool_each(&reply->spool, piece_take, &reply->body, &why);
    spool_drop(reply);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

void reply_start(struct reply *reply)
{
    spool_drop(reply);
    reply->status = REPLY_OK;
    reply->dialect = REPLY_NATIVE;
    reply->word = NULL;
    reply->cause = COUNTER_NONE;
    reply->written = false;
    reply->type = json_type;
    reply->cache = no_store;
    reply->detail[0] = '\0';
    buf_clear(&reply->head, BUFFER_KEPT);
    buf_clear(&reply->headers, BUFFER_KEPT);
    reply->body.secret = true; /* it may be told a new key or a token */
    buf_clear(&reply->body, BUFFER_KEPT);
    buf_clear(&reply->errors, BUFFER_KEPT);
    buf_clear(&reply->policies, BUFFER_KEPT);
}

void reply_free(struct reply *reply)
{
    buf_free(&reply->head);
    buf_free(&reply->headers);
    buf_free(&reply->body);
    buf_free(&reply->errors);
    buf_free(&reply->policies);
    if (reply->spooled || reply->spool.memory.data != NULL)
        spool_free(&reply->spool);
    reply->spooled = false;
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
    buf_puts(&reply->headers, name);
    buf_puts(&reply->headers, ": ");
    buf_puts(&reply->headers, value);
    buf_puts(&reply->headers, "\r\n");
}

void reply_refuse(struct reply *reply, enum reply_status status, const char *format, ...)
{
    va_list args;

    reply->status = status;
    reply->word = NULL;
    reply->cause = COUNTER_NONE;
    reply->cache = no_store;
    reply->written = false;
    spool_drop(reply);
    buf_clear(&reply->body, BUFFER_KEPT);
    buf_clear(&reply->headers, BUFFER_KEPT);
    buf_clear(&reply->policies, BUFFER_KEPT);
    if (status != REPLY_UNPROCESSABLE)
        buf_clear(&reply->errors, BUFFER_KEPT);
    va_start(args, format);
    text_print_list(reply->detail, sizeof(reply->detail), format, args);
    va_end(args);
    if (status == REPLY_UNAUTHORIZED)
        reply_header(reply, "WWW-Authenticate", "Bearer realm=\"forestgate\"");
    if (status == REPLY_UNAVAILABLE)
        reply_retry_after(reply, 1);
}

void reply_fault(struct reply *reply, const char *field, const char *problem,
                 const char *allowed)
{
    struct json_writer writer;

    if (reply->status != REPLY_UNPROCESSABLE) {
        buf_clear(&reply->errors, BUFFER_KEPT);
        reply_refuse(reply, REPLY_UNPROCESSABLE, "%s%s%s.", field, field[0] != '\0' ? ": " : "",
                     problem);
    }
    writer = json_writer_on(&reply->errors);
    writer.comma = reply->errors.len > 0;
    json_write_object(&writer);
    json_member_string(&writer, "field", field);
    json_member_string(&writer, "problem", problem);
    json_member_string(&writer, "allowed", allowed);
    json_write_object_end(&writer);
}

void reply_error_word(struct reply *reply, const char *word)
{
    reply->word = word;
}

void reply_retry_after(struct reply *reply, int64_t seconds)
{
    buf_puts(&reply->headers, "Retry-After: ");
    buf_put_u64(&reply->headers, (uint64_t)seconds);
    buf_puts(&reply->headers, "\r\n");
}

void reply_refuse_result(struct reply *reply, enum result result, const struct reason *why)
{
    log_message("%s: %s", result_text(result), why->text);
    if (result_statuses[result] == REPLY_CONFLICT)
        reply_refuse(reply, REPLY_CONFLICT,
                     "There is one already, or something else needs it as it is.");
    else if (result_statuses[result] == REPLY_UNAVAILABLE)
        reply_refuse(reply, REPLY_UNAVAILABLE, "The service cannot answer now (%s). Try again.",
                     result_text(result));
    else
        reply_refuse(reply, REPLY_INTERNAL, "Something went wrong here; it has been logged.");
}

void reply_refuse_memory(struct reply *reply)
{
    reply_refuse(reply, REPLY_UNAVAILABLE, "The service is out of memory. Try again.");
}

/* The member error: a word for programs, or a sentence for their users. */
static const char *error_text(const struct reply *reply)
{
    if (reply->dialect != REPLY_NATIVE)
        return reply->detail;
    return reply->word != NULL ? reply->word : statuses[reply->status].word;
}

/* What MLflow's scoring server calls it (mlflow/protos/databricks.proto, ErrorCode). */
static const char *invocations_code(enum reply_status status)
{
    switch (status) {
    case REPLY_UNAUTHORIZED:
        return "UNAUTHENTICATED";
    case REPLY_FORBIDDEN:
        return "PERMISSION_DENIED";
    case REPLY_NOT_FOUND:
        return "RESOURCE_DOES_NOT_EXIST";
    case REPLY_LIMITED:
        return "REQUEST_LIMIT_EXCEEDED";
    case REPLY_INTERNAL:
        return "INTERNAL_ERROR";
    case REPLY_UNAVAILABLE:
        return "TEMPORARILY_UNAVAILABLE";
    default:
        return "BAD_REQUEST";
    }
}

static void problem_write(struct reply *reply, const char *request_id, int64_t wall_us)
{
    struct json_writer writer = json_writer_on(&reply->body);
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339(time, wall_us);
    json_write_object(&writer);
    json_member_string(&writer, "type",
                       reply->policies.len > 0 ? quota_exceeded : "about:blank");
    json_member_string(&writer, "title", reply_title(reply->status));
    json_member_u64(&writer, "status", reply_code(reply->status));
    json_member_string(&writer, "error", error_text(reply));
    if (reply->dialect == REPLY_INVOCATIONS) {
        json_member_string(&writer, "error_code", invocations_code(reply->status));
        json_member_string(&writer, "message", reply->detail);
    }
    if (reply->word != NULL)
        json_member_string(&writer, "error_description", reply->detail);
    json_member_string(&writer, "detail", reply->detail);
    if (reply->errors.len > 0) {
        json_write_key(&writer, "errors");
        json_write_array(&writer);
        json_write_raw(&writer, reply->errors.data, reply->errors.len);
        json_write_array_end(&writer);
    }
    if (reply->policies.len > 0) {
        json_write_key(&writer, "violated-policies");
        json_write_array(&writer);
        json_write_raw(&writer, reply->policies.data, reply->policies.len);
        json_write_array_end(&writer);
    }
    json_member_string(&writer, "request_id", request_id);
    json_member_string(&writer, "timestamp", time);
    json_write_object_end(&writer);
    reply->type = problem_type;
}

void reply_write(struct reply *reply, const char *request_id, int64_t wall_us)
{
    if (!reply_is_good(reply->status) && !reply->written)
        problem_write(reply, request_id, wall_us);
    reply->written = true;
}

uint64_t reply_bytes(const struct reply *reply)
{
    if (is_bodiless(reply->status))
        return 0;
    return reply->spooled ? spool_len(&reply->spool) : reply->body.len;
}

static void head_write(struct reply *reply, const struct reply_frame *frame)
{
    struct buf *head = &reply->head;

    buf_puts(head, "Status: ");
    buf_put_u64(head, reply_code(reply->status));
    buf_putc(head, ' ');
    buf_puts(head, reply_title(reply->status));
    if (!is_bodiless(reply->status)) {
        buf_puts(head, "\r\nContent-Type: ");
        buf_puts(head, reply->type);
        buf_puts(head, "\r\nContent-Length: ");
        buf_put_u64(head, reply_bytes(reply));
    }
    buf_puts(head, "\r\nX-Request-ID: ");
    buf_puts(head, frame->request_id);
    if (frame->trace != NULL) {
        /* The one by the W3C's draft, the other where people look who know the request's. */
        buf_puts(head, "\r\ntraceresponse: ");
        buf_puts(head, frame->trace);
        buf_puts(head, "\r\ntraceparent: ");
        buf_puts(head, frame->trace);
    }
    buf_puts(head, "\r\nX-Process-Time: ");
    buf_put_seconds(head, frame->duration_ns / 1000);
    buf_puts(head, "\r\nCache-Control: ");
    buf_puts(head, reply->cache);
    buf_puts(head, "\r\n");
    buf_put(head, reply->headers.data, reply->headers.len);
    buf_puts(head, "\r\n");
}

void reply_settle(struct reply *reply)
{
    enum result result;
    struct reason why;

    if (reply->spooled && (result = spool_end(&reply->spool, &why)) != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    if (buf_failed(&reply->body) || buf_failed(&reply->errors) || buf_failed(&reply->headers) ||
        buf_failed(&reply->policies))
        reply_refuse_memory(reply);
}

static bool piece_send(void *arg, const char *bytes, size_t len)
{
    return fcgi_write(arg, bytes, len);
}

static void body_send(const struct reply *reply, struct fcgi *fcgi)
{
    struct reason why;

    if (!reply->spooled)
        fcgi_write(fcgi, reply->body.data, reply->body.len);
    else if (spool_each(&reply->spool, piece_send, fcgi, &why) != RESULT_OK)
        log_message("an answer was cut short: %s", why.text);
}

void reply_send(struct reply *reply, struct fcgi *fcgi, const struct reply_frame *frame)
{
    static const char no_head[] = "Status: 503 Service Unavailable\r\n\r\n";

    reply_settle(reply);
    reply_write(reply, frame->request_id, frame->wall_us);
    if (buf_failed(&reply->body))
        buf_clear(&reply->body, 0); /* the status says it all */
    head_write(reply, frame);
    if (buf_failed(&reply->head)) {
        fcgi_write(fcgi, no_head, sizeof(no_head) - 1);
        return;
    }
    if (fcgi_write(fcgi, reply->head.data, reply->head.len) && !frame->head &&
        !is_bodiless(reply->status))
        body_send(reply, fcgi);
}
