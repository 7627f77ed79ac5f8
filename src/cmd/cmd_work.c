/*
 * cmd_work.c: forestgate work: the runner, which works jobs off.
 *
 * A master keeps the runners alive, as it does the workers of the service; each opens the home
 * for itself, after the fork.  Runners are polite: they have no socket, and give way to
 * requests by their priority.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/vault.h"
#include "cmd/cli.h"
#include "cmd/courier.h"
#include "cmd/master.h"
#include "cmd/process.h"
#include "gate/hook.h"
#include "gate/sandbox.h"
#include "gate/watch.h"
#include "http/job_run.h"

enum {
    RUNNERS_MAX = 64,
    NICENESS = 5,
    IDLE_MS = 1000,     /* the longest wait: a bell that nobody rang is missed no longer */
    TROUBLE_MS = 200,   /* until what could not be done is tried again */
    TROUBLES_MAX = 300, /* in a row, after which the runner is started anew */
    LOOK_EVERY = 1000,  /* jobs, after which it is looked whether the home is still there */
    DRAIN_S = 60,       /* what is due within that, --drain waits for */
    MMAP_THRESHOLD = 128 << 10 /* see worker.c */
};

/* What the processes of one master do: the first `runners` work jobs off, one sends webhooks.
 */
struct plan {
    struct home home;
    int runners;
    bool drain;
    bool webhooks;
    struct watch *watch; /* the master's, of all runners */
    struct seats *seats;
};

static volatile sig_atomic_t stopping;
static struct job_room *volatile room;

static void on_stop(int signal)
{
    (void)signal;
    stopping = 1;
    courier_stop();
    if (room != NULL) /* so that a wait which is about to begin ends, too */
        job_room_ring(room);
}

/* Works until it is to stop or, for --drain, until there is nothing to do. */
static int run(struct job_room *runner, bool drain)
{
    struct queue *queue = job_room_queue(runner);
    struct queue_job job;
    bool drained = false;
    enum result result;
    struct reason why;
    unsigned done = 0;
    int troubles = 0;

    while (!stopping && !drained) {
        job_room_tend(runner);
        result = queue_next(queue, &job, &why);
        if (result == RESULT_OK)
            job_run(runner, &job);
        else if (result == RESULT_MISSING && drain)
            queue_is_drained(queue, DRAIN_S, &drained, &why);
        troubles = result == RESULT_OK || result == RESULT_MISSING ? 0 : troubles + 1;
        if ((result != RESULT_OK || ++done % LOOK_EVERY == 0) && queue_is_orphan(queue)) {
            log_message("a file of the home was replaced under a runner, which ends");
            return EXIT_FAILURE;
        }
        if (result == RESULT_OK || drained)
            continue;
        if (troubles == 1 && result != RESULT_BUSY)
            log_message("jobs cannot be worked off now: %s", why.text);
        if (troubles >= TROUBLES_MAX)
            return EXIT_FAILURE;
        job_room_idle(runner);
        queue_wait(queue, troubles > 0 ? TROUBLE_MS : IDLE_MS);
    }
    return EXIT_SUCCESS;
}

