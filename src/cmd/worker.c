/*
 * worker.c: forestgate.fcgi, the worker.
 *
 * The front has opened the listening socket and put it on fd 0.  What follows, in this
 * order: options; the identity of the home's owner, if root started it; settings; with
 * --workers a master and its children; then all that a worker needs is opened, and
 * requests are served one at a time until SIGTERM.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "cmd/master.h"
#include "gate/home.h"
#include "http/fcgi.h"
#include "http/pipeline.h"

/*
 * From this size on the C library maps a block of its own and unmaps it when it is
 * freed.  Left alone it raises the bound with each large block that comes, and one
 * large body would stay with the worker for ever.
 */
enum {
    MMAP_THRESHOLD = 128 << 10
};

static const char default_home[] = "/var/lib/forestgate";

static const char usage[] =
    "forestgate.fcgi: the worker of Forestgate, as FastCGI on fd 0 or as plain CGI\n"
    "\n"
    "  spawn-fcgi -n -s /run/forestgate.sock -- \\\n"
    "    /usr/lib/forestgate/forestgate.fcgi --home DIR --workers 4\n"
    "\n"
    "  --home DIR         the home; else FORESTGATE_HOME, else /var/lib/forestgate\n"
    "  --workers N        keep N workers alive and serve with those\n"
    "  --SETTING VALUE    any setting of forestgate.conf(5)\n"
    "  --version, --help\n";

static void on_term(int signal)
{
    (void)signal;
    fcgi_stop();
}

static void on_hup(int signal)
{
    (void)signal;
    log_reopen();
}

/*
 * With SA_RESTART, so that the request in hand is read and answered whole; the wait for
 * the next one ends all the same, since fcgi_stop() takes its socket away.
 */
static void handle_signals(void)
{
    struct sigaction action = {.sa_handler = on_term, .sa_flags = SA_RESTART};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = on_hup;
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL); /* a file at its limit is an error of write() */
}

static int work(void *arg)
{
    const struct home *entered = arg;
    struct service service;
    struct reason why;
    int status = EXIT_FAILURE;

    if (service_open(&service, entered, &why) == RESULT_OK) {
        handle_signals();
        service_run(&service);
        status = EXIT_SUCCESS;
    } else {
        log_message("%s", why.text);
        service_refuse();
    }
    service_close(&service);
    return status;
}

/* Finds out, before any worker is forked, whether the home can be opened. */
static enum result try_home(struct home *home, struct reason *why)
{
    enum result result = home_open(home, DB_WORKER, why);

    home_close(home);
    return result;
}

/*
 * Whether the arguments are a client's: plain CGI turns a query without = into them
 * (RFC 3875, section 4.4).
 */
static bool arguments_are_a_query(void)
{
    const char *query = getenv("QUERY_STRING");

    return fcgi_is_cgi() && query != NULL && query[0] != '\0' && strchr(query, '=') == NULL;
}

static const char *home_argument(int argc, char **argv)
{
    const char *home = getenv("FORESTGATE_HOME");

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--home") == 0 && i + 1 < argc)
            home = argv[i + 1];
        else if (strncmp(argv[i], "--home=", 7) == 0)
            home = argv[i] + 7;
    }
    return home != NULL && home[0] != '\0' ? home : default_home;
}

/* Settings from the command line, over those of the file and the environment. */
static enum result set_arguments(struct config *config, int argc, char **argv,
                                 struct reason *why)
{
    enum result result = RESULT_OK;
    char name[64], where[80];

    for (int i = 1; result == RESULT_OK && i < argc; i++) {
        size_t len = strcspn(argv[i], "=");
        const char *value;

        if (strncmp(argv[i], "--", 2) != 0 || len - 2 >= sizeof(name))
            return reason_set(why, RESULT_INVALID, "\"%.80s\" is no option; see --help",
                              argv[i]);
        snprintf(name, sizeof(name), "%.*s", (int)(len - 2), argv[i] + 2);
        snprintf(where, sizeof(where), "--%s", name);
        if (argv[i][len] == '=')
            value = argv[i] + len + 1;
        else if (i + 1 < argc)
            value = argv[++i];
        else
            return reason_set(why, RESULT_INVALID, "%s needs a value", where);
        if (strcmp(name, "home") != 0)
            result = config_set(config, where, name, value, why);
    }
    return result;
}

static enum result prepare(struct home *home, int argc, char **argv, struct reason *why)
{
    enum result result;

    result = home_enter(home, home_argument(argc, argv), DB_WORKER, why);
    if (result == RESULT_OK)
        result = home_load_config(home, environ, why);
    if (result == RESULT_OK)
        result = set_arguments(&home->config, argc, argv, why);
    if (result == RESULT_OK)
        result = try_home(home, why);
    return result;
}

int main(int argc, char **argv)
{
    struct home home;
    struct reason why;

    if (arguments_are_a_query())
        argc = 1;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("forestgate " FORESTGATE_VERSION);
        return EXIT_SUCCESS;
    }
    umask(077);
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    if (prepare(&home, argc, argv, &why) != RESULT_OK) {
        log_message("%s", why.text);
        service_refuse();
        return EXIT_FAILURE;
    }
    if (home.config.workers > 0 && !fcgi_is_cgi())
        return master_run((int)home.config.workers, work, &home);
    return work(&home);
}
