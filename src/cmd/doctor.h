/*
 * doctor.h: the checks of forestgate doctor.
 *
 * A check looks and changes nothing; a fix mends what can be mended without taking
 * anything away that somebody may want, after which the check looks again.  The table of
 * both is in cmd_doctor.c.  Checks run with the home entered, as its owner, where that
 * could be done: doctor->entered.
 */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include <stdbool.h>

#include "base/result.h"
#include "gate/home.h"

/* In rising order: of what a check finds, the worst and of that the first is told. */
enum finding_state {
    FINDING_NOT_ASKED,
    FINDING_OK,
    FINDING_WARNING,
    FINDING_FAILED,
    FINDING__MAX
};

enum {
    DOCTOR_PATH_MAX = 512
};

struct finding {
    enum finding_state state;
    char detail[512];  /* what is so, or what is wrong */
    char command[768]; /* what mends it; empty for nothing or no one command */
};

struct doctor {
    const char *path; /* the home, as the user named it */
    struct home home;
    enum result how;        /* it was entered, */
    struct reason entering; /* or why not */
    bool entered;           /* and there is something of a home in it */
    bool settled;           /* its settings are read */
    const char *url;        /* of the front; NULL if it was not given */
    struct front *front;    /* what is known of it; doctor_front.h */
};

/*
 * Says what a check found, unless it found worse or the same before; true if it was taken,
 * and then finding_mend() says what mends it.
 */
bool finding_set(struct finding *finding, enum finding_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void finding_mend(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The home's path, with a name behind it unless that is NULL, as a word of a command. */
const char *doctor_word(const struct doctor *doctor, const char *name,
                        char out[DOCTOR_PATH_MAX]);

/* Whether the home was entered; says in the finding that this was not asked if not. */
bool doctor_has_home(const struct doctor *doctor, struct finding *finding);

/* doctor_home.c */
void doctor_check_home(struct doctor *doctor, struct finding *finding);
void doctor_check_rights(struct doctor *doctor, struct finding *finding);
void doctor_check_settings(struct doctor *doctor, struct finding *finding);
void doctor_check_secrets(struct doctor *doctor, struct finding *finding);
enum result doctor_fix_home(struct doctor *doctor, struct reason *why);
enum result doctor_fix_rights(struct doctor *doctor, struct reason *why);

/* doctor_state.c */
void doctor_check_database(struct doctor *doctor, struct finding *finding);
void doctor_check_ledger(struct doctor *doctor, struct finding *finding);
void doctor_check_audit(struct doctor *doctor, struct finding *finding);
void doctor_check_models(struct doctor *doctor, struct finding *finding);
void doctor_check_clock(struct doctor *doctor, struct finding *finding);
void doctor_check_disk(struct doctor *doctor, struct finding *finding);
enum result doctor_fix_database(struct doctor *doctor, struct reason *why);

/* Whether a database is so large that its indexes are left out. */
bool doctor_is_large(const char *path);

/* Says what mends a database of the home that cannot be used, by how that showed. */
void doctor_mend_database(const struct doctor *doctor, const char *name, enum result result,
                          const struct reason *why, struct finding *finding);

/* doctor_sandbox.c */
void doctor_check_sandbox(struct doctor *doctor, struct finding *finding);

/* doctor_host.c; those but the first with a URL */
void doctor_check_place(struct doctor *doctor, struct finding *finding);
void doctor_check_tls(struct doctor *doctor, struct finding *finding);
void doctor_check_interface(struct doctor *doctor, struct finding *finding);

/* doctor_kept.c */
void doctor_check_kept(struct doctor *doctor, struct finding *finding);

/* doctor_jobs.c */
void doctor_check_jobs(struct doctor *doctor, struct finding *finding);

/*
 * doctor_front.c and doctor_keyed.c: these only with a URL, between doctor_front_begin() and
 * doctor_front_end(), which revokes the key that they made; if it could not it returns how
 * that failed, with the command in the reason.  SIGINT, SIGTERM and SIGHUP end a question
 * early and no other is asked: doctor_front_end() gives the signal, or 0.
 */
enum result doctor_front_begin(struct doctor *doctor, struct reason *why);
enum result doctor_front_end(struct doctor *doctor, int *signal, struct reason *why);
void doctor_check_reached(struct doctor *doctor, struct finding *finding);
void doctor_check_service(struct doctor *doctor, struct finding *finding);
void doctor_check_key_header(struct doctor *doctor, struct finding *finding);
void doctor_check_bearer(struct doctor *doctor, struct finding *finding);
void doctor_check_body_passes(struct doctor *doctor, struct finding *finding);
void doctor_check_body_refused(struct doctor *doctor, struct finding *finding);
void doctor_check_images(struct doctor *doctor, struct finding *finding);
void doctor_check_errors(struct doctor *doctor, struct finding *finding);
void doctor_check_headers(struct doctor *doctor, struct finding *finding);
void doctor_check_front_clock(struct doctor *doctor, struct finding *finding);

/* doctor_guard.c: likewise. */
void doctor_check_security_headers(struct doctor *doctor, struct finding *finding);
void doctor_check_hosts(struct doctor *doctor, struct finding *finding);
void doctor_check_cors(struct doctor *doctor, struct finding *finding);

#endif