/* Sends webhooks, beside the runners, so that none of those waits for a receiver. */
static int tell(void *arg, int place)
{
    const struct plan *plan = arg;
    struct home home = plan->home;
    enum result result;
    struct reason why;

    (void)place;
    process_signals(on_stop);
    vault_open();
    result = home_open(&home, DB_WORKER, &why);
    if (result == RESULT_OK)
        result = courier_run(&home, plan->drain, &why);
    if (result != RESULT_OK)
        log_message("%s", why.text);
    home_close(&home);
    return result == RESULT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int work(void *arg, int place)
{
    const struct plan *plan = arg;
    struct job_room *opened = NULL;
    int status = EXIT_FAILURE;
    enum result result;
    struct reason why;

    if (place == plan->runners)
        return tell(arg, place);
    process_signals(on_stop);
    vault_open();
    result = job_room_open(&plan->home, &stopping, &opened, &why);
    if (result == RESULT_OK)
        result = sandbox_enter(job_room_home(opened), SANDBOX_RUNNER, &why);
    if (result == RESULT_OK) {
        room = opened;
        status = run(opened, plan->drain);
    } else {
        log_message("%s", why.text);
    }
    room = NULL; /* a signal has nothing to ring from here on */
    job_room_close(opened);
    return status;
}

/* Finds out, before any runner is forked, whether the home can be opened. */
static enum result try_home(struct home *home, struct reason *why)
{
    struct seats *seats;
    struct db *db;
    enum result result = home_open(home, DB_WORKER, why);

    if (result == RESULT_OK)
        result = home_work(home, &db, why);
    if (result == RESULT_OK)
        result = home_seats(home, &seats, why);
    if (result == RESULT_OK)
        result = hook_start(home, why);
    home_close(home);
    return result;
}

/* Ends who stands still, of which there may be nobody else to see it. */
static void watch_look(void *arg)
{
    const struct plan *plan = arg;

    watch_runners(plan->watch, plan->seats, plan->home.config.job_lease,
                  (int64_t)clock_mono_ns());
}

/* The seats by a descriptor of the master's own, which has no seat. */
static enum result watch_open(struct plan *plan, struct reason *why)
{
    enum result result = seats_open(HOME_SEATS, &plan->seats, why);

    if (result == RESULT_OK)
        result = watch_new(&plan->watch, why);
    if (result == RESULT_OK)
        master_look(watch_look, plan);
    return result;
}

static enum result prepare(const struct option_set *set, struct plan *plan, struct reason *why)
{
    enum result result = home_enter(&plan->home, cli_home_path(set), DB_WORKER, why);

    process_shut_memory(); /* after the identity was taken, which makes it dumpable again */
    if (result == RESULT_OK)
        result = home_load_config(&plan->home, environ, why);
    if (result == RESULT_OK)
        result = try_home(&plan->home, why);
    if (result == RESULT_OK)
        result = process_try_sandbox(&plan->home, true, why);
    if (result == RESULT_OK)
        result = watch_open(plan, why);
    return result;
}

/* Webhooks are sent when all jobs are worked off: their ends are then known. */
static int drain(struct plan *plan)
{
    int status = master_run_out(plan->runners, work, plan);

    if (plan->webhooks && !master_was_stopped() &&
        master_run_out(1, tell, plan) != EXIT_SUCCESS)
        status = EXIT_FAILURE;
    return status;
}

static int run_work(const struct option_set *set)
{
    unsigned long long runners = 1;
    struct plan plan = {.drain = option_given(set, "--drain")};
    enum result result;
    struct reason why;

    if (option_u64(set, "--workers", 1, RUNNERS_MAX, &runners, &why) != RESULT_OK)
        return cli_misuse(&why);
    process_close_others();
    result = prepare(set, &plan, &why);
    if (result != RESULT_OK)
        return cli_fail(&why);
    plan.runners = (int)runners;
    plan.webhooks =
        !option_given(set, "--no-webhooks") &&
        (plan.home.config.webhook_url[0] != '\0' || plan.home.config.webhook_callers != 0);
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    errno = 0;
    if (nice(NICENESS) == -1 && errno != 0)
        log_message("the runners' priority could not be lowered: %s", strerror(errno));
    if (plan.drain)
        return drain(&plan);
    return master_run(plan.runners + (plan.webhooks ? 1 : 0), work, &plan);
}

static const struct option_row work_options[] = {
    {"--workers", "N", "how many jobs are worked at once", "1"},
    {"--drain", NULL, "end when no job waits that is due within a minute", NULL},
    {"--no-webhooks", NULL, "send none: forestgate job tell --stay does", NULL},
    CLI_COMMON_OPTIONS};

const struct cli_command cmd_work_commands[] = {
    {"work", NULL, "", 0, work_options, run_work, "work jobs off, until it is stopped",
     "  forestgate work --workers 2\n"
     "  forestgate work --drain\n"},
    {0},
};
