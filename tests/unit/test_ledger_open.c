/*
 * test_ledger_open.c: what is there when the ledger is opened, and that no call is lost of
 * it: refusals first.
 */
#include "ledger_check.h"
#include "ledger_help.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char alice[] = "alice0000000";

static char path[64];
static struct ledger *ledger, *other;
static struct ledger_verdict verdict;
static struct reason why;
static unsigned requests;

static const struct ledger_size size = {.bytes = 65536, .journal = 16, .addresses = 8};
static const struct ledger_size larger = {.bytes = 1048576, .journal = 32, .addresses = 8};

static int setup(void **state)
{
    (void)state;
    help_make();
    help_path(path);
    unlink(path);
    ledger = other = NULL;
    requests = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ledger_close(ledger);
    ledger_close(other);
    unlink(path);
    return 0;
}

static enum result try_open(const struct ledger_size *of, struct ledger **out)
{
    enum result result = ledger_open(path, of, &help_database, out, &why);

    if (result == RESULT_OK)
        ledger_set_clock(*out, &help_clock);
    return result;
}

static void open_as(const struct ledger_size *of, struct ledger **out)
{
    const char *wrong;

    if (try_open(of, out) != RESULT_OK)
        fail_msg("%s", why.text);
    wrong = check_all(*out);
    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static void close_one(struct ledger **which)
{
    ledger_close(*which);
    *which = NULL;
}

static void begin_call(struct ledger *by)
{
    struct limits limits = help_limits("90/60s,90/day");
    struct ledger_account account = {alice, &limits, false, 2};
    char request_id[32];
    struct call_row call;

    snprintf(request_id, sizeof(request_id), "request-%u", ++requests);
    call = help_call(alice, request_id);
    if (help_admit(by, &account, &call, 1, &verdict, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static void serve(struct ledger *by)
{
    struct ledger_end end = {.duration_us = 5, .rows = 1, .status = 200, .model = "iris"};
    int64_t seq;

    begin_call(by);
    if (ledger_settle(by, &end, &seq, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

/* Calls that have ended, and one in hand, of processes that are gone. */
static void leave_calls(unsigned ended, bool one_in_hand)
{
    open_as(&size, &ledger);
    for (unsigned i = 0; i < ended; i++)
        serve(ledger);
    if (one_in_hand)
        begin_call(ledger);
    close_one(&ledger);
}

/* Writes into the file where it is not mapped. */
static void patch(size_t at, const void *bytes, size_t len)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, (off_t)at), len);
    close(fd);
}

static void read_at(size_t at, void *bytes, size_t len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, bytes, len, (off_t)at), len);
    close(fd);
}

static void pretend_another_boot(void)
{
    patch(offsetof(struct ledger_header, boot), "another", 8);
}

static void pretend_another_version(void)
{
    const uint32_t version = 77;

    patch(offsetof(struct ledger_header, version), &version, sizeof(version));
}

static struct ledger_layout layout_of(void)
{
    struct ledger_header header;

    read_at(0, &header, sizeof(header));
    return header.layout;
}

/* All calls are in the database, in their order, each once. */
static void all_are_rescued(size_t count)
{
    assert_int_equal(help->count, count);
    for (size_t i = 0; i < count; i++) {
        char request_id[32];

        snprintf(request_id, sizeof(request_id), "request-%zu", i + 1);
        if (strcmp(help->calls[i].request_id, request_id) != 0)
            fail_msg("call %zu is %s", i, help->calls[i].request_id);
        assert_true(i == 0 || help->calls[i].seq > help->calls[i - 1].seq);
    }
}

/* ---- what is refused ---- */

static void a_size_that_is_none_is_refused(void **state)
{
    static const struct ledger_size sizes[] = {{0, 16, 8},     {65536, 0, 8},   {65536, 17, 8},
                                               {65536, 16, 0}, {65536, 16, 12}, {-1, 16, 8}};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        assert_int_equal(try_open(&sizes[i], &ledger), RESULT_INVALID);
    assert_null(ledger);
}

static void a_directory_that_is_not_there_is_told(void **state)
{
    (void)state;
    assert_int_equal(ledger_open("/nowhere/ledger", &size, &help_database, &ledger, &why),
                     RESULT_MISSING);
    assert_non_null(strstr(why.text, "/nowhere/ledger"));
}

static void another_version_that_has_calls_is_left_alone(void **state)
{
    (void)state;
    for (int in_hand = 0; in_hand < 2; in_hand++) {
        leave_calls(in_hand ? 0 : 2, in_hand);
        pretend_another_version();
        for (int i = 0; i < 2; i++) {
            assert_int_equal(try_open(&size, &ledger), RESULT_BUSY);
            assert_non_null(strstr(why.text, "another version"));
        }
        unlink(path);
    }
}

static void another_version_that_is_in_use_is_left_alone(void **state)
{
    (void)state;
    open_as(&size, &other);
    pretend_another_version();
    assert_int_equal(try_open(&size, &ledger), RESULT_BUSY);
    assert_non_null(strstr(why.text, "in use"));
    close_one(&other);
    open_as(&size, &ledger);
    serve(ledger);
}

static enum result drained_fails(void *arg, int64_t *seq, struct reason *reason)
{
    (void)arg;
    *seq = 0;
    return reason_set(reason, RESULT_BUSY, "the database is locked");
}

static void a_database_that_does_not_answer_leaves_all_as_it_is(void **state)
{
    const struct ledger_database dumb = {drained_fails, help_rescue, NULL};

    (void)state;
    leave_calls(3, true);
    pretend_another_boot();
    assert_int_equal(ledger_open(path, &size, &dumb, &ledger, &why), RESULT_BUSY);
    assert_string_equal(why.text, "the database is locked");
    help->refusing = true;
    assert_int_equal(try_open(&size, &ledger), RESULT_FULL);
    assert_string_equal(why.text, "the database is full");
    help->refusing = false;
    open_as(&size, &ledger);
    all_are_rescued(4);
}

static void a_disk_that_is_too_full_is_told_and_nothing_is_left_on_it(void **state)
{
    struct rlimit limit, was;
    struct stat st;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    limit = was;
    limit.rlim_cur = 65536;
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_int_not_equal(try_open(&size, &ledger), RESULT_OK);
    assert_non_null(strstr(why.text, "bytes for the ledger"));
    setrlimit(RLIMIT_FSIZE, &was);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 0);
    open_as(&size, &ledger);
    serve(ledger);
}

static void a_seat_for_one_process_too_many_is_refused(void **state)
{
    struct limits limits = help_limits("");
    struct ledger_account account = {alice, &limits, false, 2};
    struct call_row call = help_call(alice, "x");
    struct ledger_need need;

    (void)state;
    open_as(&size, &ledger);
    open_as(&size, &other);
    for (uint32_t i = 0; i < LEDGER_SEATS; i++)
        assert_true(ledger_seat_seize(other, i)); /* as many processes as there can be */
    assert_int_equal(ledger_admit(ledger, &account, &call, 1, &verdict, &need, &why),
                     RESULT_FULL);
    assert_non_null(strstr(why.text, "no seat"));
    ledger_seat_leave(other, 3);
    serve(ledger);
    assert_int_equal(ledger->seat, 3);
}

/* ---- what is made anew, and what is taken over ---- */

static void what_is_there_is_used_as_it_is(void **state)
{
    (void)state;
    leave_calls(3, true);
    open_as(&size, &ledger);
    assert_int_equal(ledger->header->last, 3);
    assert_int_equal(ledger->header->open, 1);
    assert_int_equal(help->count, 0);
    assert_int_equal(ledger_bury(ledger, 0, &why), RESULT_OK);
    assert_int_equal(help_drain(ledger, &why), RESULT_OK);
    all_are_rescued(4);
    assert_int_equal(help->calls[3].status, 500);
}

static void another_size_waits_until_nobody_uses_the_old_one(void **state)
{
    (void)state;
    open_as(&size, &other);
    serve(other);
    open_as(&larger, &ledger);
    assert_int_equal(ledger->header->layout.journal, size.journal);
    serve(ledger);
    close_one(&ledger);
    begin_call(other);
    close_one(&other);
    open_as(&larger, &ledger);
    assert_int_equal(ledger->header->layout.journal, larger.journal);
    all_are_rescued(3);
    assert_int_equal(ledger->header->last, 3);
    begin_call(ledger);
    assert_int_equal(verdict.standings[0].remaining, 86); /* from the database */
    assert_int_equal(verdict.standings[1].remaining, 87); /* of which one had died */
}

static void a_size_of_the_same_length_in_all_is_another_one_too(void **state)
{
    struct ledger_size twisted = size;
    struct ledger_layout was;

    (void)state;
    leave_calls(0, false);
    was = layout_of();
    twisted.bytes += 1;
    open_as(&twisted, &ledger);
    assert_int_equal(ledger->header->layout.bytes, was.bytes);
    assert_int_equal(ledger->header->size.bytes, size.bytes + 1);
}

static void a_ledger_of_an_earlier_boot_is_rescued_whole_and_in_order(void **state)
{
    (void)state;
    help->base = 1000;
    leave_calls(12, false);
    open_as(&size, &ledger);
    assert_int_equal(help_drain(ledger, &why), RESULT_OK);
    for (int i = 0; i < 9; i++) /* around the end of the ring */
        serve(ledger);
    begin_call(ledger);
    close_one(&ledger);
    pretend_another_boot();
    open_as(&size, &ledger);
    all_are_rescued(22);
    assert_int_equal(help->calls[21].seq, 1022);
    assert_int_equal(help->calls[21].status, 500);
    assert_int_equal(help->calls[21].charged, 0);
    assert_int_equal(ledger->header->last, 1022);
    assert_int_equal(ledger->header->drained, 1022);
    begin_call(ledger);
    assert_int_equal(verdict.standings[1].remaining, 90 - 21 - 1);
}

static void torn_records_are_left_out_and_the_others_are_not(void **state)
{
    struct ledger_layout layout;

    (void)state;
    leave_calls(8, true);
    layout = layout_of();
    patch(layout.journal_at + 3 * sizeof(struct ledger_record) + 200, "torn", 4);
    patch(layout.journal_at + 6 * sizeof(struct ledger_record), "torn", 4);
    pretend_another_boot();
    open_as(&size, &ledger);
    assert_int_equal(help->count, 7);
    assert_string_equal(help->calls[2].request_id, "request-4");
    assert_string_equal(help->calls[6].request_id, "request-9");
    assert_int_equal(help->calls[6].seq, 9);
}

static void a_torn_seat_is_left_out(void **state)
{
    struct ledger_layout layout;

    (void)state;
    leave_calls(2, true);
    layout = layout_of();
    patch(layout.seats_at + offsetof(struct ledger_seat, call) + 100, "torn", 4);
    pretend_another_boot();
    open_as(&size, &ledger);
    all_are_rescued(2);
}

static void calls_in_hand_by_a_page_that_is_older_than_the_database_are_left_out(void **state)
{
    (void)state;
    leave_calls(2, true);
    pretend_another_boot();
    help->base = 3; /* the database has more than the header knows of */
    open_as(&size, &ledger);
    assert_int_equal(help->count, 0);
    assert_int_equal(ledger->header->last, 3);
}

static void a_call_that_had_nearly_ended_is_rescued_once(void **state)
{
    struct ledger_layout layout;
    struct ledger_record record;
    struct ledger_seat seat;

    (void)state;
    leave_calls(2, true);
    layout = layout_of();
    read_at(layout.seats_at, &seat, sizeof(seat));
    record.call = seat.call;
    record.call.seq = 3;
    record.call.status = 200;
    record.check = ledger_record_check(&record.call);
    patch(layout.journal_at + 3 * sizeof(record), &record, sizeof(record));
    pretend_another_boot();
    open_as(&size, &ledger);
    all_are_rescued(3);
    assert_int_equal(help->calls[2].status, 200);
}

static void a_call_that_was_half_taken_back_is_rescued_as_it_was(void **state)
{
    (void)state;
    open_as(&size, &ledger);
    for (int i = 0; i < 4; i++)
        serve(ledger);
    ledger_begin(ledger, LEDGER_NONE, LEDGER_NONE, 2);
    ledger_record_at(ledger, 2)->call.charged = 0;
    close_one(&ledger);
    pretend_another_boot();
    open_as(&size, &ledger);
    all_are_rescued(4);
    assert_int_equal(help->calls[1].charged, 1);
    assert_int_equal(help->calls[1].status, 200);
}

static void a_database_that_was_put_back_goes_on_with_its_own_numbers(void **state)
{
    (void)state;
    leave_calls(5, false);
    open_as(&size, &ledger);
    assert_int_equal(help_drain(ledger, &why), RESULT_OK);
    serve(ledger);
    close_one(&ledger);
    help->count = 2; /* a backup of before */
    open_as(&size, &ledger);
    assert_int_equal(help->count, 2);
    assert_int_equal(ledger->header->last, 2);
    assert_int_equal(ledger->header->drained, 2);
}

static void a_ledger_that_was_put_back_does_not_give_numbers_twice(void **state)
{
    (void)state;
    leave_calls(2, true);
    help->base = 9;
    open_as(&size, &ledger);
    assert_int_equal(help->count, 0); /* what it has in hand may long have ended */
    assert_int_equal(ledger->header->last, 9);
    serve(ledger);
    assert_int_equal(help_drain(ledger, &why), RESULT_OK);
    assert_int_equal(help->calls[0].seq, 10);
}

static void a_file_of_any_length_is_made_anew(void **state)
{
    struct ledger_layout layout;

    (void)state;
    leave_calls(1, false);
    layout = layout_of();
    for (uint64_t length = 0; length < layout.bytes; length += 1 + length / 3) {
        assert_int_equal(truncate(path, (off_t)length), 0);
        open_as(&size, &ledger);
        assert_int_equal(ledger->header->last, help_drained_number());
        serve(ledger);
        close_one(&ledger);
    }
    assert_int_equal(truncate(path, (off_t)layout.bytes + 4096), 0);
    open_as(&size, &ledger);
    assert_int_equal(ledger->header->layout.bytes, layout.bytes);
}

static void a_file_of_any_bytes_is_made_anew(void **state)
{
    unsigned seed = 7;

    (void)state;
    for (int i = 0; i < 50; i++) {
        char junk[9000];

        for (size_t k = 0; k < sizeof(junk); k++)
            junk[k] = (char)((seed = seed * 1103515245 + 12345) >> 16);
        close(open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
        patch(0, junk, sizeof(junk));
        open_as(&size, &ledger);
        serve(ledger);
        close_one(&ledger);
        unlink(path);
    }
}

/* Only what says where things are: the rest is trusted in the boot that it was made in. */
static void a_layout_that_is_not_whole_is_made_anew(void **state)
{
    const size_t from = offsetof(struct ledger_header, size);
    const size_t to = offsetof(struct ledger_header, layout) + sizeof(struct ledger_layout);
    unsigned seed = 7;

    (void)state;
    for (int i = 0; i < 400; i++) {
        size_t at = from + (seed = seed * 1103515245 + 12345) / 65536 % (to - from);
        unsigned char byte;

        open_as(&size, &ledger);
        close_one(&ledger);
        read_at(at, &byte, 1);
        byte ^= (unsigned char)(1 << i % 8);
        patch(at, &byte, 1);
        if (i % 2 == 0)
            pretend_another_boot();
    }
    open_as(&size, &ledger);
}

static void a_boot_that_is_torn_is_another_one(void **state)
{
    char bytes[LEDGER_BOOT_MAX];

    (void)state;
    leave_calls(2, false);
    memset(bytes, 'x', sizeof(bytes)); /* no NUL in it */
    patch(offsetof(struct ledger_header, boot), bytes, sizeof(bytes));
    open_as(&size, &ledger);
    all_are_rescued(2);
}

static void another_version_without_calls_is_made_anew(void **state)
{
    (void)state;
    leave_calls(0, false);
    pretend_another_version();
    open_as(&size, &ledger);
    serve(ledger);
}

static void of_many_that_open_a_missing_ledger_at_once_one_makes_it(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        pid_t children[8];
        int status;

        help->count = help->begun = 0;
        for (int i = 0; i < 8; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                requests = (unsigned)i * 100;
                if (try_open(i == 7 ? &larger : &size, &ledger) != RESULT_OK)
                    _exit(1);
                serve(ledger);
                _exit(0);
            }
        }
        for (int i = 0; i < 8; i++) {
            waitpid(children[i], &status, 0);
            assert_int_equal(status, 0);
        }
        open_as(&size, &ledger);
        assert_int_equal(ledger->header->last, 8);
        close_one(&ledger);
        unlink(path);
    }
}

