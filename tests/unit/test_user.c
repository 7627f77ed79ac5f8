/*
 * test_user.c: who cannot be a user, what may not be changed, and what a change takes along.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "gate/key.h"
#include "gate/password.h"
#include "gate/tier.h"
#include "gate/user.h"
#include "store/audits.h"

static struct home home;
static struct reason why;
static enum user_part part;

static const char password[] = "a bicycle for seven cats";

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    home.config.password_cost = 1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    return 0;
}

static enum result create(const struct user_wish *wish, struct user_row *row)
{
    return user_create(&home, wish, password, strlen(password), row, &part, &why);
}

static struct user_row user_of(const char *username, const char *role)
{
    const struct user_wish wish = {{[USER_PART_USERNAME] = username, [USER_PART_ROLE] = role}};
    struct user_row row;

    if (create(&wish, &row) != RESULT_OK)
        fail_msg("%s", why.text);
    return row;
}

static enum result set(const char *id, enum user_part what, const char *text, bool forced)
{
    struct user_wish wish = {{NULL}};
    struct user_row row;

    wish.parts[what] = text;
    return user_set(&home, id, &wish, forced, &row, &part, &why);
}

static struct user_row get(const char *id)
{
    struct user_row row;

    if (user_row_get(home.db, id, &row, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return row;
}

static void session_of(const struct user_row *user, const char *id)
{
    struct session_row row = {
        .created_at = 1, .expires_at = INT64_MAX, .used_at = 1, .generation = 1};

    snprintf(row.id, sizeof(row.id), "%s", id);
    memcpy(row.user, user->id, sizeof(row.user));
    assert_int_equal(session_row_insert(home.db, &row, &why), RESULT_OK);
}

static bool has_session(const char *id)
{
    struct session_row row;

    return session_row_get(home.db, id, &row, NULL) == RESULT_OK;
}

static void key_of(const struct user_row *user, struct key_row *row)
{
    const struct key_wish wish = {{[KEY_PART_NAME] = "test", [KEY_PART_OWNER] = user->id}};
    char text[KEY_TEXT_LEN + 1];

    if (key_create(&home, &wish, text, row, NULL, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static void names_that_are_no_email_address_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "ann",
        "@",
        "ann@",
        "@example.org",
        "ann@@example.org",
        "ann@x@example.org",
        ".ann@example.org",
        "ann.@example.org",
        "a..n@example.org",
        "an n@example.org",
        "ann@exa mple.org",
        "ann@example",
        "ann@.org",
        "ann@example.",
        "ann@example..org",
        "ann@-example.org",
        "ann@example-.org",
        "ann@example.org\n",
        "ann\t@example.org",
        "\"ann\"@example.org",
        "ann@[127.0.0.1]",
        "ann@127.0.0.1",
        "ann,bob@example.org",
        "<ann@example.org>",
        "änn@example.org",
        "ann@exämple.org",
        "ann(x)@example.org",
        "ann@example.org;",
        "0123456789012345678901234567890123456789012345678901234567890123x@example.org",
        "a@0123456789012345678901234567890123456789012345678901234567890123.org",
    };
    char name[USER_USERNAME_MAX + 1], longest[USER_USERNAME_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (user_name_read(bad[i], strlen(bad[i]), name))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_false(user_name_read("ann@example.org\0x", 17, name));
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "a@", 2);
    for (size_t i = 60; i < 240; i += 60)
        longest[i] = '.';
    memcpy(longest + 240, ".aaaaaaaaaaaaa", 14);
    assert_true(user_name_read(longest, 254, name));
    assert_false(user_name_read(longest, 255, name));
}

static void names_are_kept_in_lower_case(void **state)
{
    char name[USER_USERNAME_MAX + 1];

    (void)state;
    assert_true(user_name_read("Ann.O'Neil+x@EXAMPLE.Org", 24, name));
    assert_string_equal(name, "ann.o'neil+x@example.org");
    assert_true(user_name_read("root@localhost", 14, name));
}

static void what_is_wrong_of_a_user_is_named_by_its_part(void **state)
{
    static char long_name[102], long_country[66];
    static const struct {
        enum user_part part;
        const char *text;
        enum result result;
    } cases[] = {
        {USER_PART_USERNAME, "ann", RESULT_INVALID},
        {USER_PART_FIRST_NAME, "A\nB", RESULT_INVALID},
        {USER_PART_FIRST_NAME, "A\x7f", RESULT_INVALID},
        {USER_PART_FIRST_NAME, "A\xc2\x85", RESULT_INVALID},
        {USER_PART_FIRST_NAME, "A\xe2\x80\xae", RESULT_INVALID},
        {USER_PART_FIRST_NAME, "A\xff", RESULT_INVALID},
        {USER_PART_FIRST_NAME, long_name, RESULT_TOO_BIG},
        {USER_PART_LAST_NAME, "\x1b[2J", RESULT_INVALID},
        {USER_PART_LAST_NAME, long_name, RESULT_TOO_BIG},
        {USER_PART_COUNTRY, long_country, RESULT_TOO_BIG},
        {USER_PART_ROLE, "root", RESULT_INVALID},
        {USER_PART_ROLE, "Admin", RESULT_INVALID},
        {USER_PART_ACTIVE, "yes", RESULT_INVALID},
        {USER_PART_MODELS, "nothing", RESULT_INVALID},
        {USER_PART_MODELS, "iris,", RESULT_INVALID},
        {USER_PART_TIER, "nothing", RESULT_INVALID},
    };
    struct user_row row;
    int64_t total;

    (void)state;
    memset(long_name, 'x', 101);
    memset(long_country, 'x', 65);
    fixture_publish(&home, "iris", 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct user_wish wish = {{[USER_PART_USERNAME] = "ann@example.org"}};

        wish.parts[cases[i].part] = cases[i].text;
        if (create(&wish, &row) != cases[i].result || part != cases[i].part)
            fail_msg("case %zu: %s: %s", i, user_part_name(part), why.text);
    }
    assert_int_equal(user_row_list(home.db, &(struct user_filter){NULL, -1, -1, 1, 0}, NULL,
                                   NULL, &total, &why),
                     RESULT_OK);
    assert_int_equal(total, 0);
}

static void a_user_has_what_was_said_and_else_nothing(void **state)
{
    struct user_wish wish = {{[USER_PART_USERNAME] = "Ann@Example.org"}};
    struct user_row row;

    (void)state;
    assert_int_equal(create(&wish, &row), RESULT_OK);
    row = get(row.id);
    assert_string_equal(row.username, "ann@example.org");
    assert_int_equal(row.role, USER_ROLE_USER);
    assert_true(row.active);
    assert_string_equal(row.models, "");
    assert_string_equal(row.tier, "standard");
    fixture_publish(&home, "iris", 1);
    wish = (struct user_wish){{"bob@example.org",
                               "Bo\xe2\x80\x8c"
                               "b",
                               "", "Österreich", "admin", "false", "iris", "free"}};
    assert_int_equal(create(&wish, &row), RESULT_OK);
    row = get(row.id);
    assert_string_equal(row.first_name, "Bo\xe2\x80\x8c"
                                        "b");
    assert_string_equal(row.country, "Österreich");
    assert_int_equal(row.role, USER_ROLE_ADMIN);
    assert_false(row.active);
    assert_string_equal(row.models, "iris");
    assert_string_equal(row.tier, "free");
}

static void a_password_that_is_not_allowed_makes_no_user(void **state)
{
    const struct user_wish wish = {{[USER_PART_USERNAME] = "ann@example.org"}};
    struct user_row row;

    (void)state;
    assert_int_equal(user_create(&home, &wish, "too short", 9, &row, &part, &why),
                     RESULT_INVALID);
    assert_int_equal(part, USER_PART__MAX);
    assert_int_equal(user_create(&home, &wish, "ann@example.org", 15, &row, &part, &why),
                     RESULT_INVALID);
    assert_int_equal(
        user_bring(&home, &wish, "$1$abcdefgh$0123456789012345678901", &row, &part, &why),
        RESULT_INVALID);
    assert_int_equal(user_find(&home, "ann@example.org", &row, &why), RESULT_MISSING);
}

static void a_name_that_is_taken_is_refused_in_any_case(void **state)
{
    const struct user_wish wish = {{[USER_PART_USERNAME] = "ANN@example.org"}};
    struct user_row row;

    (void)state;
    user_of("ann@example.org", "user");
    assert_int_equal(create(&wish, &row), RESULT_EXISTS);
    assert_int_equal(part, USER_PART_USERNAME);
}

/* How many of the processes get the result that they do with a home of their own. */
static int race(enum result (*run)(struct home *own, int i), int processes)
{
    int winners = 0, status;

    home_close(&home); /* SQLite is not carried over a fork */
    for (int i = 0; i < processes; i++)
        if (fork() == 0) {
            struct home own;

            if (home_enter(&own, ".", DB_CLI, NULL) != RESULT_OK ||
                home_load_config(&own, environ, NULL) != RESULT_OK ||
                home_open(&own, DB_CLI, NULL) != RESULT_OK)
                _exit(RESULT__MAX);
            own.config.password_cost = 1;
            _exit(run(&own, i));
        }
    for (int i = 0; i < processes; i++) {
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != RESULT_OK)
            assert_int_equal(WEXITSTATUS(status), RESULT_EXISTS);
        else
            winners++;
    }
    assert_int_equal(home_open(&home, DB_CLI, &why), RESULT_OK);
    return winners;
}

