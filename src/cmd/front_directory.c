/*
 * front_directory.c: the directory of a shared host in which the service is: a .htaccess and
 * the program that Apache starts.
 *
 * suEXEC wants that program to be there, its owner's and nobody else's to change, and takes the
 * environment from it.  So it is a script of one line, which knows where the worker and the
 * home are; a new worker needs no change here.
 */
#include "cmd/front_directory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "gate/home_place.h"

/* By this a .htaccess is told from one that somebody wrote: the first line of the template. */
static const char mark[] = "# Forestgate in a directory of a shared host.";

enum {
    HTACCESS_MOST = 1 << 20
};

/* Whether it may be written: it is not there, or was made here. */
static enum result htaccess_is_ours(const char *path, struct reason *why)
{
    struct buf there = {0};
    enum result result = RESULT_OK;

    if (access(path, F_OK) != 0)
        return RESULT_OK;
    result = file_read(path, HTACCESS_MOST, &there, why);
    if (result == RESULT_OK &&
        (there.len < sizeof(mark) - 1 || memcmp(there.data, mark, sizeof(mark) - 1) != 0))
        result =
            reason_set(why, RESULT_EXISTS,
                       "%s is there, and was not made by forestgate: take it away, or give "
                       "the service a directory of its own",
                       path);
    buf_free(&there);
    return result;
}

/* No argument of the script's is passed on: in plain CGI they are words of the query. */
static enum result program_write(const struct front_places *places, struct reason *why)
{
    char path[PATH_MAX + 32];
    struct buf text = {0};
    enum result result;

    text_print(path, sizeof(path), "%s/forestgate.fcgi", places->dir);
    buf_printf(&text,
               "#!/bin/sh\n"
               "# What Apache starts for Forestgate; made by forestgate front htaccess.\n"
               "exec '%s' --home '%s' --workers 0\n",
               places->worker, places->home);
    result = buf_failed(&text) ? reason_set(why, RESULT_NOMEM, "out of memory")
                               : file_write_atomic(path, text.data, text.len, 0755, why);
    buf_free(&text);
    return result;
}

enum result front_directory_check(const struct front_places *places, struct reason *why)
{
    char real[PATH_MAX];
    enum result result = home_place_check(places->home, why);

    if (result == RESULT_OK && realpath(places->dir, real) != NULL)
        result = home_place_serves(places->home, real, why);
    return result;
}

enum result front_directory_write(const struct front_places *places, const struct buf *text,
                                  struct reason *why)
{
    const mode_t mask = umask(022); /* Apache reads it as another user */
    char path[PATH_MAX + 32];
    enum result result = file_make_dir(places->dir, 0755, why);

    umask(mask);
    if (result == RESULT_OK)
        result = file_dir_own(places->dir, why);
    text_print(path, sizeof(path), "%s/.htaccess", places->dir);
    if (result == RESULT_OK)
        result = htaccess_is_ours(path, why);
    if (result == RESULT_OK)
        result = program_write(places, why);
    return result == RESULT_OK ? file_write_atomic(path, text->data, text->len, 0644, why)
                               : result;
}
