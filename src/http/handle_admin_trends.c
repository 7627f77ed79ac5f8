/*
 * handle_admin_trends.c: administration: how long calls took, and how they ended, over time.
 *
 * Both are of the rows of the call log, read newest first and no more of them than a worker
 * reads in about a second.  Where that does not reach back as far as was asked for, the answer
 * says from when on it has all.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/meter.h"
#include "gate/user.h"
#include "http/admin.h"
#include "http/call_list.h"
#include "http/handle_admin.h"
#include "http/show.h"
#include "http/slot.h"
#include "store/calls.h"

enum {
    STEPS_MAX = 1500, /* of one answer */
    LOOKED_AT = 500000,
    NAMES_MAX = 40,
    NAME_MAX_LEN = MODEL_NAME_MAX, /* a key is shorter */
    SECOND_US = 1000000,
};

static const char *const step_choices[] = {"minute", "hour", "day", NULL};

/* Of each choice: its seconds, and how many of them there are if nobody says since when. */
static const struct {
    int64_t seconds, usual;
} steps[] = {{60, 60}, {3600, 48}, {86400, 31}};

enum {
    STEP_USUAL = 1
};

enum trend_by {
    BY_STATUS,
    BY_CLASS,
    BY_MODEL,
    BY_KEY,
};

static const char *const by_choices[] = {"status", "class", "model", "key", NULL};

#define TREND_FIELDS                                                                          \
    {"step", FORM_TEXT, .choices = step_choices,                                              \
     .help = "How long a step is; by default "                                                \
             "an hour. Days are of UTC"},                                                     \
        {"since", FORM_TIME,                                                                  \
         .help = "From the step that this is in; at most 1500 steps "                         \
                 "before until, by default 60 minutes, 48 hours or 31 "                       \
                 "days"},                                                                     \
        {"until", FORM_TIME, .help = "Before then; by default now"},                          \
        {"model", FORM_TEXT, .min = 1, .max = MODEL_NAME_MAX, .help = "To this model alone"}, \
        {"key", FORM_TEXT, .min = 1, .max = KEY_ID_LEN, .help = "By this key alone, its id"}, \
    {                                                                                         \
        "user", FORM_TEXT, .min = 1, .max = USER_USERNAME_MAX,                                \
                           .help = "By this user: an e-mail address, or an id"                \
    }

static const struct form_field latency_fields[] = {TREND_FIELDS};

const struct form form_admin_latency = {"AdminLatencyQuery", latency_fields,
                                        sizeof(latency_fields) / sizeof(latency_fields[0]),
                                        false};

static const struct form_field outcomes_fields[] = {
    TREND_FIELDS,
    {"by", FORM_TEXT, .choices = by_choices,
     .help = "What calls are told apart by; by default their status"},
};

const struct form form_admin_outcomes = {"AdminOutcomesQuery", outcomes_fields,
                                         sizeof(outcomes_fields) / sizeof(outcomes_fields[0]),
                                         false};

/* What is asked for, and how far it was read. */
struct span {
    struct call_filter filter;
    int64_t step_us, first_us, until_us; /* first_us begins a step */
    size_t count;                        /* steps */
    int64_t rows;                        /* of the log that were read */
    int64_t oldest_us;                   /* when the last of them began */
    bool cut;                            /* there was more to be read */
};

/* Index of a text among the choices; usual if there is none. */
static size_t chosen(const struct request *request, const char *field,
                     const char *const *choices, size_t usual)
{
    const char *text = form_value(request->query, field)->text;

    for (size_t i = 0; text != NULL && choices[i] != NULL; i++)
        if (strcmp(text, choices[i]) == 0)
            return i;
    return usual;
}

