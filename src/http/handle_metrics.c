/*
 * handle_metrics.c: GET /metrics, for Prometheus and whoever reads its format.
 *
 * It is of all workers, whichever answers.  No label is a client's text, a key or a user: what
 * there is of each is bounded by the routes, the statuses and what was published.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/text.h"
#include "gate/meter.h"
#include "http/accept.h"
#include "http/auth.h"
#include "http/exposition.h"
#include "http/handlers.h"
#include "http/tally.h"
#include "store/jobs.h"
#include "store/served.h"

enum {
    NUMBER_MAX = 24,
    US_NS = 1000
};

static const char type_text[] = "text/plain; version=0.0.4; charset=utf-8";
static const char type_open[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/* ---- requests ---- */

/* The path of a route as a label, for none a word that no path is. */
static const char *route_label(const char *path)
{
    return path[0] != '\0' ? path : "(none)";
}

/* Gives each series' name in its parts, those that nothing was counted for left out. */
static bool series_parts(const struct service *service, size_t i, char method[8],
                         const char **path)
{
    const char *name = counters_series_name(service->counters, i);

    if (name == NULL)
        return false;
    tally_name_parse(name[0] != '\0' ? name : "_OTHER ", method, path);
    return true;
}

static void requests_write(const struct service *service, struct exposition *out)
{
    char method[8], code[NUMBER_MAX];
    const char *path;
    uint64_t count;
    unsigned status;

    exposition_family(out, EXPOSITION_COUNTER, "forestgate_http_requests_total",
                      "Requests that were answered, by route, method and status.");
    for (size_t i = 0; series_parts(service, i, method, &path); i++)
        for (size_t at = 0; counters_status(service->counters, i, at, &status, &count); at++) {
            if (count == 0)
                continue;
            text_print(code, sizeof(code), "%u", status);
            exposition_u64(out, "", count,
                           EXPOSITION_LABELS({"method", method}, {"route", route_label(path)},
                                             {"code", code}));
        }
}

static void durations_write(const struct service *service, struct exposition *out)
{
    struct exposition_histogram histogram;
    char method[8];
    const char *path;

    exposition_family(out, EXPOSITION_HISTOGRAM, "forestgate_http_request_duration_seconds",
                      "How long requests took, from when the worker had them until their "
                      "answer was made.");
    for (size_t i = 0; series_parts(service, i, method, &path); i++) {
        uint64_t any = 0;

        for (size_t at = 0; at < HISTOGRAM_BUCKETS; at++)
            any |= histogram.buckets[at] = counters_bucket(service->counters, i, at);
        histogram.sum_ns = counters_sum_ns(service->counters, i);
        if (any != 0)
            exposition_histogram(
                out, &histogram,
                EXPOSITION_LABELS({"method", method}, {"route", route_label(path)}));
    }
}

static void refusals_write(const struct service *service, struct exposition *out)
{
    static const struct {
        enum counter counter;
        const char *reason;
    } refusals[] = {
        {COUNTER_REFUSED_CREDENTIAL, "credential"},
        {COUNTER_REFUSED_LOGIN, "login"},
        {COUNTER_REFUSED_THROTTLE, "throttle"},
        {COUNTER_REFUSED_ADDRESS_RATE, "address_rate"},
        {COUNTER_REFUSED_ADDRESS, "address"},
        {COUNTER_REFUSED_KIND, "kind"},
        {COUNTER_REFUSED_SCOPE, "scope"},
        {COUNTER_REFUSED_MODEL, "model"},
        {COUNTER_REFUSED_RIGHT, "right"},
        {COUNTER_REFUSED_RATE, "rate"},
        {COUNTER_REFUSED_QUOTA, "quota"},
        {COUNTER_REFUSED_JOBS, "jobs"},
        {COUNTER_REFUSED_STORAGE, "storage"},
    };

    exposition_family(out, EXPOSITION_COUNTER, "forestgate_refusals_total",
                      "Requests that were refused for who asked, or how often.");
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        exposition_u64(out, "", counters_value(service->counters, refusals[i].counter),
                       EXPOSITION_LABELS({"reason", refusals[i].reason}));
}

/* ---- calls ---- */

struct served {
    struct served_row *rows;
    size_t count, room;
    bool no_memory;
};

static void served_add(void *arg, const struct served_row *row)
{
    struct served *served = arg;
    size_t room = served->room == 0 ? 64 : served->room * 2;
    struct served_row *more;

    if (served->count == served->room) {
        more = realloc(served->rows, room * sizeof(*more));
        served->no_memory = served->no_memory || more == NULL;
        if (more == NULL)
            return;
        served->rows = more;
        served->room = room;
    }
    served->rows[served->count++] = *row;
}

static void version_print(char out[NUMBER_MAX], int64_t version)
{
    out[0] = '\0';
    if (version != 0)
        text_print(out, NUMBER_MAX, "%lld", (long long)version);
}

static bool is_of_same(const struct served_row *a, const struct served_row *b)
{
    return strcmp(a->model, b->model) == 0 && a->version == b->version;
}

