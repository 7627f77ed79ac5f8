/*
 * home.h: the directory that holds the state of one Forestgate.
 *
 *     forestgate.conf       settings
 *     forestgate.db         keys, tiers and models
 *     work.db               jobs, answers that may be asked for again, kept predictions
 *     jobs/                 bodies and results that are too large for that
 *     kept/                 predictions on their way to it: see keep.h
 *     seats                 see seats.h
 *     epoch                 see epoch.h
 *     ledger                see ledger.h
 *     lock                  held by whoever fills it or publishes
 *     hashing               see password.h
 *     bulk                  the slots of requests with files of rows: see slots.h
 *     testing               held by the one test of speed; see home_test_begin()
 *     audit.head            the end of the audit trail: see audit.h
 *     secrets/key.secret    what keys are hashed under
 *     secrets/token.secret  what tokens are signed with, if no other key is set
 *     secrets/seal.jwks     see seal.h
 *     tls/localhost.crt, .key  for a front without a certificate: see certificate.h
 *     secrets/webhook.secret  what the secrets of webhooks are made of; webhook.before is the
 *                             one before
 *     courier               held by the one process that sends webhooks
 *     counters              see counters.h
 *     models/NAME/N.fgm     published images
 *     logs/access.log       one line a request
 *
 * A program enters its home before it uses it: the home becomes the working directory
 * and every name in it is relative.  So a worker that root has started for another user
 * also serves a home whose path that user could not walk.  Everything in a home belongs
 * to one user, whose identity root takes on entering, so that no file of it ever becomes
 * root's.
 */
#ifndef GATE_HOME_H
#define GATE_HOME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/config.h"
#include "base/result.h"
#include "base/secret.h"
#include "gate/epoch.h"
#include "gate/seats.h"
#include "store/db.h"

/* Who changes something, for the audit trail. */
struct actor {
    char name[64]; /* "user:ID", "key:ID", "outside:ID", "guest", "cli:NAME"; empty: nobody has
                      said */
    char address[ADDR_TEXT_MAX];
    char request_id[65];
};

struct home {
    int origin;  /* the directory that was left on entering, */
    mode_t mask; /* and the umask; inside, what is made is its owner's alone */
    struct config config;
    enum db_role role; /* under which it was opened */
    struct db *db;
    struct db *work;     /* NULL until home_work() */
    bool keeps_files;    /* see home_keep_files() */
    struct seats *seats; /* NULL until home_seats() */
    struct epoch *epoch;
    struct secret_mac *key_mac;
    struct secret_mac *audit_mac; /* see gate/audit.h */
    struct actor actor;
    struct {
        enum result (*ask)(void *arg, struct reason *why); /* NULL: whoever is here may */
        void *arg;
    } may_change; /* whether the actor still may; see home_change_begin() */
    struct {
        int64_t seq; /* 0: none */
        uint8_t mac[SECRET_MAC_BYTES];
    } audited; /* the last row that was added to the audit trail and is not settled */
};

/* Where a home is if nobody says. */
#define HOME_DEFAULT "/var/lib/forestgate"

#define HOME_CONFIG          "forestgate.conf"
#define HOME_DATABASE        "forestgate.db"
#define HOME_WORK            "work.db"
#define HOME_JOBS            "jobs"
#define HOME_KEPT            "kept"
#define HOME_SEATS           "seats"
#define HOME_EPOCH           "epoch"
#define HOME_HASHING         "hashing"
#define HOME_BULK            "bulk"
#define HOME_TESTING         "testing"
#define HOME_AUDIT_HEAD      "audit.head"
#define HOME_KEY_SECRET      "secrets/key.secret"
#define HOME_TOKEN_SECRET    "secrets/token.secret"
#define HOME_SEAL_KEYS       "secrets/seal.jwks"
#define HOME_WEBHOOK_SECRET  "secrets/webhook.secret"
#define HOME_WEBHOOK_BEFORE  "secrets/webhook.before"
#define HOME_TLS_CERTIFICATE "tls/localhost.crt"
#define HOME_TLS_KEY         "tls/localhost.key"
#define HOME_COURIER         "courier"
#define HOME_LEDGER          "ledger"
#define HOME_COUNTERS        "counters"
#define HOME_LOCK            "lock"
#define HOME_ACCESS_LOG      "logs/access.log"

