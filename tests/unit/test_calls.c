/*
 * test_calls.c: the call log: what is refused, that sums and rows agree, and that a list
 * is whole though the clock was set back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "fixture.h"
#include "store/calls.h"

enum {
    MANY = 9000 /* more than two pages of a list, and two blocks of the index */
};

#define NOON (INT64_C(20000) * CALL_DAY_US + CALL_DAY_US / 2)

static const char alice[] = "AAAAAAAAAAAA", bob[] = "BBBBBBBBBBBB";
static const char carol[] = "carolcarol00"; /* a user */

static struct home home;
static struct reason why;

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    return 0;
}

static void done(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s", why.text);
}

static struct call_row row_of(int64_t seq, const char *key, int64_t started_us)
{
    struct call_row row = {.seq = seq, .started_us = started_us, .duration_us = 250};

    row.rows = row.charged = 1;
    row.status = 200;
    row.version = 3;
    snprintf(row.request_id, sizeof(row.request_id), "r%lld", (long long)seq);
    text_copy(row.key, sizeof(row.key), key);
    text_copy(row.model, sizeof(row.model), "iris");
    text_copy(row.route, sizeof(row.route), "predict");
    text_copy(row.address, sizeof(row.address), "127.0.0.1");
    return row;
}

/* As the ledger writes one: the row, its part of the sums, and its day. */
static void add(const struct call_row *row)
{
    struct usage_row sum = {.day = call_day(row->started_us), .calls = 1, .rows = row->rows};

    sum.charged = row->charged;
    sum.failed = row->status >= 400;
    sum.over = row->over[0] != '\0';
    sum.duration_us = row->duration_us;
    sum.last_us = row->started_us;
    text_copy(sum.key, sizeof(sum.key), row->key);
    text_copy(sum.model, sizeof(sum.model), row->model);
    done(call_row_insert(home.db, row, &why));
    done(usage_row_add(home.db, &sum, &why));
    done(call_day_note(home.db, sum.day, row->seq, &why));
}

/* Gives carol a key of this id. */
static void own(const char *key)
{
    struct key_row row = {.models = "*", .tier = "standard", .scopes = KEY_SCOPE_PREDICT};

    text_copy(row.id, sizeof(row.id), key);
    text_copy(row.owner.id, sizeof(row.owner.id), carol);
    done(key_row_insert(home.db, &row, &why));
}

static void add_at(int64_t seq, const char *key, int64_t started_us)
{
    struct call_row row = row_of(seq, key, started_us);

    add(&row);
}

/* What a list gave: how many, their numbers one after the other, and the last of them. */
struct seen {
    size_t count, most;
    char seqs[256];
    struct call_row last;
};

static bool see(void *arg, const struct call_row *row)
{
    struct seen *seen = arg;
    size_t used = strlen(seen->seqs);

    snprintf(seen->seqs + used, sizeof(seen->seqs) - used, "%lld ", (long long)row->seq);
    seen->last = *row;
    seen->count++;
    return seen->most == 0 || seen->count < seen->most;
}

static struct seen list(const struct call_filter *filter)
{
    struct seen seen = {0};

    done(call_row_list(home.db, filter, see, &seen, &why));
    return seen;
}

static void assert_list(const struct call_filter *filter, const char *seqs)
{
    struct seen seen = list(filter);

    assert_string_equal(seen.seqs, seqs);
}

static void assert_same(const struct call_row *a, const struct call_row *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->started_us, b->started_us);
    assert_int_equal(a->duration_us, b->duration_us);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->charged, b->charged);
    assert_int_equal(a->status, b->status);
    assert_string_equal(a->request_id, b->request_id);
    assert_string_equal(a->key, b->key);
    assert_string_equal(a->user, b->user);
    assert_string_equal(a->model, b->model);
    assert_string_equal(a->route, b->route);
    assert_string_equal(a->address, b->address);
    assert_string_equal(a->over, b->over);
}

static void a_number_that_is_there_is_refused_and_changes_nothing(void **state)
{
    struct call_row row = row_of(7, alice, NOON);
    struct seen seen;

    (void)state;
    add(&row);
    row.status = 500;
    assert_int_equal(call_row_insert(home.db, &row, &why), RESULT_EXISTS);
    seen = list(&(struct call_filter){0});
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.status, 200);
}

