/*
 * test_invitation.c: invitations that do not hold, and that one makes one account.
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

static void invite(const struct invitation_wish *wish, char text[INVITATION_TEXT_LEN + 1],
                   struct invitation_row *row)
{
    if (invitation_create(&home, wish, text, row, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static enum result accept_n(const char *text, size_t len, const char *username,
                            struct user_row *row)
{
    const struct user_wish wish = {{[USER_PART_USERNAME] = username}};

    return invitation_accept(&home, text, len, &wish, password, strlen(password), row, &part,
                             &why);
}

static enum result accept(const char *text, const char *username)
{
    struct user_row row;

    return accept_n(text, strlen(text), username, &row);
}

static int64_t users(void)
{
    const struct user_filter all = {.role = -1, .active = -1, .limit = 0};
    int64_t total;

    assert_int_equal(user_row_list(home.db, &all, NULL, NULL, &total, &why), RESULT_OK);
    return total;
}

static void what_cannot_be_given_is_refused(void **state)
{
    static const struct {
        struct invitation_wish wish;
        enum result result;
    } cases[] = {
        {{.seconds = 59}, RESULT_INVALID},
        {{.seconds = 365 * 86400 + 1}, RESULT_INVALID},
        {{.seconds = -1}, RESULT_INVALID},
        {{.seconds = 60, .username = "ann"}, RESULT_INVALID},
        {{.seconds = 60, .username = ""}, RESULT_INVALID},
        {{.seconds = 60, .role = "root"}, RESULT_INVALID},
        {{.seconds = 60, .models = "nothing"}, RESULT_INVALID},
        {{.seconds = 60, .tier = "nothing"}, RESULT_INVALID},
    };
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (invitation_create(&home, &cases[i].wish, text, &row, &why) != cases[i].result)
            fail_msg("case %zu: %s", i, why.text);
}

static void texts_that_are_no_invitation_of_here_are_denied_alike(void **state)
{
    const struct invitation_wish wish = {.seconds = 60};
    char text[INVITATION_TEXT_LEN + 1], bad[INVITATION_TEXT_LEN + 2], other[128];
    struct invitation_row row;
    struct user_row user;
    struct reason first;

    (void)state;
    invite(&wish, text, &row);
    assert_int_equal(accept("", "ann@example.org"), RESULT_DENIED);
    first = why;
    for (size_t i = 0; i < INVITATION_TEXT_LEN; i++) {
        strcpy(bad, text);
        bad[i] = bad[i] == 'x' ? 'y' : 'x';
        assert_int_equal(accept(bad, "ann@example.org"), RESULT_DENIED);
        assert_string_equal(why.text, first.text);
        assert_int_equal(accept_n(text, i, "ann@example.org", &user), RESULT_DENIED);
    }
    snprintf(bad, sizeof(bad), "%sx", text);
    assert_int_equal(accept(bad, "ann@example.org"), RESULT_DENIED);
    key_secret_make("fgi_", other, NULL); /* of another home */
    assert_int_equal(accept(other, "ann@example.org"), RESULT_DENIED);
    assert_string_equal(why.text, first.text);
    key_secret_make("fgi_", other, row.id); /* of this id, with another secret */
    assert_int_equal(accept(other, "ann@example.org"), RESULT_DENIED);
    assert_string_equal(why.text, first.text);
    key_text_make(other, row.id);
    assert_int_equal(accept(other, "ann@example.org"), RESULT_DENIED);
    assert_int_equal(users(), 0);
    assert_int_equal(accept(text, "ann@example.org"), RESULT_OK);
}

static void an_invitation_is_denied_once_it_was_used_or_revoked(void **state)
{
    const struct invitation_wish wish = {.seconds = 60};
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;

    (void)state;
    invite(&wish, text, &row);
    assert_int_equal(accept(text, "ann@example.org"), RESULT_OK);
    assert_int_equal(accept(text, "bob@example.org"), RESULT_DENIED);
    invite(&wish, text, &row);
    assert_int_equal(invitation_revoke(&home, row.id, &why), RESULT_OK);
    assert_int_equal(accept(text, "bob@example.org"), RESULT_DENIED);
    assert_int_equal(invitation_revoke(&home, row.id, &why), RESULT_MISSING);
    assert_int_equal(users(), 1);
}

/* As if it had been made a time before. */
static void age(struct invitation_row *row, int64_t seconds)
{
    assert_int_equal(invitation_row_delete(home.db, row->id, &why), RESULT_OK);
    row->created_at -= seconds;
    row->expires_at -= seconds;
    assert_int_equal(invitation_row_insert(home.db, row, &why), RESULT_OK);
}

