/*
 * top_look.c: what a home's workers do just now, as forestgate top has it.
 */
#include "cmd/top_look.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/keys.h"
#include "store/users.h"

enum {
    SECOND_US = 1000000,
    RECENT_US_LEAST = 2 * SECOND_US,
    WINDOW_US = TOP_SECONDS * SECOND_US,
};

void top_name(void *arg, enum top_by by, const char *id, char out[TOP_NAME_MAX + 1])
{
    const struct top *top = arg;
    struct key_row key;
    struct user_row user;
    struct reason why;

    text_copy(out, TOP_NAME_MAX + 1, id);
    if (by != TOP_BY_KEY || strcmp(id, "-") == 0)
        return;
    if (key_row_get(top->home->db, id, &key, &why) == RESULT_OK)
        text_print(out, TOP_NAME_MAX + 1, "%s (%.6s)", key.name, id);
    else if (user_row_get(top->home->db, id, &user, &why) == RESULT_OK)
        text_print(out, TOP_NAME_MAX + 1, "%s", user.username);
}

static enum result jobs_look(struct top *top, struct reason *why)
{
    struct db *work;
    enum result result = home_work(top->home, &work, why);

    if (result == RESULT_OK)
        result = job_total_get(work, NULL, &top->jobs, why);
    top->view.has_jobs = result == RESULT_OK && top->jobs.jobs > 0;
    top->view.jobs = top->jobs.jobs;
    top->view.jobs_open = top->jobs.open;
    return result;
}

/* The sums over all series. */
static void answers_read(const struct counters *counters, struct top_answers *answers)
{
    unsigned status;
    uint64_t count;

    memset(answers, 0, sizeof(*answers));
    answers->at_ns = clock_mono_ns();
    for (size_t series = 0; series < COUNTERS_SERIES_MAX; series++) {
        if (counters_series_name(counters, series) == NULL)
            continue;
        for (size_t at = 0; counters_status(counters, series, at, &status, &count); at++) {
            answers->all += count;
            if (status < TOP_STATUS_MAX)
                answers->statuses[status] += count;
        }
    }
}

/* Counters that were made anew begin from nothing: then there is nothing to compare with. */
static void counters_take(struct top *top)
{
    struct reason why;

    if (top->counters != NULL && counters_is_orphan(top->counters)) {
        counters_close(top->counters);
        top->counters = NULL;
        memset(&top->answers, 0, sizeof(top->answers));
    }
    if (top->counters == NULL)
        counters_look(HOME_COUNTERS, &top->counters, &why);
    top->before = top->answers;
    top->view.has_counters = top->counters != NULL;
    if (top->counters == NULL)
        return;
    answers_read(top->counters, &top->answers);
    counters_workers(top->counters, &top->view.workers, &top->view.busy);
}

/* What the sums are over: a minute, or as far back as the journal reaches. */
static double window_of(const struct top *top)
{
    const int64_t reach = top->sums.now_us - top->peek.reach_us;

    if (!top->peek.cut || top->peek.reach_us == 0)
        return TOP_SECONDS;
    return reach > SECOND_US ? (double)reach / SECOND_US : 1;
}

static enum result calls_look(struct top *top, struct reason *why)
{
    int64_t recent_us = top->interval_ms * 1000;
    enum result result;

    if (recent_us < RECENT_US_LEAST)
        recent_us = RECENT_US_LEAST;
    if (recent_us > WINDOW_US)
        recent_us = WINDOW_US;
    top_sums_free(&top->sums);
    top->sums.now_us = clock_wall_us();
    top->sums.recent_us = top->sums.now_us - recent_us;
    result = ledger_peek(HOME_LEDGER, top->sums.now_us - WINDOW_US, &top->peek, top_sums_add,
                         &top->sums, why);
    top->view.has_ledger = result == RESULT_OK;
    if (result == RESULT_MISSING)
        result = RESULT_OK;
    if (result == RESULT_OK && top_sums_end(&top->sums) != RESULT_OK)
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    top->view.window_s = window_of(top);
    top->view.recent_s = (double)recent_us / SECOND_US;
    if (top->view.recent_s > top->view.window_s)
        top->view.recent_s = top->view.window_s;
    return result;
}

enum result top_look(struct top *top, struct reason *why)
{
    enum result result;

    if (home_is_orphan(top->home))
        return reason_set(why, RESULT_MISSING, "the home was removed or replaced");
    result = calls_look(top, why);
    counters_take(top);
    if (result == RESULT_OK)
        result = jobs_look(top, why);
    top->view.sums = &top->sums;
    top->view.peek = &top->peek;
    top->view.answers = &top->answers;
    top->view.before = &top->before;
    for (size_t by = 0; by < TOP_BY__MAX; by++)
        top_groups_sort(&top->sums.by[by], top->view.sort);
    return result;
}

void top_close(struct top *top)
{
    counters_close(top->counters);
    top->counters = NULL;
    top_sums_free(&top->sums);
}