static void the_number_that_is_drained_is_never_lowered(void **state)
{
    int64_t seq;

    (void)state;
    done(call_drained_get(home.db, &seq, &why));
    assert_int_equal(seq, 0);
    done(call_drained_set(home.db, 10, &why));
    done(call_drained_set(home.db, 10, &why));
    assert_int_equal(call_drained_set(home.db, 9, &why), RESULT_INVALID);
    done(call_drained_get(home.db, &seq, &why));
    assert_int_equal(seq, 10);
}

static void a_row_with_a_text_that_is_too_long_is_damage_and_no_overrun(void **state)
{
    struct call_filter filter = {0};
    struct seen seen = {0};

    (void)state;
    add_at(1, alice, NOON);
    home_close(&home);
    assert_int_equal(system("sqlite3 forestgate.db \"UPDATE call SET route ="
                            " printf('%.9999c', 'x')\""),
                     0);
    done(home_open(&home, DB_CLI, &why));
    assert_int_equal(call_row_list(home.db, &filter, see, &seen, &why), RESULT_MALFORMED);
    assert_int_equal(seen.count, 0);
}

static void an_empty_log_lists_sums_and_expires_nothing(void **state)
{
    struct call_filter since = {.since_us = NOON, .key = alice};
    int64_t number;
    size_t got;

    (void)state;
    assert_list(&(struct call_filter){0}, "");
    assert_list(&since, "");
    done(usage_charged(home.db, alice, INT64_MIN, INT64_MAX, &number, &why));
    assert_int_equal(number, 0);
    done(call_rows_expire(home.db, INT64_MAX, 1000, &number, &why));
    assert_int_equal(number, 0);
    done(call_starts(home.db, alice, 0, INT64_MAX, &number, 1, &got, &why));
    assert_int_equal(got, 0);
}

static void days_are_cut_at_midnight_utc_also_before_1970(void **state)
{
    (void)state;
    assert_int_equal(call_day(0), 0);
    assert_int_equal(call_day(CALL_DAY_US - 1), 0);
    assert_int_equal(call_day(CALL_DAY_US), 1);
    assert_int_equal(call_day(-1), -1);
    assert_int_equal(call_day(-CALL_DAY_US), -1);
    assert_int_equal(call_day(-CALL_DAY_US - 1), -2);
    assert_int_equal(call_day(INT64_MIN), INT64_MIN / CALL_DAY_US - 1);
    assert_int_equal(call_day(INT64_MAX), INT64_MAX / CALL_DAY_US);
}

static void what_does_not_apply_is_null_and_comes_back_empty(void **state)
{
    struct call_row row = {.seq = -5, .started_us = -1, .status = 401};
    struct call_filter user = {.user = ""};
    struct seen seen;

    (void)state;
    add(&row);
    assert_list(&user, ""); /* NULL is no text, not even the empty one */
    seen = list(&(struct call_filter){0});
    assert_int_equal(seen.count, 1);
    assert_same(&seen.last, &row);
    home_close(&home);
    assert_int_equal(system("test $(sqlite3 forestgate.db 'SELECT count(*) FROM call WHERE"
                            " user IS NULL AND model IS NULL AND version IS NULL AND"
                            " address IS NULL AND over IS NULL') = 1"),
                     0);
    done(home_open(&home, DB_CLI, &why));
}

static void a_row_comes_back_as_it_was_written(void **state)
{
    struct call_row row = row_of(INT64_MAX, alice, -NOON);
    struct seen seen;

    (void)state;
    memset(row.request_id, 'i', sizeof(row.request_id) - 1);
    memset(row.user, 'u', sizeof(row.user) - 1);
    memset(row.model, 'm', sizeof(row.model) - 1);
    memset(row.route, 'r', sizeof(row.route) - 1);
    memset(row.address, 'a', sizeof(row.address) - 1);
    memset(row.over, 'o', sizeof(row.over) - 1);
    row.rows = INT64_MAX;
    row.charged = 0;
    add(&row);
    seen = list(&(struct call_filter){.key = alice});
    assert_same(&seen.last, &row);
}

