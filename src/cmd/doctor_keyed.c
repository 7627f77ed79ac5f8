/*
 * doctor_keyed.c: whether keys and bodies come through the front.
 *
 * A key of its own is made for these questions and revoked at the end; should this process
 * not come to its end, the key ends by itself.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "cmd/doctor_front.h"

enum {
    BODY_MARGIN = 512 /* under the limit, of which the least is 1024 */
};

#define KEY_LIFE "10m" /* longer than all questions together may take */

static const int64_t body_most = 128 << 20; /* larger ones are not sent for a check */

/* Makes the key, once, and asks with it both ways; RESULT_OK if both were answered. */
static enum result ask_both_ways(struct doctor *doctor, struct reason *why)
{
    struct front *front = doctor->front;
    char header[KEY_TEXT_LEN + 32], bearer[KEY_TEXT_LEN + 32];
    const struct key_wish wish = {.parts = {[KEY_PART_NAME] = "doctor",
                                            [KEY_PART_EXPIRES] = KEY_LIFE,
                                            [KEY_PART_RATES] = "1000/60s"}};
    enum result result = RESULT_OK;
    struct key_row row;

    if (front->key_id[0] == '\0') {
        home_close(&doctor->home);
        result = home_open(&doctor->home, DB_CLI, why);
        if (result == RESULT_OK)
            result = key_create(&doctor->home, &wish, front->key, &row, NULL, why);
        if (result == RESULT_OK)
            text_copy(front->key_id, sizeof(front->key_id), row.id);
    }
    text_print(header, sizeof(header), "X-API-Key: %s", front->key);
    text_print(bearer, sizeof(bearer), "Authorization: Bearer %s", front->key);
    if (result == RESULT_OK)
        result =
            front_ask(front, &(struct http_ask){.path = "/models", .headers = {bearer}}, why);
    if (result == RESULT_OK) {
        front->by_bearer = front->answer.status;
        result =
            front_ask(front, &(struct http_ask){.path = "/models", .headers = {header}}, why);
    }
    if (result == RESULT_OK)
        front->by_header = front->answer.status;
    secret_wipe(header, sizeof(header));
    secret_wipe(bearer, sizeof(bearer));
    return result;
}

void doctor_check_key_header(struct doctor *doctor, struct finding *finding)
{
    struct front *front = doctor->front;
    struct reason why;

    if (!doctor_has_home(doctor, finding) || !front_serves(front, finding))
        return;
    if (ask_both_ways(doctor, &why) != RESULT_OK) {
        finding_set(finding, FINDING_FAILED, "a key could not be made and tried: %s", why.text);
        return;
    }
    if (front->by_header == 200) {
        finding_set(finding, FINDING_OK, "it arrives");
    } else if (front->by_bearer == 200) {
        if (finding_set(finding, FINDING_FAILED, "it does not arrive"))
            front_mend(front, finding, FRONT_HEADER);
    } else if (front->by_header == 401) {
        finding_set(finding, FINDING_FAILED,
                    "a key of this home is refused: the service has another home, or no "
                    "header with a key arrives");
    } else {
        finding_set(finding, FINDING_FAILED, "the answer to a good key is %ld",
                    front->by_header);
    }
}

void doctor_check_bearer(struct doctor *doctor, struct finding *finding)
{
    struct front *front = doctor->front;

    if (!doctor_has_home(doctor, finding) || !front_serves(front, finding))
        return;
    if (front->by_bearer == 200)
        finding_set(finding, FINDING_OK, "it arrives");
    else if (front->by_header != 200)
        finding_set(finding, FINDING_NOT_ASKED, "not asked: no key of this home is taken");
    else if (finding_set(finding, front->hosted ? FINDING_WARNING : FINDING_FAILED,
                         "the front does not pass it on: a key as a Bearer token, and every "
                         "token of a login, is taken for none"))
        front_mend(front, finding, FRONT_BEARER);
}

/* Posts a body of so many bytes with the key; fault is what it means if nobody answers. */
static enum result post(struct doctor *doctor, const char *path, int64_t len,
                        enum front_fault fault, struct finding *finding)
{
    struct front *front = doctor->front;
    char header[KEY_TEXT_LEN + 32];
    enum result result;
    struct reason why;

    text_print(header, sizeof(header), "X-API-Key: %s", front->key);
    result = front_ask(front,
                       &(struct http_ask){.path = path,
                                          .headers = {header, "Content-Type: application/json"},
                                          .body_len = (uint64_t)len},
                       &why);
    secret_wipe(header, sizeof(header));
    if (result != RESULT_OK &&
        finding_set(finding, FINDING_FAILED, "a body of %" PRId64 " bytes is not answered: %s",
                    len, why.text))
        front_mend(front, finding, fault);
    return result;
}

enum result front_ask_metered(struct front *front, struct reason *why)
{
    char header[KEY_TEXT_LEN + 32];
    enum result result;

