/*
 * show_job.c: jobs as JSON of the API.  What may get out is what stands here.
 */
#include "http/show_job.h"

#include "base/clock.h"
#include "base/text.h"
#include "http/show.h"

enum {
    US = 1000000
};

static const struct {
    const char *word, *type;
} kinds[JOB_KIND__MAX] = {
    [JOB_JSON] = {"json", "application/json"},
    [JOB_CSV] = {"csv", "text/csv; charset=utf-8"},
    [JOB_NPY] = {"npy", "application/x-npy"},
};

const char *show_job_type(const struct job_row *row)
{
    return kinds[row->result_kind].type;
}

bool show_job_has_result(const struct job_row *row)
{
    return row->status == JOB_COMPLETED;
}

static void time_us(struct json_writer *writer, const char *key, int64_t wall_us)
{
    char time[CLOCK_RFC3339_MAX];

    if (wall_us != 0)
        clock_rfc3339_us(time, wall_us);
    json_member_string(writer, key, wall_us != 0 ? time : NULL);
}

static void number_or_null(struct json_writer *writer, const char *key, int64_t number)
{
    json_write_key(writer, key);
    if (number != 0)
        json_write_i64(writer, number);
    else
        json_write_null(writer);
}

/* How far a job in work is, and at this speed how long it takes yet. */
static void progress(struct json_writer *writer, const struct job_row *row, int64_t now_us)
{
    int64_t spent_us = now_us - row->started_us;
    double rate = spent_us > 0 ? (double)row->rows_done * US / (double)spent_us : 0;

    json_write_key(writer, "progress");
    if (row->status != JOB_PROCESSING) {
        json_write_null(writer);
        return;
    }
    json_write_object(writer);
    number_or_null(writer, "rows", row->rows);
    json_member_i64(writer, "rows_done", row->rows_done);
    json_member_i64(writer, "rows_per_s", (int64_t)rate);
    json_write_key(writer, "seconds_left");
    if (rate > 0 && row->rows >= row->rows_done)
        json_write_i64(writer, (int64_t)((double)(row->rows - row->rows_done) / rate));
    else
        json_write_null(writer);
    json_write_object_end(writer);
}

static void result_members(struct json_writer *writer, const struct job_row *row)
{
    bool has = show_job_has_result(row);

    show_text(writer, "result_label", has ? row->label : "");
    json_write_key(writer, "result_score");
    if (has && row->has_score)
        json_write_double(writer, row->score);
    else
        json_write_null(writer);
    number_or_null(writer, "result_bytes", has ? row->result_bytes : 0);
    json_member_string(writer, "result_type", show_job_type(row));
}

void show_job_links(struct json_writer *writer, const struct request *request,
                    const struct job_row *row)
{
    char path[SHOW_JOB_LINK_MAX];

    json_write_key(writer, "links");
    json_write_object(writer);
    request_link(request, path, sizeof(path), "/jobs/%s", row->uuid);
    json_member_string(writer, "self", path);
    request_link(request, path, sizeof(path), "/jobs/%s/result", row->uuid);
    json_member_string(writer, "result", path);
    json_write_object_end(writer);
}

void show_job_members(struct json_writer *writer, const struct job_row *row,
                      const struct show_job *with)
{
    int64_t expires_us = row->ended_us != 0 ? row->ended_us + with->retention_s * US : 0;

    if (with->account)
        json_member_string(writer, "account", row->account);
    json_member_string(writer, "job_uuid", row->uuid);
    json_member_string(writer, "status", job_status_name(row->status));
    json_member_string(writer, "model", row->model);
    number_or_null(writer, "version", row->version);
    json_member_string(writer, "kind", kinds[row->kind].word);
    time_us(writer, "created_at", row->created_us);
    time_us(writer, "started_at", row->started_us);
    time_us(writer, "ended_at", row->ended_us);
    time_us(writer, "expires_at", expires_us);
    json_member_i64(writer, "attempts", row->attempts);
    number_or_null(writer, "rows", row->rows);
    progress(writer, row, with->now_us);
    result_members(writer, row);
    number_or_null(writer, "code", row->status == JOB_FAILED ? row->code : 0);
    show_text(writer, "reason", row->reason);
    show_job_links(writer, with->request, row);
}
