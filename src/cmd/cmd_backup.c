/*
 * cmd_backup.c: forestgate backup: the database into one file, while workers serve.
 *
 * The file is the user's: it is opened and given its name by whoever runs this, where he
 * stands, and only in between is the home entered.  It has its name when it is whole and
 * proved, and not before.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/backup_keep.h"
#include "cmd/cli.h"
#include "cmd/progress.h"
#include "store/db_copy.h"

enum {
    KEEP_MAX = 10000
};

struct backup {
    const char *file;
    const char *directory; /* of --keep, or NULL */
    unsigned keep, removed;
    bool force;
    char named[PATH_MAX];     /* what --keep has named file */
    char temporary[PATH_MAX]; /* empty until it is there */
    int fd;
    struct db_copy *copy;
    struct progress progress;
    struct db_copy_facts facts;
    int64_t bytes;
};

/* The signal that asked to end, so that no half of a copy is left behind. */
static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    stopped = signal_number;
}

static void signals_take(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = stop}, before;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}

static bool more(void *arg, uint64_t done, uint64_t total)
{
    progress_draw(arg, done, total);
    return stopped == 0;
}

/* Whether a directory is the home or in it, as far up as one may look. */
static bool directory_in_home(int directory, const struct stat *home)
{
    int at = openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), up;
    struct stat st, above;
    bool in = false, top = false;

    while (at >= 0 && !in && !top && fstat(at, &st) == 0) {
        in = st.st_dev == home->st_dev && st.st_ino == home->st_ino;
        up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        top = up < 0 || fstat(up, &above) != 0 ||
              (above.st_dev == st.st_dev && above.st_ino == st.st_ino);
        close(at);
        at = up;
    }
    if (at >= 0)
        close(at);
    return in;
}

/* There a file of any name could be taken for one of the home's own, a journal perhaps. */
static enum result place_check(const struct backup *backup, const char *home,
                               struct reason *why)
{
    const char *slash = strrchr(backup->file, '/');
    enum result result = RESULT_OK;
    char parent[PATH_MAX] = ".";
    struct stat st;
    int directory;

    if (slash != NULL)
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - backup->file) + 1, backup->file);
    directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return reason_errno(why, "%s", parent);
    if (stat(home, &st) == 0 && directory_in_home(directory, &st))
        result = reason_set(why, RESULT_INVALID,
                            "%s: it is in the home %s; a backup belongs outside of it",
                            backup->file, home);
    close(directory);
    return result;
}

static enum result name_check(const char *file, struct reason *why)
{
    size_t len = strlen(file);

    if (len == 0 || file[len - 1] == '/' || len > PATH_MAX - 16)
        return reason_set(why, RESULT_INVALID, "\"%.80s\" is not allowed; allowed: a file",
                          file);
    return RESULT_OK;
}

static enum result free_check(const struct backup *backup, struct reason *why)
{
    struct stat st;

    if (lstat(backup->file, &st) != 0)
        return errno == ENOENT ? RESULT_OK : reason_errno(why, "%s", backup->file);
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        return reason_set(why, RESULT_INVALID, "%s: it is there and is no file", backup->file);
    if (!backup->force)
        return reason_set(why, RESULT_EXISTS, "%s: it is there already; --force replaces it",
                          backup->file);
    return RESULT_OK;
}

static enum result file_make(struct backup *backup, struct reason *why)
{
    snprintf(backup->temporary, sizeof(backup->temporary), "%s.XXXXXX", backup->file);
    backup->fd = mkostemp(backup->temporary, O_CLOEXEC);
    if (backup->fd < 0) {
        backup->temporary[0] = '\0';
        return reason_errno(why, "%s", backup->file);
    }
    return db_copy_open(backup->temporary, backup->file, &backup->copy, why);
}

static enum result database_copy(struct backup *backup, const struct option_set *set,
                                 struct reason *why)
{
    enum result result;
    struct home home;

    result = cli_home_open(set, &home, why);
    if (result == RESULT_OK)
        result = cli_calls_bring_in(&home, why);
    if (result == RESULT_OK)
        result = db_copy_fill(backup->copy, home.db, more, &backup->progress, why);
    cli_home_close(&home);
    return result;
}

/* A name that was free at the start and is not any more is left alone. */
static int name_give(const struct backup *backup)
{
    int status;

    if (backup->force)
        return rename(backup->temporary, backup->file);
    status = renameat2(AT_FDCWD, backup->temporary, AT_FDCWD, backup->file, RENAME_NOREPLACE);
    if (status == 0 || (errno != EINVAL && errno != ENOSYS))
        return status;
    if (link(backup->temporary, backup->file) != 0) /* file systems that cannot say so */
        return -1;
    return unlink(backup->temporary);
}