static void an_invitation_is_denied_after_its_time_and_goes_with_the_next(void **state)
{
    const struct invitation_wish wish = {.seconds = 3600};
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row, next;

    (void)state;
    invite(&wish, text, &row);
    age(&row, 1800);
    assert_int_equal(accept(text, "ann@example.org"), RESULT_OK);
    invite(&wish, text, &row);
    age(&row, 3600);
    assert_int_equal(accept(text, "bob@example.org"), RESULT_DENIED);
    assert_int_equal(invitation_row_get(home.db, row.id, &next, &why), RESULT_OK);
    invite(&wish, text, &next);
    assert_int_equal(invitation_row_get(home.db, row.id, &row, &why), RESULT_MISSING);
}

static void an_invitation_for_one_is_denied_to_another(void **state)
{
    const struct invitation_wish wish = {.seconds = 60, .username = "Ann@Example.org"};
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;
    struct user_row user;

    (void)state;
    invite(&wish, text, &row);
    assert_int_equal(accept(text, "bob@example.org"), RESULT_DENIED);
    assert_int_equal(accept(text, "nobody"), RESULT_DENIED);
    assert_int_equal(accept(text, ""), RESULT_DENIED);
    assert_int_equal(accept(text, NULL), RESULT_OK);
    assert_int_equal(user_find(&home, "ann@example.org", &user, &why), RESULT_OK);
    assert_int_equal(invitation_create(&home, &wish, text, &row, &why), RESULT_EXISTS);
}

static void what_is_wrong_of_the_person_leaves_the_invitation(void **state)
{
    const struct invitation_wish wish = {.seconds = 60};
    struct user_wish person = {{[USER_PART_USERNAME] = "ann@example.org"}};
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;
    struct user_row user;

    (void)state;
    invite(&wish, text, &row);
    assert_int_equal(accept(text, "nobody"), RESULT_INVALID);
    assert_int_equal(part, USER_PART_USERNAME);
    assert_int_equal(accept(text, NULL), RESULT_INVALID);
    assert_int_equal(invitation_accept(&home, text, INVITATION_TEXT_LEN, &person, "short", 5,
                                       &user, &part, &why),
                     RESULT_INVALID);
    assert_int_equal(part, USER_PART__MAX);
    person.parts[USER_PART_FIRST_NAME] = "\n";
    assert_int_equal(invitation_accept(&home, text, INVITATION_TEXT_LEN, &person, password,
                                       strlen(password), &user, &part, &why),
                     RESULT_INVALID);
    assert_int_equal(part, USER_PART_FIRST_NAME);
    assert_int_equal(accept(text, "ann@example.org"), RESULT_OK);
    invite(&wish, text, &row);
    assert_int_equal(accept(text, "ann@example.org"), RESULT_EXISTS);
    assert_int_equal(part, USER_PART_USERNAME);
    assert_int_equal(accept(text, "bob@example.org"), RESULT_OK);
}

static void the_rights_are_the_invitations_and_not_the_wishs(void **state)
{
    const struct invitation_wish wish = {.seconds = 60, .models = "iris", .tier = "free"};
    const struct user_wish person = {
        {"ann@example.org", "Ann", "Neil", "Chile", "admin", "false", "*", "premium"}};
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;
    struct user_row user;

    (void)state;
    fixture_publish(&home, "iris", 1);
    invite(&wish, text, &row);
    assert_int_equal(invitation_accept(&home, text, INVITATION_TEXT_LEN, &person, password,
                                       strlen(password), &user, &part, &why),
                     RESULT_OK);
    assert_int_equal(user_row_get(home.db, user.id, &user, &why), RESULT_OK);
    assert_string_equal(user.country, "Chile");
    assert_int_equal(user.role, USER_ROLE_USER);
    assert_true(user.active);
    assert_string_equal(user.models, "iris");
    assert_string_equal(user.tier, "free");
}

static void an_invitation_to_a_tier_that_is_gone_is_denied(void **state)
{
    const struct invitation_wish wish = {.seconds = 60, .tier = "gold"};
    const struct tier_row gold = {.name = "gold"};
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;

    (void)state;
    assert_int_equal(tier_set(&home, &gold, &why), RESULT_OK);
    invite(&wish, text, &row);
    assert_int_equal(tier_delete(&home, "gold", &why), RESULT_OK);
    assert_int_equal(accept(text, "ann@example.org"), RESULT_DENIED);
    assert_int_equal(users(), 0);
}

static const struct invitation_wish setup_wish = {
    .seconds = INVITATION_SECONDS_SETUP, .setup = true, .role = "admin", .models = "*"};

