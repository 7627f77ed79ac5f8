/*
 * doctor_kept.c: whether the predictions that are to be kept are.
 */
#include <inttypes.h>

#include "cmd/doctor.h"
#include "gate/keep.h"

/* Over the limit, or so far that little more is kept. */
static void check_room(const struct doctor *doctor, struct finding *finding,
                       const struct keep_totals *totals)
{
    int64_t bytes = totals->bytes + totals->waiting, limit = doctor->home.config.keep_limit;
    char home[DOCTOR_PATH_MAX];

    if (bytes >= limit &&
        finding_set(finding, FINDING_WARNING,
                    "%" PRId64 " bytes are kept, of %" PRId64
                    " that may be (keep_limit): nothing more is; %" PRId64 " rows were lost",
                    bytes, limit, totals->lost))
        finding_mend(finding, "forestgate --home %s model list",
                     doctor_word(doctor, NULL, home));
    else if (totals->lost > 0)
        finding_set(finding, FINDING_OK,
                    "%" PRId64 " requests, %" PRId64 " bytes; %" PRId64
                    " rows were lost for want of room",
                    totals->requests, bytes, totals->lost);
}

void doctor_check_kept(struct doctor *doctor, struct finding *finding)
{
    struct keep_totals totals;
    enum result result;
    struct reason why;

    if (!doctor_has_home(doctor, finding))
        return;
    doctor->home.role = DB_CLI; /* not all of it is opened, which would say so */
    result = keep_totals(&doctor->home, NULL, &totals, &why);
    if (result != RESULT_OK) {
        finding_set(finding, FINDING_WARNING, "%s", why.text);
        return;
    }
    check_room(doctor, finding, &totals);
    if (totals.damaged > 0)
        finding_set(finding, FINDING_WARNING,
                    "%" PRId64 " lots of rows did not open: they were changed, or sealed under "
                    "another " HOME_KEY_SECRET,
                    totals.damaged);
    finding_set(finding, FINDING_OK, "%" PRId64 " requests, %" PRId64 " bytes", totals.requests,
                totals.bytes + totals.waiting);
}
