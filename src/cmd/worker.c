/*
 * worker.c: forestgate.fcgi, the worker.
 *
 * The front has opened the listening socket and put it on fd 0.  What follows, in this
 * order: options; an end of what else it has left open; the identity of the home's owner, if
 * root started it; settings; with --listen another socket in the place of that one; with
 * --workers a master and its children; then all that a worker needs is opened, the door is
 * shut behind it (gate/sandbox.h), and requests are served one at a time until SIGTERM.
 */
#include <ctype.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "base/names.h"
#include "base/vault.h"
#include "cmd/listen.h"
#include "cmd/master.h"
#include "cmd/process.h"
#include "gate/home.h"
#include "gate/home_place.h"
#include "gate/journal.h"
#include "gate/sandbox.h"
#include "gate/seal.h"
#include "gate/token.h"
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

static const char usage[] =
    "forestgate.fcgi: the worker of Forestgate, as FastCGI on fd 0 or as plain CGI\n"
    "\n"
    "  spawn-fcgi -n -s /run/forestgate.sock -- \\\n"
    "    /usr/lib/forestgate/forestgate.fcgi --home DIR --workers 4\n"
    "\n"
    "  --home DIR         the home; else FORESTGATE_HOME, else /var/lib/forestgate\n"
    "  --listen PATH      listen there, in the place of fd 0; the home's owner alone may "
    "connect\n"
    "  --workers N        keep N workers alive and serve with those\n"
    "  --SETTING VALUE    any setting of forestgate.conf(5)\n"
    "  --version, --help\n";

static void on_term(int signal)
{
    (void)signal;
    fcgi_stop();
}

static int work(void *arg, int place)
{
    const struct home *entered = arg;
    struct service service;
    enum result result;
    struct reason why;
    int status = EXIT_FAILURE;

    (void)place;
    process_signals(on_term);
    vault_open();
    result = service_open(&service, entered, &why);
    if (result == RESULT_OK)
        result =
            sandbox_enter(&service.home, fcgi_is_cgi() ? SANDBOX_CGI : SANDBOX_WORKER, &why);
    if (result == RESULT_OK && sandbox_state()->files)
        log_renew(service.log); /* from here on no line of it is cut off */
    if (result == RESULT_OK) {
        if (service_run(&service))
            status = EXIT_SUCCESS;
    } else {
        log_message("%s", why.text);
        service_refuse();
    }
    service_close(&service);
    return status;
}

/* Whether there is what tokens are signed and answers are sealed with. */
static enum result try_secrets(const struct home *home, struct reason *why)
{
    struct tokens *tokens = NULL;
    struct seal *seal = NULL;
    enum result result = tokens_open(&home->config, &tokens, why);

    if (result == RESULT_OK)
        result = seal_open(HOME_SEAL_KEYS, &seal, why);
    tokens_close(tokens);
    seal_close(seal);
    return result;
}

/* Finds out, before any worker is forked, whether the home and its ledger can be opened. */
static enum result try_home(struct home *home, struct reason *why)
{
    enum result result = home_open(home, DB_WORKER, why);
    struct ledger *ledger = NULL;

    if (result == RESULT_OK)
        result = journal_open(home, &ledger, why);
    if (result == RESULT_OK)
        result = try_secrets(home, why);
    ledger_close(ledger);
    home_close(home);
    return result;
}

/* Decodes one word of a query in place (RFC 3986, section 2.1). */
static void percent_decode(char *text)
{
    char *to = text, code[3] = {0};

    for (; *text != '\0'; text++) {
        if (text[0] == '%' && isxdigit((unsigned char)text[1]) &&
            isxdigit((unsigned char)text[2])) {
            memcpy(code, text + 1, 2);
            *to++ = (char)strtoul(code, NULL, 16);
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/*
 * How many of the arguments are not a client's: plain CGI adds the words of a query
 * without = behind the others (RFC 3875, section 4.4).
 */
static int own_arguments(int argc, char **argv)
{
    const char *query = getenv("QUERY_STRING");
    char *words, *word, *rest;
    int count = 1, own;

    if (query == NULL || query[0] == '\0' || strchr(query, '=') != NULL || !fcgi_is_cgi())
        return argc;
    words = strdup(query);
    if (words == NULL)
        return 1;
    for (const char *at = query; *at != '\0'; at++)
        count += *at == '+';
    own = argc > count ? argc - count : 1;
    rest = words;
    for (int i = own; i < argc && (word = strsep(&rest, "+")) != NULL; i++) {
        percent_decode(word);
        if (strcmp(word, argv[i]) != 0)
            own = argc; /* a wrapper has given its own and not the client's */
    }
    free(words);
    return own;
}

/* The options that are no settings of forestgate.conf, and so are looked for here. */
static const char *const own_options[] = {"--home", "--listen", NULL};

static bool option_is_own(const char *name)
{
    size_t i = 0;

    while (own_options[i] != NULL && strcmp(own_options[i], name) != 0)
        i++;
    return own_options[i] != NULL;
}

/* The value of an option, the last one given; NULL for none. */
static const char *argument_find(int argc, char **argv, const char *name)
{
    const char *value = NULL;
    size_t len = strlen(name);

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0 && i + 1 < argc)
            value = argv[i + 1];
        else if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
            value = argv[i] + len + 1;
    }
    return value;
}

static const char *home_argument(int argc, char **argv)
{
    const char *home = argument_find(argc, argv, "--home");

    if (home == NULL)
        home = getenv("FORESTGATE_HOME");
    return home != NULL && home[0] != '\0' ? home : HOME_DEFAULT;
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
        if (!option_is_own(where))
            result = config_set(config, where, name, value, why);
    }
    return result;
}

static enum result prepare(struct home *home, int argc, char **argv, struct reason *why)
{
    const char *path = argument_find(argc, argv, "--listen");
    enum result result;

    result = home_enter(home, home_argument(argc, argv), DB_WORKER, why);
    close(home->origin); /* a worker never goes back */
    home->origin = -1;
    process_shut_memory(); /* after the identity was taken, which makes it dumpable again */
    if (result == RESULT_OK)
        result = home_place_check(".", why);
    if (result == RESULT_OK)
        result = home_load_config(home, environ, why);
    if (result == RESULT_OK)
        result = set_arguments(&home->config, argc, argv, why);
    if (result == RESULT_OK)
        result = try_home(home, why);
    if (result == RESULT_OK)
        /* With a path it is no plain CGI, though fd 0 looks so until the socket is there: what
           libfcgi was asked once it does not look at again. */
        result = process_try_sandbox(home, path != NULL || !fcgi_is_cgi(), why);
    if (result == RESULT_OK && path != NULL) /* last: it takes the path from who serves there */
        result = listen_open(path, why);
    return result;
}

int main(int argc, char **argv)
{
    struct home home;
    struct reason why;

    argc = own_arguments(argc, argv);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("forestgate " FORESTGATE_VERSION);
        return EXIT_SUCCESS;
    }
    process_close_others();
    names_prepare();
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    if (prepare(&home, argc, argv, &why) != RESULT_OK) {
        log_message("%s", why.text);
        if (argument_find(argc, argv, "--listen") == NULL) /* else it is no CGI, see above */
            service_refuse();
        return EXIT_FAILURE;
    }
    if (home.config.workers > 0 && !fcgi_is_cgi())
        return master_run((int)home.config.workers, work, &home);
    return work(&home, 0);
}