static void a_setup_is_refused_and_denied_once_there_is_an_administrator(void **state)
{
    const struct invitation_wish wish = {.seconds = 60, .role = "admin"};
    char text[INVITATION_TEXT_LEN + 1], older[INVITATION_TEXT_LEN + 1];
    char plain[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;

    (void)state;
    invite(&wish, plain, &row);
    invite(&setup_wish, older, &row);
    invite(&setup_wish, text, &row);
    assert_int_equal(accept(older, "ann@example.org"),
                     RESULT_DENIED);                               /* the newer one ended it */
    assert_int_equal(accept(plain, "ann@example.org"), RESULT_OK); /* and not this one */
    assert_int_equal(accept(text, "bob@example.org"), RESULT_DENIED);
    assert_int_equal(invitation_create(&home, &setup_wish, text, &row, &why), RESULT_EXISTS);
    assert_int_equal(users(), 1);
}

static void a_setup_makes_the_first_administrator(void **state)
{
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;
    struct user_row user;

    (void)state;
    invite(&setup_wish, text, &row);
    assert_int_equal(row.expires_at - row.created_at, 1800);
    assert_int_equal(accept_n(text, INVITATION_TEXT_LEN, "ann@example.org", &user), RESULT_OK);
    assert_int_equal(user.role, USER_ROLE_ADMIN);
    assert_string_equal(user.models, "*");
}

static char racing[INVITATION_TEXT_LEN + 1];

/* In a process of its own, with a home of its own. */
static enum result accept_alone(int i)
{
    struct user_wish wish = {{NULL}};
    struct user_row row;
    char username[32];
    struct home own;

    snprintf(username, sizeof(username), "user%d@example.org", i);
    wish.parts[USER_PART_USERNAME] = username;
    if (home_enter(&own, ".", DB_CLI, NULL) != RESULT_OK ||
        home_load_config(&own, environ, NULL) != RESULT_OK ||
        home_open(&own, DB_CLI, NULL) != RESULT_OK)
        return RESULT__MAX;
    own.config.password_cost = 1;
    return invitation_accept(&own, racing, INVITATION_TEXT_LEN, &wish, password,
                             strlen(password), &row, &part, &why);
}

static void of_processes_that_use_one_at_once_exactly_one_gets_an_account(void **state)
{
    const struct invitation_wish wish = {.seconds = 60};
    struct invitation_row row;

    (void)state;
    for (int round = 1; round <= 5; round++) {
        int winners = 0, status;

        invite(&wish, racing, &row);
        home_close(&home); /* SQLite is not carried over a fork */
        for (int i = 0; i < 4; i++)
            if (fork() == 0)
                _exit(accept_alone(10 * round + i));
        for (int i = 0; i < 4; i++) {
            assert_true(wait(&status) > 0);
            assert_true(WIFEXITED(status));
            winners += WEXITSTATUS(status) == RESULT_OK;
            if (WEXITSTATUS(status) != RESULT_OK)
                assert_int_equal(WEXITSTATUS(status), RESULT_DENIED);
        }
        assert_int_equal(home_open(&home, DB_CLI, &why), RESULT_OK);
        assert_int_equal(winners, 1);
        assert_int_equal(users(), round);
    }
}

static void trail_add(void *arg, const struct audit_row *row)
{
    char *text = arg;
    size_t len = strlen(text);

    assert_null(strstr(row->before, "example"));
    assert_null(strstr(row->after, "example"));
    snprintf(text + len, 256 - len, "%s ", row->action);
}

static void the_trail_tells_of_each_and_names_nobody(void **state)
{
    const struct invitation_wish wish = {.seconds = 60, .username = "ann@example.org"};
    const struct audit_filter filter = {
        .action = "invitation", .until_us = INT64_MAX, .limit = 100};
    char text[INVITATION_TEXT_LEN + 1], trail[256] = "";
    struct invitation_row row;

    (void)state;
    invite(&setup_wish, text, &row);
    invite(&setup_wish, text, &row);
    invite(&wish, text, &row);
    assert_int_equal(accept(text, NULL), RESULT_OK);
    assert_int_equal(audit_row_list(home.db, &filter, trail_add, trail, &why), RESULT_OK);
    assert_string_equal(trail, "invitation.accept invitation.create invitation.create "
                               "invitation.revoke invitation.create ");
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(what_cannot_be_given_is_refused),
        IN_HOME(texts_that_are_no_invitation_of_here_are_denied_alike),
        IN_HOME(an_invitation_is_denied_once_it_was_used_or_revoked),
        IN_HOME(an_invitation_is_denied_after_its_time_and_goes_with_the_next),
        IN_HOME(an_invitation_for_one_is_denied_to_another),
        IN_HOME(what_is_wrong_of_the_person_leaves_the_invitation),
        IN_HOME(the_rights_are_the_invitations_and_not_the_wishs),
        IN_HOME(an_invitation_to_a_tier_that_is_gone_is_denied),
        IN_HOME(a_setup_is_refused_and_denied_once_there_is_an_administrator),
        IN_HOME(a_setup_makes_the_first_administrator),
        IN_HOME(of_processes_that_use_one_at_once_exactly_one_gets_an_account),
        IN_HOME(the_trail_tells_of_each_and_names_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
