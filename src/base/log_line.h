/*
 * log_line.h: one request as one line of the access log, in each of its formats.
 *
 *     text       2026-01-31T12:00:00.000Z info 192.0.2.7 POST /predict 200 0.000034 ID KEY
 *                with the trace's id behind it, if there is one: trace=0af7...
 *     json       an object with the same
 *     ecs        an object by the Elastic Common Schema, for whoever collects logs of many
 *     combined   as Apache's access log has it, for whoever reads those; the key is the user
 *
 * No text of a client makes a line or a field of its own: what is not printable ASCII is
 * written as \xHH, and in JSON as that escapes it.
 */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include "base/buf.h"
#include "base/log.h"

/* Appends the line, without its end. */
void log_line_write(struct buf *line, enum config_log_format format,
                    const struct log_entry *entry);

/* Appends a message of a program in the form of ecs. */
void log_line_message(struct buf *line, int64_t wall_us, const char *program, int pid,
                      const char *text);

#endif
