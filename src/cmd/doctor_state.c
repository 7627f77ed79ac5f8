/*
 * doctor_state.c: whether what a home keeps can be relied on: database, models, clock, disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/doctor.h"
#include "gate/audit.h"
#include "gate/image_file.h"
#include "gate/journal.h"
#include "store/check.h"

enum {
    CLOCK_SLACK_S = 2, /* what two clocks of one machine may differ by */
    FREE_FAIL_MIB = 64,
    FREE_WARN_MIB = 256,
    INODES_FAIL = 64,
    INODES_WARN = 1024
};

static const off_t quick_from = (off_t)256 << 20;
static const int64_t year_2026_s = 1767225600;

/* The database that is open, opened if it is not; NULL with the reason. */
static struct db *database(struct doctor *doctor, enum result *result, struct reason *why)
{
    *result = RESULT_OK;
    if (doctor->home.db == NULL)
        *result = db_open(HOME_DATABASE, DB_HOME, DB_CLI, &doctor->home.db, why);
    return doctor->home.db;
}

bool doctor_is_large(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_size > quick_from;
}

void doctor_mend_database(const struct doctor *doctor, const char *name, enum result result,
                          const struct reason *why, struct finding *finding)
{
    char home[DOCTOR_PATH_MAX], file[DOCTOR_PATH_MAX];

    doctor_word(doctor, NULL, home);
    doctor_word(doctor, name, file);
    if (strstr(why->text, "newer program") != NULL)
        return; /* which no command here can give */
    if (result == RESULT_MISSING || result == RESULT_INVALID)
        finding_mend(finding, "forestgate --home %s init", home);
    else if (result == RESULT_MALFORMED)
        finding_mend(finding, "sqlite3 %s .recover | sqlite3 %s.saved", file, file);
    else if (result == RESULT_BUSY)
        finding_mend(finding, "fuser -v %s", file);
}

static enum result check_whole(struct db *db, struct reason *why)
{
    enum result result = check_integrity(db, doctor_is_large(HOME_DATABASE), why);

    if (result == RESULT_OK)
        result = check_references(db, why);
    return result;
}

static void check_wal(const struct doctor *doctor, struct finding *finding)
{
    char journal[CHECK_JOURNAL_MAX], home[DOCTOR_PATH_MAX];
    struct reason why;

    if (check_journal(doctor->home.db, journal, &why) != RESULT_OK)
        finding_set(finding, FINDING_FAILED, "%s", why.text);
    else if (strcmp(journal, "wal") != 0 && !db_on_network(HOME_DATABASE) &&
             finding_set(finding, FINDING_WARNING,
                         "its journal is \"%s\" and not \"wal\": readers wait for writers",
                         journal))
        finding_mend(finding, "forestgate --home %s init", doctor_word(doctor, NULL, home));
}

void doctor_check_database(struct doctor *doctor, struct finding *finding)
{
    enum result result;
    struct reason why;
    struct db *db;

    if (!doctor_has_home(doctor, finding))
        return;
    db_close(doctor->home.db); /* it may have been mended */
    doctor->home.db = NULL;
    db = database(doctor, &result, &why);
    if (db != NULL)
        result = check_whole(db, &why);
    if (result != RESULT_OK) {
        finding_set(finding, FINDING_FAILED, "%s%s", why.text,
                    result == RESULT_MALFORMED
                        ? "; put it back from a backup, or save what can be read"
                        : "");
        doctor_mend_database(doctor, HOME_DATABASE, result, &why, finding);
        return;
    }
    check_wal(doctor, finding);
    finding_set(finding, FINDING_OK, "it opens, is whole, and of this program's schema");
}

/* As init does: an older schema is brought up to this program's, and WAL is set. */
enum result doctor_fix_database(struct doctor *doctor, struct reason *why)
{
    if (!doctor->entered)
        return reason_set(why, RESULT_MISSING, "there is no home");
    db_close(doctor->home.db);
    doctor->home.db = NULL;
    return home_make(why);
}

/* Whether the database is open; says in the finding that this was not asked if not. */
static bool has_database(const struct doctor *doctor, struct finding *finding)
{
    if (!doctor_has_home(doctor, finding))
        return false;
    if (doctor->home.db == NULL)
        finding_set(finding, FINDING_NOT_ASKED, "not asked: the database cannot be used");
    return doctor->home.db != NULL;
}

/*
 * The ledger is opened, its lock taken, what it holds brought into the database, and its
 * numbers held against the database's.
 */