static void a_list_has_each_call_once_newest_first_over_many_pages(void **state)
{
    struct call_filter all = {0}, half = {.key = bob}, some = {.limit = 5000};
    struct call_filter few = {.key = bob, .limit = 3000};
    struct seen seen;

    (void)state;
    done(db_begin(home.db, &why));
    for (int64_t i = 1; i <= MANY; i++)
        add_at(i, i % 2 ? alice : bob, NOON + i);
    done(db_commit(home.db, &why));
    seen = list(&all);
    assert_int_equal(seen.count, MANY);
    assert_int_equal(seen.last.seq, 1);
    assert_int_equal(strncmp(seen.seqs, "9000 8999 8998 ", 15), 0);
    seen = list(&half);
    assert_int_equal(seen.count, MANY / 2);
    assert_int_equal(seen.last.seq, 2);
    seen = list(&some);
    assert_int_equal(seen.count, 5000);
    assert_int_equal(seen.last.seq, 4001);
    seen = list(&few);
    assert_int_equal(seen.count, 3000);
    assert_int_equal(seen.last.seq, 3002);
}

static void a_list_ends_where_its_reader_says(void **state)
{
    struct call_filter all = {0};
    struct seen seen = {.most = 2};

    (void)state;
    for (int64_t i = 1; i <= 5; i++)
        add_at(i, alice, NOON);
    done(call_row_list(home.db, &all, see, &seen, &why));
    assert_string_equal(seen.seqs, "5 4 ");
}

static void each_condition_leaves_out_what_does_not_fit(void **state)
{
    int64_t lowest, highest;
    struct call_row row;

    (void)state;
    done(call_seqs(home.db, &lowest, &highest, &why));
    assert_int_equal(lowest, 0);
    assert_int_equal(highest, 0);
    add_at(1, alice, NOON);
    add_at(2, bob, NOON + 1);
    row = row_of(3, bob, NOON + 2);
    row.status = 429;
    text_copy(row.user, sizeof(row.user), carol);
    text_copy(row.model, sizeof(row.model), "wine");
    add(&row);
    own(bob);
    assert_list(&(struct call_filter){.key = bob}, "3 2 ");
    assert_list(&(struct call_filter){.before_seq = 3}, "2 1 ");
    assert_list(&(struct call_filter){.before_seq = 1}, "");
    assert_list(&(struct call_filter){.from_seq = 2}, "3 2 ");
    assert_list(&(struct call_filter){.from_seq = 2, .before_seq = 3}, "2 ");
    assert_list(&(struct call_filter){.from_seq = 3, .before_seq = 3}, "");
    assert_list(&(struct call_filter){.key = bob, .before_seq = 3}, "2 ");
    assert_list(&(struct call_filter){.key = bob, .from_seq = 3}, "3 ");
    assert_list(&(struct call_filter){.since_us = NOON + 1, .from_seq = 1}, "3 2 ");
    done(call_seqs(home.db, &lowest, &highest, &why));
    assert_int_equal(lowest, 1);
    assert_int_equal(highest, 3);
    assert_list(&(struct call_filter){.key = "none"}, "");
    assert_list(&(struct call_filter){.user = carol}, "3 ");
    assert_list(&(struct call_filter){.model = "iris"}, "2 1 ");
    assert_list(&(struct call_filter){.key = bob, .model = "iris"}, "2 ");
    assert_list(&(struct call_filter){.request_id = "r1"}, "1 ");
    assert_list(&(struct call_filter){.status_min = 400, .status_max = 499}, "3 ");
    assert_list(&(struct call_filter){.status_max = 299}, "2 1 ");
    assert_list(&(struct call_filter){.status_min = 500}, "");
    assert_list(&(struct call_filter){.since_us = NOON + 1}, "3 2 ");
    assert_list(&(struct call_filter){.until_us = NOON + 1}, "1 ");
    assert_list(&(struct call_filter){.since_us = NOON + 1, .until_us = NOON + 2}, "2 ");
    assert_list(&(struct call_filter){.since_us = NOON + 2, .until_us = NOON + 1}, "");
    assert_list(&(struct call_filter){.since_us = INT64_MAX}, "");
    assert_list(&(struct call_filter){.until_us = INT64_MIN}, "");
    assert_list(&(struct call_filter){.since_us = INT64_MIN, .until_us = INT64_MAX}, "3 2 1 ");
}

