/*
 * doctor_front.c: whether the front lets through what the workers need, and says what it
 * refuses as they do.  What needs a key is in doctor_keyed.c.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "cmd/doctor_front.h"

enum {
    FAR_TOO_LONG = 20000, /* for a path or a header line of any front's */
    CLOCKS_WARN_S = 5,
    CLOCKS_FAIL_S = 300
};

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

enum {
    SIGNALS = sizeof(signals) / sizeof(signals[0])
};

static struct sigaction before[SIGNALS];
static volatile sig_atomic_t signal_came;

/* What stands for the name of a server where it is a .htaccess that has to be changed. */
static const char hosted_name[] = ".htaccess";

#define HOSTED_AGAIN "forestgate front htaccess --out ~/public_html/DIRECTORY"

/*
 * Apache and nginx always say which they are; lighttpd does by default and not by the
 * template, so who says nothing is lighttpd.
 */
static const struct {
    const char *server;
    struct {
        const char *todo, *command;
    } mends[FRONT_FAULT__MAX];
} fronts[] = {
    {"Apache",
     {[FRONT_DOWN] = {"see its error log", "systemctl restart apache2"},
      [FRONT_HEADER] = {"take out RequestHeader unset X-API-Key", "apachectl graceful"},
      [FRONT_BEARER] = {"put CGIPassAuth On into the worker's <Directory>",
                        "apachectl graceful"},
      [FRONT_BODY] = {"set LimitRequestBody and, of mod_fcgid, FcgidMaxRequestLen above "
                      "predict_body_limit",
                      "apachectl graceful"},
      [FRONT_IMAGE] = {"set LimitRequestBody for /admin/models/NAME/versions and, of "
                       "mod_fcgid, FcgidMaxRequestLen above image_body_limit",
                       "apachectl graceful"},
      [FRONT_ERRORS] = {"set ErrorDocument as forestgate front apache has it",
                        "apachectl graceful"},
      [FRONT_ANSWER] = {"take out Header unset", "apachectl graceful"},
      [FRONT_SECURITY] = {"set them with Header always set, as forestgate front apache has it",
                          "apachectl graceful"},
      [FRONT_HOSTS] = {"refuse other hosts by a RewriteRule, as forestgate front apache has it",
                       "apachectl graceful"},
      [FRONT_CORS] = {"make its configuration anew with forestgate front apache",
                      "apachectl graceful"},
      [FRONT_INTERFACE] = {"forestgate front apache, with mod_fcgid", "a2enmod fcgid"}}},
    {"lighttpd",
     {[FRONT_DOWN] = {"see its error log", "systemctl restart lighttpd"},
      [FRONT_HEADER] = {"take out the rule that removes X-API-Key",
                        "systemctl restart lighttpd"},
      [FRONT_BEARER] = {"take out the rule that removes Authorization",
                        "systemctl restart lighttpd"},
      [FRONT_BODY] = {"set server.max-request-size, in KiB, above predict_body_limit",
                      "systemctl restart lighttpd"},
      [FRONT_IMAGE] = {"set server.max-request-size, in KiB, for "
                       "/admin/models/NAME/versions above image_body_limit",
                       "systemctl restart lighttpd"},
      [FRONT_ERRORS] = {"set server.errorfile-prefix as forestgate front lighttpd has it",
                        "systemctl restart lighttpd"},
      [FRONT_ANSWER] = {"take out the rule that removes it", "systemctl restart lighttpd"},
      [FRONT_SECURITY] = {"set setenv.set-response-header as forestgate front lighttpd has it",
                          "systemctl restart lighttpd"},
      [FRONT_HOSTS] = {"refuse other hosts by url.redirect-code, as forestgate front lighttpd "
                       "has it",
                       "systemctl restart lighttpd"},
      [FRONT_CORS] = {"make its configuration anew with forestgate front lighttpd",
                      "systemctl restart lighttpd"},
      [FRONT_INTERFACE] = {"forestgate front lighttpd has it", "systemctl restart lighttpd"}}},
    {"nginx",
     {[FRONT_DOWN] = {"see its error log", "systemctl restart nginx"},
      [FRONT_HEADER] = {"take out fastcgi_pass_request_headers off", "nginx -s reload"},
      [FRONT_BEARER] = {"pass HTTP_AUTHORIZATION as a parameter", "nginx -s reload"},
      [FRONT_BODY] = {"set client_max_body_size above predict_body_limit", "nginx -s reload"},
      [FRONT_IMAGE] = {"set client_max_body_size for /admin/models/NAME/versions above "
                       "image_body_limit",
                       "nginx -s reload"},
      [FRONT_ERRORS] = {"set error_page for every status", "nginx -s reload"},
      [FRONT_ANSWER] = {"take out fastcgi_hide_header", "nginx -s reload"},
      [FRONT_SECURITY] = {"set them once with add_header and always, which in an inner block "
                          "takes away all of the outer",
                          "nginx -s reload"},
      [FRONT_HOSTS] = {"have a default_server that returns 421", "nginx -s reload"},
      [FRONT_CORS] = {"make its configuration anew with forestgate front nginx",
                      "nginx -s reload"},
      [FRONT_INTERFACE] = {"forestgate front nginx has it", "nginx -s reload"}}},
    {hosted_name,
     {[FRONT_DOWN] =
          {"see the host's error log; the host may not let .htaccess say FileInfo, "
           "lack mod_rewrite, mod_headers or mod_fcgid (--mode cgi), or run programs "
           "elsewhere only (Options +ExecCGI)",
           HOSTED_AGAIN},
      [FRONT_HEADER] = {"the host removes it", HOSTED_AGAIN},
      [FRONT_BEARER] = {"send X-API-Key, or have the host let Authorization through",
                        "echo CGIPassAuth On >>~/public_html/DIRECTORY/.htaccess"},
      [FRONT_BODY] = {"mod_fcgid takes 131072 bytes unless the host sets FcgidMaxRequestLen: "
                      "set predict_body_limit to what it takes and, if that is another, say it",
                      "forestgate front htaccess --host-limit BYTES --out "
                      "~/public_html/DIRECTORY"},
      [FRONT_IMAGE] = {"publish by the command", "forestgate model publish NAME FILE.fgm"},
      [FRONT_ERRORS] = {"what Apache refuses before it reads .htaccess is the host's own",
                        HOSTED_AGAIN},
      [FRONT_ANSWER] = {"the host removes it", HOSTED_AGAIN},
      [FRONT_SECURITY] = {"the host lacks mod_headers, or .htaccess is another's",
                          HOSTED_AGAIN},
      [FRONT_HOSTS] = {"the host lacks mod_rewrite, or .htaccess is another's", HOSTED_AGAIN},
      [FRONT_CORS] = {"the host lacks mod_headers or mod_rewrite", HOSTED_AGAIN},
      [FRONT_INTERFACE] = {"if the host has mod_fcgid", HOSTED_AGAIN}}},
};