void doctor_check_ledger(struct doctor *doctor, struct finding *finding)
{
    struct ledger *ledger = NULL;
    struct ledger_state state;
    struct reason why;

    if (!has_database(doctor, finding))
        return;
    if (journal_open(&doctor->home, &ledger, &why) != RESULT_OK) {
        finding_set(finding, FINDING_FAILED, "it cannot be opened: %s", why.text);
        return;
    }
    if (journal_drain(&doctor->home, ledger, JOURNAL_WHOLE, &why) != RESULT_OK)
        finding_set(finding, FINDING_FAILED, "what it holds does not get into the database: %s",
                    why.text);
    ledger_state(ledger, &state);
    finding_set(finding, FINDING_OK,
                "calls so far: %" PRId64 ", in hand: %u, all in the database", state.drained,
                state.open);
    ledger_close(ledger);
}

/* What to do about a trail that is not proved: look at the row, or accept the end. */
static void mend_audit(const struct doctor *doctor, struct finding *finding,
                       const struct audit_proof *proof)
{
    char home[DOCTOR_PATH_MAX];

    doctor_word(doctor, NULL, home);
    if (proof->wrong != 0)
        finding_mend(finding, "forestgate --home %s audit list --below %" PRId64 " --limit 2",
                     home, proof->wrong + 1);
    else
        finding_mend(finding, "forestgate --home %s audit accept", home);
}

/* Every row is read, and held against the one before it and audit.head. */
void doctor_check_audit(struct doctor *doctor, struct finding *finding)
{
    enum result result = RESULT_OK;
    struct audit_proof proof;
    struct reason why;

    if (!has_database(doctor, finding))
        return;
    if (doctor->home.audit_mac == NULL)
        result = audit_mac_read(&doctor->home.audit_mac, &why);
    if (result == RESULT_OK)
        result = audit_prove(&doctor->home, &proof, &why);
    if (result != RESULT_OK)
        finding_set(finding, FINDING_FAILED, "it cannot be proved: %s", why.text);
    else if (proof.problem[0] != '\0' &&
             finding_set(finding, FINDING_FAILED, "%s%s", proof.problem,
                         proof.wrong != 0
                             ? "; what is in it cannot be trusted from there on"
                             : "; if the database was put back from a backup that is why, and "
                               "the end can be accepted as it is"))
        mend_audit(doctor, finding, &proof);
    if (result == RESULT_OK)
        finding_set(finding, FINDING_OK, "rows proved: %" PRId64, proof.rows);
}

struct models_seen {
    struct doctor *doctor;
    struct finding *finding;
    size_t versions, served;
    bool has_default;
};

/* What mends a version whose image is not as it was published, by what it does. */
static void mend_version(struct finding *finding, const char *home, const struct model_row *row)
{
    if (row->state == MODEL_SERVING || row->state == MODEL_WITHDRAWN)
        finding_mend(finding, "forestgate --home %s model publish %s %s.fgm", home, row->name,
                     row->name);
    else if (row->state == MODEL_RETIRED)
        finding_mend(finding, "forestgate --home %s model delete %s --version %" PRId64, home,
                     row->name, row->version);
    else
        finding_mend(finding, "forestgate --home %s model retire %s --version %" PRId64, home,
                     row->name, row->version);
}

static void check_version(void *arg, const struct model_row *row)
{
    const bool is_used = row->state != MODEL_RETIRED && row->state != MODEL_WITHDRAWN;
    enum finding_state fault = is_used ? FINDING_FAILED : FINDING_WARNING;
    struct models_seen *seen = arg;
    char home[DOCTOR_PATH_MAX];
    struct image *image = NULL;
    struct reason why;

    seen->versions++;
    seen->served += is_used;
    if (strcmp(row->name, seen->doctor->home.config.default_model) == 0)
        seen->has_default = true;
    if (image_file_open(row, &image, &why) != RESULT_OK &&
        finding_set(seen->finding, fault, "%s version %" PRId64 "%s%s: %s", row->name,
                    row->version, row->state == MODEL_SERVING ? "" : ", ",
                    row->state == MODEL_SERVING ? "" : model_state_name(row->state), why.text))
        mend_version(seen->finding, doctor_word(seen->doctor, NULL, home), row);
    image_close(image);
}