/*
 * Makes the directory, if it is not there, and gives it to the user of that name if root
 * runs this; NULL leaves it root's.  home_make() fills it.
 */
enum result home_make_directory(const char *path, const char *user, struct reason *why);

/*
 * Enters the home at path.  Root becomes its owner: a worker for good, RESULT_DENIED if
 * it would stay root; the CLI until home_leave().  RESULT_DENIED also for a worker in a home
 * that another user could change or replace.  RESULT_MISSING, with what to run, if there is
 * none.
 */
enum result home_enter(struct home *home, const char *path, enum db_role role,
                       struct reason *why);

/* Makes whatever is missing in the home that was entered, and upgrades its database. */
enum result home_make(struct reason *why);

/*
 * Makes the certificate for localhost alone, in the home that was entered: what is there and
 * good for some time stays.  See certificate.h.
 */
enum result home_certificate(struct reason *why);

/*
 * Of the directory that was entered: the first part of a home that is missing or of another
 * kind than it has to be, NULL if there is none; and whether it is a home at all, be it
 * incomplete, and not somebody else's directory.
 */
const char *home_part_missing(void);
bool home_is_begun(void);

/* Settings: the file's, then the environment's.  The command line's go on top. */
enum result home_load_config(struct home *home, char *const *environment, struct reason *why);

/* Opens database, epoch and secret of the home that was entered, for changes too. */
enum result home_open(struct home *home, enum db_role role, struct reason *why);

/*
 * The database of jobs, opened at the first use of it: most workers of most homes never need
 * it.  Valid until home_close().
 */
enum result home_work(struct home *home, struct db **out, struct reason *why);

/* The seats of the home's processes, in the same way; not to be called before a fork(). */
enum result home_seats(struct home *home, struct seats **out, struct reason *why);

/*
 * Whether a file of it that is open was removed or replaced, or one that this process may
 * write by its inode alone (sandbox.h).  A system call for each.
 */
bool home_is_orphan(struct home *home);

/* As db_keep_files(), of the databases that are open and of the one that may come. */
void home_keep_files(struct home *home);

/* As db_reopen(): the database may have become writable. */
enum result home_reopen_database(struct home *home, struct reason *why);

/* Closes what is open; also after a failure.  A worker that forks closes before. */
void home_close(struct home *home);

/*
 * A keyed digest for one purpose, under a key that is derived from the home's secret and this
 * label.  For secret_mac_free().
 */
enum result home_mac_derive(const struct home *home, const char *label, struct secret_mac **out,
                            struct reason *why);

/*
 * Takes the home's lock, for what only one may do at a time: filling it, publishing.  *lock
 * is a descriptor for home_unlock(), or -1.  A worker waits for it no longer than for the
 * database: RESULT_BUSY.
 */
enum result home_lock(enum db_role role, int *lock, struct reason *why);
void home_unlock(int lock);

/*
 * Takes the one place for a test of speed, which keeps a worker busy for long: so a few of them
 * at once do not keep all.  *place is a descriptor for home_unlock(), or -1; RESULT_BUSY where
 * another has it and it is not free in a moment.
 */
enum result home_test_begin(int *place, struct reason *why);

/* Goes back to where home_enter() came from, and to who came. */
void home_leave(struct home *home);

/*
 * A change of keys, tiers, models or users: a transaction that every worker counts from its
 * commit on, and that outlasts a power cut, whoever makes it.  home_change_end() commits if
 * result is RESULT_OK and takes all back if not, and returns how the whole went; rows that
 * were added to the audit trail are settled.
 *
 * A worker looked at who asks before it read the body, hashed a password or waited for the
 * lock.  So home->may_change is asked once more, under the lock: what it answers but RESULT_OK
 * is the result, and nothing is changed.  After the answer that somebody may no more, nothing
 * of that one's is done any more, however long it had been under way.
 */
enum result home_change_begin(struct home *home, struct reason *why);
enum result home_change_end(struct home *home, enum result result, struct reason *why);

#endif