/* Number 2 was given while the clock stood two days ahead. */
static void since_finds_all_though_the_clock_was_set_back(void **state)
{
    int64_t starts[8];
    size_t got;

    (void)state;
    add_at(1, alice, NOON);
    add_at(2, alice, NOON + 2 * CALL_DAY_US);
    add_at(3, alice, NOON + 1);
    add_at(4, alice, NOON + CALL_DAY_US);
    add_at(5, alice, NOON + 2 * CALL_DAY_US + 1);
    assert_list(&(struct call_filter){.since_us = NOON + CALL_DAY_US}, "5 4 2 ");
    assert_list(&(struct call_filter){.since_us = NOON + CALL_DAY_US, .key = alice}, "5 4 2 ");
    assert_list(&(struct call_filter){.since_us = NOON + 3 * CALL_DAY_US}, "");
    done(call_starts(home.db, alice, NOON, INT64_MAX, starts, 8, &got, &why));
    assert_int_equal(got, 4);
}

/* A note that comes late with a lower number counts; one with a higher does not. */
/* As many as there are numbers may lie between two calls. */
static void a_wide_gap_between_numbers_costs_nothing(void **state)
{
    struct call_filter of_alice = {.key = alice};
    int64_t starts[4];
    size_t got;

    (void)state;
    add_at(INT64_MIN, alice, NOON);
    add_at(-4097, alice, NOON);
    add_at(-4096, alice, NOON);
    add_at(-1, bob, NOON);
    add_at(4095, alice, NOON);
    add_at(INT64_MAX, alice, NOON);
    assert_list(&of_alice, "9223372036854775807 4095 -4096 -4097 -9223372036854775808 ");
    done(call_starts(home.db, alice, 0, INT64_MAX - 1, starts, 4, &got, &why));
    assert_int_equal(got, 4);
    done(call_starts(home.db, alice, 0, -4097, starts, 4, &got, &why));
    assert_int_equal(got, 2);
    done(call_starts(home.db, bob, 0, INT64_MIN, starts, 4, &got, &why));
    assert_int_equal(got, 0);
}

static void the_starts_of_a_key_come_from_many_blocks(void **state)
{
    static int64_t starts[MANY];
    size_t got;

    (void)state;
    done(db_begin(home.db, &why));
    for (int64_t i = 1; i <= MANY; i++)
        add_at(i, i % 2 ? alice : bob, NOON + i);
    done(db_commit(home.db, &why));
    done(call_starts(home.db, bob, NOON + 10, MANY - 2, starts, MANY, &got, &why));
    assert_int_equal(got, MANY / 2 - 6);
    for (size_t i = 0; i < got; i++)
        assert_int_equal(starts[i], NOON + MANY - 2 - 2 * (int64_t)i);
    done(call_starts(home.db, bob, NOON, MANY, starts, 3000, &got, &why));
    assert_int_equal(got, 3000);
    assert_int_equal(starts[2999], NOON + 3002);
}

static void the_lowest_note_of_a_day_holds(void **state)
{
    struct call_row row = row_of(5, alice, NOON);

    (void)state;
    done(call_row_insert(home.db, &row, &why));
    done(call_day_note(home.db, call_day(NOON), 8, &why));
    done(call_day_note(home.db, call_day(NOON), 5, &why));
    done(call_day_note(home.db, call_day(NOON), 9, &why));
    assert_list(&(struct call_filter){.since_us = NOON}, "5 ");
}

static void the_starts_of_a_key_are_its_latest_in_the_window_and_no_more(void **state)
{
    int64_t starts[3];
    size_t got;

    (void)state;
    for (int64_t i = 1; i <= 8; i++)
        add_at(i, i == 6 ? bob : alice, NOON + i);
    done(call_starts(home.db, alice, NOON + 2, 7, starts, 3, &got, &why));
    assert_int_equal(got, 3);
    assert_int_equal(starts[0], NOON + 7);
    assert_int_equal(starts[1], NOON + 5);
    assert_int_equal(starts[2], NOON + 4);
    done(call_starts(home.db, alice, NOON + 5, 7, starts, 3, &got, &why));
    assert_int_equal(got, 1);
    done(call_starts(home.db, alice, NOON + 8, INT64_MAX, starts, 3, &got, &why));
    assert_int_equal(got, 0);
    done(call_starts(home.db, alice, 0, INT64_MAX, starts, 0, &got, &why));
    assert_int_equal(got, 0);
}

struct total {
    size_t count;
    struct usage_row sum, last;
};