static enum result create_ann(struct home *own, int i)
{
    const struct user_wish wish = {{[USER_PART_USERNAME] = "ann@example.org"}};
    struct user_row row;
    struct reason reason;

    (void)i;
    return user_create(own, &wish, password, strlen(password), &row, &part, &reason);
}

static void of_processes_racing_for_one_name_exactly_one_wins(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        struct user_row row;

        assert_int_equal(race(create_ann, 4), 1);
        assert_int_equal(user_find(&home, "ann@example.org", &row, &why), RESULT_OK);
        assert_int_equal(user_delete(&home, row.id, false, &why), RESULT_OK);
    }
}

static void the_last_active_administrator_cannot_be_lost(void **state)
{
    struct user_row admin = user_of("ann@example.org", "admin");
    struct user_row other = user_of("bob@example.org", "admin");

    (void)state;
    assert_int_equal(set(other.id, USER_PART_ACTIVE, "false", false), RESULT_OK);
    assert_int_equal(set(admin.id, USER_PART_ROLE, "user", false), RESULT_EXISTS);
    assert_int_equal(set(admin.id, USER_PART_ACTIVE, "false", false), RESULT_EXISTS);
    assert_int_equal(user_delete(&home, admin.id, false, &why), RESULT_EXISTS);
    assert_true(get(admin.id).active && get(admin.id).role == USER_ROLE_ADMIN);
    assert_int_equal(user_delete(&home, other.id, false, &why), RESULT_OK);
    assert_int_equal(set(admin.id, USER_PART_FIRST_NAME, "Ann", false), RESULT_OK);
    assert_int_equal(set(admin.id, USER_PART_ROLE, "user", true), RESULT_OK);
    assert_int_equal(user_delete(&home, admin.id, false, &why), RESULT_OK);
}

