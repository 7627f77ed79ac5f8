/*
 * cmd_front.c: forestgate front: the configuration of the web server before the workers.
 *
 * Printed, it names the places of a system; with --out all its files are in one directory, as
 * make run and the tests have them.  Settings are the home's; what is made is the user's, who
 * is root where a front binds ports below 1024.
 */
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/near.h"
#include "base/text.h"
#include "cmd/cli.h"
#include "cmd/front.h"
#include "cmd/front_directory.h"

/* What the paths of a system begin with. */
static const char system_dir[] = "/run/forestgate-front";
static const char system_nginx_pid[] = "/run/nginx.pid"; /* else systemd waits and gives up */
static const char system_errors[] = "share/forestgate/errors";
static const char default_socket[] = "/run/forestgate/forestgate.sock";

enum {
    ADDED_MAX = 64,      /* more than what is added to any directory */
    SOCKET_PATH_MAX = 90 /* of a directory: a socket's whole path has at most 107 */
};

/*
 * What can stand between quotes in the configuration of any front, and means itself there: for
 * Apache a directory with * ? [ ] is a pattern, and what is behind a ? a query.
 */
static enum result place_check(const char *name, const char *value, struct reason *why)
{
    static const char never[] = "\"'\\$%&|;{}#*?[]";

    for (const char *at = value; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f || strchr(never, *at) != NULL)
            return reason_set(why, RESULT_INVALID,
                              "%s: \"%.80s\": no configuration can have this character in a "
                              "path: one of \" ' \\ $ %% & | ; { } # * ? [ ] or a control "
                              "character",
                              name, value);
    return RESULT_OK;
}

/* All of them, from wherever each is: the path of this program can be odd as well. */
static enum result places_check(const struct front_places *places,
                                const struct front_kind *kind, struct reason *why)
{
    const struct {
        const char *name, *value;
    } all[] = {
        {"--home", places->home}, {"--worker", places->worker}, {"--socket", places->socket},
        {"--out", places->dir},   {"the log", places->log},     {"the errors", places->errors},
        {"--user", places->user}, {"its group", places->group},
    };
    enum result result = RESULT_OK;

    for (size_t i = 0; result == RESULT_OK && i < sizeof(all) / sizeof(all[0]); i++)
        result = place_check(all[i].name, all[i].value, why);
    if (result != RESULT_OK || strcmp(kind->mode, "spawn") != 0)
        return result;
    /* lighttpd cuts the command that starts the workers at blanks. */
    if (strchr(places->worker, ' ') != NULL || strchr(places->run, ' ') != NULL)
        return reason_set(why, RESULT_INVALID,
                          "--worker and --out: a space is not possible where lighttpd starts "
                          "the workers: %s, %s",
                          places->worker, places->run);
    if (strlen(places->run) > SOCKET_PATH_MAX)
        return reason_set(why, RESULT_INVALID, "--out: too long for the path of a socket: %s",
                          places->run);
    return RESULT_OK;
}

