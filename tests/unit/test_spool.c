/*
 * test_spool.c: answers that are too large for memory: full disks first, then what is read
 * back, and how a reply sends one.
 */
#include "front_help.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gate/home.h"
#include "http/spool.h"

enum {
    LARGE = 5 << 20
};

static char directory[64];
static uint64_t disk_free = UINT64_C(1) << 40;
static uint64_t disk_takes = UINT64_MAX; /* bytes until a write fails */

/* The disk as a test wants it. */
int fstatvfs(int fd, struct statvfs *out)
{
    (void)fd;
    memset(out, 0, sizeof(*out));
    out->f_frsize = 4096;
    out->f_bavail = disk_free / 4096;
    return 0;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    if (disk_takes < len) {
        errno = ENOSPC;
        return -1;
    }
    disk_takes -= len;
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

static int setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/forestgate-spool.XXXXXX");
    return mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static int teardown(void **state)
{
    (void)state;
    rmdir(HOME_JOBS);
    return chdir("/") != 0 || rmdir(directory) != 0; /* nothing was left in it */
}

static int start(void **state)
{
    (void)state;
    disk_free = UINT64_C(1) << 40;
    disk_takes = UINT64_MAX;
    front_start();
    return 0;
}

/* What byte i of a test's bytes is. */
static char byte_at(uint64_t i)
{
    return (char)('a' + i * 7 % 23 + i / 65536 % 3);
}

/* Writes so many bytes, in pieces of all lengths. */
static void put_some(struct spool *spool, uint64_t len)
{
    char piece[100000];
    uint64_t at = spool_len(spool), end = at + len;

    for (size_t step = 1; at < end; step = step * 3 % 99991 + 1) {
        size_t n = step < end - at ? step : (size_t)(end - at);

        for (size_t i = 0; i < n; i++)
            piece[i] = byte_at(at + i);
        spool_put(spool, piece, n);
        at += n;
        if (spool->result != RESULT_OK)
            break;
    }
}

struct seen {
    uint64_t len, stop;
    bool right;
};

static bool see(void *arg, const char *bytes, size_t len)
{
    struct seen *seen = arg;

    for (size_t i = 0; i < len; i++)
        if (bytes[i] != byte_at(seen->len + i))
            seen->right = false;
    seen->len += len;
    return seen->len < seen->stop;
}

static void assert_holds(const struct spool *spool, uint64_t len)
{
    struct seen seen = {.stop = UINT64_MAX, .right = true};

    assert_int_equal(spool_len(spool), len);
    assert_int_equal(spool_each(spool, see, &seen, NULL), RESULT_OK);
    assert_int_equal(seen.len, len);
    assert_true(seen.right);
}

static void a_disk_without_its_reserve_is_full_before_a_byte_is_written(void **state)
{
    struct spool spool = {0};
    struct reason why;

    (void)state;
    disk_free = SPOOL_RESERVE;
    disk_takes = 0;
    spool_start(&spool);
    put_some(&spool, LARGE);
    assert_int_equal(spool_end(&spool, &why), RESULT_FULL);
    assert_non_null(strstr(why.text, "almost full"));
    spool_free(&spool);
}

static void a_disk_that_fills_meanwhile_fails_it_before_its_reserve_is_touched(void **state)
{
    struct spool spool = {0};

    (void)state;
    spool_start(&spool);
    put_some(&spool, LARGE);
    assert_int_equal(spool_end(&spool, NULL), RESULT_OK);
    disk_free = SPOOL_RESERVE;
    put_some(&spool, 2 * LARGE);
    assert_int_equal(spool_end(&spool, NULL), RESULT_FULL);
    spool_free(&spool);
}

static void the_first_failure_is_the_one_that_is_told(void **state)
{
    struct spool spool = {0};
    struct reason other = {"other"}, why;

    (void)state;
    disk_takes = LARGE / 2;
    spool_start(&spool);
    put_some(&spool, LARGE);
    disk_takes = UINT64_MAX;
    put_some(&spool, LARGE);
    spool_fail(&spool, RESULT_IO, &other);
    assert_int_equal(spool_end(&spool, &why), RESULT_FULL);
    assert_non_null(strstr(why.text, "No space"));
    spool_free(&spool);
}

static void a_start_forgets_a_failure(void **state)
{
    struct reason other = {"other"};
    struct spool spool = {0};

    (void)state;
    spool_start(&spool);
    spool_fail(&spool, RESULT_IO, &other);
    spool_start(&spool);
    put_some(&spool, 10);
    assert_int_equal(spool_end(&spool, NULL), RESULT_OK);
    assert_holds(&spool, 10);
    spool_free(&spool);
}

static void a_write_past_the_end_is_a_failure(void **state)
{
    struct spool spool = {0};

    (void)state;
    spool_start(&spool);
    spool_put(&spool, "abc", 3);
    spool_put_at(&spool, 2, "de", 2);
    assert_int_equal(spool_end(&spool, NULL), RESULT_FAILED);
    spool_free(&spool);
}

static void a_failure_goes_along_with_what_is_appended(void **state)
{
    struct reason other = {"other"};
    struct spool to = {0}, from = {0};
    struct buf bad = {.failed = true};

    (void)state;
    spool_start(&to);
    spool_start(&from);
    spool_fail(&from, RESULT_IO, &other);
    spool_append(&to, &from);
    assert_int_equal(spool_end(&to, NULL), RESULT_IO);
    spool_start(&to);
    spool_take(&to, &bad);
    assert_int_equal(spool_end(&to, NULL), RESULT_NOMEM);
    spool_free(&to);
    spool_free(&from);
}

static void little_never_touches_the_disk(void **state)
{
    struct spool spool = {0};
    struct stat st;

    (void)state;
    rmdir(HOME_JOBS);
    spool_start(&spool);
    put_some(&spool, SPOOL_MEMORY);
    assert_int_equal(spool_end(&spool, NULL), RESULT_OK);
    assert_holds(&spool, SPOOL_MEMORY);
    assert_int_not_equal(stat(HOME_JOBS, &st), 0);
    put_some(&spool, 1);
    assert_holds(&spool, SPOOL_MEMORY + 1);
    assert_int_equal(stat(HOME_JOBS, &st), 0); /* and a home without the directory gets it */
    spool_free(&spool);
}

static void much_is_read_as_it_was_written_and_again(void **state)
{
    struct spool spool = {0};

    (void)state;
    spool_start(&spool);
    put_some(&spool, LARGE);
    assert_int_equal(spool_end(&spool, NULL), RESULT_OK);
    assert_holds(&spool, LARGE);
    put_some(&spool, 12345);
    assert_holds(&spool, LARGE + 12345);
    assert_true(spool.memory.cap <= 2 * SPOOL_MEMORY);
    spool_free(&spool);
}

static void what_is_written_over_is_found_in_memory_in_the_file_and_across(void **state)
{
    static const uint64_t places[] = {0, SPOOL_MEMORY - 4, LARGE - 8, 77};
    struct spool spool = {0};
    char eight[8];

    (void)state;
    spool_start(&spool);
    put_some(&spool, LARGE);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        spool_put_at(&spool, places[i], "XXXXXXXX", 8);
    spool_put_at(&spool, spool.filed - 4, "XXXXXXXX", 8);
    for (uint64_t k = 0; k < 8; k++)
        eight[k] = byte_at(spool.filed - 4 + k);
    spool_put_at(&spool, spool.filed - 4, eight, 8);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct seen seen = {.stop = UINT64_MAX, .right = true};

        assert_int_equal(spool_each(&spool, see, &seen, NULL), RESULT_OK);
        assert_false(seen.right);
        for (uint64_t k = 0; k < 8; k++)
            eight[k] = byte_at(places[i] + k);
        spool_put_at(&spool, places[i], eight, 8);
    }
    assert_int_equal(spool_end(&spool, NULL), RESULT_OK);
    assert_holds(&spool, LARGE);
    spool_free(&spool);
}

