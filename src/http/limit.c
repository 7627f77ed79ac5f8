/*
 * limit.c: limits as a client sees them.
 */
#include "http/limit.h"

#include <inttypes.h>

#include "base/json_write.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/meter.h"

static const char address_policy[] = "address";

/* The name of a policy: that of its limit, or "address". */
static void policy_name(char out[LIMIT_NAME_MAX], const struct ledger_verdict *verdict,
                        size_t i, const char *fixed)
{
    if (fixed != NULL)
        text_copy(out, LIMIT_NAME_MAX, fixed);
    else
        limit_name(out, &verdict->standings[i].limit);
}

/*
 * Seconds until more remain, of which there are no more than the window has: a call that was
 * counted this instant leaves it a nanosecond after that.
 */
static uint64_t reset_of(const struct ledger_standing *standing)
{
    return (uint64_t)(standing->reset_s < standing->window_s ? standing->reset_s
                                                             : standing->window_s);
}

/* The two fields: lists of strings with parameters, by RFC 9651. */
static void fields_write(struct reply *reply, const struct ledger_verdict *verdict,
                         const char *fixed, bool by_row)
{
    struct buf *out = &reply->headers;
    char names[LIMITS_MAX][LIMIT_NAME_MAX];

    buf_puts(out, "RateLimit-Policy: ");
    for (size_t i = 0; i < verdict->count; i++) {
        const struct ledger_standing *standing = &verdict->standings[i];

        policy_name(names[i], verdict, i, fixed);
        buf_puts(out, i == 0 ? "\"" : ", \"");
        buf_puts(out, names[i]);
        buf_puts(out, "\";q=");
        buf_put_u64(out, (uint64_t)standing->limit.count);
        buf_puts(out, ";w=");
        buf_put_u64(out, (uint64_t)standing->window_s);
        if (by_row && standing->limit.kind != LIMIT_RATE)
            buf_puts(out, ";qu=\"rows\"");
    }
    buf_puts(out, "\r\nRateLimit: ");
    for (size_t i = 0; i < verdict->count; i++) {
        buf_puts(out, i == 0 ? "\"" : ", \"");
        buf_puts(out, names[i]);
        buf_puts(out, "\";r=");
        buf_put_u64(out, (uint64_t)verdict->standings[i].remaining);
        buf_puts(out, ";t=");
        buf_put_u64(out, reset_of(&verdict->standings[i]));
    }
    buf_puts(out, "\r\n");
}

void limit_headers(const struct request *request, struct reply *reply)
{
    if (request->verdict.count > 0 && !request->caller.shadow)
        fields_write(reply, &request->verdict, NULL, request->caller.price == TIER_PRICE_ROW);
}

/* What was exceeded, for a person: "100 calls in 60 s and 1000 rows a day". */
static void exceeded_print(char *out, size_t size, const struct ledger_verdict *verdict,
                           const char *what, bool by_row)
{
    struct buf text = {0};
    bool some = false;

    for (size_t i = 0; i < verdict->count; i++) {
        const struct limit *limit = &verdict->standings[i].limit;

        if ((verdict->exceeded >> i & 1) == 0)
            continue;
        buf_printf(&text, "%s%" PRId64 " %s", some ? " and " : "", limit->count,
                   by_row && limit->kind != LIMIT_RATE ? "rows" : what);
        if (limit->kind == LIMIT_RATE)
            buf_printf(&text, " in %" PRId64 " s", limit->seconds);
        else
            buf_puts(&text, limit->kind == LIMIT_DAY ? " a day (UTC)" : " a month (UTC)");
        some = true;
    }
    text_copy(out, size, text.data != NULL ? text.data : "");
    buf_free(&text);
}

/* The refusal, with the names of what was exceeded, and when to come again. */
static void refuse(struct reply *reply, const struct ledger_verdict *verdict, const char *fixed,
                   bool by_row)
{
    struct json_writer writer;
    char name[LIMIT_NAME_MAX], exceeded[256];

    exceeded_print(exceeded, sizeof(exceeded), verdict, fixed != NULL ? "requests" : "calls",
                   by_row);
    if (verdict->never)
        reply_refuse(reply, REPLY_TOO_LARGE,
                     "This call is more than the whole of what the key may have: %s.",
                     exceeded);
    else
        reply_refuse(reply, REPLY_LIMITED,
                     "The limit of %s is reached. Try again in %" PRId64 " s.", exceeded,
                     verdict->retry_s);
    reply->cause = fixed != NULL ? COUNTER_REFUSED_ADDRESS_RATE : COUNTER_REFUSED_QUOTA;
    writer = json_writer_on(&reply->policies);
    for (size_t i = 0; i < verdict->count; i++)
        if (verdict->exceeded >> i & 1) {
            if (fixed == NULL && verdict->standings[i].limit.kind == LIMIT_RATE)
                reply->cause = COUNTER_REFUSED_RATE;
            policy_name(name, verdict, i, fixed);
            json_write_string(&writer, name);
        }
    if (!verdict->never)
        reply_retry_after(reply, verdict->retry_s);
}

void limit_refuse(const struct request *request, struct reply *reply)
{
    refuse(reply, &request->verdict, NULL, request->caller.price == TIER_PRICE_ROW);
}

bool limit_address(struct service *service, struct request *request, enum ledger_watch watch,
                   struct reply *reply)
{
    static const struct addr unknown; /* all whose address nobody knows count as one */
    const struct rate *rate = watch == LEDGER_WATCH_ALL ? &service->home.config.address_rate_all
                                                        : &service->home.config.address_rate;
    struct ledger_verdict verdict;
    enum result result;
    struct reason why;

    if (rate->count == 0)
        return true;
    result = meter_address(service->meter, watch,
                           request->address[0] != '\0' ? &request->from : &unknown, rate,
                           &verdict, &why);
    if (result == RESULT_OK)
        return true;
    if (result != RESULT_DENIED) {
        reply_refuse_result(reply, result, &why);
        return false;
    }
    refuse(reply, &verdict, address_policy, false);
    fields_write(reply, &verdict, address_policy, false);
    return false;
}