/* The directory of this program. */
static void own_directory(char out[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
    char *slash;

    out[len > 0 ? len : 0] = '\0';
    slash = strrchr(out, '/');
    if (slash != NULL)
        slash[slash == out] = '\0';
}

/* The first that is there of a file beside this program and of one where it is installed. */
static void own_file(char out[PATH_MAX], const char *beside, const char *installed)
{
    char directory[PATH_MAX], path[PATH_MAX * 2];

    own_directory(directory);
    snprintf(path, sizeof(path), "%s/%s", directory, beside);
    if (access(path, F_OK) != 0)
        snprintf(path, sizeof(path), "%s/../%s", directory, installed);
    if (realpath(path, out) == NULL)
        snprintf(out, PATH_MAX, "/usr/%s", installed);
}

/* An option's path as a whole one; what is not there yet need not be. */
static enum result path_whole(const char *option, const char *value, char out[PATH_MAX],
                              struct reason *why)
{
    char here[PATH_MAX] = "";
    int len;

    if (value[0] != '/' && getcwd(here, sizeof(here)) == NULL)
        return reason_errno(why, "%s: where this is", option);
    len = snprintf(out, PATH_MAX, "%s%s%s", here, value[0] == '/' ? "" : "/", value);
    return len < PATH_MAX - ADDED_MAX
               ? RESULT_OK
               : reason_set(why, RESULT_INVALID, "%s: the path is too long", option);
}

/* Whom a front that root starts becomes, and that user's group. */
static enum result user_find(const char *name, struct front_places *places, struct reason *why)
{
    const struct passwd *user = name != NULL ? getpwnam(name) : getpwuid(geteuid());
    const struct group *group = user != NULL ? getgrgid(user->pw_gid) : NULL;

    if (user == NULL && name == NULL)
        return reason_set(why, RESULT_MISSING,
                          "--user: %u, who runs this, has no name here: say whose the front is",
                          (unsigned)geteuid());
    if (group == NULL || !text_copy(places->user, sizeof(places->user), user->pw_name) ||
        !text_copy(places->group, sizeof(places->group), group->gr_name))
        return reason_set(why, RESULT_MISSING, "--user: there is no user \"%.60s\"",
                          user != NULL ? user->pw_name : name);
    return RESULT_OK;
}

/* Where all is when it is printed, or below --out. */
static void places_below(struct front_places *places, const char *out, const char *server)
{
    if (out != NULL) {
        snprintf(places->dir, PATH_MAX, "%s", out);
        text_print(places->run, PATH_MAX, "%s/work", out);
        text_print(places->log, PATH_MAX, "%s/front.log", out);
        text_print(places->pid, PATH_MAX, "%s/nginx.pid", out);
        text_print(places->errors, PATH_MAX, "%s/errors", out);
        text_print(places->empty, PATH_MAX, "%s/empty", out);
        return;
    }
    snprintf(places->dir, PATH_MAX, "%s", system_dir);
    snprintf(places->run, PATH_MAX, "%s/work", system_dir);
    text_print(places->log, PATH_MAX, "/var/log/%s/forestgate.log",
               strcmp(server, "apache") == 0 ? "apache2" : server);
    snprintf(places->pid, PATH_MAX, "%s", system_nginx_pid);
    own_file(places->errors, "errors", system_errors);
    text_print(places->empty, PATH_MAX, "%s/empty", places->errors);
}

/* What a shared host lets through: as the user says, or as it does by itself. */
static enum result host_limit_find(const struct option_set *set, const struct front_kind *kind,
                                   struct front_places *places, struct reason *why)
{
    unsigned long long limit = (unsigned long long)kind->host_limit;
    enum result result = RESULT_OK;

    if (kind->directory)
        result = option_u64(set, "--host-limit", 1024, INT64_MAX, &limit, why);
    places->host_limit = (int64_t)limit;
    return result;
}

static enum result places_find(const struct option_set *set, const struct front_kind *kind,
                               struct front_places *places, struct reason *why)
{
    const char *worker = option_value(set, "--worker"), *socket = option_value(set, "--socket");
    const char *user = option_value(set, "--user"), *out = option_value(set, "--out");
    char whole[PATH_MAX] = "";
    enum result result = RESULT_OK;

    if (out != NULL)
        result = path_whole("--out", out, whole, why);
    places_below(places, out != NULL ? whole : NULL, kind->server);
    own_file(places->worker, "forestgate.fcgi", "lib/forestgate/forestgate.fcgi");
    if (result == RESULT_OK && worker != NULL)
        result = path_whole("--worker", worker, places->worker, why);
    if (result == RESULT_OK)
        result = path_whole("--socket", socket != NULL ? socket : default_socket,
                            places->socket, why);
    if (result == RESULT_OK && kind->needs_worker && access(places->worker, X_OK) != 0)
        result =
            reason_set(why, RESULT_MISSING, "--worker: there is no program %s", places->worker);
    if (result == RESULT_OK)
        result = host_limit_find(set, kind, places, why);
    if (result == RESULT_OK && !kind->directory && !kind->printed)
        result = user_find(user == NULL && geteuid() == 0 ? "www-data" : user, places, why);
    return result == RESULT_OK ? places_check(places, kind, why) : result;
}

/* Settings over those of the home: --set NAME=VALUE. */
static enum result settings_change(const struct option_set *set, struct config *config,
                                   struct reason *why)
{
    enum result result = RESULT_OK;
    const char *given;
    char name[CONFIG_NAME_MAX + 1];

    for (size_t i = 0;
         result == RESULT_OK && (given = option_value_at(set, "--set", i)) != NULL; i++) {
        size_t len = strcspn(given, "=");

        if (given[len] == '\0' || len >= sizeof(name))
            return reason_set(why, RESULT_INVALID, "--set: \"%.80s\" is not NAME=VALUE", given);
        memcpy(name, given, len);
        name[len] = '\0';
        result = config_set(config, "--set", name, given + len + 1, why);
    }
    return result;
}

static enum result config_check(const struct config *config, struct reason *why)
{
    if (config->http_port == 0 && config->https_port == 0)
        return reason_set(why, RESULT_INVALID,
                          "http_port and https_port are both 0: there is nothing to listen at");
    if (config->http_port == config->https_port)
        return reason_set(why, RESULT_INVALID, "http_port and https_port are the same");
    if (config->tls_key[0] != '\0' && config->tls_certificate[0] == '\0')
        return reason_set(why, RESULT_INVALID, "tls_key is set, and tls_certificate is not");
    if (config->hosts[0] == '\0')
        return reason_set(why, RESULT_INVALID,
                          "hosts is empty: every request would be refused");
    return RESULT_OK;
}

/* The settings that hold, of a home that was entered, and where it really is. */
static enum result home_read(const struct option_set *set, struct home *home,
                             char path[PATH_MAX], struct reason *why)
{
    enum result result = home_load_config(home, environ, why);

    if (result == RESULT_OK && getcwd(path, PATH_MAX) == NULL)
        result = reason_set(why, RESULT_IO, "the home's path is too long");
    if (result == RESULT_OK)
        result = settings_change(set, &home->config, why);
    if (result == RESULT_OK)
        result = config_check(&home->config, why);
    if (result == RESULT_OK && home->config.https_port != 0 &&
        home->config.tls_certificate[0] == '\0')
        result = home_certificate(why);
    return result;
}

static enum result home_look(const struct option_set *set, struct front_places *places,
                             struct config *config, struct reason *why)
{
    struct home home;
    enum result result = home_enter(&home, cli_home_path(set), DB_CLI, why);

    if (result == RESULT_OK)
        result = home_read(set, &home, places->home, why);
    if (result == RESULT_OK)
        *config = home.config;
    home_leave(&home);
    return result;
}

/*
 * Makes what was opened the front's user's, who may be another than who starts it, and closes
 * it.
 */
static enum result hand_over(int fd, const char *path, mode_t mode,
                             const struct front_places *places, struct reason *why)
{
    enum result result = RESULT_OK;
    const struct passwd *user;

    if (fd < 0)
        return reason_errno(why, "%s", path);
    user = getpwnam(places->user);
    if (user == NULL)
        result = reason_set(why, RESULT_MISSING, "there is no user %s any more", places->user);
    else if (fchmod(fd, mode) != 0 ||
             (geteuid() == 0 && fchown(fd, user->pw_uid, user->pw_gid) != 0))
        result = reason_errno(why, "%s", path);
    close(fd);
    return result;
}

/* What the front's user writes: a directory, and the log. */
static enum result writable_make(const struct front_places *places, struct reason *why)
{
    enum result result = file_make_dir(places->run, 0700, why);

    if (result == RESULT_OK)
        result = hand_over(open(places->run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                           places->run, 0700, places, why);
    if (result == RESULT_OK)
        result = hand_over(
            open(places->log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644),
            places->log, 0644, places, why);
    return result;
}

/*
 * All its files in one directory, of which the front's user may write none but the above, and
 * nobody else any: root will start the front by them.
 */
static enum result out_write(const struct front_kind *kind, const struct front_places *places,
                             const struct buf *text, struct reason *why)
{
    const mode_t mask = umask(022);
    char path[PATH_MAX];
    enum result result = file_make_dir(places->dir, 0755, why);

    if (result == RESULT_OK)
        result = file_dir_own(places->dir, why);
    if (result == RESULT_OK)
        result = file_make_dir(places->empty, 0755, why);
    if (result == RESULT_OK && kind->suffix != NULL)
        result = front_errors_write(places->errors, kind->suffix, why);
    if (result == RESULT_OK)
        result = writable_make(places, why);
    text_print(path, sizeof(path), "%s/front.conf", places->dir);
    if (result == RESULT_OK)
        result = file_write_atomic(path, text->data, text->len, 0644, why);
    umask(mask);
    return result;
}

static enum result kind_find(const struct option_set *set, const struct front_kind **out,
                             struct reason *why)
{
    const char *server = set->operands[0], *mode = option_value(set, "--mode");
    const struct front_kind *kind;
    struct buf known = {0};
    struct near near;

    *out = front_kind_find(server, mode);
    if (*out != NULL)
        return RESULT_OK;
    near_begin(&near, server);
    near_try(&near, "errors");
    for (size_t i = 0; (kind = front_kind_at(i)) != NULL; i++) {
        buf_printf(&known, "%s%s --mode %s", i == 0 ? "" : ", ", kind->server, kind->mode);
        near_try(&near, kind->server);
    }
    if (near_word(&near) != NULL && front_kind_find(server, NULL) == NULL)
        reason_set(why, RESULT_INVALID, "there is no front \"%.40s\"; did you mean %s?", server,
                   near_word(&near));
    else
        reason_set(why, RESULT_INVALID, "there is no front \"%.40s%s%.40s\"; there are: %s",
                   server, mode != NULL ? " --mode " : "", mode != NULL ? mode : "",
                   known.data != NULL ? known.data : "");
    buf_free(&known);
    return RESULT_INVALID;
}

/* The bodies of its own refusals alone, as every server wants them. */
static int run_errors(const struct option_set *set)
{
    const char *out = option_value(set, "--out");
    struct reason why;
    enum result result;
    mode_t mask;

    if (out == NULL) {
        reason_set(&why, RESULT_INVALID, "front errors needs --out DIR");
        return cli_misuse(&why);
    }
    mask = umask(022); /* a front reads them as another user */
    result = front_errors_write(out, "json", &why);
    if (result == RESULT_OK)
        result = front_errors_write(out, "html", &why);
    umask(mask);
    return result == RESULT_OK ? CLI_DONE : cli_fail(&why);
}

/* The mode of a server for which somebody else starts the workers; NULL if there is none. */
static const char *mode_beside(const char *server)
{
    const struct front_kind *kind;

    for (size_t i = 0; (kind = front_kind_at(i)) != NULL; i++)
        if (strcmp(kind->server, server) == 0 && !kind->needs_worker)
            return kind->mode;
    return NULL;
}

/* Workers that a front starts are whom it is, and no home but their own opens to them. */
static void tell_of_owner(const struct front_kind *kind, const struct front_places *places)
{
    const char *mode = mode_beside(kind->server);
    const struct passwd *owner;
    struct stat st;

    if (!kind->needs_worker || kind->directory || mode == NULL || stat(places->home, &st) != 0)
        return;
    owner = getpwuid(st.st_uid);
    if (owner != NULL && strcmp(owner->pw_name, places->user) != 0)
        cli_note(
            "forestgate: the workers that %s starts will be %s, and the home is %s's, which "
            "they cannot enter: take --mode %s and have them started as %s, or give %s the "
            "home\n",
            kind->server, places->user, owner->pw_name, mode, owner->pw_name, places->user);
}

static int run_front(const struct option_set *set)
{
    const struct front_kind *kind;
    struct front_places places = {0}; /* not every front has all of them */
    struct config config;
    struct buf text = {0};
    struct reason why;
    enum result result;

    if (strcmp(set->operands[0], "errors") == 0)
        return run_errors(set);
    if (kind_find(set, &kind, &why) != RESULT_OK)
        return cli_misuse(&why);
    if (kind->printed && option_given(set, "--out")) {
        reason_set(&why, RESULT_INVALID, "--out: front %s is printed alone", kind->server);
        return cli_misuse(&why);
    }
    result = home_look(set, &places, &config, &why);
    if (result == RESULT_OK)
        result = places_find(set, kind, &places, &why);
    if (result == RESULT_OK)
        result = front_print(kind, &config, &places, &text, &why);
    if (result == RESULT_OK && kind->directory)
        result = front_directory_check(&places, &why);
    if (result == RESULT_OK)
        tell_of_owner(kind, &places);
    if (result == RESULT_OK && kind->directory && option_given(set, "--out"))
        result = front_directory_write(&places, &text, &why);
    else if (result == RESULT_OK && option_given(set, "--out"))
        result = out_write(kind, &places, &text, &why);
    else if (result == RESULT_OK)
        fwrite(text.data, 1, text.len, stdout); /* main() says if that failed */
    buf_free(&text);
    return result == RESULT_OK ? CLI_DONE : cli_fail(&why);
}

static const struct option_row front_options[] = {
    {"--mode", "MODE", "how the workers run: see the examples; else the server's first", NULL},
    {"--out", "DIR",
     "write front.conf, or .htaccess, there, with all that it needs, instead of printing it",
     NULL},
    {"--set", "NAME=VALUE...", "a setting over the home's", NULL},
    {"--socket", "PATH", "where the workers listen; else /run/forestgate/forestgate.sock",
     NULL},
    {"--worker", "PATH", "forestgate.fcgi; else the one beside this program", NULL},
    {"--host-limit", "BYTES",
     "of a body that a shared host lets through; else 131072 with mod_fcgid, any with CGI",
     NULL},
    {"--user", "NAME", "whom a front that root starts becomes; else www-data", NULL},
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_front_commands[] = {
    {"front", NULL, "SERVER", 1, front_options, run_front,
     "print the configuration of lighttpd, apache, nginx or htaccess, or rules for nftables",
     "  forestgate front nginx > /etc/nginx/nginx.conf\n"
     "  forestgate front lighttpd --mode socket|spawn|cgi\n"
     "  forestgate front apache --mode fcgid|cgi|proxy\n"
     "  forestgate front htaccess --mode fcgid|cgi --out ~/public_html/api\n"
     "  forestgate front nftables > /etc/forestgate.nft\n"
     "  forestgate front errors --out /etc/forestgate/errors\n"
     "  forestgate front nginx --set https_port=0 --set http_port=8080 --out /tmp/front\n"},
    {0},
};