static void sum_up(void *arg, const struct usage_row *row)
{
    struct total *total = arg;

    total->count++;
    total->sum.calls += row->calls;
    total->sum.rows += row->rows;
    total->sum.charged += row->charged;
    total->sum.failed += row->failed;
    total->sum.over += row->over;
    total->sum.duration_us += row->duration_us;
    total->last = *row;
}

static struct total sums(const struct call_filter *filter)
{
    struct total total = {0};

    done(usage_row_list(home.db, filter, sum_up, &total, &why));
    return total;
}

static bool sum_calls(void *arg, const struct call_row *row)
{
    struct usage_row *sum = arg;

    sum->calls++;
    sum->rows += row->rows;
    sum->charged += row->charged;
    sum->failed += row->status >= 400;
    sum->over += row->over[0] != '\0';
    sum->duration_us += row->duration_us;
    return true;
}

static void sums_equal_the_rows(void **state)
{
    struct usage_row of_rows = {0};
    struct call_filter all = {0};
    struct total total;
    struct call_row row;
    int64_t charged;

    (void)state;
    done(db_begin(home.db, &why));
    for (int64_t i = 1; i <= MANY; i++) {
        row = row_of(i, i % 3 ? alice : bob, NOON + i * (CALL_DAY_US / 200));
        snprintf(row.model, sizeof(row.model), "m%lld", (long long)i % 100);
        row.rows = i;
        row.status = i % 5 ? 200 : 503;
        row.charged = i % 5 ? i % 7 : 0;
        if (i % 11 == 0)
            text_copy(row.over, sizeof(row.over), "60s");
        add(&row);
    }
    done(db_commit(home.db, &why));
    done(call_row_list(home.db, &all, sum_calls, &of_rows, &why));
    total = sums(&all);
    assert_true(total.count > 4096); /* more than a page */
    assert_memory_equal(&total.sum, &of_rows, sizeof(of_rows));
    done(usage_charged(home.db, alice, INT64_MIN, INT64_MAX, &charged, &why));
    total = sums(&(struct call_filter){.key = alice});
    assert_int_equal(charged, total.sum.charged);
}

/* What a user has called: by keys of two kinds and by token; and what others have. */
static void add_of_carol(int64_t seq, const char *key)
{
    struct call_row row = row_of(seq, key, NOON + seq);

    text_copy(row.user, sizeof(row.user), carol);
    row.charged = seq;
    add(&row);
}

static void an_account_is_a_user_with_all_keys_and_the_calls_by_token(void **state)
{
    struct call_filter of_carol = {.user = carol};
    int64_t charged, starts[4];
    size_t got;

    (void)state;
    own(alice);
    add_of_carol(1, alice);
    add_at(2, "CCCCCCCCCCCC", NOON + 2);
    add_at(3, bob, NOON + 3);
    add_of_carol(4, carol);
    add_of_carol(2 * 4096 + 5, alice); /* in another block */
    done(usage_charged(home.db, carol, 20000, 20000, &charged, &why));
    assert_int_equal(charged, 1 + 4 + 2 * 4096 + 5);
    done(usage_charged(home.db, alice, 20000, 20000, &charged, &why)); /* a key of its own */
    assert_int_equal(charged, 1 + 2 * 4096 + 5);
    done(call_starts(home.db, carol, NOON, INT64_MAX, starts, 4, &got, &why));
    assert_int_equal(got, 3);
    assert_int_equal(starts[0], NOON + 2 * 4096 + 5);
    assert_int_equal(starts[1], NOON + 4);
    assert_int_equal(starts[2], NOON + 1);
    done(call_starts(home.db, bob, 0, INT64_MAX, starts, 4, &got, &why));
    assert_int_equal(got, 1);
    assert_list(&of_carol, "8197 4 1 ");
    assert_list(&(struct call_filter){.user = carol, .limit = 2}, "8197 4 ");
    assert_list(&(struct call_filter){.user = carol, .key = carol}, "4 ");
    assert_list(&(struct call_filter){.user = carol, .key = bob}, "");
    assert_int_equal(sums(&of_carol).sum.calls, 3);
    assert_int_equal(sums(&(struct call_filter){.user = carol, .key = alice}).sum.calls, 2);
    assert_int_equal(sums(&(struct call_filter){.user = carol, .key = bob}).sum.calls, 0);
    assert_int_equal(sums(&(struct call_filter){.user = carol, .model = "wine"}).count, 0);
    assert_int_equal(sums(&(struct call_filter){.user = "nobody"}).count, 0);
}

