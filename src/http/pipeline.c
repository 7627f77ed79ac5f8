/*
 * pipeline.c: one request through the rooms, in one direction:
 *
 *     accept -> route -> address limits -> credential -> address -> scope -> model of the
 *       path -> limits -> query -> body -> models -> handler -> kept -> settled -> reply
 *       -> log
 *
 * Each room either lets the request on or writes the refusal.  Behind the limits a call is
 * in hand, and is settled before its answer goes out, whatever became of it.
 */
#include "http/pipeline.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/seal.h"
#include "gate/token.h"
#include "http/auth.h"
#include "http/body.h"
#include "http/examples_kept.h"
#include "http/idempotency.h"
#include "http/input.h"
#include "http/limit.h"
#include "http/metered.h"
#include "http/place.h"
#include "http/prefer.h"
#include "http/route.h"
#include "http/tally.h"

enum {
    SECOND_US = 1000000,
    SECRET_LONG = 24, /* characters that a secret has at least, cut short or not */
    SECRET_SHOWN = 8,
    METHOD_SHOWN_MAX = 20,
    AGENT_SHOWN_MAX = 255,
    LARGEST_UNKNOWN =
        64 << 20 /* a body, where the settings are not known: as they are at first */
};

enum result service_open(struct service *service, const struct home *entered,
                         struct reason *why)
{
    enum result result;

    memset(service, 0, sizeof(*service));
    service->opened_ns = clock_mono_ns();
    service->home = *entered;
    log_messages_ecs(entered->config.log_format == CONFIG_LOG_ECS);
    result = home_open(&service->home, DB_WORKER, why);
    if (result == RESULT_OK)
        result =
            log_open(HOME_ACCESS_LOG, (enum config_log_format)service->home.config.log_format,
                     &service->log, why);
    if (result == RESULT_OK) {
        tally_open(service);
        result = tokens_open(&service->home.config, &service->tokens, why);
    }
    if (result == RESULT_OK)
        result = keyring_new(&service->home, service->tokens, &service->keyring, why);
    if (result == RESULT_OK)
        result = seal_open(HOME_SEAL_KEYS, &service->seal, why);
    if (result == RESULT_OK)
        result = meter_open(&service->home, &service->meter, why);
    if (result == RESULT_OK)
        result = registry_new(&service->home, &service->registry, why);
    if (result == RESULT_OK)
        result = shadow_new(&service->home, &service->shadow, why);
    if (result == RESULT_OK)
        result = keeper_new(&service->home, &service->keeper, why);
    if (result == RESULT_OK)
        result = input_new(&service->input, why);
    if (result == RESULT_OK)
        result = fcgi_new(&service->fcgi, why);
    return result;
}

void service_close(struct service *service)
{
    fcgi_free(service->fcgi);
    keyed_free(service->keyed);
    input_free(service->input);
    examples_kept_free(service->examples);
    shadow_free(service->shadow);
    keeper_free(service->keeper);
    registry_free(service->registry);
    keyring_free(service->keyring);
    tokens_close(service->tokens);
    seal_close(service->seal);
    meter_close(service->meter);
    tally_close(service);
    log_close(service->log);
    home_close(&service->home);
    buf_free(&service->body);
    spool_free(&service->large);
    form_free(&service->form);
    form_free(&service->query);
    reply_free(&service->reply);
}

/* Whether a credential of this request has to be looked at. */
static bool asks_credential(const struct service *service, const struct route *route)
{
    if (route->credential == ROUTE_OPTIONAL)
        return auth_is_given(service);
    return route->credential != ROUTE_OPEN;
}

/* Whether what is asked is to be made as a job. */
static bool is_for_later(const struct service *service, const struct route *route)
{
    const char *prefer = fcgi_param(service->fcgi, FCGI_PREFER);

    return route->defers == ROUTE_DEFERS_ALWAYS || (prefer != NULL && prefer_async(prefer));
}

/*
 * Who may come in at all.  An address is counted as a stranger's unless a credential of
 * its was accepted, so that nobody is shut out who has one; health is asked by machines
 * that count on an answer.
 */
static bool enter(struct service *service, struct request *request, struct reply *reply)
{
    const struct route *route = request->route = route_find(request, reply);
    bool asks = route != NULL && asks_credential(service, route);

    if (!place_is_safe(service, reply))
        return false;
    if (fcgi_has_control(service->fcgi)) {
        if (limit_address(service, request, LEDGER_WATCH_ALL, reply))
            reply_refuse(reply, REPLY_MALFORMED, "A header has a control character.");
        return false;
    }
    if (route != NULL && route->defers != ROUTE_DEFERS_NOT)
        request->later = is_for_later(service, route);
    if (route != NULL && route->uncounted && !asks)
        return true;
    if (!limit_address(service, request, LEDGER_WATCH_ALL, reply))
        return false;
    if (asks && auth_caller(service, request, reply))
        return auth_may_enter(request, reply);
    if (reply->status == REPLY_UNAVAILABLE) /* whether it is accepted is not known */
        return false;
    return limit_address(service, request, LEDGER_WATCH_STRANGERS, reply) && route != NULL &&
           !asks;
}