/* The steps from since to until.  False with the fault noted. */
static bool steps_set(const struct request *request, struct span *span, struct reply *reply)
{
    size_t step = chosen(request, "step", step_choices, STEP_USUAL);
    int64_t since = call_list_time(request, "since");

    span->step_us = steps[step].seconds * SECOND_US;
    span->until_us = call_list_time(request, "until");
    if (span->until_us == 0)
        span->until_us = request->wall_us;
    if (since == 0)
        since = span->until_us - (steps[step].usual - 1) * span->step_us;
    span->first_us = since - (since % span->step_us + span->step_us) % span->step_us;
    if (since >= span->until_us) {
        reply_fault(reply, "since", "it is not before until", "a time before until");
        return false;
    }
    if ((span->until_us - span->first_us) / span->step_us >= STEPS_MAX) {
        reply_fault(reply, "since", "it is too many steps before until", "at most 1500 steps");
        return false;
    }
    span->count =
        (size_t)((span->until_us - span->first_us + span->step_us - 1) / span->step_us);
    return true;
}

/*
 * What the log is read by: the calls of a key or a user are found by an index, and so many of
 * them are read; else so many numbers are gone through.
 */
static enum result bounds_set(struct service *service, struct span *span, struct reason *why)
{
    struct call_filter *filter = &span->filter;
    int64_t lowest, highest, first = 0;
    enum result result = call_seqs(service->home.db, &lowest, &highest, why);

    filter->since_us = span->first_us == 0 ? 1 : span->first_us;
    filter->until_us = span->until_us;
    filter->limit = LOOKED_AT;
    if (result != RESULT_OK || filter->key != NULL || filter->user != NULL)
        return result;
    result = call_seq_since(service->home.db, filter->since_us, &first, why);
    if (first < lowest)
        first = lowest;
    if (highest - LOOKED_AT >= first) {
        filter->from_seq = highest - LOOKED_AT + 1;
        span->cut = true;
    }
    return result;
}

/* Reads the query.  False with the refusal written. */
static bool span_read(struct service *service, const struct request *request, struct span *span,
                      struct user_row *user, struct reply *reply)
{
    const char *name = admin_text(request->query, "user");
    enum result result = RESULT_OK;
    struct reason why;

    memset(span, 0, sizeof(*span));
    if (!steps_set(request, span, reply))
        return false;
    span->filter.key = admin_text(request->query, "key");
    span->filter.model = admin_text(request->query, "model");
    span->filter.user = name;
    if (name != NULL)
        result = user_find(&service->home, name, user, &why);
    if (name != NULL && result == RESULT_OK)
        span->filter.user = user->id;
    if (result == RESULT_MISSING)
        result = RESULT_OK; /* of a user who was deleted no other name is left than the id */
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

/* Notes that a row was read, and gives the step that it is of. */
static size_t span_step(struct span *span, const struct call_row *row)
{
    span->rows++;
    span->oldest_us = row->started_us;
    return (size_t)((row->started_us - span->first_us) / span->step_us);
}

/* Has each see the rows.  False with the refusal written. */
static bool span_walk(struct service *service, struct span *span,
                      bool (*each)(void *arg, const struct call_row *row), void *arg,
                      struct reply *reply)
{
    enum result result;
    struct reason why;

