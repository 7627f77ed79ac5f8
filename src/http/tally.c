/*
 * tally.c: what is counted of each request.
 */
#include "http/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "http/route.h"

/* Standard: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
static const char method_other[] = "_OTHER";

void tally_open(struct service *service)
{
    struct reason why;

    if (counters_open(HOME_COUNTERS, &service->counters, &why) != RESULT_OK)
        log_message("requests are not counted for /metrics: %s", why.text);
    service->series = calloc(route_count() + REQUEST_METHOD__MAX, sizeof(*service->series));
    counters_add(service->counters, COUNTER_STARTS);
}

void tally_close(struct service *service)
{
    counters_close(service->counters);
    free(service->series);
}

/* The series of a request: looked for once, and then kept. */
static size_t series_of(struct service *service, const struct request *request)
{
    const struct route *route = request->route;
    enum request_method method = route != NULL ? route->method : request->method;
    size_t *kept = service->series;
    char name[COUNTERS_NAME_MAX + 1];

    if (kept == NULL)
        return 0;
    kept += route != NULL ? (size_t)(route - route_at(0)) : route_count() + method;
    if (*kept != 0)
        return *kept;
    text_print(name, sizeof(name), "%s %s",
               method == REQUEST_METHOD_OTHER ? method_other : request_method_name(method),
               route != NULL ? route->path : "");
    *kept = counters_series(service->counters, name);
    return *kept;
}

void tally_name_parse(const char *name, char method[8], const char **path)
{
    size_t len = strcspn(name, " ");

    text_copy(method, len < 8 ? len + 1 : 8, name);
    *path = name[len] == ' ' ? name + len + 1 : "";
}

/* What a refusal is counted as where nobody has said; nothing of what is no refusal. */
static enum counter cause_of(const struct reply *reply)
{
    if (reply->cause != COUNTER_NONE)
        return reply->cause;
    switch (reply->status) {
    case REPLY_UNAUTHORIZED:
        return COUNTER_REFUSED_LOGIN;
    case REPLY_FORBIDDEN:
        return COUNTER_REFUSED_RIGHT;
    case REPLY_LIMITED:
        return COUNTER_REFUSED_THROTTLE;
    default:
        return COUNTER_NONE;
    }
}

void tally_request(struct service *service, const struct request *request,
                   const struct reply *reply, uint64_t duration_ns)
{
    enum counter cause = cause_of(reply);

    if (service->counters == NULL)
        return;
    counters_request(service->counters, series_of(service, request), reply_code(reply->status),
                     duration_ns);
    if (cause != COUNTER_NONE)
        counters_add(service->counters, cause);
}
