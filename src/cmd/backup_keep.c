/*
 * backup_keep.c: a directory of backups, each named after its time, of which the newest stay.
 */
#include "cmd/backup_keep.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum {
    REST_LEN = 7,              /* .XXXXXX of mkostemp() */
    REST_AGE_S = 24 * 60 * 60, /* then nobody is at work on it any more */
};

/* How a name looks: 0 stands for a digit. */
static const char name_form[] = "forestgate-0000-00-00T000000Z.db";

enum {
    NAME_LEN = sizeof(name_form) - 1
};

enum result backup_keep_name(char out[PATH_MAX], const char *directory, int64_t wall_us,
                             struct reason *why)
{
    char time[CLOCK_RFC3339_MAX], *to = time;
    int len;

    clock_rfc3339(time, wall_us);
    time[strcspn(time, ".")] = '\0';
    for (const char *from = time; *from != '\0'; from++)
        if (*from != ':') /* which not every file system takes */
            *to++ = *from;
    *to = '\0';
    len = snprintf(out, PATH_MAX, "%s/forestgate-%sZ.db", directory, time);
    if (len < 0 || len >= PATH_MAX)
        return reason_set(why, RESULT_TOO_BIG, "%.80s...: the path is too long", directory);
    return RESULT_OK;
}

/* Whether a name begins as those of backups do; what follows is looked at elsewhere. */
static bool has_form(const char *name)
{
    size_t i = 0;

    while (name_form[i] != '\0' &&
           (name_form[i] == '0' ? isdigit((unsigned char)name[i]) : name[i] == name_form[i]))
        i++;
    return name_form[i] == '\0';
}

struct shelf {
    int fd;
    const char *directory; /* for messages */
    char (*names)[NAME_LEN + 1];
    size_t count, room;
    unsigned removed;
};

static enum result name_add(struct shelf *shelf, const char *name, struct reason *why)
{
    size_t room = shelf->room == 0 ? 64 : shelf->room * 2;
    void *grown;

    if (shelf->count == shelf->room) {
        grown = reallocarray(shelf->names, room, sizeof(*shelf->names));
        if (grown == NULL)
            return reason_set(why, RESULT_NOMEM, "%s: out of memory", shelf->directory);
        shelf->names = grown;
        shelf->room = room;
    }
    text_copy(shelf->names[shelf->count++], sizeof(*shelf->names), name);
    return RESULT_OK;
}

/* One that another has removed meanwhile is gone as well. */
static enum result name_remove(struct shelf *shelf, const char *name, struct reason *why)
{
    if (unlinkat(shelf->fd, name, 0) == 0)
        shelf->removed++;
    else if (errno != ENOENT)
        return reason_errno(why, "%s/%s", shelf->directory, name);
    return RESULT_OK;
}

static bool is_old_rest(const char *name, const struct stat *st)
{
    return strlen(name) == NAME_LEN + REST_LEN && name[NAME_LEN] == '.' &&
           st->st_mtime < clock_wall_s() - REST_AGE_S;
}

/* Takes one entry: a backup onto the list, and what is left of one off the disk. */
static enum result entry_take(struct shelf *shelf, const char *name, struct reason *why)
{
    struct stat st;

    if (!has_form(name) || fstatat(shelf->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
        return RESULT_OK;
    if (name[NAME_LEN] == '\0')
        return name_add(shelf, name, why);
    if (is_old_rest(name, &st))
        return name_remove(shelf, name, why);
    return RESULT_OK;
}

static enum result shelf_read(struct shelf *shelf, struct reason *why)
{
    enum result result = RESULT_OK;
    struct dirent *entry;
    DIR *entries;
    int fd;

    fd = openat(shelf->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL) {
        result = reason_errno(why, "%s", shelf->directory);
        if (fd >= 0)
            close(fd);
        return result;
    }
    errno = 0;
    while (result == RESULT_OK && (entry = readdir(entries)) != NULL) {
        result = entry_take(shelf, entry->d_name, why);
        errno = 0;
    }
    if (result == RESULT_OK && errno != 0)
        result = reason_errno(why, "%s", shelf->directory);
    closedir(entries);
    return result;
}

/* The newest first: names that are of one form are ordered as their times are. */
static int newer(const void *a, const void *b)
{
    return strcmp(b, a);
}

enum result backup_keep_prune(const char *directory, const char *made, unsigned keep,
                              unsigned *removed, struct reason *why)
{
    const char *slash = strrchr(made, '/'), *own = slash != NULL ? slash + 1 : made;
    struct shelf shelf = {.directory = directory};
    enum result result;
    size_t left = keep - 1; /* that may stay beside the one that was made */

    shelf.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (shelf.fd < 0)
        return reason_errno(why, "%s", directory);
    result = shelf_read(&shelf, why);
    if (shelf.count > 0)
        qsort(shelf.names, shelf.count, sizeof(*shelf.names), newer);
    for (size_t i = 0; result == RESULT_OK && i < shelf.count; i++) {
        if (strcmp(shelf.names[i], own) == 0)
            continue;
        if (left > 0)
            left--;
        else
            result = name_remove(&shelf, shelf.names[i], why);
    }
    *removed += shelf.removed;
    free(shelf.names);
    close(shelf.fd);
    return result;
}
