/*
 * doctor_host.c: the checks of forestgate doctor: what a host lacks that is somebody else's,
 * and whether state and programs are where they are safe and run.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/url.h"
#include "cmd/doctor_front.h"
#include "gate/home_place.h"

static const char worker_name[] = "forestgate.fcgi";

/* The worker that lies beside this program, as in a folder that was unpacked. */
static void check_worker(struct finding *finding)
{
    char path[PATH_MAX + sizeof(worker_name)];
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash;

    if (len <= 0)
        return;
    path[len] = '\0';
    slash = strrchr(path, '/');
    if (slash == NULL)
        return;
    memcpy(slash + 1, worker_name, sizeof(worker_name)); /* for which there is room */
    if (access(path, F_OK) != 0 || access(path, X_OK) == 0)
        return;
    if (finding_set(finding, FINDING_FAILED,
                    "%.300s cannot be run: its mode is wrong, or its file system is mounted "
                    "noexec, and then it has to be elsewhere",
                    path))
        finding_mend(finding, "chmod 755 %s", path);
}

void doctor_check_place(struct doctor *doctor, struct finding *finding)
{
    char home[DOCTOR_PATH_MAX];
    struct reason why;

    if (!doctor_has_home(doctor, finding))
        return;
    if (home_place_check(".", &why) != RESULT_OK &&
        finding_set(finding, FINDING_FAILED, "%s", why.text))
        finding_mend(finding, "mv %s ~/forestgate-home", doctor_word(doctor, NULL, home));
    check_worker(finding);
    finding_set(finding, FINDING_OK, "no web server gives the home out, as far as names tell");
}

static bool is_this_machine(const struct url *url)
{
    return strcmp(url->host, "localhost") == 0 || strncmp(url->host, "127.", 4) == 0 ||
           strcmp(url->host, "::1") == 0;
}

void doctor_check_tls(struct doctor *doctor, struct finding *finding)
{
    struct url url;

    if (!front_serves(doctor->front, finding))
        return;
    if (url_parse(doctor->url, strlen(doctor->url), &url) != NULL)
        finding_set(finding, FINDING_NOT_ASKED, "not asked: the address is unusual");
    else if (url.tls)
        finding_set(finding, FINDING_OK, "TLS, and a certificate that is good for this name");
    else if (is_this_machine(&url))
        finding_set(finding, FINDING_OK, "none, and this address is the machine's own");
    else if (finding_set(finding, FINDING_WARNING,
                         "without TLS keys and answers can be read on their way; a host has a "
                         "certificate for the asking, and https_port sends all to it"))
        finding_mend(finding, "forestgate doctor --url https://%s/", url.host);
}

void doctor_check_interface(struct doctor *doctor, struct finding *finding)
{
    static const struct http_ask question = {.path = "/api/status"};
    struct front *front = doctor->front;
    struct reason why;
    char value[256];

    if (!front_serves(front, finding))
        return;
    if (front_ask(front, &question, &why) != RESULT_OK) {
        finding_set(finding, FINDING_FAILED, "/api/status is not answered: %s", why.text);
        return;
    }
    http_member(&front->answer, "interface", value);
    if (strcmp(value, "cgi") == 0 &&
        finding_set(finding, FINDING_WARNING,
                    "plain CGI: a process is begun for every request, which is slow; FastCGI "
                    "keeps them"))
        front_mend(front, finding, FRONT_INTERFACE);
    finding_set(finding, FINDING_OK, "FastCGI: workers stay");
}