/* Where the rows of the same model and version, and perhaps status, end that begin here. */
static size_t served_end(const struct served *served, size_t from, bool by_status)
{
    size_t end = from;

    while (end < served->count && is_of_same(&served->rows[end], &served->rows[from]) &&
           (!by_status || served->rows[end].status == served->rows[from].status))
        end++;
    return end;
}

static void calls_write(const struct served *served, struct exposition *out)
{
    char version[NUMBER_MAX], code[NUMBER_MAX];

    exposition_family(out, EXPOSITION_COUNTER, "forestgate_calls_total",
                      "Calls of the call log, by what answered them and how they ended.");
    for (size_t i = 0, end; i < served->count; i = end) {
        uint64_t calls = 0;

        end = served_end(served, i, true);
        for (size_t at = i; at < end; at++)
            calls += (uint64_t)served->rows[at].calls;
        version_print(version, served->rows[i].version);
        text_print(code, sizeof(code), "%lld", (long long)served->rows[i].status);
        exposition_u64(out, "", calls,
                       EXPOSITION_LABELS({"model", served->rows[i].model}, {"version", version},
                                         {"code", code}));
    }
}

/* A sum of each model and version, of the member that stands at this place in a row. */
static void sums_write(const struct served *served, size_t member, struct exposition *out)
{
    char version[NUMBER_MAX];

    for (size_t i = 0, end; i < served->count; i = end) {
        uint64_t sum = 0;
        int64_t part;

        end = served_end(served, i, false);
        for (size_t at = i; at < end; at++) {
            memcpy(&part, (const char *)&served->rows[at] + member, sizeof(part));
            sum += (uint64_t)part;
        }
        version_print(version, served->rows[i].version);
        exposition_u64(
            out, "", sum,
            EXPOSITION_LABELS({"model", served->rows[i].model}, {"version", version}));
    }
}

static void call_durations_write(const struct served *served, struct exposition *out)
{
    char version[NUMBER_MAX];

    exposition_family(out, EXPOSITION_HISTOGRAM, "forestgate_call_duration_seconds",
                      "How long calls took, by what answered them.");
    for (size_t i = 0, end; i < served->count; i = end) {
        struct exposition_histogram histogram = {.sum_ns = 0};

        end = served_end(served, i, false);
        for (size_t at = i; at < end; at++) {
            histogram.buckets[served->rows[at].bucket] += (uint64_t)served->rows[at].calls;
            histogram.sum_ns += (uint64_t)served->rows[at].duration_us * US_NS;
        }
        version_print(version, served->rows[i].version);
        exposition_histogram(
            out, &histogram,
            EXPOSITION_LABELS({"model", served->rows[i].model}, {"version", version}));
    }
}

/* Of the database: to the row what the call log says, once the journal is brought in. */
static enum result served_write(struct service *service, struct exposition *out,
                                struct reason *why)
{
    struct served served = {.count = 0};
    enum result result = served_row_list(service->home.db, served_add, &served, why);

    if (result == RESULT_OK && served.no_memory)
        result = reason_set(why, RESULT_NOMEM, "no memory for the sums of calls");
    if (result == RESULT_OK) {
        calls_write(&served, out);
        exposition_family(out, EXPOSITION_COUNTER, "forestgate_call_rows_total",
                          "Rows that calls were answered, by what answered them.");
        sums_write(&served, offsetof(struct served_row, rows), out);
        exposition_family(out, EXPOSITION_COUNTER, "forestgate_call_charges_total",
                          "What calls were charged to quotas, by what answered them.");
        sums_write(&served, offsetof(struct served_row, charged), out);
        call_durations_write(&served, out);
    }
    free(served.rows);
    return result;
}

/* ---- how it is ---- */

static void gauge(struct exposition *out, const char *name, const char *help, uint64_t value)
{
    exposition_family(out, EXPOSITION_GAUGE, name, help);
    exposition_u64(out, "", value, NULL);
}

static void ledger_write(const struct service *service, struct exposition *out)
{
    struct ledger_state state;

    meter_state(service->meter, &state);
    gauge(out, "forestgate_ledger_waiting_calls",
          "Calls that have ended and are not in the database yet.",
          (uint64_t)(state.last - state.drained));
    gauge(out, "forestgate_ledger_room_calls", "How many may wait before calls are refused.",
          state.journal);
    gauge(out, "forestgate_ledger_open_calls", "Calls that are being answered.", state.open);
    gauge(out, "forestgate_database_writable",
          "Whether the database took the last calls that were brought in: 1, else 0.",
          state.refused_at == 0);
}

static void workers_write(const struct service *service, struct exposition *out)
{
    unsigned workers, busy;

    counters_workers(service->counters, &workers, &busy);
    gauge(out, "forestgate_workers", "Workers that live.", workers);
    gauge(out, "forestgate_workers_busy", "Those that have a request in hand, this one too.",
          busy);
    exposition_family(out, EXPOSITION_COUNTER, "forestgate_worker_starts_total",
                      "Workers that were started.");
    exposition_u64(out, "", counters_value(service->counters, COUNTER_STARTS), NULL);
}

