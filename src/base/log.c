/*
 * log.c: the access log, one line a request, and the messages of a program.
 *
 * A line goes out in one write to a file opened for appending, so that lines of many
 * processes do not mix.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log_line.h"

enum {
    LINE_KEPT = 4096,
    SECOND_US = 1000000
};

struct log {
    char path[PATH_MAX];
    enum config_log_format format;
    int fd;
    struct stat opened;    /* which file fd is */
    int64_t looked_second; /* when it was last compared with the file at path */
    sig_atomic_t generation;
    bool failing;  /* a write failed, and so did every one since */
    bool torn;     /* the last line stands there in part */
    bool unopened; /* it could not be opened anew */
    struct buf line;
};

static volatile sig_atomic_t reopen_generation;

static enum result file_open(struct log *log, struct reason *why)
{
    int fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

    if (fd < 0)
        return reason_errno(why, "%s", log->path);
    if (log->fd >= 0)
        close(log->fd);
    log->fd = fd;
    fstat(fd, &log->opened);
    return RESULT_OK;
}

enum result log_open(const char *path, enum config_log_format format, struct log **out,
                     struct reason *why)
{
    struct log *log = calloc(1, sizeof(*log));
    enum result result;

    *out = NULL;
    if (log == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the log");
    log->fd = -1;
    log->format = format;
    log->generation = reopen_generation;
    if (snprintf(log->path, sizeof(log->path), "%s", path) >= (int)sizeof(log->path))
        result = reason_set(why, RESULT_TOO_BIG, "%s: the path is too long", path);
    else
        result = file_open(log, why);
    if (result != RESULT_OK) {
        log_close(log);
        return result;
    }
    *out = log;
    return RESULT_OK;
}

void log_close(struct log *log)
{
    if (log == NULL)
        return;
    if (log->fd >= 0)
        close(log->fd);
    buf_free(&log->line);
    free(log);
}

void log_reopen(void)
{
    reopen_generation++;
}

void log_renew(struct log *log)
{
    struct reason why;

    file_open(log, &why);
}

static bool was_rotated(struct log *log, int64_t second)
{
    struct stat now;

    if (log->generation != reopen_generation)
        return true;
    if (log->looked_second == second)
        return false;
    log->looked_second = second;
    return stat(log->path, &now) != 0 || now.st_ino != log->opened.st_ino ||
           now.st_dev != log->opened.st_dev;
}

void log_write(struct log *log, const struct log_entry *entry)
{
    struct buf *line = &log->line;
    struct reason why;
    ssize_t put = -1;

    buf_clear(line, LINE_KEPT);
    if (log->torn)
        buf_putc(line, '\n');
    log_line_write(line, log->format, entry);
    buf_putc(line, '\n');
    if (was_rotated(log, entry->wall_us / SECOND_US)) {
        log->generation = reopen_generation;
        if (file_open(log, &why) == RESULT_OK) {
            log->unopened = log->torn = false;
        } else if (!log->unopened) {
            log->unopened = true;
            log_message("%s", why.text);
        }
    }
    errno = ENOMEM;
    if (!buf_failed(line))
        put = write(log->fd, line->data, line->len);
    log->torn = put > 0 ? put < (ssize_t)line->len : log->torn;
    if (put == (ssize_t)line->len) {
        log->failing = false;
    } else if (!log->failing) {
        log->failing = true;
        log_message("%s: lines are being lost: %s", log->path,
                    put < 0 ? strerror(errno) : "no space left");
    }
}

static bool messages_are_ecs;

void log_messages_ecs(bool ecs)
{
    messages_are_ecs = ecs;
}

/* False for want of memory. */
static bool message_ecs(const char *text)
{
    struct buf line = {0};
    bool good;

    log_line_message(&line, clock_wall_us(), program_invocation_short_name, (int)getpid(),
                     text);
    buf_putc(&line, '\n');
    good = !buf_failed(&line) && write(STDERR_FILENO, line.data, line.len) >= 0;
    buf_free(&line);
    return good;
}

void log_message(const char *format, ...)
{
    char text[1024], time[CLOCK_RFC3339_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    if (messages_are_ecs && message_ecs(text))
        return;
    clock_rfc3339(time, clock_wall_us());
    fprintf(stderr, "%s %s[%d]: %s\n", time, program_invocation_short_name, (int)getpid(),
            text);
}
