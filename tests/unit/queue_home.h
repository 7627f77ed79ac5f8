/*
 * queue_home.h: a home with a queue, of which one process asks and works and a second one
 * works, for the tests of queues.
 */
#ifndef TESTS_QUEUE_HOME_H
#define TESTS_QUEUE_HOME_H

#include "queue_help.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fixture.h"

enum {
    LARGE = JOB_INLINE_MAX + 1000
};

static struct home home;   /* of who asks, and of one runner */
static struct home second; /* of another one: a process would have its own */
static struct queue *queue;
static struct reason why;

static inline void good(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s", why.text);
}

static inline void worker_home(struct home *own)
{
    *own = (struct home){.config = home.config, .origin = -1};
    good(home_open(own, DB_WORKER, &why));
}

static inline int setup(void **state)
{
    (void)state;
    killing_allowed = false;
    killed = 0;
    die_at = 0;
    fixture_open(&home);
    home_close(&home);
    good(home_open(&home, DB_WORKER, &why));
    worker_home(&second);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    queue_close(queue);
    queue = NULL;
    home_close(&second);
    fixture_close(&home);
    return 0;
}

static inline struct job_row row_of(const char *account)
{
    struct job_row row = {.body_bytes = 4};

    strcpy(row.account, account);
    strcpy(row.key, "key");
    strcpy(row.request_id, "request");
    strcpy(row.model, "iris");
    return row;
}

static inline struct job_row submit(const char *account)
{
    struct job_row row = row_of(account);

    good(queue_submit(&home, &row, "body", 4, -1, NULL, &why));
    return row;
}

/* A file without a name in jobs/. */
static inline int file_of(char byte, size_t len)
{
    char bytes[1000];
    int fd;

    good(queue_file_make(&fd, &why));
    memset(bytes, byte, sizeof(bytes));
    for (; len > 0; len -= len < sizeof(bytes) ? len : sizeof(bytes))
        assert_true(write(fd, bytes, len < sizeof(bytes) ? len : sizeof(bytes)) > 0);
    return fd;
}

static inline struct job_row submit_file(const char *account)
{
    struct job_row row = row_of(account);
    int fd = file_of('b', LARGE);

    row.body_bytes = LARGE;
    good(queue_submit(&home, &row, NULL, 0, fd, NULL, &why));
    close(fd);
    return row;
}

static inline struct job_row get(const char *uuid)
{
    struct job_row row;

    good(queue_get(&home, NULL, uuid, &row, &why));
    return row;
}

static inline bool exists(const char *uuid, const char *ending)
{
    char name[QUEUE_NAME_MAX];

    snprintf(name, sizeof(name), HOME_JOBS "/%s%s", uuid, ending);
    return access(name, F_OK) == 0;
}

static inline size_t files(void)
{
    DIR *dir = opendir(HOME_JOBS);
    size_t count = 0;

    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static inline void seconds_pass(int64_t seconds)
{
    fake_boot_ns += seconds * 1000000000;
}

static inline void complete(struct queue *of, struct queue_job *job, const char *result)
{
    job->row.status = JOB_COMPLETED;
    job->row.code = 200;
    job->row.version = 1;
    queue_end(of, job, result, strlen(result), -1);
}

static inline void result_is(const char *uuid, const char *text)
{
    struct job_row row = get(uuid);
    struct buf out = {0};
    int fd;

    assert_int_equal(row.status, JOB_COMPLETED);
    good(queue_result(&home, &row, &out, &fd, &why));
    assert_int_equal(fd, -1);
    assert_int_equal(out.len, strlen(text));
    assert_memory_equal(out.data, text, out.len);
    buf_free(&out);
}

static inline void tend_for(struct queue *of, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        seconds_pass(1);
        queue_tend(of);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
