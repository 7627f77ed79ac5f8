/*
 * queue_inner.h: what both halves of the queue share: who asks (queue.c) and who works
 * (queue_work.c).
 */
#ifndef GATE_QUEUE_INNER_H
#define GATE_QUEUE_INNER_H

#include "gate/queue.h"

/*
 * Gives an open file without a name the name, in the place of whatever had it.  Within the
 * transaction that commits the row that names it: who sweeps looks under the same lock, and so
 * never takes the file of a row that is on its way.  A file system that has no such files is
 * given a copy.
 */
enum result queue_file_name(struct home *home, int fd, const char *name, struct reason *why);

/* Has what is in the file outlast what the row that will name it does: before the transaction.
 */
enum result queue_file_settle(const struct home *home, int fd, struct reason *why);

/* Removes the files that a row may have. */
void queue_files_remove(const struct job_row *row);

/* The oldest end, in wall time, of a job that is still kept. */
int64_t queue_kept_since_us(const struct home *home);

#endif