enum {
    FRONTS = sizeof(fronts) / sizeof(fronts[0])
};

void front_mend(const struct front *front, struct finding *finding, enum front_fault fault)
{
    const char *server = front->hosted              ? hosted_name
                         : front->server[0] != '\0' ? front->server
                                                    : "lighttpd";
    size_t used = strlen(finding->detail);

    for (size_t i = 0; i < FRONTS; i++)
        if (strncasecmp(server, fronts[i].server, strlen(fronts[i].server)) == 0) {
            text_print(finding->detail + used, sizeof(finding->detail) - used, "; %s: %s",
                       fronts[i].server, fronts[i].mends[fault].todo);
            finding_mend(finding, "%s", fronts[i].mends[fault].command);
        }
}

static void on_signal(int signal)
{
    signal_came = signal;
    http_stop();
}

enum result doctor_front_begin(struct doctor *doctor, struct reason *why)
{
    struct sigaction action = {.sa_handler = on_signal};
    enum result result;

    doctor->front = calloc(1, sizeof(*doctor->front));
    if (doctor->front == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    result = http_new(doctor->url, &doctor->front->http, why);
    if (result != RESULT_OK) {
        free(doctor->front);
        doctor->front = NULL;
        return result;
    }
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &action, &before[i]);
        if (before[i].sa_handler == SIG_IGN)
            sigaction(signals[i], &before[i], NULL);
    }
    signal(SIGPIPE, SIG_IGN); /* a front that closes early is a finding */
    return RESULT_OK;
}

enum result doctor_front_end(struct doctor *doctor, int *signal, struct reason *why)
{
    struct front *front = doctor->front;
    enum result result;

    if (front == NULL)
        return RESULT_OK;
    result = front_key_end(doctor, why);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    *signal = signal_came;
    http_answer_free(&front->answer);
    http_free(front->http);
    secret_wipe(front, sizeof(*front));
    free(front);
    doctor->front = NULL;
    return result;
}

