/*
 * test_session.c: sessions: what no longer holds, what ends one, and who cannot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "fixture.h"
#include "gate/audit.h"
#include "gate/session.h"

static const char ann[] = "0123456789ab", hash[] = "$y$hash";

static struct home home;
static struct reason why;

static void user_make(const char *id)
{
    struct user_row row = {.active = true, .tier = "standard", .created_at = 1};

    text_copy(row.id, sizeof(row.id), id);
    snprintf(row.username, sizeof(row.username), "%s@example.org", id);
    assert_int_equal(user_row_insert(home.db, &row, hash, &why), RESULT_OK);
}

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    user_make(ann);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    return 0;
}

/* A session and its refresh token. */
struct made {
    struct session_row row;
    char refresh[SESSION_REFRESH_MAX + 1];
};

static struct made begin(const char *user)
{
    struct made made;

    if (session_begin(&home, user, hash, "192.0.2.1", &made.row, made.refresh, &why) !=
        RESULT_OK)
        fail_msg("%s", why.text);
    return made;
}

static enum result refresh(const char *text, struct made *next)
{
    return session_refresh(&home, text, strlen(text), &next->row, next->refresh, &why);
}

static bool there(const char *id)
{
    struct session_row row;

    return session_row_get(home.db, id, &row, &why) == RESULT_OK;
}

struct found {
    const char *action;
    int count;
};

static void count_row(void *arg, const struct audit_row *row)
{
    struct found *found = arg;

    assert_string_equal(row->target, "user:0123456789ab");
    found->count += strcmp(row->action, found->action) == 0;
}

/* How many rows the audit trail has of this action. */
static int audited(const char *action)
{
    struct found found = {.action = action};
    const struct audit_filter filter = {
        .before_seq = INT64_MAX, .until_us = INT64_MAX, .limit = 1000};
    struct audit_proof proof;

    assert_int_equal(audit_row_list(home.db, &filter, count_row, &found, &why), RESULT_OK);
    assert_int_equal(audit_prove(&home, &proof, &why), RESULT_OK);
    assert_string_equal(proof.problem, "");
    return found.count;
}

static void a_refresh_token_with_any_character_changed_is_refused_and_ends_nothing(void **state)
{
    struct made made = begin(ann), next;
    char changed[SESSION_REFRESH_MAX + 1];

    (void)state;
    for (size_t i = 0; i < strlen(made.refresh); i++) {
        for (int bit = 1; bit < 128; bit <<= 1) {
            strcpy(changed, made.refresh);
            changed[i] = (char)(changed[i] ^ bit);
            assert_int_equal(session_refresh(&home, changed, strlen(made.refresh), &next.row,
                                             next.refresh, &why),
                             RESULT_DENIED);
            assert_string_equal(next.refresh, "");
        }
    }
    assert_true(there(made.row.id));
    assert_int_equal(refresh(made.refresh, &next), RESULT_OK);
}

static void what_is_longer_or_shorter_than_a_refresh_token_is_none(void **state)
{
    struct made made = begin(ann), next;
    char longer[SESSION_REFRESH_MAX + 8];

    (void)state;
    for (size_t len = 0; len < strlen(made.refresh); len++)
        assert_int_equal(
            session_refresh(&home, made.refresh, len, &next.row, next.refresh, &why),
            RESULT_DENIED);
    snprintf(longer, sizeof(longer), "%s=", made.refresh);
    assert_int_equal(refresh(longer, &next), RESULT_DENIED);
    snprintf(longer, sizeof(longer), " %s", made.refresh);
    assert_int_equal(refresh(longer, &next), RESULT_DENIED);
    assert_true(there(made.row.id));
}

static void a_refresh_token_of_another_home_is_refused(void **state)
{
    struct made made = begin(ann), next;
    static const uint8_t other[SECRET_BYTES] = {1};
    struct secret_mac *mac = home.key_mac;

    (void)state;
    assert_int_equal(secret_mac_new(other, sizeof(other), &home.key_mac, &why), RESULT_OK);
    assert_int_equal(refresh(made.refresh, &next), RESULT_DENIED);
    secret_mac_free(home.key_mac);
    home.key_mac = mac;
    assert_true(there(made.row.id));
}

