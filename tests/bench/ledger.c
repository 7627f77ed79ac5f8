/*
 * ledger.c: what the ledger costs a call: admission and settling, of one process alone and
 * of many on one key.
 *
 *     ledger [DIRECTORY [CALLS]]
 *
 * DIRECTORY (/dev/shm) is where the file is made, CALLS (200000) how many each part makes
 * in all, some ten times as long where processes meet.  Each figure is the best of ROUNDS,
 * since what else runs on the machine only ever adds; it holds the reading of the clock.
 * The journal goes to no database, whose cost is not asked here.  Exit status 1 if a figure
 * is over what is promised below.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/ledger.h"

enum {
    ROUNDS = 5,
    CROWD = 8,
    CALLS = 200000,
    CALLS_MAX = 20000000,
    ALONE_MOST_NS = 1000,
    CROWD_MOST_NS = 5000,
    JOURNAL_SHARE = 4, /* of the journal's room that ended calls may take */
};

/* A rate whose window moves on while it is measured, and both quotas; none is met. */
static const char limits_text[] = "10000000/1s,1000000000/day,1000000000/month";
static const char key[] = "benchmark000";

struct figures {
    uint64_t admit, settle; /* ns in all */
    uint64_t calls;
};

/* What the processes of a crowd share. */
struct board {
    int ready, go;
    struct figures each[CROWD];
};

static struct limits limits;

static void end(const char *what, const struct reason *why)
{
    fprintf(stderr, "bench/ledger: %s: %s\n", what, why->text);
    exit(2);
}

/* ---- a database that is none ---- */

static int64_t drained_number;

static enum result on_drained(void *arg, int64_t *seq, struct reason *why)
{
    (void)arg;
    (void)why;
    *seq = drained_number;
    return RESULT_OK;
}

static enum result on_rescue(void *arg, const struct call_row *calls, size_t count,
                             struct reason *why)
{
    (void)arg;
    (void)why;
    drained_number = calls[count - 1].seq;
    return RESULT_OK;
}

static struct ledger *open_at(const char *path)
{
    const struct ledger_database database = {on_drained, on_rescue, NULL};
    struct ledger_size size = ledger_size_for(8 * LEDGER_BYTES_MIN);
    struct ledger *ledger = NULL;
    struct reason why = {{0}};

    if (ledger_open(path, &size, &database, &ledger, &why) != RESULT_OK)
        end(path, &why);
    return ledger;
}

/* Makes room in the journal when enough of it is taken, as whoever drains would. */
static void drain(struct ledger *ledger)
{
    struct ledger_state state;
    struct reason why = {{0}};
    int64_t from, last;

    ledger_state(ledger, &state);
    if (state.last - state.drained < state.journal / JOURNAL_SHARE ||
        ledger_drain_lock(ledger, &why) != RESULT_OK)
        return;
    if (ledger_pending(ledger, &from, &last, &why) != RESULT_OK ||
        ledger_drained(ledger, last, &why) != RESULT_OK)
        end("draining", &why);
    ledger_drain_unlock(ledger);
}

/* ---- calls ---- */

static enum result admit(struct ledger *ledger, const struct call_row *call, struct reason *why)
{
    const struct ledger_account account = {key, &limits, false, 1};
    struct ledger_known known = {.up_to = 0};
    struct ledger_verdict verdict;
    struct ledger_need need;
    enum result result;

    result = ledger_admit(ledger, &account, call, 1, &verdict, &need, why);
    while (result == RESULT_MISSING) {
        struct ledger_state state;

        ledger_state(ledger, &state);
        known.up_to = state.last;
        result = ledger_know(ledger, &account, &need, &known, why);
        if (result == RESULT_OK || result == RESULT_MISSING)
            result = ledger_admit(ledger, &account, call, 1, &verdict, &need, why);
    }
    return result;
}

static void calls_make(struct ledger *ledger, uint64_t count, struct figures *out)
{
    const struct ledger_end ended = {.duration_us = 100, .rows = 1, .status = 200};
    struct call_row call = {.request_id = "bench", .route = "predict", .address = "::1"};
    struct reason why = {{0}};
    uint64_t begun, admitted;
    int64_t seq;

    memset(out, 0, sizeof(*out));
    memcpy(call.key, key, sizeof(key));
    while (out->calls < count) {
        enum result result;

        drain(ledger);
        begun = clock_boot_ns();
        result = admit(ledger, &call, &why);
        admitted = clock_boot_ns();
        if (result == RESULT_FULL) /* the one who drains was put aside */
            continue;
        if (result != RESULT_OK || ledger_settle(ledger, &ended, &seq, &why) != RESULT_OK)
            end("a call", &why);
        out->admit += admitted - begun;
        out->settle += clock_boot_ns() - admitted;
        out->calls++;
    }
}

