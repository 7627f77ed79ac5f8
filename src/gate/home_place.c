/*
 * home_place.c: where a home must not be.
 *
 * What is below a document root is one wrong line of a configuration away from being given out:
 * the key under which all keys are hashed, the database, the models.
 */
#include "gate/home_place.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* What hosts call the directories that they serve. */
static const char *const served_names[] = {"public_html", "htdocs",  "httpdocs",
                                           "wwwroot",     "webroot", "www"};

bool home_place_is_in(const char *path, const char *directory)
{
    size_t len = strlen(directory);

    while (len > 0 && directory[len - 1] == '/')
        len--;
    return strncmp(path, directory, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* The real path; of what is not there yet, that of its directory with the name behind it. */
static bool path_real(const char *path, char out[PATH_MAX])
{
    char parent[PATH_MAX], real[PATH_MAX], name[NAME_MAX + 1], *slash;
    size_t len;

    if (realpath(path, out) != NULL)
        return true;
    if (errno != ENOENT || !text_copy(parent, sizeof(parent), path))
        return false;
    for (len = strlen(parent); len > 1 && parent[len - 1] == '/'; len--)
        parent[len - 1] = '\0';
    slash = strrchr(parent, '/');
    if (!text_copy(name, sizeof(name), slash != NULL ? slash + 1 : parent))
        return false;
    if (slash != NULL)
        slash[slash == parent] = '\0';
    if (realpath(slash != NULL ? parent : ".", real) == NULL ||
        strlen(real) + strlen(name) + 2 > PATH_MAX)
        return false;
    text_print(out, PATH_MAX, "%s/%s", strcmp(real, "/") != 0 ? real : "", name);
    return true;
}

static bool name_is_served(const char *name)
{
    for (size_t i = 0; i < sizeof(served_names) / sizeof(served_names[0]); i++)
        if (strcmp(name, served_names[i]) == 0)
            return true;
    return false;
}

/* Whether a directory is the user's own, or above it; a host may have a link for that. */
static bool has_user_in_it(const char *directory)
{
    const struct passwd *user = getpwuid(geteuid());
    char own[PATH_MAX];

    return user != NULL && realpath(user->pw_dir, own) != NULL &&
           home_place_is_in(own, directory);
}

/* Many users have one in their own directory, for all that is below it. */
static bool has_htaccess(const char *directory)
{
    char path[PATH_MAX + 16];

    text_print(path, sizeof(path), "%s/.htaccess", directory);
    return access(path, F_OK) == 0 && !has_user_in_it(directory);
}

enum result home_place_check(const char *path, struct reason *why)
{
    char real[PATH_MAX], home[PATH_MAX], *slash;

    if (!path_real(path, real) || !text_copy(home, sizeof(home), real))
        return RESULT_OK; /* whoever makes or enters it says why that cannot be */
    for (; (slash = strrchr(real, '/')) != NULL && slash[1] != '\0'; *slash = '\0') {
        if (name_is_served(slash + 1))
            return reason_set(
                why, RESULT_DENIED,
                "the home %s is in %s, which a web server gives out: put it beside "
                "that directory, with mv",
                home, real);
        if (has_htaccess(real))
            return reason_set(
                why, RESULT_DENIED,
                "the home %s is in %s, which has a .htaccess, so that a web server "
                "gives it out: put the home elsewhere, with mv",
                home, real);
    }
    return RESULT_OK;
}

enum result home_place_serves(const char *home, const char *directory, struct reason *why)
{
    char real[PATH_MAX];

    if (directory == NULL || directory[0] != '/')
        return RESULT_OK;
    if (!home_place_is_in(home, directory) &&
        (realpath(directory, real) == NULL || !home_place_is_in(home, real)))
        return RESULT_OK;
    return reason_set(
        why, RESULT_DENIED,
        "the home %s is in %s, which the web server gives out: put it beside that "
        "directory, with mv",
        home, directory);
}