static void a_refresh_token_holds_once_and_its_session_ends_when_it_comes_again(void **state)
{
    struct made made = begin(ann), other = begin(ann), next, after;

    (void)state;
    assert_int_equal(refresh(made.refresh, &next), RESULT_OK);
    assert_string_not_equal(made.refresh, next.refresh);
    assert_string_equal(made.row.id, next.row.id);
    assert_int_equal(refresh(made.refresh, &after), RESULT_DENIED);
    assert_string_equal(after.refresh, "");
    assert_false(there(made.row.id));
    assert_int_equal(refresh(next.refresh, &after), RESULT_DENIED);
    assert_int_equal(audited("session.reuse"), 1);
    assert_true(there(other.row.id));
}

static void a_token_of_a_generation_to_come_ends_nothing(void **state)
{
    struct made made = begin(ann), next, after;

    (void)state;
    assert_int_equal(refresh(made.refresh, &next), RESULT_OK);
    /* as if the database had come from a backup */
    assert_int_equal(session_row_end(home.db, made.row.id, &why), RESULT_OK);
    assert_int_equal(session_row_insert(home.db, &made.row, &why), RESULT_OK);
    assert_int_equal(refresh(next.refresh, &after), RESULT_DENIED);
    assert_true(there(made.row.id));
}

static void a_session_that_is_over_is_not_gone_on_with(void **state)
{
    struct made made = begin(ann), next;

    (void)state;
    assert_int_equal(session_row_end(home.db, made.row.id, &why), RESULT_OK);
    made.row.expires_at = clock_wall_us() / 1000000;
    assert_int_equal(session_row_insert(home.db, &made.row, &why), RESULT_OK);
    assert_int_equal(refresh(made.refresh, &next), RESULT_DENIED);
}

static void a_user_who_is_not_active_does_not_go_on(void **state)
{
    struct made made = begin(ann), next;
    struct user_row row;

    (void)state;
    assert_int_equal(user_row_get(home.db, ann, &row, &why), RESULT_OK);
    row.active = false;
    assert_int_equal(user_row_update(home.db, &row, &why), RESULT_OK);
    assert_int_equal(refresh(made.refresh, &next), RESULT_DENIED);
}

static void a_session_is_refused_to_who_has_changed_since_the_password_was_proved(void **state)
{
    struct user_row user;
    struct made made;

    (void)state;
    assert_int_equal(session_begin(&home, ann, "$y$another", "", &made.row, made.refresh, &why),
                     RESULT_DENIED);
    assert_int_equal(
        session_begin(&home, "ba9876543210", hash, "", &made.row, made.refresh, &why),
        RESULT_DENIED);
    assert_int_equal(user_row_get(home.db, ann, &user, &why), RESULT_OK);
    user.active = false;
    assert_int_equal(user_row_update(home.db, &user, &why), RESULT_OK);
    assert_int_equal(session_begin(&home, ann, hash, "", &made.row, made.refresh, &why),
                     RESULT_DENIED);
    assert_int_equal(audited("session.begin"), 0);
}

static void a_session_that_was_ended_does_not_end_again(void **state)
{
    struct made made = begin(ann);

    (void)state;
    assert_int_equal(session_end(&home, made.row.id, &why), RESULT_OK);
    assert_false(there(made.row.id));
    assert_int_equal(session_end(&home, made.row.id, &why), RESULT_MISSING);
    assert_int_equal(audited("session.end"), 1);
}

static void all_sessions_of_a_user_end_at_once_and_no_others(void **state)
{
    struct made first = begin(ann), second = begin(ann), other;

    (void)state;
    user_make("ba9876543210");
    assert_int_equal(audited("session.begin"), 2);
    other = begin("ba9876543210");
    assert_int_equal(session_end_all(&home, ann, &why), RESULT_OK);
    assert_false(there(first.row.id));
    assert_false(there(second.row.id));
    assert_true(there(other.row.id));
}