static void a_file_that_was_removed_or_replaced_is_told(void **state)
{
    (void)state;
    open_as(&size, &ledger);
    assert_false(ledger_is_orphan(ledger));
    unlink(path);
    assert_true(ledger_is_orphan(ledger));
    open_as(&size, &other);
    assert_true(ledger_is_orphan(ledger));
    assert_false(ledger_is_orphan(other));
}

static void every_size_that_may_be_set_is_about_what_the_file_has(void **state)
{
    (void)state;
    for (int64_t bytes = LEDGER_BYTES_MIN; bytes <= 16 * LEDGER_BYTES_MIN; bytes += bytes / 3) {
        struct ledger_size of = ledger_size_for(bytes);
        struct ledger_layout layout;

        if (try_open(&of, &ledger) != RESULT_OK)
            fail_msg("%s", why.text);
        layout = ledger->header->layout;
        if ((int64_t)layout.bytes < bytes * 9 / 10 || (int64_t)layout.bytes > bytes * 11 / 10)
            fail_msg("%lld bytes make %llu", (long long)bytes,
                     (unsigned long long)layout.bytes);
        assert_true(layout.journal >= 1024);
        assert_true(layout.slots >= 1024);
        serve(ledger);
        assert_int_equal(help_drain(ledger, &why), RESULT_OK);
        close_one(&ledger);
        unlink(path);
    }
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_size_that_is_none_is_refused),
        EACH(a_directory_that_is_not_there_is_told),
        EACH(another_version_that_has_calls_is_left_alone),
        EACH(another_version_that_is_in_use_is_left_alone),
        EACH(a_database_that_does_not_answer_leaves_all_as_it_is),
        EACH(a_disk_that_is_too_full_is_told_and_nothing_is_left_on_it),
        EACH(a_seat_for_one_process_too_many_is_refused),
        EACH(what_is_there_is_used_as_it_is),
        EACH(another_size_waits_until_nobody_uses_the_old_one),
        EACH(a_size_of_the_same_length_in_all_is_another_one_too),
        EACH(a_ledger_of_an_earlier_boot_is_rescued_whole_and_in_order),
        EACH(torn_records_are_left_out_and_the_others_are_not),
        EACH(a_torn_seat_is_left_out),
        EACH(calls_in_hand_by_a_page_that_is_older_than_the_database_are_left_out),
        EACH(a_call_that_had_nearly_ended_is_rescued_once),
        EACH(a_call_that_was_half_taken_back_is_rescued_as_it_was),
        EACH(a_database_that_was_put_back_goes_on_with_its_own_numbers),
        EACH(a_ledger_that_was_put_back_does_not_give_numbers_twice),
        EACH(a_file_of_any_length_is_made_anew),
        EACH(a_file_of_any_bytes_is_made_anew),
        EACH(a_layout_that_is_not_whole_is_made_anew),
        EACH(a_boot_that_is_torn_is_another_one),
        EACH(another_version_without_calls_is_made_anew),
        EACH(of_many_that_open_a_missing_ledger_at_once_one_makes_it),
        EACH(a_file_that_was_removed_or_replaced_is_told),
        EACH(every_size_that_may_be_set_is_about_what_the_file_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
