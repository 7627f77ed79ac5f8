/*
 * jobs.c: puts jobs into the queue of a home as a worker does, and counts what became of them.
 *
 *     jobs HOME submit N ACCOUNT MODEL [BODY]    N jobs of JSON; prints their UUIDs
 *     jobs HOME file FILE csv|npy ACCOUNT MODEL OUTPUT csv|npy    one job with that body
 *     jobs HOME fill N ACCOUNT MODEL             N jobs in few transactions, without UUIDs told
 *     jobs HOME result UUID                      its result, to standard output
 *     jobs HOME forget ACCOUNT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/queue.h"

static const char body_iris[] = "{\"features\":[5.1,3.5,1.4,0.2]}";

static int fail(const struct reason *why)
{
    fprintf(stderr, "jobs: %s\n", why->text);
    return EXIT_FAILURE;
}

static struct job_row row_of(const char *account, const char *model)
{
    struct job_row row = {.kind = JOB_JSON, .result_kind = JOB_JSON, .rows = 1};

    text_copy(row.account, sizeof(row.account), account);
    text_copy(row.key, sizeof(row.key), account);
    text_copy(row.model, sizeof(row.model), model);
    queue_uuid(row.request_id, clock_wall_us());
    return row;
}

static int submit(struct home *home, int argc, char **argv)
{
    const char *body = argc > 3 ? argv[3] : body_iris;
    struct reason why;

    for (long i = 0, n = atol(argv[0]); i < n; i++) {
        struct job_row row = row_of(argv[1], argv[2]);
        enum result result;

        row.body_bytes = (int64_t)strlen(body);
        do
            result = queue_submit(home, &row, body, strlen(body), -1, NULL, &why);
        while (result == RESULT_BUSY);
        if (result != RESULT_OK)
            return fail(&why);
        puts(row.uuid);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}

static int fill(struct home *home, char **argv)
{
    size_t len = sizeof(body_iris) - 1;
    enum result result = RESULT_OK;
    struct reason why;
    struct db *db;

    if (home_work(home, &db, &why) != RESULT_OK)
        return fail(&why);
    for (long i = 0, n = atol(argv[0]); result == RESULT_OK && i < n; i++) {
        struct job_row row = row_of(argv[1], argv[2]);

        while (i % 10000 == 0 && (result = db_begin(db, &why)) == RESULT_BUSY)
            ;
        row.created_us = clock_wall_us();
        queue_uuid(row.uuid, row.created_us);
        row.body_bytes = (int64_t)len;
        if (result == RESULT_OK)
            result = job_row_insert(db, &row, body_iris, len, &why);
        if (result == RESULT_OK && (i % 10000 == 9999 || i == n - 1))
            result = db_commit(db, &why);
    }
    return result == RESULT_OK ? EXIT_SUCCESS : fail(&why);
}

static enum job_kind kind_of(const char *text)
{
    return strcmp(text, "npy") == 0 ? JOB_NPY : JOB_CSV;
}

/* Its body was opened before the home was entered. */
static int submit_file(struct home *home, int from, char **argv)
{
    struct job_row row = row_of(argv[2], argv[3]);
    char bytes[65536];
    struct reason why;
    ssize_t got;
    int fd;

    row.kind = kind_of(argv[1]);
    row.result_kind = kind_of(argv[5]);
    row.rows = 0;
    text_copy(row.output, sizeof(row.output), argv[4]);
    if (queue_file_make(&fd, &why) != RESULT_OK)
        return fail(&why);
    while ((got = read(from, bytes, sizeof(bytes))) > 0) {
        row.body_bytes += got;
        if (write(fd, bytes, (size_t)got) != got) {
            perror("jobs");
            return EXIT_FAILURE;
        }
    }
    if (queue_submit(home, &row, NULL, 0, fd, NULL, &why) != RESULT_OK)
        return fail(&why);
    puts(row.uuid);
    return EXIT_SUCCESS;
}

static int result_print(struct home *home, const char *uuid)
{
    struct buf text = {0};
    struct job_row row;
    struct reason why;
    char bytes[65536];
    ssize_t got;
    int fd;

    if (queue_get(home, NULL, uuid, &row, &why) != RESULT_OK ||
        queue_result(home, &row, &text, &fd, &why) != RESULT_OK)
        return fail(&why);
    fwrite(text.data, 1, text.len, stdout);
    while (fd >= 0 && (got = read(fd, bytes, sizeof(bytes))) > 0)
        fwrite(bytes, 1, (size_t)got, stdout);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct reason why;
    struct home home;
    int from = -1;

    if (argc < 4)
        return EXIT_FAILURE;
    if (strcmp(argv[2], "file") == 0 && (from = open(argv[3], O_RDONLY)) < 0) {
        perror(argv[3]);
        return EXIT_FAILURE;
    }
    if (home_enter(&home, argv[1], DB_WORKER, &why) != RESULT_OK ||
        home_load_config(&home, environ, &why) != RESULT_OK ||
        home_open(&home, DB_WORKER, &why) != RESULT_OK)
        return fail(&why);
    if (strcmp(argv[2], "submit") == 0 && argc >= 6)
        return submit(&home, argc - 3, argv + 3);
    if (strcmp(argv[2], "fill") == 0 && argc >= 6)
        return fill(&home, argv + 3);
    if (strcmp(argv[2], "file") == 0 && argc >= 9)
        return submit_file(&home, from, argv + 3);
    if (strcmp(argv[2], "result") == 0)
        return result_print(&home, argv[3]);
    if (strcmp(argv[2], "forget") == 0)
        return queue_forget(&home, argv[3], &why) == RESULT_OK ? EXIT_SUCCESS : fail(&why);
    return EXIT_FAILURE;
}