/*
 * Who it is that may change something now, for the audit trail: a guest is somebody without
 * a credential.  An open route's handler that finds out who calls says so itself.
 */
static void name_actor(struct service *service, const struct request *request)
{
    static const char *const kinds[] = {
        [CALLER_KEY] = "key:", [CALLER_TOKEN] = "user:", [CALLER_OUTSIDE] = "outside:"};
    const struct caller *caller = &request->caller;
    const char *id = caller->way == CALLER_KEY ? caller->key_id : caller->account;
    const char *kind = caller->account[0] != '\0' ? kinds[caller->way] : "guest";
    struct actor *actor = &service->home.actor;
    size_t len = strlen(kind);

    text_copy(actor->name, sizeof(actor->name), kind);
    text_copy(actor->name + len, sizeof(actor->name) - len, id);
    text_copy(actor->address, sizeof(actor->address), request->address);
    text_copy(actor->request_id, sizeof(actor->request_id), request->id);
}

/* A request, whose caller may have lost a right in the meantime. */
struct asker {
    struct service *service;
    struct request *request;
};

static enum result ask_again(void *arg, struct reason *why)
{
    const struct asker *asker = arg;

    return auth_still_may(asker->service, asker->request, why);
}

/* Who is nobody, on an open route, is asked nothing. */
static void handle(struct service *service, struct request *request, struct reply *reply)
{
    struct asker asker = {service, request};

    if (request->caller.account[0] != '\0') {
        service->home.may_change.ask = ask_again;
        service->home.may_change.arg = &asker;
    }
    reply->status = request->route->good;
    request->route->handle(service, request, reply);
    memset(&service->home.may_change, 0, sizeof(service->home.may_change));
    if (request->lapsed)
        auth_refuse_lapsed(service, request, reply);
}