void doctor_check_models(struct doctor *doctor, struct finding *finding)
{
    struct models_seen seen = {.doctor = doctor, .finding = finding};
    const char *wanted = doctor->settled ? doctor->home.config.default_model : "";
    char home[DOCTOR_PATH_MAX];
    struct reason why;

    if (!has_database(doctor, finding))
        return;
    doctor_word(doctor, NULL, home);
    if (model_version_list(doctor->home.db, check_version, &seen, &why) != RESULT_OK)
        finding_set(finding, FINDING_FAILED, "%s", why.text);
    if (wanted[0] != '\0' && !seen.has_default &&
        finding_set(finding, FINDING_FAILED,
                    "default_model is %s, of which no version is published", wanted))
        finding_mend(finding, "forestgate --home %s model publish %s %s.fgm", home, wanted,
                     wanted);
    if (seen.versions == 0 && finding_set(finding, FINDING_WARNING, "none is published"))
        finding_mend(finding, "forestgate --home %s model publish NAME FILE.fgm", home);
    finding_set(finding, FINDING_OK, "%zu of %zu versions are in use; all are as published",
                seen.served, seen.versions);
}

static void check_rows_time(const struct doctor *doctor, struct finding *finding,
                            int64_t now_us)
{
    char newest[CLOCK_RFC3339_MAX];
    struct reason why;
    int64_t us;

    if (doctor->home.db == NULL)
        return;
    if (check_newest(doctor->home.db, &us, &why) != RESULT_OK) {
        finding_set(finding, FINDING_FAILED, "%s", why.text);
        return;
    }
    clock_rfc3339(newest, us);
    if (us > now_us + (int64_t)CLOCK_SLACK_S * 1000000 &&
        finding_set(finding, FINDING_FAILED,
                    "it was set back, or was ahead: the newest row of the database is of %s",
                    newest))
        finding_mend(finding, "timedatectl set-ntp true");
}

void doctor_check_clock(struct doctor *doctor, struct finding *finding)
{
    int64_t now_us = clock_wall_us();
    uint64_t before = clock_mono_ns();
    struct timex state = {.modes = 0};
    char now[CLOCK_RFC3339_MAX];
    int told = adjtimex(&state);

    clock_rfc3339(now, now_us);
    if (now_us / 1000000 < year_2026_s &&
        finding_set(finding, FINDING_FAILED, "it says %s, which is long over", now))
        finding_mend(finding, "timedatectl set-ntp true");
    if (clock_mono_ns() < before)
        finding_set(finding, FINDING_FAILED, "the monotonic clock goes back");
    check_rows_time(doctor, finding, now_us);
    if (told >= 0 && (told == TIME_ERROR || (state.status & STA_UNSYNC) != 0) &&
        finding_set(finding, FINDING_WARNING,
                    "it is not synchronised with others: expiries and quotas are as right as "
                    "it is"))
        finding_mend(finding, "timedatectl set-ntp true");
    finding_set(finding, FINDING_OK, "%s", now);
}

static void check_space(const struct statvfs *fs, struct finding *finding)
{
    uint64_t mib = (uint64_t)fs->f_bavail * fs->f_frsize >> 20;

    if (mib < FREE_WARN_MIB &&
        finding_set(finding, mib < FREE_FAIL_MIB ? FINDING_FAILED : FINDING_WARNING,
                    "%" PRIu64 " MiB are free on the home's file system", mib))
        finding_mend(finding, "du -xh --max-depth=2 / | sort -h | tail -n 20");
    if (fs->f_files > 0 && fs->f_favail < INODES_WARN &&
        finding_set(finding, fs->f_favail < INODES_FAIL ? FINDING_FAILED : FINDING_WARNING,
                    "%" PRIu64 " more files may be made on the home's file system",
                    (uint64_t)fs->f_favail))
        finding_mend(finding, "du -x --inodes --max-depth=2 / | sort -n | tail -n 20");
    if ((fs->f_flag & ST_RDONLY) != 0)
        finding_set(finding, FINDING_FAILED, "the home's file system is read-only");
    finding_set(finding, FINDING_OK, "%" PRIu64 " MiB are free", mib);
}

/* By asking for the room, of a file without a name: of a quota nobody else tells. */
static void check_quota(struct finding *finding)
{
    int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        return;
    if (fallocate(fd, 0, 0, (off_t)FREE_FAIL_MIB << 20) != 0 && errno == EDQUOT &&
        finding_set(finding, FINDING_FAILED, "less than %d MiB of this user's quota are left",
                    FREE_FAIL_MIB))
        finding_mend(finding, "quota -s");
    close(fd);
}

void doctor_check_disk(struct doctor *doctor, struct finding *finding)
{
    struct statvfs fs;

    if (!doctor_has_home(doctor, finding))
        return;
    if (statvfs(".", &fs) != 0) {
        finding_set(finding, FINDING_FAILED, "the home's file system does not answer");
        return;
    }
    if (db_on_network("."))
        finding_set(finding, FINDING_WARNING,
                    "the home is on a file system over a network: there is no WAL, and "
                    "readers wait for writers; a disk of this machine is better");
    check_quota(finding);
    check_space(&fs, finding);
}
