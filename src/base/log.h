/*
 * log.h: the access log, one line a request (log_line.h), and the messages of a program.
 *
 * No text of a client can make a line of its own or hide one: what is not printable
 * ASCII is written as \xHH, in JSON as the format escapes it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/result.h"

/*
 * One request.  Texts may be NULL, shown as "-".  key is the shortened form that may
 * be shown (fg_ab12...), never the key.
 */
struct log_entry {
    int64_t wall_us;
    uint64_t duration_ns;
    const char *address, *method, *path, *request_id, *key;
    const char *trace_id, *span_id; /* NULL: of no trace */
    const char *protocol, *agent;
    uint64_t bytes; /* of the answer's body */
    unsigned status;
    bool warning; /* a refused credential: shown at level warning */
};

struct log;

/* Opens or makes the file; every line is appended in one write. */
enum result log_open(const char *path, enum config_log_format format, struct log **out,
                     struct reason *why);
void log_close(struct log *log);

/*
 * Writes one line.  The file is opened anew if it was renamed or removed (looked at
 * once a second) or after log_reopen().  A write that fails is told by log_message(),
 * once until one succeeds again.
 */
void log_write(struct log *log, const struct log_entry *entry);

/* Has every log opened anew before its next line; may be called in a signal handler. */
void log_reopen(void);

/*
 * Opens it anew at once, for who was shut in since: what is open keeps the rights that it was
 * opened with.  Where that cannot be it stays as it is.
 */
void log_renew(struct log *log);

/* From now on log_message() writes one JSON object a line, as the format ecs is; or text. */
void log_messages_ecs(bool ecs);

/* One line to standard error: when, which program, what. */
void log_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