enum result front_ask(struct front *front, const struct http_ask *question, struct reason *why)
{
    return http_request(front->http, question, &front->answer, why);
}

bool front_is_workers(const struct front *front)
{
    char id[256];

    return http_header(&front->answer, "X-Request-ID", id)[0] != '\0';
}

bool front_is_problem(const struct front *front)
{
    static const char wanted[] = "application/problem+json";
    char type[256], status[256], error[256];

    return strncasecmp(http_header(&front->answer, "Content-Type", type), wanted,
                       sizeof(wanted) - 1) == 0 &&
           http_member(&front->answer, "status", status) &&
           strtol(status, NULL, 10) == front->answer.status &&
           http_member(&front->answer, "error", error) && error[0] != '\0';
}

bool front_serves(const struct front *front, struct finding *finding)
{
    if (!front->serves)
        finding_set(finding, FINDING_NOT_ASKED, "not asked: there is no Forestgate to ask");
    return front->serves;
}

static bool is_apache(const char *server)
{
    return strncasecmp(server, "Apache", 6) == 0 || strncasecmp(server, "LiteSpeed", 9) == 0;
}

/* Whether a URL names something below its host: a service that is in a directory. */
static bool has_path(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = strchr(host != NULL ? host + 3 : url, '/');

    return path != NULL && path[strspn(path, "/")] != '\0';
}

/* The home's own certificate can be believed for the asking; of another we know no root. */
static void not_believed(const struct doctor *doctor, struct finding *finding,
                         const struct reason *why)
{
    char certificate[DOCTOR_PATH_MAX];

    finding_set(
        finding, FINDING_FAILED,
        "%s answers with a certificate that this machine does not believe; its root can "
        "be given in a file that CURL_CA_BUNDLE names: %s",
        doctor->url, why->text);
    if (doctor->settled && doctor->home.config.tls_certificate[0] == '\0')
        finding_mend(finding, "CURL_CA_BUNDLE=%s forestgate doctor --url %s",
                     doctor_word(doctor, HOME_TLS_CERTIFICATE, certificate), doctor->url);
}

void doctor_check_reached(struct doctor *doctor, struct finding *finding)
{
    static const struct http_ask live = {.path = "/health/live"};
    struct front *front = doctor->front;
    struct reason why;
    enum result result;

    front->serves = false;
    result = front_ask(front, &live, &why);
    if (result != RESULT_OK)
        front->answer.status = 0;
    if (result == RESULT_DENIED) {
        not_believed(doctor, finding, &why);
        return;
    }
    if (result == RESULT_INVALID) {
        finding_set(
            finding, FINDING_FAILED,
            "the roots that CURL_CA_BUNDLE names cannot be read by the home's owner: %s",
            why.text);
        return;
    }
    if (result != RESULT_OK) {
        finding_set(finding, FINDING_FAILED,
                    "%s does not answer, so start the web server, or give the address at "
                    "which it listens: %s",
                    doctor->url, why.text);
        return;
    }
    http_header(&front->answer, "Server", front->server);
    front->hosted = is_apache(front->server) && has_path(doctor->url);
    finding_set(finding, FINDING_OK, "%s answers%s%s", doctor->url,
                front->server[0] != '\0' ? " as " : "", front->server);
}

void doctor_check_service(struct doctor *doctor, struct finding *finding)
{
    struct front *front = doctor->front;
    char status[256], version[256];

    if (front->answer.status == 0) {
        finding_set(finding, FINDING_NOT_ASKED, "not asked: the front does not answer");
        return;
    }
    if ((front->answer.status >= 500 || (front->hosted && front->answer.status == 403)) &&
        !front_is_workers(front) &&
        finding_set(finding, FINDING_FAILED,
                    "the front answers %ld: it finds no worker, or has none that starts",
                    front->answer.status))
        front_mend(front, finding, FRONT_DOWN);
    http_member(&front->answer, "status", status);
    http_member(&front->answer, "version", version);
    if (front->answer.status == 421 && !front_is_workers(front)) {
        finding_set(finding, FINDING_FAILED,
                    "the front does not go by the name that is in %s: the setting hosts has "
                    "those that it goes by",
                    doctor->url);
        return;
    }
    if (front->answer.status != 200 || strcmp(status, "alive") != 0) {
        finding_set(finding, FINDING_FAILED,
                    "what answers %s/health/live, with status %ld, is no Forestgate",
                    doctor->url, front->answer.status);
        return;
    }
    front->serves = true;
    if (strcmp(version, FORESTGATE_VERSION) != 0 &&
        finding_set(finding, FINDING_WARNING,
                    "the workers are of version %s, and this program is " FORESTGATE_VERSION,
                    version))
        front_mend(front, finding, FRONT_DOWN);
    finding_set(finding, FINDING_OK, "Forestgate %s answers", version);
}

