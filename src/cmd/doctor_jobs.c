/*
 * doctor_jobs.c: the checks of forestgate doctor: can jobs be relied on, and does anybody work
 * them off.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "cmd/doctor.h"
#include "gate/seats.h"
#include "store/check.h"
#include "store/jobs.h"

static void runner_count(void *arg, const struct seat_view *view)
{
    int *runners = arg;

    if (view->kind == SEAT_RUNNER && view->lives)
        ++*runners;
}

/* Jobs that are due, and nobody who would do them. */
static void check_runners(struct doctor *doctor, struct db *work, struct finding *finding)
{
    char home[DOCTOR_PATH_MAX];
    struct job_total total;
    struct reason why;
    struct seats *seats;
    int runners = 0;
    int64_t due;

    if (job_total_get(work, NULL, &total, &why) != RESULT_OK ||
        job_due_next(work, &due, &why) != RESULT_OK ||
        home_seats(&doctor->home, &seats, &why) != RESULT_OK) {
        finding_set(finding, FINDING_FAILED, "%s", why.text);
        return;
    }
    seats_each(seats, runner_count, &runners);
    if (runners == 0 && due <= (int64_t)clock_boot_ns() &&
        finding_set(finding, FINDING_WARNING,
                    "%" PRId64 " jobs wait, and no runner works: start one, for good "
                    "(forestgate-work.service) or by cron (--drain)",
                    total.open))
        finding_mend(finding, "forestgate --home %s work --drain",
                     doctor_word(doctor, NULL, home));
    finding_set(finding, FINDING_OK,
                "work.db opens and is whole; %" PRId64 " jobs wait or are in work, %d runners",
                total.open, runners);
}

void doctor_check_jobs(struct doctor *doctor, struct finding *finding)
{
    enum result result;
    struct reason why;
    struct db *work;

    if (!doctor_has_home(doctor, finding))
        return;
    doctor->home.role = DB_CLI;
    result = home_work(&doctor->home, &work, &why);
    if (result == RESULT_OK)
        result = check_integrity(work, doctor_is_large(HOME_WORK), &why);
    if (result == RESULT_OK) {
        check_runners(doctor, work, finding);
        return;
    }
    finding_set(finding, FINDING_FAILED, "%s%s", why.text,
                result == RESULT_MALFORMED
                    ? "; without it jobs that wait and results are gone, and nothing else"
                    : "");
    doctor_mend_database(doctor, HOME_WORK, result, &why, finding);
}
