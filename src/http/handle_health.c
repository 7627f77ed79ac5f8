/*
 * handle_health.c: whether the service is well.
 */
#include "base/clock.h"
#include "base/json_write.h"
#include "http/handlers.h"
#include "http/input.h"

static void status_write(const struct request *request, struct reply *reply, const char *status)
{
    struct json_writer writer = json_writer_on(&reply->body);
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339(time, request->wall_us);
    json_write_object(&writer);
    json_member_string(&writer, "status", status);
    json_member_string(&writer, "timestamp", time);
    json_member_string(&writer, "version", FORESTGATE_VERSION);
    json_write_object_end(&writer);
}

void handle_health(struct service *service, struct request *request, struct reply *reply)
{
    (void)service;
    status_write(request, reply, "healthy");
}

void handle_live(struct service *service, struct request *request, struct reply *reply)
{
    (void)service;
    status_write(request, reply, "alive");
}

/* Ready: the database answers, there is a default model, and every model is loaded. */
void handle_ready(struct service *service, struct request *request, struct reply *reply)
{
    struct reason why;
    enum result result = registry_refresh(service->registry, &why);

    if (result != RESULT_OK) {
        reply_refuse_result(reply, result, &why);
        return;
    }
    if (registry_default(service->registry) == NULL) {
        input_refuse_default(service, reply);
        return;
    }
    for (size_t i = 0; i < registry_count(service->registry); i++)
        if (registry_at(service->registry, i)->image == NULL) {
            reply_refuse(reply, REPLY_UNAVAILABLE, "A published model cannot be served.");
            return;
        }
    status_write(request, reply, "ready");
}