static char racers[2][USER_ID_LEN + 1];

static enum result step_down(struct home *own, int i)
{
    const struct user_wish wish = {{[USER_PART_ROLE] = "user"}};
    struct reason reason;
    struct user_row row;

    if (i % 2 == 0)
        return user_set(own, racers[0], &wish, false, &row, &part, &reason);
    return user_delete(own, racers[1], false, &reason);
}

static void two_administrators_cannot_go_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct user_row one = user_of("ann@example.org", "admin");
        struct user_row two = user_of("bob@example.org", "admin");
        int64_t left;

        memcpy(racers[0], one.id, sizeof(one.id));
        memcpy(racers[1], two.id, sizeof(two.id));
        assert_int_equal(race(step_down, 2), 1);
        assert_int_equal(user_admins(home.db, NULL, &left, &why), RESULT_OK);
        assert_int_equal(left, 1);
        user_delete(&home, one.id, true, &why);
        user_delete(&home, two.id, true, &why);
    }
}

static void a_username_stays_and_who_is_not_there_is_missing(void **state)
{
    struct user_row ann = user_of("ann@example.org", "user");

    (void)state;
    assert_int_equal(set(ann.id, USER_PART_USERNAME, "x@example.org", true), RESULT_INVALID);
    assert_int_equal(part, USER_PART_USERNAME);
    assert_int_equal(set("000000000000", USER_PART_ROLE, "admin", false), RESULT_MISSING);
    assert_int_equal(user_delete(&home, "000000000000", false, &why), RESULT_MISSING);
    assert_int_equal(
        user_password_change(&home, "000000000000", password, strlen(password), NULL, &why),
        RESULT_MISSING);
    assert_int_equal(user_find(&home, "x@example.org", &ann, &why), RESULT_MISSING);
    assert_int_equal(user_find(&home, "x", &ann, &why), RESULT_MISSING);
}

