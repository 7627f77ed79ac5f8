/*
 * job_run.h: one job, from its body to its result.
 *
 * A job of JSON has exactly the result that POST /models/NAME/predict would answer; one of CSV
 * or of an array what the same route answers to such a file, with the same columns.  What that
 * route would refuse, the job fails with; what it could not do at the moment (503), is tried
 * again.
 */
#ifndef HTTP_JOB_RUN_H
#define HTTP_JOB_RUN_H

#include <signal.h>

#include "base/result.h"
#include "gate/queue.h"

/* What a runner has at hand. */
struct job_room;

/*
 * Opens the home that was entered, after a fork(), with its queue.  *stop is set, by a signal
 * handler say, when a long job is to be handed back.
 */
enum result job_room_open(const struct home *entered, const volatile sig_atomic_t *stop,
                          struct job_room **out, struct reason *why);
void job_room_close(struct job_room *room);

struct queue *job_room_queue(struct job_room *room);
struct home *job_room_home(struct job_room *room);

/* Rings the bell of the home's runners; for a signal handler, too. */
void job_room_ring(const struct job_room *room);

/* Works at the job that queue_next() gave, and says to the queue what became of it. */
void job_run(struct job_room *room, struct queue_job *job);

/* What is due between jobs, and when there is none to do. */
void job_room_tend(struct job_room *room);
void job_room_idle(struct job_room *room);

#endif
