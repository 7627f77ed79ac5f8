/*
 * doctor_guard.c: whether the front does what guards browsers, the same on all its answers:
 * security headers, the hosts that it goes by, and whose pages may call.
 *
 * What it should say is read where `forestgate front` has it from.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/doctor_front.h"
#include "cmd/front.h"
#include "cmd/template.h"
#include "http/page_policy.h"

enum {
    HEADER_MAX = 512
};

static const char stranger_host[] = "Host: forestgate.invalid";
static const char stranger_origin[] = "https://forestgate.invalid";

/* value is NULL for any. */
static void check_one(struct front *front, const char *name, const char *value,
                      const char *what, struct finding *finding)
{
    char got[256];
    size_t count = http_header_count(&front->answer, name);
    bool told = false;

    http_header(&front->answer, name, got);
    if (count == 0)
        told = finding_set(finding, FINDING_WARNING, "%s comes without %s", what, name);
    else if (count > 1)
        told = finding_set(finding, FINDING_WARNING, "%s has %s %zu times", what, name, count);
    else if (value != NULL && strcmp(value, got) != 0)
        told = finding_set(finding, FINDING_WARNING, "%s has %s as \"%s\" and not as \"%s\"",
                           what, name, got, value);
    if (told)
        front_mend(front, finding, FRONT_SECURITY);
}

static void check_all(struct doctor *doctor, const char *what, struct finding *finding)
{
    const struct template_pair *header;

    for (size_t i = 0; (header = front_header_at(i)) != NULL; i++)
        check_one(doctor->front, header->item, header->value, what, finding);
    check_one(doctor->front, "Content-Security-Policy", page_none_content, what, finding);
    check_one(doctor->front, "Referrer-Policy", page_none_referrer, what, finding);
    if (doctor->settled && doctor->home.config.hsts != 0 &&
        strncmp(doctor->url, "https:", strlen("https:")) == 0)
        check_one(doctor->front, "Strict-Transport-Security", NULL, what, finding);
}

void doctor_check_security_headers(struct doctor *doctor, struct finding *finding)
{
    static const struct http_ask live = {.path = "/health/live"};
    static const struct http_ask other = {.path = "/health/live", .headers = {stranger_host}};
    struct front *front = doctor->front;
    struct reason why;

    if (!front_serves(front, finding))
        return;
    if (front_ask(front, &live, &why) != RESULT_OK) {
        finding_set(finding, FINDING_FAILED, "/health/live is not answered: %s", why.text);
        return;
    }
    check_all(doctor, "an answer of the workers", finding);
    if (front_ask(front, &other, &why) == RESULT_OK && !front_is_workers(front))
        check_all(doctor, "a refusal of the front's own", finding);
    finding_set(finding, FINDING_OK, "they are on what workers answer and on refusals");
}

void doctor_check_hosts(struct doctor *doctor, struct finding *finding)
{
    static const struct http_ask other = {.path = "/health/live", .headers = {stranger_host}};
    struct front *front = doctor->front;
    struct reason why;

    if (!front_serves(front, finding))
        return;
    if (front_ask(front, &other, &why) != RESULT_OK)
        finding_set(finding, FINDING_FAILED, "another host is not answered: %s", why.text);
    else if (front->answer.status < 400 &&
             finding_set(finding, FINDING_WARNING, "it answers under any name: %ld to \"%s\"",
                         front->answer.status, stranger_host))
        front_mend(front, finding, FRONT_HOSTS);
    finding_set(finding, FINDING_OK, "another is refused with %ld", front->answer.status);
}

/* Whether the last answer lets pages of this origin read it, with credentials. */
static bool lets_read(const struct front *front, const char *origin)
{
    char allowed[256], credentials[256];

    http_header(&front->answer, "Access-Control-Allow-Origin", allowed);
    http_header(&front->answer, "Access-Control-Allow-Credentials", credentials);
    return strcmp(allowed, origin) == 0 && strcmp(credentials, "true") == 0;
}

static void check_stranger(struct front *front, struct finding *finding)
{
    char header[HEADER_MAX], allowed[256];
    const struct http_ask question = {.path = "/health/live", .headers = {header}};
    struct reason why;

    snprintf(header, sizeof(header), "Origin: %s", stranger_origin);
    if (front_ask(front, &question, &why) != RESULT_OK)
        finding_set(finding, FINDING_FAILED, "an origin is not answered: %s", why.text);
    else if (http_header(&front->answer, "Access-Control-Allow-Origin", allowed)[0] != '\0' &&
             finding_set(finding, FINDING_FAILED,
                         "pages of any origin may read answers: Access-Control-Allow-Origin is "
                         "\"%s\" for %s",
                         allowed, stranger_origin))
        front_mend(front, finding, FRONT_CORS);
}

/* An origin of the setting: an answer to its pages, and what a browser asks before. */
static void check_origin(struct front *front, const char *origin, struct finding *finding)
{
    static const char wish[] = "Access-Control-Request-Method: POST";
    char header[HEADER_MAX];
    const struct http_ask question = {.path = "/health/live", .headers = {header}};
    const struct http_ask preflight = {
        .method = "OPTIONS", .path = "/predict", .headers = {header, wish}};
    struct reason why;
    bool read, may;

    snprintf(header, sizeof(header), "Origin: %s", origin);
    read = front_ask(front, &question, &why) == RESULT_OK && lets_read(front, origin);
    may = front_ask(front, &preflight, &why) == RESULT_OK && front->answer.status == 204 &&
          lets_read(front, origin) &&
          http_header_count(&front->answer, "Access-Control-Allow-Methods") == 1;
    if (!(read && may) &&
        finding_set(finding, FINDING_FAILED,
                    "%s is one of cors_origins, and its pages may not %s", origin,
                    read ? "call: a preflight is not answered with 204" : "read answers"))
        front_mend(front, finding, FRONT_CORS);
}

void doctor_check_cors(struct doctor *doctor, struct finding *finding)
{
    const char *origins = doctor->settled ? doctor->home.config.cors_origins : "";
    char origin[256];

    if (!front_serves(doctor->front, finding))
        return;
    check_stranger(doctor->front, finding);
    if (strcspn(origins, ",") > 0 && strcspn(origins, ",") < sizeof(origin)) {
        snprintf(origin, sizeof(origin), "%.*s", (int)strcspn(origins, ","), origins);
        check_origin(doctor->front, origin, finding);
    }
    finding_set(finding, FINDING_OK,
                origins[0] != '\0' ? "pages of cors_origins may call, and no others"
                                   : "no other origin's pages may read answers");
}