/* The rooms before the handler.  False: the refusal is written. */
static bool admit(struct service *service, struct request *request, struct reply *reply)
{
    struct reason why;
    enum result result;

    if (!enter(service, request, reply))
        return false;
    name_actor(service, request);
    if (request->name != NULL &&
        !auth_may_use(request, request->name, request->name_len, reply))
        return false;
    if (request->route->metered && !metered_begin(service, request, reply) &&
        !idempotency_admit(service, request, reply))
        return false;
    if (!idempotency_read(service, request, reply))
        return false;
    if (!body_query(service, request, reply) || !body_read(service, request, reply))
        return false;
    if (request->route->credential == ROUTE_OPEN)
        return true;
    result = registry_refresh(service->registry, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK &&
           (request->keyed == NULL || idempotency_begin(service, request, reply));
}

/* Whether one of our secrets may begin here: a key, an invitation, a token of either kind. */
static bool begins_secret(const char *text)
{
    static const char *const begins[] = {"fg_", "fgi_", "fgr_", "eyJ"};

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        if (strncmp(text, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

/* The path with the beginnings alone of secrets that somebody has put into it. */
static void path_print(const char *path, char out[REQUEST_PATH_MAX + 1])
{
    static const char of_secrets[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.";
    size_t put = 0, run;

    for (; *path != '\0'; path += run) {
        run = begins_secret(path) ? strspn(path, of_secrets) : 1;
        if (run < SECRET_LONG) {
            memcpy(out + put, path, run);
            put += run;
        } else {
            memcpy(out + put, path, SECRET_SHOWN);
            memcpy(out + put + SECRET_SHOWN, "...", 3);
            put += SECRET_SHOWN + 3;
        }
    }
    out[put] = '\0';
}

/* The program that asks, as far as it is of use, with secrets cut as in the path. */
static void agent_print(const char *text, char out[REQUEST_PATH_MAX + 1])
{
    char start[AGENT_SHOWN_MAX + 1];

    text_copy(start, sizeof(start), text != NULL ? text : "");
    path_print(start, out);
}

/* A method as the client has it, if it looks like one; else somebody has put a secret there. */
static const char *method_shown(const char *method)
{
    static const char of_methods[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-";
    size_t len = method != NULL ? strspn(method, of_methods) : 0;

    return len > 0 && len <= METHOD_SHOWN_MAX && method[len] == '\0'
               ? method
               : request_method_name(REQUEST_METHOD_OTHER);
}

static void write_log(const struct service *service, const struct request *request,
                      uint64_t duration_ns)
{
    char path[REQUEST_PATH_MAX + 1], agent[REQUEST_PATH_MAX + 1];
    /* The path of a route without variables is the route's, letter by letter. */
    bool is_own = request->route != NULL && strchr(request->route->path, '{') == NULL;
    struct log_entry entry = {
        .wall_us = request->wall_us,
        .duration_ns = duration_ns,
        .address = request->address,
        .method = method_shown(fcgi_param(service->fcgi, FCGI_METHOD)),
        .path = is_own ? request->path : path,
        .request_id = request->id,
        .key = request->caller.mask[0] != '\0' ? request->caller.mask : NULL,
        .trace_id = request->trace.given ? request->trace.id : NULL,
        .span_id = request->trace.given ? request->trace.span : NULL,
        .protocol = fcgi_param(service->fcgi, FCGI_PROTOCOL),
        .agent = agent,
        .bytes = request->head ? 0 : reply_bytes(&service->reply),
        .status = reply_code(service->reply.status),
        .warning = request->refused_credential,
    };

    agent[0] = '\0';
    if (service->home.config.log_format == CONFIG_LOG_COMBINED)
        agent_print(fcgi_param(service->fcgi, FCGI_USER_AGENT), agent);
    if (!is_own)
        path_print(request->path, path);
    log_write(service->log, &entry);
}

/* What is due between two requests. */
static void tend(struct service *service, int64_t wall_us)
{
    meter_tend(service->meter);
    shadow_tend(service->shadow);
    idempotency_tend(service, wall_us / SECOND_US);
    keeper_tend(service->keeper);
}

/* Returns when the request came, as wall time. */
static int64_t serve(struct service *service)
{
    struct reply *reply = &service->reply;
    char traced[TRACE_TEXT_LEN + 1];
    struct reply_frame frame;
    struct request request;

    counters_busy(service->counters, true);
    request_start(&request, service);
    reply_start(reply);
    reply->dialect = route_dialect(request.path);
    if (admit(service, &request, reply))
        handle(service, &request, reply);
    reply_settle(reply);
    if (request.keyed != NULL)
        idempotency_end(service, &request, reply);
    if (request.metered)
        metered_end(service, &request, reply);
    limit_headers(&request, reply);
    frame = (struct reply_frame){
        .request_id = request.id,
        .wall_us = request.wall_us,
        .duration_ns = clock_mono_ns() - request.start_ns,
        .head = request.head,
    };
    if (request.trace.given) {
        trace_print(&request.trace, traced);
        frame.trace = traced;
    }
    tally_request(service, &request, reply, frame.duration_ns);
    /* A large result is fetched by a request that has no body: it holds no worker for ever. */
    if (reply->spooled)
        fcgi_set_patience(service->fcgi, service->home.config.bulk_stall);
    reply_send(reply, service->fcgi, &frame);
    write_log(service, &request, frame.duration_ns);
    fcgi_finish(service->fcgi, body_largest(&service->home.config));
    shadow_compare(service->shadow, reply_is_good(reply->status));
    keeper_end(service->keeper, reply_is_good(reply->status));
    body_release(service, &request);
    input_release(service->input);
    reply_start(reply);
    if (!fcgi_is_cgi())
        tend(service, request.wall_us);
    counters_busy(service->counters, false);
    return request.wall_us;
}

void service_refuse(void)
{
    struct service service = {0};
    struct reply_frame frame;
    struct request request;

    if (!fcgi_is_cgi() || fcgi_new(&service.fcgi, NULL) != RESULT_OK)
        return;
    fcgi_accept(service.fcgi);
    request_start(&request, &service);
    reply_start(&service.reply);
    reply_refuse(&service.reply, REPLY_UNAVAILABLE,
                 "The service cannot answer now. Try again.");
    frame = (struct reply_frame){
        .request_id = request.id, .wall_us = request.wall_us, .head = request.head};
    reply_send(&service.reply, service.fcgi, &frame);
    fcgi_finish(service.fcgi, LARGEST_UNKNOWN);
    fcgi_free(service.fcgi);
    reply_free(&service.reply);
}

/* Looked at once a second: see epoch_is_orphan(). */
static bool home_was_replaced(struct service *service, int64_t second)
{
    if (second == service->looked_second)
        return false;
    service->looked_second = second;
    if (db_is_read_only(service->home.db)) /* logins and administration bring in no call */
        home_reopen_database(&service->home, NULL);
    return home_is_orphan(&service->home) || meter_is_orphan(service->meter) ||
           counters_is_orphan(service->counters);
}

bool service_run(struct service *service)
{
    enum fcgi_next next;
    int64_t wall_us;

    while ((next = fcgi_accept(service->fcgi)) != FCGI_NEXT_END) {
        if (next == FCGI_NEXT_REQUEST) {
            wall_us = serve(service);
        } else {
            wall_us = clock_wall_us();
            tend(service, wall_us);
            keeper_idle(service->keeper);
            body_idle(service);
        }
        if (home_was_replaced(service, wall_us / SECOND_US)) {
            log_message("a file of the home was replaced under a worker, which ends");
            return false;
        }
        if (meter_is_stuck(service->meter)) {
            log_message("a call could not be ended here; another process will end it");
            return false;
        }
    }
    return fcgi_is_cgi() || fcgi_stopped();
}