static void one_is_appended_to_another(void **state)
{
    struct spool all = {0}, part = {0};

    (void)state;
    spool_start(&all);
    spool_start(&part);
    put_some(&part, LARGE);
    spool_append(&all, &part);
    assert_holds(&part, LARGE);
    assert_int_equal(spool_end(&all, NULL), RESULT_OK);
    assert_holds(&all, LARGE);
    spool_free(&all);
    spool_free(&part);
}

static void it_ends_where_the_taker_does(void **state)
{
    struct seen seen = {.stop = 1, .right = true};
    struct spool spool = {0};

    (void)state;
    spool_start(&spool);
    put_some(&spool, LARGE);
    assert_int_equal(spool_each(&spool, see, &seen, NULL), RESULT_OK);
    assert_true(seen.len < LARGE);
    spool_free(&spool);
}

static void a_file_is_taken_as_it_is_and_closed(void **state)
{
    struct spool spool = {0};
    int fd = open(directory, O_TMPFILE | O_RDWR, 0600);
    char bytes[100];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = byte_at(i);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    spool_adopt(&spool, fd);
    assert_int_equal(spool_end(&spool, NULL), RESULT_OK);
    assert_holds(&spool, sizeof(bytes));
    assert_int_equal(ftruncate(fd, 50), 0);
    assert_int_equal(spool_each(&spool, see, &(struct seen){.stop = UINT64_MAX}, NULL),
                     RESULT_IO);
    spool_free(&spool);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* ---- as the body of a reply ---- */

static struct reply reply;

static void a_full_disk_is_a_503_with_nothing_of_the_answer(void **state)
{
    (void)state;
    reply_start(&reply);
    disk_takes = LARGE / 2;
    put_some(reply_spool(&reply, "text/csv"), LARGE);
    assert_sent(&reply, "Status: 503 Service Unavailable\r\n"
                        "Content-Type: application/problem+json\r\n");
    assert_sent(&reply, "\r\nRetry-After: 1\r\n");
    assert_true(front.sent.len < 2000);
    assert_int_equal(spool_len(&reply.spool), 0);
    reply_free(&reply);
}

static void a_refusal_drops_it(void **state)
{
    (void)state;
    reply_start(&reply);
    spool_put(reply_spool(&reply, "text/csv"), "a,b\n", 4);
    reply_refuse(&reply, REPLY_MALFORMED, "No.");
    assert_sent(&reply,
                "Status: 400 Bad Request\r\nContent-Type: application/problem+json\r\n");
    assert_null(strstr(front.sent.data, "a,b"));
    reply_free(&reply);
}

static void it_is_sent_whole_with_its_length_and_its_type(void **state)
{
    const char *body;

    (void)state;
    reply_start(&reply);
    put_some(reply_spool(&reply, "text/csv"), LARGE);
    assert_sent(&reply, "Status: 200 OK\r\nContent-Type: text/csv\r\n"
                        "Content-Length: 5242880\r\n");
    body = strstr(front.sent.data, "\r\n\r\n") + 4;
    assert_int_equal(front.sent.data + front.sent.len - body, LARGE);
    for (uint64_t i = 0; i < LARGE; i++)
        if (body[i] != byte_at(i))
            fail_msg("byte %llu", (unsigned long long)i);
    reply_free(&reply);
}

static void a_head_has_its_length_and_no_body(void **state)
{
    const struct reply_frame frame = {.request_id = "id", .head = true};

    (void)state;
    reply_start(&reply);
    put_some(reply_spool(&reply, "text/csv"), LARGE);
    reply_send(&reply, NULL, &frame);
    assert_non_null(strstr(front.sent.data, "Content-Length: 5242880\r\n"));
    assert_int_equal(strcmp(front.sent.data + front.sent.len - 4, "\r\n\r\n"), 0);
    reply_free(&reply);
}

static void the_next_answer_has_nothing_of_it(void **state)
{
    (void)state;
    reply_start(&reply);
    put_some(reply_spool(&reply, "text/csv"), LARGE);
    front_sent(&reply);
    reply_start(&reply);
    buf_puts(&reply.body, "{}");
    assert_sent(&reply, "Content-Type: application/json\r\nContent-Length: 2\r\n");
    reply_free(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_disk_without_its_reserve_is_full_before_a_byte_is_written,
                               start),
        cmocka_unit_test_setup(
            a_disk_that_fills_meanwhile_fails_it_before_its_reserve_is_touched, start),
        cmocka_unit_test_setup(the_first_failure_is_the_one_that_is_told, start),
        cmocka_unit_test_setup(a_start_forgets_a_failure, start),
        cmocka_unit_test_setup(a_write_past_the_end_is_a_failure, start),
        cmocka_unit_test_setup(a_failure_goes_along_with_what_is_appended, start),
        cmocka_unit_test_setup(little_never_touches_the_disk, start),
        cmocka_unit_test_setup(much_is_read_as_it_was_written_and_again, start),
        cmocka_unit_test_setup(what_is_written_over_is_found_in_memory_in_the_file_and_across,
                               start),
        cmocka_unit_test_setup(one_is_appended_to_another, start),
        cmocka_unit_test_setup(it_ends_where_the_taker_does, start),
        cmocka_unit_test_setup(a_file_is_taken_as_it_is_and_closed, start),
        cmocka_unit_test_setup(a_full_disk_is_a_503_with_nothing_of_the_answer, start),
        cmocka_unit_test_setup(a_refusal_drops_it, start),
        cmocka_unit_test_setup(it_is_sent_whole_with_its_length_and_its_type, start),
        cmocka_unit_test_setup(a_head_has_its_length_and_no_body, start),
        cmocka_unit_test_setup(the_next_answer_has_nothing_of_it, start),
    };
    int failed = cmocka_run_group_tests(tests, setup, teardown);

    buf_free(&front.sent);
    return failed;
}