static void disk_write(struct exposition *out)
{
    static const char *const files[] = {HOME_DATABASE, HOME_WORK, HOME_LEDGER};
    struct statvfs disk;
    struct stat st;

    exposition_family(out, EXPOSITION_GAUGE, "forestgate_file_size_bytes",
                      "The files of the home that grow or are counted in.");
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (stat(files[i], &st) == 0)
            exposition_u64(out, "", (uint64_t)st.st_size,
                           EXPOSITION_LABELS({"file", files[i]}));
    if (statvfs(".", &disk) != 0)
        return;
    gauge(out, "forestgate_disk_size_bytes", "The disk that the home is on.",
          (uint64_t)disk.f_blocks * disk.f_frsize);
    gauge(out, "forestgate_disk_free_bytes", "What is free there.",
          (uint64_t)disk.f_bavail * disk.f_frsize);
}

static void models_write(const struct service *service, struct exposition *out)
{
    exposition_family(out, EXPOSITION_GAUGE, "forestgate_model_loaded",
                      "Versions that answer or are compared: 1, and 0 if it cannot be loaded.");
    for (size_t i = 0; i < registry_count(service->registry); i++) {
        const struct model *serving = registry_at(service->registry, i);
        const struct model *const places[] = {serving, serving->canary, serving->shadow};

        for (size_t at = 0; at < sizeof(places) / sizeof(places[0]); at++) {
            char version[NUMBER_MAX];

            if (places[at] == NULL)
                continue;
            version_print(version, places[at]->row.version);
            exposition_u64(
                out, "", places[at]->image != NULL,
                EXPOSITION_LABELS({"model", places[at]->row.name}, {"version", version},
                                  {"state", model_state_name(places[at]->row.state)}));
        }
    }
}

static void ends_write(void *arg, const struct job_ends *ends)
{
    exposition_u64(
        arg, "", (uint64_t)ends->jobs,
        EXPOSITION_LABELS({"model", ends->model}, {"status", job_status_name(ends->status)}));
}

/* Nothing of a home whose database of jobs is not there, or cannot be read now. */
static void jobs_write(struct service *service, struct exposition *out)
{
    struct job_total total;
    struct reason why;
    struct db *work;
    int64_t running;

    if (home_work(&service->home, &work, &why) != RESULT_OK ||
        job_total_get(work, NULL, &total, &why) != RESULT_OK ||
        job_running(work, &running, &why) != RESULT_OK)
        return;
    exposition_family(out, EXPOSITION_GAUGE, "forestgate_jobs",
                      "Jobs that wait or are in work.");
    exposition_u64(out, "", (uint64_t)(total.open > running ? total.open - running : 0),
                   EXPOSITION_LABELS({"status", "pending"}));
    exposition_u64(out, "", (uint64_t)running, EXPOSITION_LABELS({"status", "processing"}));
    gauge(out, "forestgate_job_bytes", "What bodies and results of jobs take.",
          (uint64_t)total.bytes);
    exposition_family(out, EXPOSITION_COUNTER, "forestgate_jobs_ended_total",
                      "Jobs that have ended, by model and how.");
    job_ends_list(work, ends_write, out, &why);
}

static void build_write(struct exposition *out)
{
    char schema[NUMBER_MAX];

    text_print(schema, sizeof(schema), "%d", db_schema(DB_HOME));
    exposition_family(out, EXPOSITION_GAUGE, "forestgate_build_info",
                      "What this is; always 1.");
    exposition_u64(out, "", 1,
                   EXPOSITION_LABELS({"version", FORESTGATE_VERSION}, {"schema", schema}));
}

/* ---- the answer ---- */

/* Whoever comes with a credential was judged by it before; else the address counts. */
static bool may_see(const struct service *service, const struct request *request)
{
    const struct addr_list *list = &service->home.config.metrics_addresses;

    if (request->caller.account[0] != '\0')
        return true;
    return request->address[0] != '\0' && addr_list_has(list, &request->from);
}

static bool wants_open(const struct service *service)
{
    const char *accept = fcgi_param(service->fcgi, FCGI_ACCEPT);

    return accept_named(accept, "application/openmetrics-text") >
               accept_named(accept, "text/plain") &&
           !fcgi_param_doubled(service->fcgi, FCGI_ACCEPT);
}

void handle_metrics(struct service *service, struct request *request, struct reply *reply)
{
    struct exposition out = {.buf = &reply->body, .open_metrics = wants_open(service)};
    enum result result;
    struct reason why;

    if (!may_see(service, request)) {
        auth_refuse(reply);
        return;
    }
    meter_bring_in(service->meter, &why); /* as far as it can be; what waits is told */
    reply->type = out.open_metrics ? type_open : type_text;
    build_write(&out);
    requests_write(service, &out);
    durations_write(service, &out);
    refusals_write(service, &out);
    result = served_write(service, &out, &why);
    ledger_write(service, &out);
    workers_write(service, &out);
    models_write(service, &out);
    jobs_write(service, &out);
    disk_write(&out);
    exposition_end(&out);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}
