/*
 * handle_status.c: who calls, what the service offers, and how it is in detail.
 *
 * No key, digest, address, name of a person or path is in any of it.
 */
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/text.h"
#include "gate/counters.h"
#include "gate/meter.h"
#include "gate/sandbox.h"
#include "gate/seats.h"
#include "gate/token.h"
#include "gate/user.h"
#include "http/handlers.h"
#include "http/me.h"
#include "http/sealed.h"
#include "http/show.h"
#include "store/jobs.h"

/* ---- who calls ---- */

/* What is told of a caller beside what struct caller has. */
struct identity {
    char username[USER_USERNAME_MAX + 1]; /* or an outside token's name; empty for none */
    const char *role;                     /* NULL: no user's */
    char tier[TIER_NAME_MAX + 1];
};

/* False with the refusal written. */
static bool identity_read(struct service *service, const struct request *request,
                          struct identity *identity, struct reply *reply)
{
    const struct caller *caller = &request->caller;
    struct user_row user;
    struct key_row key;
    enum result result;
    struct reason why;

    memset(identity, 0, sizeof(*identity));
    if (caller->user[0] != '\0') {
        if (!me_user_read(service, request, &user, reply))
            return false;
        text_copy(identity->username, sizeof(identity->username), user.username);
        text_copy(identity->tier, sizeof(identity->tier), user.tier);
        identity->role = user_role_name(user.role);
        return true;
    }
    if (caller->way != CALLER_KEY) {
        text_copy(identity->username, sizeof(identity->username), caller->name);
        text_copy(identity->tier, sizeof(identity->tier), service->home.config.jwks_tier);
        identity->role = user_role_name(caller->admin ? USER_ROLE_ADMIN : USER_ROLE_USER);
        return true;
    }
    result = key_row_get(service->home.db, caller->key_id, &key, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    else
        text_copy(identity->tier, sizeof(identity->tier), key.tier);
    return result == RESULT_OK;
}

void handle_protected(struct service *service, struct request *request, struct reply *reply)
{
    static const char *const ways[] = {
        [CALLER_KEY] = "key", [CALLER_TOKEN] = "token", [CALLER_OUTSIDE] = "outside"};
    const struct caller *caller = &request->caller;
    struct json_writer writer = json_writer_on(&reply->body);
    char scopes[KEY_SCOPES_MAX + 1];
    struct identity identity;

    if (!identity_read(service, request, &identity, reply))
        return;
    key_scopes_print(scopes, caller->scopes);
    json_write_object(&writer);
    json_member_string(&writer, "way", ways[caller->way]);
    show_text(&writer, "key", caller->key_id);
    json_member_string(&writer, "masked_key", caller->way == CALLER_KEY ? caller->mask : NULL);
    show_text(&writer, "user", caller->user);
    show_text(&writer, "username", identity.username);
    json_member_string(&writer, "role", identity.role);
    json_member_string(&writer, "scopes", scopes);
    json_member_string(&writer, "models", caller->models);
    show_text(&writer, "tier", identity.tier);
    json_write_object_end(&writer);
}

/* ---- what is offered ---- */

/* The start that these answers have in common. */
static void start_write(struct json_writer *writer, const struct request *request,
                        const char *status)
{
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339(time, request->wall_us);
    json_write_object(writer);
    json_member_string(writer, "status", status);
    json_member_string(writer, "version", FORESTGATE_VERSION);
    json_member_string(writer, "timestamp", time);
}

/* A member "models": those that the caller may use, and whether each can be asked. */
static void models_write(struct json_writer *writer, const struct service *service,
                         const struct caller *caller)
{
    json_write_key(writer, "models");
    json_write_array(writer);
    for (size_t i = 0; i < registry_count(service->registry); i++) {
        const struct model *model = registry_at(service->registry, i);

        if (!key_models_have(caller->models, model->row.name, strlen(model->row.name)))
            continue;
        json_write_object(writer);
        json_member_string(writer, "name", model->row.name);
        json_member_i64(writer, "version", model->row.version);
        json_member_string(writer, "state", model->image != NULL ? "ready" : "unavailable");
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

/* Whether people make their own accounts: the words of the setting. */
static const char *const registrations[] = {
    [CONFIG_REGISTRATION_OPEN] = "open",
    [CONFIG_REGISTRATION_CLOSED] = "closed",
    [CONFIG_REGISTRATION_INVITATION] = "invitation",
};

static void authentication_write(struct json_writer *writer, const struct service *service,
                                 const struct request *request, bool authenticated)
{
    char path[REQUEST_MOUNT_MAX + 16];

    request_link(request, path, sizeof(path), "/auth/token");
    json_write_key(writer, "authentication");
    json_write_object(writer);
    json_member_bool(writer, "authenticated", authenticated);
    json_write_key(writer, "ways");
    json_write_array(writer);
    json_write_string(writer, "X-API-Key: KEY");
    json_write_string(writer, "Authorization: Bearer KEY");
    json_write_string(writer, "Authorization: Bearer TOKEN");
    json_write_array_end(writer);
    json_member_string(writer, "token_url", path);
    json_member_string(writer, "registration",
                       registrations[service->home.config.registration]);
    json_write_object_end(writer);
}

void handle_status(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    bool authenticated = request->caller.account[0] != '\0';
    enum result result = RESULT_OK;
    struct reason why;

    start_write(&writer, request, "healthy");
    json_member_string(&writer, "interface", fcgi_is_cgi() ? "cgi" : "fastcgi");
    authentication_write(&writer, service, request, authenticated);
    if (authenticated) {
        models_write(&writer, service, &request->caller);
        result = me_limits_write(service, &request->caller, &writer, &why);
    }
    json_write_object_end(&writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- how it is ---- */

/* How the parts are that a call needs. */
struct state {
    bool writable;      /* the database has just taken a write, or is about to */
    bool seals, tokens; /* whether the keys of the home are there */
    bool space_known;
    struct ledger_state ledger;
    struct statvfs disk;
};

static void state_read(struct service *service, struct state *state)
{
    struct reason why;
    enum result result = meter_write_check(service->meter, &why);

    meter_state(service->meter, &state->ledger);
    state->writable =
        result == RESULT_OK || (result == RESULT_BUSY && state->ledger.refused_at == 0);
    state->seals = sealed_ready(service);
    state->tokens = tokens_refresh(service->tokens, &why) == RESULT_OK;
    state->space_known = statvfs(".", &state->disk) == 0;
}

static bool models_ready(const struct service *service)
{
    bool ready = registry_default(service->registry) != NULL;

    for (size_t i = 0; i < registry_count(service->registry); i++)
        ready = ready && registry_at(service->registry, i)->image != NULL;
    return ready;
}

static void parts_write(struct json_writer *writer, const struct state *state)
{
    json_write_key(writer, "database");
    json_write_object(writer);
    json_member_i64(writer, "schema", db_schema(DB_HOME));
    json_member_bool(writer, "writable", state->writable);
    json_write_object_end(writer);
    json_write_key(writer, "ledger");
    json_write_object(writer);
    json_member_i64(writer, "waiting", state->ledger.last - state->ledger.drained);
    json_member_u64(writer, "room", state->ledger.journal);
    json_member_u64(writer, "in_hand", state->ledger.open);
    json_write_object_end(writer);
    json_write_key(writer, "keys");
    json_write_object(writer);
    json_member_bool(writer, "sealing", state->seals);
    json_member_bool(writer, "token", state->tokens);
    json_write_object_end(writer);
}

static void disk_write(struct json_writer *writer, const struct state *state)
{
    json_write_key(writer, "disk");
    if (!state->space_known) {
        json_write_null(writer);
        return;
    }
    json_write_object(writer);
    json_member_u64(writer, "total_bytes",
                    (uint64_t)state->disk.f_blocks * state->disk.f_frsize);
    json_member_u64(writer, "free_bytes",
                    (uint64_t)state->disk.f_bavail * state->disk.f_frsize);
    json_write_object_end(writer);
}

static void runner_count(void *arg, const struct seat_view *view)
{
    int64_t *runners = arg;

    *runners += view->kind == SEAT_RUNNER && view->lives;
}

/* For administrators alone: all accounts' jobs, and how many runners live to do them. */
static void jobs_write(struct service *service, struct json_writer *writer)
{
    struct job_total total;
    struct seats *seats;
    int64_t runners = 0;
    enum result result;
    struct reason why;
    struct db *work;

    result = home_work(&service->home, &work, &why);
    if (result == RESULT_OK)
        result = job_total_get(work, NULL, &total, &why);
    if (result == RESULT_OK)
        result = home_seats(&service->home, &seats, &why);
    json_write_key(writer, "jobs");
    if (result != RESULT_OK) {
        json_write_null(writer);
        return;
    }
    seats_each(seats, runner_count, &runners);
    json_write_object(writer);
    json_member_i64(writer, "open", total.open);
    json_member_i64(writer, "kept", total.jobs);
    json_member_i64(writer, "bytes", total.bytes);
    json_member_i64(writer, "runners", runners);
    json_write_object_end(writer);
}

/* For administrators alone: the processes that serve, and how many are at it just now. */
static void workers_write(const struct service *service, struct json_writer *writer)
{
    unsigned workers, busy;

    counters_workers(service->counters, &workers, &busy);
    json_write_key(writer, "workers");
    json_write_object(writer);
    json_member_i64(writer, "alive", workers);
    json_member_i64(writer, "busy", busy);
    json_write_object_end(writer);
}

/* For administrators alone: what a worker can still do is of use to who would take it over. */
static void sandbox_write(struct json_writer *writer)
{
    const struct sandbox_state *sandbox = sandbox_state();
    bool whole = sandbox->calls && sandbox->files && !sandbox->whole_home;

    json_write_key(writer, "sandbox");
    json_write_object(writer);
    json_member_string(writer, "state", sandbox->off ? "off" : whole ? "whole" : "partial");
    json_member_bool(writer, "system_calls", sandbox->calls);
    json_member_bool(writer, "files", sandbox->files);
    json_member_i64(writer, "landlock", sandbox->landlock);
    json_write_object_end(writer);
}

void handle_health_detailed(struct service *service, struct request *request,
                            struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct state state;
    bool well;

    state_read(service, &state);
    well = state.writable && state.seals && state.tokens && models_ready(service);
    start_write(&writer, request, well ? "healthy" : "degraded");
    json_member_u64(&writer, "uptime_seconds",
                    (clock_mono_ns() - service->opened_ns) / 1000000000);
    parts_write(&writer, &state);
    models_write(&writer, service, &request->caller);
    disk_write(&writer, &state);
    if (request->caller.admin) {
        workers_write(service, &writer);
        jobs_write(service, &writer);
        sandbox_write(&writer);
    }
    json_write_object_end(&writer);
}
