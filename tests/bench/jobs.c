/*
 * jobs.c: what a way through the queue costs, measured beside a runner that works.
 *
 *     jobs HOME way COUNT MODEL      the median of COUNT jobs, from queue_submit() to its being
 *                                    seen as completed, and of the work that it is by itself;
 *                                    fails if the one is 5 ms or more above the other
 *     jobs HOME speed ACCOUNT        jobs/s of all, until this account has none left; fails
 *                                    under 2,000
 *
 * It does what a worker does for POST /jobs and GET /jobs/ID, without the front.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/queue.h"

enum {
    WAYS_MAX = 100000,
    LOOK_US = 200,  /* between two looks whether a job has ended */
    PAUSE_US = 2000 /* after which the runner sleeps again */
};

static const double way_most_ms = 5, speed_least = 2000;

static const char body[] = "{\"features\":[5.1,3.5,1.4,0.2]}";

static void must(enum result result, const struct reason *why)
{
    if (result == RESULT_OK)
        return;
    fprintf(stderr, "jobs: %s\n", why->text);
    exit(EXIT_FAILURE);
}

static long busy; /* submissions that would have been a 503 */

static int smaller_first(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

/* One job; milliseconds from its submission until it was seen, and that the runner had it. */
static void one_way(struct home *home, const char *model, double *way, double *own)
{
    struct job_row row = {.kind = JOB_JSON, .result_kind = JOB_JSON, .rows = 1};
    uint64_t begin = clock_mono_ns();
    enum result result;
    struct reason why;

    strcpy(row.account, "bench");
    strcpy(row.key, "bench");
    strcpy(row.request_id, "bench");
    text_copy(row.model, sizeof(row.model), model);
    row.body_bytes = sizeof(body) - 1;
    while ((result = queue_submit(home, &row, body, sizeof(body) - 1, -1, NULL, &why)) ==
           RESULT_BUSY)
        busy++;
    must(result, &why);
    do {
        usleep(LOOK_US);
        must(queue_get(home, "bench", row.uuid, &row, &why), &why);
    } while (row.status < JOB_COMPLETED);
    *way = (double)(clock_mono_ns() - begin) / 1e6;
    *own = (double)(row.ended_us - row.started_us) / 1e3;
}

static bool ways(struct home *home, long count, const char *model)
{
    static double way[WAYS_MAX], own[WAYS_MAX];

    for (long i = 0; i < count && i < WAYS_MAX; i++) {
        one_way(home, model, &way[i], &own[i]);
        usleep(PAUSE_US);
    }
    qsort(way, (size_t)count, sizeof(way[0]), smaller_first);
    qsort(own, (size_t)count, sizeof(own[0]), smaller_first);
    printf("  way       %6.2f ms (p90 %.2f, p99 %.2f), of it its own work %.2f ms; "
           "%ld were busy\n",
           way[count / 2], way[count * 9 / 10], way[count * 99 / 100], own[count / 2], busy);
    return way[count / 2] - own[count / 2] < way_most_ms;
}

static int64_t open_jobs(struct home *home, const char *account)
{
    struct job_total total;
    struct reason why;
    struct db *db;

    must(home_work(home, &db, &why), &why);
    must(job_total_get(db, account, &total, &why), &why);
    return total.open;
}

static bool speed(struct home *home, const char *account)
{
    uint64_t begin = clock_mono_ns();
    int64_t first = open_jobs(home, NULL);
    double rate;

    while (open_jobs(home, account) > 0 && clock_mono_ns() - begin < UINT64_C(60000000000))
        usleep(1000);
    rate = (double)(first - open_jobs(home, NULL)) / ((double)(clock_mono_ns() - begin) / 1e9);
    printf("  speed     %6.0f jobs/s\n", rate);
    return rate >= speed_least;
}

int main(int argc, char **argv)
{
    struct reason why;
    struct home home;
    bool good;

    if (argc < 4)
        return EXIT_FAILURE;
    must(home_enter(&home, argv[1], DB_WORKER, &why), &why);
    must(home_load_config(&home, environ, &why), &why);
    must(home_open(&home, DB_WORKER, &why), &why);
    if (strcmp(argv[2], "way") == 0 && argc == 5)
        good = ways(&home, atol(argv[3]), argv[4]);
    else
        good = speed(&home, argv[3]);
    home_close(&home);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