    meter_bring_in(service->meter, &why); /* as far as it can be in a moment */
    result = bounds_set(service, span, &why);
    if (result == RESULT_OK)
        result = call_row_list(service->home.db, &span->filter, each, arg, &why);
    if (span->rows >= LOOKED_AT)
        span->cut = true;
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

/* When a step begins. */
static int64_t span_at(const struct span *span, size_t step)
{
    return span->first_us + (int64_t)step * span->step_us;
}

static void time_write(struct json_writer *writer, const char *key, int64_t wall_us)
{
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339(time, wall_us);
    json_member_string(writer, key, time);
}

/* The members that both answers have. */
static void span_write(struct json_writer *writer, const struct span *span)
{
    int64_t from = span->until_us;

    json_member_i64(writer, "step_seconds", span->step_us / SECOND_US);
    time_write(writer, "since", span->first_us);
    time_write(writer, "until", span->until_us);
    json_member_i64(writer, "calls", span->rows);
    if (!span->cut) {
        json_write_key(writer, "complete_from");
        json_write_null(writer);
        return;
    }
    if (span->rows > 0)
        from = span->first_us +
               ((span->oldest_us - span->first_us) / span->step_us + 1) * span->step_us;
    time_write(writer, "complete_from", from < span->until_us ? from : span->until_us);
}

/* ---- latency ---- */

/* A duration, and which step it is of: sorted, they are by step and then by length. */
struct took {
    uint32_t step;
    uint32_t us; /* UINT32_MAX: that or more, over an hour */
};

struct latency {
    struct span span;
    struct took *took;
    size_t got, room;
    bool no_memory;
};

static bool latency_add(void *arg, const struct call_row *row)
{
    struct latency *latency = arg;
    size_t step = span_step(&latency->span, row);
    size_t room = latency->room == 0 ? 4096 : latency->room * 2;
    struct took *more = latency->took;

    if (latency->got == latency->room) {
        more = realloc(latency->took, room * sizeof(*more));
        if (more == NULL) {
            latency->no_memory = true;
            return false;
        }
        latency->took = more;
        latency->room = room;
    }
    more[latency->got++] = (struct took){(uint32_t)step, row->duration_us < 0 ? 0
                                                         : row->duration_us > UINT32_MAX
                                                             ? UINT32_MAX
                                                             : (uint32_t)row->duration_us};
    return true;
}

static int took_compare(const void *a, const void *b)
{
    const struct took *x = a, *y = b;

    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    return (x->us > y->us) - (x->us < y->us);
}

static void quantile_write(struct json_writer *writer, const char *key,
                           const struct took *sorted, size_t n, size_t percent)
{
    size_t rank = (n * percent + 99) / 100; /* the nearest rank, from 1 */

    json_write_key(writer, key);
    if (n == 0)
        json_write_null(writer);
    else
        json_write_double(writer, sorted[rank == 0 ? 0 : rank - 1].us / 1e3);
}

/* One step: how many, and how long they took. */
static void latency_step_write(struct json_writer *writer, int64_t at,
                               const struct took *sorted, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += sorted[i].us;
    json_write_object(writer);
    time_write(writer, "at", at);
    json_member_u64(writer, "calls", n);
    json_write_key(writer, "mean_ms");
    if (n == 0)
        json_write_null(writer);
    else
        json_write_double(writer, sum / (double)n / 1e3);
    quantile_write(writer, "p50_ms", sorted, n, 50);
    quantile_write(writer, "p90_ms", sorted, n, 90);
    quantile_write(writer, "p99_ms", sorted, n, 99);
    quantile_write(writer, "max_ms", sorted, n, 100);
    json_write_object_end(writer);
}

static void latency_write(struct json_writer *writer, struct latency *latency)
{
    const struct span *span = &latency->span;
    size_t at = 0, end = 0;

    if (latency->got > 0)
        qsort(latency->took, latency->got, sizeof(*latency->took), took_compare);
    json_write_object(writer);
    json_write_key(writer, "latency");
    json_write_array(writer);
    for (size_t step = 0; step < span->count; step++, at = end) {
        while (end < latency->got && latency->took[end].step == step)
            end++;
        latency_step_write(writer, span_at(span, step),
                           latency->got > 0 ? latency->took + at : NULL, end - at);
    }
    json_write_array_end(writer);
    span_write(writer, span);
    json_write_object_end(writer);
}

void handle_admin_latency(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct latency latency = {.got = 0};
    struct user_row user;

    if (!span_read(service, request, &latency.span, &user, reply) ||
        !slot_take(service, request, "figures are made", reply))
        return;
    if (span_walk(service, &latency.span, latency_add, &latency, reply)) {
        if (latency.no_memory)
            reply_refuse_memory(reply);
        else
            latency_write(&writer, &latency);
    }
    free(latency.took);
}

/* ---- outcomes ---- */

/* Calls by step and name; those of names past the last there is room for are the others. */
struct outcomes {
    struct span span;
    enum trend_by by;
    char names[NAMES_MAX][NAME_MAX_LEN + 1];
    size_t order[NAMES_MAX]; /* the names, sorted */
    size_t name_count;
    uint32_t *counts; /* NAMES_MAX + 1 of each step */
};

static void name_print(const struct outcomes *outcomes, const struct call_row *row,
                       char out[NAME_MAX_LEN + 1])
{
    unsigned status = (unsigned)row->status % 1000;
    char digits[] = {(char)('0' + status / 100), 'x', 'x', '\0'};

    switch (outcomes->by) {
    case BY_STATUS:
        digits[1] = (char)('0' + status / 10 % 10);
        digits[2] = (char)('0' + status % 10);
        text_copy(out, NAME_MAX_LEN + 1, digits);
        break;
    case BY_CLASS:
        text_copy(out, NAME_MAX_LEN + 1, digits);
        break;
    case BY_MODEL:
        text_copy(out, NAME_MAX_LEN + 1, row->model);
        break;
    case BY_KEY:
        text_copy(out, NAME_MAX_LEN + 1, row->key);
        break;
    }
}

/* The column of a name: a new one if it has none yet, the others' if there is no room. */
static size_t column_of(struct outcomes *outcomes, const char *name)
{
    size_t i;

    for (i = 0; i < outcomes->name_count; i++)
        if (strcmp(outcomes->names[i], name) == 0)
            return i;
    if (i < NAMES_MAX) {
        text_copy(outcomes->names[i], sizeof(outcomes->names[i]), name);
        outcomes->name_count++;
    }
    return i;
}

static bool outcomes_add(void *arg, const struct call_row *row)
{
    struct outcomes *outcomes = arg;
    size_t step = span_step(&outcomes->span, row);
    char name[NAME_MAX_LEN + 1];

    name_print(outcomes, row, name);
    outcomes->counts[step * (NAMES_MAX + 1) + column_of(outcomes, name)]++;
    return true;
}

static void names_sort(struct outcomes *outcomes)
{
    for (size_t i = 0; i < outcomes->name_count; i++) {
        size_t at = i;

        for (;
             at > 0 && strcmp(outcomes->names[outcomes->order[at - 1]], outcomes->names[i]) > 0;
             at--)
            outcomes->order[at] = outcomes->order[at - 1];
        outcomes->order[at] = i;
    }
}

static void outcomes_step_write(struct json_writer *writer, const struct outcomes *outcomes,
                                size_t step)
{
    const uint32_t *counts = outcomes->counts + step * (NAMES_MAX + 1);
    uint64_t calls = 0;

    for (size_t i = 0; i <= NAMES_MAX; i++)
        calls += counts[i];
    json_write_object(writer);
    time_write(writer, "at", span_at(&outcomes->span, step));
    json_member_u64(writer, "calls", calls);
    json_write_key(writer, "counts");
    json_write_object(writer);
    for (size_t i = 0; i < outcomes->name_count; i++) {
        size_t column = outcomes->order[i];

        if (counts[column] > 0)
            json_member_u64(writer, outcomes->names[column], counts[column]);
    }
    json_write_object_end(writer);
    json_member_u64(writer, "others", counts[NAMES_MAX]);
    json_write_object_end(writer);
}

static void outcomes_write(struct json_writer *writer, struct outcomes *outcomes)
{
    names_sort(outcomes);
    json_write_object(writer);
    json_write_key(writer, "outcomes");
    json_write_array(writer);
    for (size_t step = 0; step < outcomes->span.count; step++)
        outcomes_step_write(writer, outcomes, step);
    json_write_array_end(writer);
    json_member_string(writer, "by", by_choices[outcomes->by]);
    json_write_key(writer, "names");
    json_write_array(writer);
    for (size_t i = 0; i < outcomes->name_count; i++)
        json_write_string(writer, outcomes->names[outcomes->order[i]]);
    json_write_array_end(writer);
    span_write(writer, &outcomes->span);
    json_write_object_end(writer);
}

void handle_admin_outcomes(struct service *service, struct request *request,
                           struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct outcomes outcomes = {
        .by = (enum trend_by)chosen(request, "by", by_choices, BY_STATUS)};
    struct user_row user;

    if (!span_read(service, request, &outcomes.span, &user, reply) ||
        !slot_take(service, request, "figures are made", reply))
        return;
    outcomes.counts = calloc(outcomes.span.count * (NAMES_MAX + 1), sizeof(*outcomes.counts));
    if (outcomes.counts == NULL)
        reply_refuse_memory(reply);
    else if (span_walk(service, &outcomes.span, outcomes_add, &outcomes, reply))
        outcomes_write(&writer, &outcomes);
    free(outcomes.counts);
}
