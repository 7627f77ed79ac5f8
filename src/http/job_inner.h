/*
 * job_inner.h: what the rooms of jobs share: those of JSON (job_run.c) and of files of rows
 * (job_file.c).
 */
#ifndef HTTP_JOB_INNER_H
#define HTTP_JOB_INNER_H

#include "forest/predictor.h"
#include "http/input.h"
#include "http/job_run.h"
#include "http/request.h"

/* A service without a front, without callers and without limits. */
struct job_room {
    struct service service; /* its home, registry, shadow, keeper, input, body and
                               reply alone */
    struct queue *queue;
    const volatile sig_atomic_t *stop;
    uint64_t keep_due; /* when what is kept is looked at next */
};

/* Whether its rows are to be kept: see keeper_begin(). */
bool job_keep_begin(struct job_room *room, const struct job_row *row,
                    const struct model *model);

/* The job has failed: no further attempt would help. */
void job_refuse(struct job_room *room, struct queue_job *job, int64_t code, const char *reason);

/* Says in its row that it is done, by which version and how many rows. */
void job_complete(struct job_row *row, const struct model *model, int64_t rows);

/* Notes the label and the score of a job of one row. */
void job_note_single(struct job_row *row, const struct predictor *predictor,
                     const double *margins, const double *answers);

/* A job whose body is a file of rows. */
void job_file_run(struct job_room *room, struct queue_job *job);

#endif