static void sums_are_listed_by_key_day_and_model(void **state)
{
    struct call_row row = row_of(3, bob, NOON + CALL_DAY_US);
    struct total total;
    int64_t charged;

    (void)state;
    add_at(1, alice, NOON);
    add_at(2, alice, NOON + CALL_DAY_US);
    row.model[0] = '\0';
    row.charged = 5;
    add(&row);
    add_at(4, alice, NOON - 7);
    total = sums(&(struct call_filter){0});
    assert_int_equal(total.count, 3);
    assert_string_equal(total.last.key, bob);
    assert_string_equal(total.last.model, "");
    total = sums(&(struct call_filter){.key = alice, .until_us = NOON + CALL_DAY_US / 2});
    assert_int_equal(total.count, 1); /* until midnight is without the day after */
    assert_int_equal(total.last.calls, 2);
    assert_int_equal(total.last.last_us, NOON); /* not what came later and began before */
    assert_int_equal(sums(&(struct call_filter){.since_us = NOON + 1}).count, 3);
    assert_int_equal(sums(&(struct call_filter){.since_us = NOON + CALL_DAY_US}).count, 2);
    assert_int_equal(sums(&(struct call_filter){.model = "iris"}).count, 2);
    assert_int_equal(sums(&(struct call_filter){.key = "none"}).count, 0);
    assert_int_equal(sums(&(struct call_filter){.key = "longer than any key"}).count, 0);
    done(usage_charged(home.db, bob, 20001, 20001, &charged, &why));
    assert_int_equal(charged, 5);
    done(usage_charged(home.db, alice, 20000, 20000, &charged, &why));
    assert_int_equal(charged, 2);
    done(usage_charged(home.db, alice, 20001, 20000, &charged, &why));
    assert_int_equal(charged, 0);
}

static void only_old_calls_at_the_low_end_expire_and_sums_stay(void **state)
{
    int64_t deleted;

    (void)state;
    for (int64_t i = 1; i <= 4; i++)
        add_at(i, alice, NOON + i);
    add_at(5, alice, NOON); /* the clock was set back */
    done(call_rows_expire(home.db, NOON + 1, 1000, &deleted, &why));
    assert_int_equal(deleted, 0);
    done(call_rows_expire(home.db, NOON + 4, 2, &deleted, &why));
    assert_int_equal(deleted, 2);
    done(call_rows_expire(home.db, NOON + 4, 0, &deleted, &why));
    assert_int_equal(deleted, 0);
    done(call_rows_expire(home.db, NOON + 4, 1000, &deleted, &why));
    assert_int_equal(deleted, 1);
    assert_list(&(struct call_filter){0}, "5 4 ");
    assert_int_equal(sums(&(struct call_filter){0}).sum.calls, 5);
    done(call_rows_expire(home.db, INT64_MAX, 1000, &deleted, &why));
    assert_int_equal(deleted, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_that_is_there_is_refused_and_changes_nothing),
        TEST(the_number_that_is_drained_is_never_lowered),
        TEST(a_row_with_a_text_that_is_too_long_is_damage_and_no_overrun),
        TEST(an_empty_log_lists_sums_and_expires_nothing),
        TEST(days_are_cut_at_midnight_utc_also_before_1970),
        TEST(what_does_not_apply_is_null_and_comes_back_empty),
        TEST(a_row_comes_back_as_it_was_written),
        TEST(a_list_has_each_call_once_newest_first_over_many_pages),
        TEST(a_list_ends_where_its_reader_says),
        TEST(each_condition_leaves_out_what_does_not_fit),
        TEST(since_finds_all_though_the_clock_was_set_back),
        TEST(a_wide_gap_between_numbers_costs_nothing),
        TEST(the_starts_of_a_key_come_from_many_blocks),
        TEST(the_lowest_note_of_a_day_holds),
        TEST(the_starts_of_a_key_are_its_latest_in_the_window_and_no_more),
        TEST(sums_equal_the_rows),
        TEST(an_account_is_a_user_with_all_keys_and_the_calls_by_token),
        TEST(sums_are_listed_by_key_day_and_model),
        TEST(only_old_calls_at_the_low_end_expire_and_sums_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