/* ---- the parts ---- */

static bool tell(const char *what, double ns, double most)
{
    bool over = most > 0 && ns > most;

    printf("%-52s %8.0f ns", what, ns);
    if (most > 0)
        printf("  of at most %.0f%s", most, over ? ": OVER" : "");
    putchar('\n');
    return !over;
}

static bool alone(const char *path, uint64_t calls)
{
    struct ledger *ledger = open_at(path);
    double admit_ns = 1e18, settle_ns = 1e18;
    struct figures figures;

    for (int i = 0; i < ROUNDS; i++) {
        calls_make(ledger, calls / ROUNDS, &figures);
        if ((double)figures.admit / (double)figures.calls < admit_ns)
            admit_ns = (double)figures.admit / (double)figures.calls;
        if ((double)figures.settle / (double)figures.calls < settle_ns)
            settle_ns = (double)figures.settle / (double)figures.calls;
    }
    ledger_close(ledger);
    tell("one process, settling", settle_ns, 0);
    return tell("one process, admission", admit_ns, ALONE_MOST_NS);
}

static void member(const char *path, struct board *board, int number, uint64_t calls)
{
    struct ledger *ledger = open_at(path);

    __atomic_add_fetch(&board->ready, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&board->go, __ATOMIC_SEQ_CST))
        usleep(100);
    calls_make(ledger, calls, &board->each[number]);
    ledger_close(ledger);
    _exit(0);
}

/* Starts the crowd together; the time from there to the end of the last. */
static uint64_t crowd_run(const char *path, struct board *board, uint64_t calls)
{
    uint64_t begun;
    int status, failed = 0;

    memset(board, 0, sizeof(*board));
    for (int i = 0; i < CROWD; i++) {
        pid_t pid = fork();

        if (pid == 0)
            member(path, board, i, calls / CROWD);
        if (pid < 0)
            exit(2);
    }
    while (__atomic_load_n(&board->ready, __ATOMIC_SEQ_CST) < CROWD &&
           waitpid(-1, &status, WNOHANG) == 0)
        usleep(100);
    begun = clock_boot_ns();
    __atomic_store_n(&board->go, 1, __ATOMIC_SEQ_CST);
    while (wait(&status) > 0 || errno == EINTR)
        failed |= status;
    if (failed != 0)
        exit(2);
    return clock_boot_ns() - begun;
}

/*
 * What the machine gives a call is the time of all by the number of calls, settling and
 * all; what one of them waits for its admission is the mean of its own.
 */
static bool crowd(const char *path, uint64_t calls)
{
    struct board *board =
        mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double pair_ns = 1e18, worst_ns = 1e18, settle_ns = 1e18;
    bool good;

    if (board == MAP_FAILED)
        exit(2);
    for (int i = 0; i < ROUNDS; i++) {
        double ns = (double)crowd_run(path, board, calls / ROUNDS), worst = 0, settle = 0;
        uint64_t made = 0;

        for (int k = 0; k < CROWD; k++) {
            const struct figures *figures = &board->each[k];

            made += figures->calls;
            if ((double)figures->admit / (double)figures->calls > worst)
                worst = (double)figures->admit / (double)figures->calls;
            if ((double)figures->settle / (double)figures->calls > settle)
                settle = (double)figures->settle / (double)figures->calls;
        }
        pair_ns = ns / (double)made < pair_ns ? ns / (double)made : pair_ns;
        worst_ns = worst < worst_ns ? worst : worst_ns;
        settle_ns = settle < settle_ns ? settle : settle_ns;
    }
    munmap(board, sizeof(*board));
    tell("eight processes on a key, settling, mean of the worst", settle_ns, 0);
    good = tell("eight processes on a key, admission, of the worst", worst_ns, CROWD_MOST_NS);
    return tell("eight processes on a key, all of it by all calls", pair_ns, CROWD_MOST_NS) &&
           good;
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : "/dev/shm";
    uint64_t calls = argc > 2 ? strtoull(argv[2], NULL, 10) : CALLS;
    struct reason why = {{0}};
    char path[256];
    bool good;

    if (argc > 3 || calls < (uint64_t)ROUNDS * CROWD || calls > CALLS_MAX) {
        fputs("usage: ledger [DIRECTORY [CALLS]]\n", stderr);
        return 2;
    }
    if (limits_parse(limits_text, &limits, &why) != RESULT_OK)
        end(limits_text, &why);
    snprintf(path, sizeof(path), "%s/forestgate-bench-ledger.%d", directory, (int)getpid());
    good = alone(path, calls);
    good = crowd(path, calls) && good;
    unlink(path);
    return good ? 0 : 1;
}
