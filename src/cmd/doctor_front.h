/*
 * doctor_front.h: what the checks of the front share; for doctor_front.c and
 * doctor_keyed.c alone.
 */
#ifndef CMD_DOCTOR_FRONT_H
#define CMD_DOCTOR_FRONT_H

#include <stdbool.h>

#include "cmd/doctor.h"
#include "cmd/doctor_http.h"
#include "gate/key.h"

struct front {
    struct http *http;
    struct http_answer answer; /* to the last question */
    bool serves;               /* it is Forestgate that answers, through this front */
    char server[256];          /* what it calls itself, if it does */
    char key[KEY_TEXT_LEN + 1];
    char key_id[KEY_ID_LEN + 1];
    long by_header, by_bearer; /* statuses of one question with the key both ways; 0 none */
};

/* What can be wrong with a front, that some line in its configuration mends. */
enum front_fault {
    FRONT_DOWN,
    FRONT_HEADER,
    FRONT_BEARER,
    FRONT_BODY,
    FRONT_IMAGE,
    FRONT_ERRORS,
    FRONT_ANSWER,
    FRONT_SECURITY,
    FRONT_HOSTS,
    FRONT_CORS,
    FRONT_FAULT__MAX
};

/* Says what mends a fault of the front, behind what is told of it already. */
void front_mend(const struct front *front, struct finding *finding, enum front_fault fault);

/* Asks; the answer is in front->answer. */
enum result front_ask(struct front *front, const struct http_ask *question, struct reason *why);

/* Sends a call that counts, with the key that was made, and a body that is refused. */
enum result front_ask_metered(struct front *front, struct reason *why);

/* Whether a worker made the last answer: a front's own has no X-Request-ID. */
bool front_is_workers(const struct front *front);

/* Whether the last answer is a refusal in the form that all of them have. */
bool front_is_problem(const struct front *front);

/* Whether there is a service to ask; says in the finding that this was not asked if not. */
bool front_serves(const struct front *front, struct finding *finding);

/* doctor_keyed.c: revokes the key that its checks have made. */
enum result front_key_end(struct doctor *doctor, struct reason *why);

#endif