static enum result file_finish(struct backup *backup, struct reason *why)
{
    struct stat st;

    if (fsync(backup->fd) != 0 || fstat(backup->fd, &st) != 0)
        return reason_errno(why, "%s", backup->file);
    backup->bytes = st.st_size;
    if (name_give(backup) != 0)
        return reason_errno(why, "%s", backup->file);
    backup->temporary[0] = '\0';
    return file_sync_parent(backup->file, why);
}

static enum result backup_make(struct backup *backup, const struct option_set *set,
                               struct reason *why)
{
    enum result result;

    result = file_make(backup, why);
    if (result == RESULT_OK)
        result = database_copy(backup, set, why);
    if (result == RESULT_OK)
        result = db_copy_check(backup->copy, more, &backup->progress, &backup->facts, why);
    db_copy_close(backup->copy);
    if (result == RESULT_OK)
        result = file_finish(backup, why);
    if (backup->temporary[0] != '\0')
        unlink(backup->temporary);
    if (backup->fd >= 0)
        close(backup->fd);
    return result;
}

static int backup_print(const struct backup *backup, const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "file", backup->file);
        json_member_i64(&writer, "bytes", backup->bytes);
        json_member_i64(&writer, "keys", backup->facts.keys);
        json_member_i64(&writer, "calls", backup->facts.calls);
        if (backup->directory != NULL)
            json_member_u64(&writer, "removed", backup->removed);
        json_write_object_end(&writer);
    } else {
        buf_printf(&text,
                   "%s: %" PRId64 " bytes, %" PRId64 " keys, %" PRId64
                   " calls; it has no secret, settings, models or jobs of the home",
                   backup->file, backup->bytes, backup->facts.keys, backup->facts.calls);
    }
    return cli_tell(set, &text);
}

/* What --keep makes of the operand: a file of a directory that is there. */
static enum result directory_take(struct backup *backup, const struct option_set *set,
                                  struct reason *why)
{
    unsigned long long keep = 0;
    enum result result = option_u64(set, "--keep", 1, KEEP_MAX, &keep, why);

    if (result != RESULT_OK || keep == 0)
        return result;
    if (backup->force)
        return reason_set(why, RESULT_INVALID, "--keep and --force do not go together");
    if (backup->file[0] == '\0')
        return reason_set(why, RESULT_INVALID, "\"\" is not allowed; allowed: a directory");
    backup->keep = (unsigned)keep;
    backup->directory = backup->file;
    result = backup_keep_name(backup->named, backup->directory, clock_wall_us(), why);
    backup->file = backup->named;
    return result;
}

static enum result checks(const struct backup *backup, const char *home, struct reason *why)
{
    enum result result = name_check(backup->file, why);

    if (result == RESULT_OK)
        result = place_check(backup, home, why);
    if (result == RESULT_OK)
        result = free_check(backup, why);
    return result;
}

/* The one that was made is told of, too, where older ones could not be removed. */
static int finish(struct backup *backup, const struct option_set *set)
{
    enum result result = RESULT_OK;
    struct reason why;
    int status;

    if (backup->directory != NULL)
        result = backup_keep_prune(backup->directory, backup->file, backup->keep,
                                   &backup->removed, &why);
    status = backup_print(backup, set);
    return result == RESULT_OK ? status : cli_fail(&why);
}

static int run_backup(const struct option_set *set)
{
    struct backup backup = {.file = set->operands[0], .fd = -1};
    enum result result;
    struct reason why;

    backup.force = option_given(set, "--force");
    if (directory_take(&backup, set, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = checks(&backup, cli_home_path(set), &why);
    if (result != RESULT_OK)
        return cli_fail(&why);
    signals_take();
    progress_start(&backup.progress, "backing up", "pages");
    result = backup_make(&backup, set, &why);
    progress_end(&backup.progress);
    return result == RESULT_OK ? finish(&backup, set) : cli_fail(&why);
}

static const struct option_row backup_options[] = {
    {"--force", NULL, "replace a file that is there", NULL},
    {"--keep", "N", "FILE is a directory: name the copy after the time, keep the newest N",
     NULL},
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_backup_commands[] = {
    {"backup", NULL, "FILE", 1, backup_options, run_backup,
     "copy the database while workers serve",
     "  forestgate backup /backup/forestgate-2026-11-21.db\n"
     "  forestgate backup --force /backup/forestgate.db\n"
     "  forestgate backup --keep 14 /backup\n"},
    {0},
};