static void who_is_disabled_or_deleted_is_logged_out(void **state)
{
    struct user_row ann = user_of("ann@example.org", "user");
    struct user_row bob = user_of("bob@example.org", "user");

    (void)state;
    session_of(&ann, "one");
    session_of(&bob, "two");
    assert_int_equal(set(ann.id, USER_PART_FIRST_NAME, "Ann", false), RESULT_OK);
    assert_true(has_session("one"));
    assert_int_equal(set(ann.id, USER_PART_ACTIVE, "false", false), RESULT_OK);
    assert_false(has_session("one"));
    assert_true(has_session("two"));
    assert_int_equal(user_delete(&home, bob.id, false, &why), RESULT_OK);
    assert_false(has_session("two"));
}

static void another_password_ends_all_sessions_but_the_one(void **state)
{
    struct user_row ann = user_of("ann@example.org", "user");
    char before[USER_PASSWORD_MAX + 1], after[USER_PASSWORD_MAX + 1];

    (void)state;
    session_of(&ann, "one");
    session_of(&ann, "two");
    assert_int_equal(user_password_get(home.db, ann.id, before, &why), RESULT_OK);
    assert_int_equal(user_password_change(&home, ann.id, "short", 5, NULL, &why),
                     RESULT_INVALID);
    assert_true(has_session("one"));
    assert_int_equal(
        user_password_change(&home, ann.id, "eight dogs on a bus", 19, "gone", &why),
        RESULT_MISSING); /* it has ended since it proved the old one */
    assert_int_equal(user_password_get(home.db, ann.id, after, &why), RESULT_OK);
    assert_string_equal(before, after);
    assert_true(has_session("one"));
    assert_int_equal(
        user_password_change(&home, ann.id, "eight dogs on a bus", 19, "two", &why), RESULT_OK);
    assert_false(has_session("one"));
    assert_true(has_session("two"));
    assert_int_equal(user_password_get(home.db, ann.id, after, &why), RESULT_OK);
    assert_string_not_equal(before, after);
    assert_int_equal(
        user_password_change(&home, ann.id, password, strlen(password), NULL, &why), RESULT_OK);
    assert_false(has_session("two"));
}

/* As an administrator's, which comes while that of a thief is hashed. */
static void a_password_is_not_changed_from_a_session_that_has_ended(void **state)
{
    struct user_row ann = user_of("ann@example.org", "user");
    char before[USER_PASSWORD_MAX + 1], after[USER_PASSWORD_MAX + 1];

    (void)state;
    session_of(&ann, "one");
    assert_int_equal(user_password_change(&home, ann.id, "eight dogs on a bus", 19, NULL, &why),
                     RESULT_OK);
    assert_int_equal(user_password_get(home.db, ann.id, before, &why), RESULT_OK);
    assert_int_equal(
        user_password_change(&home, ann.id, password, strlen(password), "one", &why),
        RESULT_MISSING);
    assert_int_equal(user_password_get(home.db, ann.id, after, &why), RESULT_OK);
    assert_string_equal(before, after);
}

static void the_keys_of_a_user_go_with_the_user(void **state)
{
    struct user_row ann = user_of("ann@example.org", "user");
    struct key_row key;

    (void)state;
    key_of(&ann, &key);
    assert_string_equal(key.tier, "standard");
    assert_int_equal(set(ann.id, USER_PART_TIER, "free", false), RESULT_OK);
    assert_int_equal(key_row_get(home.db, key.id, &key, &why), RESULT_OK);
    assert_string_equal(key.tier, "free");
    assert_string_equal(key.owner.id, ann.id);
    assert_int_equal(user_delete(&home, ann.id, false, &why), RESULT_OK);
    assert_int_equal(key_row_get(home.db, key.id, &key, &why), RESULT_OK);
    assert_true(key.revoked_at != 0);
    assert_string_equal(key.name, "(deleted)");
}

