/*
 * file_part.c: a file that is written bit by bit and has its name only when it is whole.
 */
#include "base/file_part.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum {
    LINK_MAX_NAME = 32 /* "/proc/self/fd/1" */
};

static void link_name(int fd, char out[LINK_MAX_NAME])
{
    snprintf(out, LINK_MAX_NAME, "/proc/self/fd/%d", fd);
}

/* A file without a name in the directory of path, or -1 if there can be none. */
static int open_unnamed(const char *path)
{
    const char *slash = strrchr(path, '/');
    char link[LINK_MAX_NAME], *parent;
    int fd = -1;

    if (slash == NULL)
        parent = strdup(".");
    else
        parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (parent != NULL)
        fd = open(parent, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    free(parent);
    if (fd < 0)
        return -1;
    link_name(fd, link);
    if (access(link, F_OK) == 0)
        return fd;
    close(fd);
    return -1;
}

enum result file_part_open(const char *path, struct file_part *part, struct reason *why)
{
    *part = (struct file_part){.path = path, .fd = -1};
    if (asprintf(&part->temporary, "%s.XXXXXX", path) < 0) {
        part->temporary = NULL;
        return reason_set(why, RESULT_NOMEM, "out of memory");
    }
    part->special = file_is_special(path);
    if (part->special)
        part->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    else if ((part->fd = open_unnamed(path)) < 0)
        part->named = (part->fd = mkostemp(part->temporary, O_CLOEXEC)) >= 0;
    if (part->fd >= 0)
        return RESULT_OK;
    free(part->temporary);
    part->temporary = NULL;
    return reason_errno(why, "%s", path);
}

/* By a name that nobody has, mkostemp()'s, given back at once.  */
static bool name_it(struct file_part *part)
{
    char link[LINK_MAX_NAME];
    int fd = mkostemp(part->temporary, O_CLOEXEC);

    if (fd < 0)
        return false;
    close(fd);
    unlink(part->temporary);
    link_name(part->fd, link);
    part->named = linkat(AT_FDCWD, link, AT_FDCWD, part->temporary, AT_SYMLINK_FOLLOW) == 0;
    return part->named;
}

static bool keep(struct file_part *part, mode_t mode)
{
    return fchmod(part->fd, mode) == 0 && (part->named || name_it(part)) &&
           rename(part->temporary, part->path) == 0;
}

enum result file_part_end(struct file_part *part, enum result result, mode_t mode,
                          struct reason *why)
{
    if (part->fd < 0)
        return result;
    if (result == RESULT_OK && (part->special || keep(part, mode)))
        part->named = false;
    else if (result == RESULT_OK)
        result = reason_errno(why, "%s", part->path);
    if (part->named)
        unlink(part->temporary);
    close(part->fd);
    free(part->temporary);
    *part = (struct file_part){.fd = -1};
    return result;
}