static void of_100_sessions_the_oldest_gives_way_to_one_more(void **state)
{
    struct made made[SESSION_COUNT_MAX], more;
    uint64_t epoch;
    int64_t count;

    (void)state;
    for (int i = 0; i < SESSION_COUNT_MAX; i++) {
        made[i] = begin(ann);
        assert_int_equal(session_row_end(home.db, made[i].row.id, &why), RESULT_OK);
        made[i].row.created_at -= SESSION_COUNT_MAX - i;
        assert_int_equal(session_row_insert(home.db, &made[i].row, &why), RESULT_OK);
    }
    epoch = epoch_read(home.epoch);
    more = begin(ann);
    assert_true(epoch_read(home.epoch) != epoch); /* workers remember the one that is gone */
    assert_true(epoch_is_settled(epoch_read(home.epoch)));
    assert_int_equal(session_rows_count(home.db, ann, &count, &why), RESULT_OK);
    assert_int_equal(count, SESSION_COUNT_MAX);
    assert_false(there(made[0].row.id));
    assert_true(there(made[1].row.id));
    assert_true(there(more.row.id));
}

static void to_begin_and_to_go_on_troubles_no_worker_and_to_end_does(void **state)
{
    uint64_t epoch = epoch_read(home.epoch);
    struct made made = begin(ann), next;

    (void)state;
    assert_int_equal(refresh(made.refresh, &next), RESULT_OK);
    assert_true(epoch_read(home.epoch) == epoch);
    assert_int_equal(refresh(made.refresh, &next), RESULT_DENIED);
    assert_true(epoch_read(home.epoch) != epoch);
    epoch = epoch_read(home.epoch);
    made = begin(ann);
    assert_int_equal(session_end(&home, made.row.id, &why), RESULT_OK);
    assert_true(epoch_read(home.epoch) != epoch);
}

static void sessions_that_are_over_are_deleted_along_the_way(void **state)
{
    struct made made;

    (void)state;
    for (int i = 0; i < 3; i++) {
        made = begin(ann);
        assert_int_equal(session_row_end(home.db, made.row.id, &why), RESULT_OK);
        made.row.expires_at = 1000 + i;
        assert_int_equal(session_row_insert(home.db, &made.row, &why), RESULT_OK);
    }
    begin(ann);
    assert_false(there(made.row.id));
}

static void a_session_lasts_as_long_as_the_setting_says_and_no_longer_for_going_on(void **state)
{
    struct made made, next;

    (void)state;
    home.config.session_lifetime = 7200;
    made = begin(ann);
    assert_int_equal(made.row.expires_at - made.row.created_at, 7200);
    home.config.session_lifetime = 86400;
    assert_int_equal(refresh(made.refresh, &next), RESULT_OK);
    assert_int_equal(next.row.expires_at, made.row.expires_at);
}

/* Of many that use one token at once one at most gets the next: then it has been used twice. */
static void of_many_that_use_one_token_at_once_none_has_a_session_in_the_end(void **state)
{
    enum {
        PROCESSES = 6
    };
    struct made made = begin(ann), next;
    pid_t children[PROCESSES];
    int let = 0;

    (void)state;
    home_close(&home);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            if (home_open(&home, DB_CLI, &why) != RESULT_OK)
                _exit(2);
            switch (refresh(made.refresh, &next)) {
            case RESULT_OK:
                _exit(1);
            case RESULT_DENIED:
                _exit(0);
            default:
                _exit(2);
            }
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
        let += WEXITSTATUS(status);
    }
    assert_int_equal(home_open(&home, DB_CLI, &why), RESULT_OK);
    assert_int_equal(let, 1);
    assert_false(there(made.row.id));
    assert_int_equal(audited("session.reuse"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refresh_token_with_any_character_changed_is_refused_and_ends_nothing),
        TEST(what_is_longer_or_shorter_than_a_refresh_token_is_none),
        TEST(a_refresh_token_of_another_home_is_refused),
        TEST(a_refresh_token_holds_once_and_its_session_ends_when_it_comes_again),
        TEST(a_token_of_a_generation_to_come_ends_nothing),
        TEST(a_session_that_is_over_is_not_gone_on_with),
        TEST(a_user_who_is_not_active_does_not_go_on),
        TEST(a_session_is_refused_to_who_has_changed_since_the_password_was_proved),
        TEST(a_session_that_was_ended_does_not_end_again),
        TEST(all_sessions_of_a_user_end_at_once_and_no_others),
        TEST(of_100_sessions_the_oldest_gives_way_to_one_more),
        TEST(to_begin_and_to_go_on_troubles_no_worker_and_to_end_does),
        TEST(sessions_that_are_over_are_deleted_along_the_way),
        TEST(a_session_lasts_as_long_as_the_setting_says_and_no_longer_for_going_on),
        TEST(of_many_that_use_one_token_at_once_none_has_a_session_in_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
