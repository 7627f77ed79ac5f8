/*
 * show_job.h: jobs as JSON of the API, to those who may see them.
 */
#ifndef HTTP_SHOW_JOB_H
#define HTTP_SHOW_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_write.h"
#include "http/request.h"
#include "store/jobs.h"

enum {
    SHOW_JOB_LINK_MAX = REQUEST_MOUNT_MAX + 64
};

/* What is shown beside what the row says. */
struct show_job {
    const struct request *request;
    int64_t now_us;
    int64_t retention_s; /* how long one is kept after its end */
    bool account;        /* whose it is: to administrators alone */
};

/* The type of a result: "text/csv; charset=utf-8" and so on. */
const char *show_job_type(const struct job_row *row);

/* Whether there is a result to be had. */
bool show_job_has_result(const struct job_row *row);

/*
 * account, if it is to be shown, job_uuid, status, model, version, kind, created_at,
 * started_at, ended_at, expires_at, attempts, rows, progress, result_label, result_score,
 * result_bytes, result_type, code, reason, links; without the braces.  Always all of them, null
 * where there is nothing to say.
 */
void show_job_members(struct json_writer *writer, const struct job_row *row,
                      const struct show_job *with);

/* The member "links": paths, with what the service is mounted below. */
void show_job_links(struct json_writer *writer, const struct request *request,
                    const struct job_row *row);

#endif