static void a_key_of_a_user_has_no_limits_of_its_own(void **state)
{
    struct user_row ann = user_of("ann@example.org", "user");
    static const enum key_part parts[] = {KEY_PART_TIER, KEY_PART_RATES, KEY_PART_QUOTAS};
    static const char *const texts[] = {"premium", "5/60s", "5/day"};
    char text[KEY_TEXT_LEN + 1];
    struct key_row key, of_ann;

    (void)state;
    key_of(&ann, &of_ann);
    for (size_t i = 0; i < 3; i++) {
        struct key_wish wish = {{[KEY_PART_NAME] = "test", [KEY_PART_OWNER] = ann.id}};

        wish.parts[parts[i]] = texts[i];
        assert_int_equal(key_create(&home, &wish, text, &key, NULL, &why), RESULT_INVALID);
        wish.parts[KEY_PART_OWNER] = NULL;
        assert_int_equal(key_set(&home, of_ann.id, &wish, &key, NULL, &why), RESULT_INVALID);
    }
    assert_int_equal(
        key_create(&home,
                   &(struct key_wish){
                       {[KEY_PART_NAME] = "test", [KEY_PART_OWNER] = "nobody@example.org"}},
                   text, &key, NULL, &why),
        RESULT_INVALID);
}

static void a_tier_that_users_are_of_is_not_deleted(void **state)
{
    struct tier_row tier = {.name = "gold"};
    struct user_row ann = user_of("ann@example.org", "user");

    (void)state;
    assert_int_equal(tier_set(&home, &tier, &why), RESULT_OK);
    assert_int_equal(set(ann.id, USER_PART_TIER, "gold", false), RESULT_OK);
    assert_int_equal(tier_delete(&home, "gold", &why), RESULT_EXISTS);
    assert_int_equal(tier_row_delete(home.db, "gold", &why), RESULT_EXISTS);
    assert_int_equal(set(ann.id, USER_PART_TIER, "free", false), RESULT_OK);
    assert_int_equal(tier_delete(&home, "gold", &why), RESULT_OK);
}

/* The trail as text: action, before and after of each row, newest first. */
static void trail_add(void *arg, const struct audit_row *row)
{
    char *text = arg;
    size_t len = strlen(text);

    snprintf(text + len, 8192 - len, "%s %s %s\n", row->action, row->before, row->after);
}

static void the_trail_tells_rights_and_nothing_of_the_person(void **state)
{
    static char trail[8192];
    struct user_row ann = user_of("ann@example.org", "admin");

    (void)state;
    trail[0] = '\0';
    assert_int_equal(set(ann.id, USER_PART_FIRST_NAME, "Annabelle", false), RESULT_OK);
    assert_int_equal(set(ann.id, USER_PART_TIER, "free", false), RESULT_OK);
    assert_int_equal(
        user_password_change(&home, ann.id, password, strlen(password), NULL, &why), RESULT_OK);
    assert_int_equal(set(ann.id, USER_PART_ROLE, "root", false), RESULT_INVALID);
    assert_int_equal(user_delete(&home, ann.id, false, &why), RESULT_EXISTS);
    assert_int_equal(user_delete(&home, ann.id, true, &why), RESULT_OK);
    assert_int_equal(audit_row_list(home.db,
                                    &(struct audit_filter){
                                        .action = "user", .until_us = INT64_MAX, .limit = 100},
                                    trail_add, trail, &why),
                     RESULT_OK);
    assert_string_equal(
        trail,
        "user.delete {\"role\":\"admin\",\"is_active\":true,\"models\":\"\",\"tier\":\"free\"} "
        "{}\n"
        "user.passwd {} {\"password_changed\":true}\n"
        "user.set {\"tier\":\"standard\"} {\"tier\":\"free\"}\n"
        "user.set {} {\"first_name_changed\":true}\n"
        "user.create {} "
        "{\"role\":\"admin\",\"is_active\":true,\"models\":\"\",\"tier\":\"standard\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_no_email_address_are_refused),
        cmocka_unit_test(names_are_kept_in_lower_case),
        cmocka_unit_test_setup_teardown(what_is_wrong_of_a_user_is_named_by_its_part, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_user_has_what_was_said_and_else_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_password_that_is_not_allowed_makes_no_user, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_name_that_is_taken_is_refused_in_any_case, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(of_processes_racing_for_one_name_exactly_one_wins,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_active_administrator_cannot_be_lost, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(two_administrators_cannot_go_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_username_stays_and_who_is_not_there_is_missing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_is_disabled_or_deleted_is_logged_out, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_password_ends_all_sessions_but_the_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_password_is_not_changed_from_a_session_that_has_ended,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_keys_of_a_user_go_with_the_user, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_of_a_user_has_no_limits_of_its_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_tier_that_users_are_of_is_not_deleted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_trail_tells_rights_and_nothing_of_the_person, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