/* Asks what no front lets through: of one that does, a worker's refusal is as good. */
static void check_refusal(struct front *front, const struct http_ask *question,
                          const char *what, struct finding *finding)
{
    struct reason why;

    if (front_ask(front, question, &why) != RESULT_OK)
        finding_set(finding, FINDING_FAILED, "%s is not answered: %s", what, why.text);
    else if (front->answer.status >= 400 && !front_is_problem(front) &&
             finding_set(finding, front->hosted ? FINDING_WARNING : FINDING_FAILED,
                         "the front's %ld to %s is not of the form that every refusal has",
                         front->answer.status, what))
        front_mend(front, finding, FRONT_ERRORS);
}

void doctor_check_errors(struct doctor *doctor, struct finding *finding)
{
    static char path[FAR_TOO_LONG + 1], header[FAR_TOO_LONG + 1] = "X-Long: ";
    struct front *front = doctor->front;

    if (!front_serves(front, finding))
        return;
    memset(path, 'a', FAR_TOO_LONG);
    path[0] = '/';
    memset(header + strlen("X-Long: "), 'a', FAR_TOO_LONG - strlen("X-Long: "));
    check_refusal(front, &(struct http_ask){.path = path}, "a path that is too long", finding);
    check_refusal(front, &(struct http_ask){.path = "/health", .headers = {header}},
                  "a header that is too long", finding);
    finding_set(finding, FINDING_OK, "they are of the form that every refusal has");
}

/* What an answer has to have, and which: NULL for any value. */
static const struct {
    const char *name, *value;
    bool metered; /* on the answer to a call that counts */
} headers[] = {
    {"X-Request-ID", "doctor.1", false},
    {"X-Process-Time", NULL, false},
    {"Cache-Control", "no-store", false},
    {"RateLimit-Policy", NULL, true},
    {"RateLimit", NULL, true},
};

static void check_each_header(struct front *front, bool metered, struct finding *finding)
{
    char value[256];

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (headers[i].metered != metered)
            continue;
        http_header(&front->answer, headers[i].name, value);
        if (value[0] == '\0' && finding_set(finding, FINDING_FAILED,
                                            "the answer comes without %s", headers[i].name))
            front_mend(front, finding, FRONT_ANSWER);
        if (value[0] != '\0' && headers[i].value != NULL &&
            strcmp(value, headers[i].value) != 0 &&
            finding_set(finding, FINDING_FAILED, "%s comes as \"%s\" and not as \"%s\"",
                        headers[i].name, value, headers[i].value))
            front_mend(front, finding, FRONT_ANSWER);
    }
}

void doctor_check_headers(struct doctor *doctor, struct finding *finding)
{
    static const struct http_ask question = {.path = "/health",
                                             .headers = {"X-Request-ID: doctor.1"}};
    struct front *front = doctor->front;
    struct reason why;

    if (!front_serves(front, finding))
        return;
    if (front_ask(front, &question, &why) != RESULT_OK) {
        finding_set(finding, FINDING_FAILED, "/health is not answered: %s", why.text);
        return;
    }
    check_each_header(front, false, finding);
    if (front->by_header == 200) {
        if (front_ask_metered(front, &why) == RESULT_OK)
            check_each_header(front, true, finding);
        else
            finding_set(finding, FINDING_FAILED, "/predict is not answered: %s", why.text);
    }
    finding_set(finding, FINDING_OK, "those of an answer arrive");
}

void doctor_check_front_clock(struct doctor *doctor, struct finding *finding)
{
    int64_t now = clock_wall_s(), away;
    int64_t theirs;

    if (!front_serves(doctor->front, finding))
        return;
    theirs = http_date(&doctor->front->answer);
    if (theirs < 0) {
        finding_set(finding, FINDING_WARNING, "its answers have no Date");
        return;
    }
    away = theirs > now ? theirs - now : now - theirs;
    if (away > CLOCKS_WARN_S &&
        finding_set(finding, away > CLOCKS_FAIL_S ? FINDING_FAILED : FINDING_WARNING,
                    "it is %" PRId64 " seconds from this one", away))
        finding_mend(finding, "timedatectl set-ntp true");
    finding_set(finding, FINDING_OK, "it agrees with this one");
}