    text_print(header, sizeof(header), "X-API-Key: %s", front->key);
    result = front_ask(front,
                       &(struct http_ask){.path = "/predict",
                                          .headers = {header, "Content-Type: application/json"},
                                          .body_len = 64},
                       why);
    secret_wipe(header, sizeof(header));
    return result;
}

/*
 * Whether bodies as large as a setting, of this name, allows can be sent.  What the settings
 * say is known of a home alone, so ask doctor_has_home() first.
 */
static bool may_send(struct doctor *doctor, const char *setting, int64_t limit,
                     struct finding *finding)
{
    if (!front_serves(doctor->front, finding))
        return false;
    if (!doctor->settled)
        finding_set(finding, FINDING_NOT_ASKED, "not asked: the settings are not known");
    else if (doctor->front->by_header != 200)
        finding_set(finding, FINDING_NOT_ASKED, "not asked: no key of this home is taken");
    else if (limit > body_most)
        finding_set(finding, FINDING_NOT_ASKED,
                    "not asked: %s is over the %" PRId64 " bytes that are sent for this",
                    setting, body_most);
    else
        return true;
    return false;
}

/* Of predictions, and what the limit is. */
static bool body_limit(struct doctor *doctor, struct finding *finding, int64_t *limit)
{
    if (!doctor_has_home(doctor, finding))
        return false;
    *limit = doctor->home.config.predict_body_limit;
    return may_send(doctor, "predict_body_limit", *limit, finding);
}

void doctor_check_body_passes(struct doctor *doctor, struct finding *finding)
{
    struct front *front = doctor->front;
    int64_t limit, len;

    if (!body_limit(doctor, finding, &limit))
        return;
    len = limit - BODY_MARGIN;
    if (post(doctor, "/predict", len, FRONT_BODY, finding) != RESULT_OK)
        return;
    if (!front_is_workers(front)) {
        if (finding_set(finding, FINDING_FAILED,
                        "the front answers %ld to a body of %" PRId64
                        " bytes, which predict_body_limit allows",
                        front->answer.status, len))
            front_mend(front, finding, FRONT_BODY);
    } else if (front->answer.status == 413) {
        if (finding_set(finding, FINDING_FAILED,
                        "the workers refuse a body of %" PRId64
                        " bytes, which predict_body_limit allows: they were started with "
                        "another setting",
                        len))
            front_mend(front, finding, FRONT_DOWN);
    } else if (front->answer.status == 500) {
        finding_set(finding, FINDING_FAILED, "the worker answers 500 to a large body");
    } else {
        finding_set(finding, FINDING_OK, "one of %" PRId64 " bytes reaches a worker", len);
    }
}

void doctor_check_body_refused(struct doctor *doctor, struct finding *finding)
{
    struct front *front = doctor->front;
    int64_t limit;

    if (!body_limit(doctor, finding, &limit) ||
        post(doctor, "/predict", limit + 1, FRONT_BODY, finding) != RESULT_OK)
        return;
    if (front->answer.status != 413) {
        if (finding_set(finding, FINDING_FAILED,
                        "the answer to one of %" PRId64 " bytes is %ld and not 413", limit + 1,
                        front->answer.status))
            front_mend(front, finding, FRONT_BODY);
    } else if (!front_is_problem(front)) {
        if (finding_set(finding, FINDING_FAILED,
                        "the front's 413 is not of the form that every refusal has"))
            front_mend(front, finding, FRONT_ERRORS);
    } else {
        finding_set(finding, FINDING_OK, "the %s answers 413 in the form of every refusal",
                    front_is_workers(front) ? "worker" : "front");
    }
}

/* The key may not upload, so a worker who is reached refuses it before the body (403). */
void doctor_check_images(struct doctor *doctor, struct finding *finding)
{
    struct front *front = doctor->front;
    int64_t len;

    if (!doctor_has_home(doctor, finding))
        return;
    len = doctor->home.config.image_body_limit;
    if (!may_send(doctor, "image_body_limit", len, finding) ||
        post(doctor, "/admin/models/doctor/versions", len, FRONT_IMAGE, finding) != RESULT_OK)
        return;
    if (front_is_workers(front))
        finding_set(finding, FINDING_OK, "one of %" PRId64 " bytes can be uploaded", len);
    else if (finding_set(finding, FINDING_WARNING,
                         "the front answers %ld to an upload of %" PRId64
                         " bytes, which image_body_limit allows",
                         front->answer.status, len))
        front_mend(front, finding, FRONT_IMAGE);
}

enum result front_key_end(struct doctor *doctor, struct reason *why)
{
    struct front *front = doctor->front;
    char home[DOCTOR_PATH_MAX];
    enum result result;
    struct reason cause;

    if (front->key_id[0] == '\0')
        return RESULT_OK;
    result = key_revoke(&doctor->home, front->key_id, &cause);
    if (result != RESULT_OK)
        reason_set(why, result,
                   "the key that was made for this ends in " KEY_LIFE
                   " only, since revoking it "
                   "failed (%s): forestgate --home %s key revoke %s",
                   cause.text, doctor_word(doctor, NULL, home), front->key_id);
    front->key_id[0] = '\0';
    return result;
}
