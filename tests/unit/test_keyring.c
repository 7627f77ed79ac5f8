/*
 * test_keyring.c: whom a worker knows of users: what ends a key or a token with its user, what
 * both may, and that a known one asks the database nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "fixture.h"
#include "gate/jwk.h"
#include "gate/jws.h"
#include "gate/key.h"
#include "gate/keyring.h"
#include "gate/tier.h"
#include "gate/token.h"
#include "store/sessions.h"
#include "store/users.h"

#define NOW INT64_C(1800000000)

enum {
    ALL_TELL = KEY_SCOPE_ADMIN | KEY_SCOPE_METRICS /* what tells of everybody */
};

static const char ann[] = "ann000000000", bea[] = "bea000000000";

static struct home home;
static struct tokens *tokens;
static struct keyring *ring;
static struct caller caller;
static struct reason why;

static void done(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s", why.text);
}

/* ---- users, keys, sessions, tokens ---- */

static struct user_row user_of(const char *id)
{
    struct user_row row = {.role = USER_ROLE_USER, .active = true};

    text_copy(row.id, sizeof(row.id), id);
    text_print(row.username, sizeof(row.username), "%s@example.org", id);
    text_copy(row.models, sizeof(row.models), "*");
    text_copy(row.tier, sizeof(row.tier), "free");
    return row;
}

static void change(enum result (*what)(void), enum result wanted)
{
    done(home_change_begin(&home, &why));
    assert_int_equal(what(), wanted);
    done(home_change_end(&home, RESULT_OK, &why));
}

static struct user_row changing;
static const char *ending;

static enum result user_insert(void)
{
    return user_row_insert(home.db, &changing, "!", &why);
}

static enum result user_update(void)
{
    return user_row_update(home.db, &changing, &why);
}

static enum result user_remove(void)
{
    return user_row_delete(home.db, changing.id, NOW, &why);
}

static enum result session_over(void)
{
    return session_row_end(home.db, ending, &why);
}

static enum result sessions_over(void)
{
    return session_rows_end(home.db, ending, NULL, &why);
}

static void user_change(const struct user_row *row)
{
    changing = *row;
    change(user_update, RESULT_OK);
}

/* A key of this owner; NULL: nobody's. */
static struct key_row key_make(const char *owner, const char *models, unsigned scopes,
                               char text[KEY_TEXT_LEN + 1])
{
    struct key_row row = {.scopes = scopes};

    key_text_make(text, NULL);
    text_copy(row.id, sizeof(row.id), text + 3);
    text_copy(row.name, sizeof(row.name), "test");
    text_copy(row.models, sizeof(row.models), models);
    text_copy(row.tier, sizeof(row.tier), owner != NULL ? "free" : "standard");
    if (owner != NULL)
        text_copy(row.owner.id, sizeof(row.owner.id), owner);
    done(secret_mac_digest(home.key_mac, text, KEY_TEXT_LEN, row.mac));
    done(home_change_begin(&home, &why));
    done(home_change_end(&home, key_row_insert(home.db, &row, &why), &why));
    return row;
}

static void session_make(const char *id, const char *user)
{
    struct session_row row = {.created_at = NOW, .used_at = NOW, .expires_at = NOW + 3000};

    text_copy(row.id, sizeof(row.id), id);
    text_copy(row.user, sizeof(row.user), user);
    done(home_change_begin(&home, &why));
    done(home_change_end(&home, session_row_insert(home.db, &row, &why), &why));
}

static struct buf token_of(const char *user, const char *session)
{
    struct buf text = {0};

    done(token_issue(tokens, user, session, NOW, &text, &why));
    return text;
}

static enum result check_key(const char *text)
{
    return keyring_check(ring, text, strlen(text), NOW, &caller, &why);
}

static enum result check_token_at(const char *user, const char *session, int64_t now)
{
    struct buf text = token_of(user, session);
    enum result result = keyring_check_token(ring, text.data, text.len, now, &caller, &why);

    buf_free(&text);
    return result;
}

static const char one[] = "session-one-000000000A", two[] = "session-two-000000000A";

static enum result check_token(void)
{
    return check_token_at(ann, one, NOW);
}

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    done(tokens_open(&home.config, &tokens, &why));
    done(keyring_new(&home, tokens, &ring, &why));
    changing = user_of(ann);
    change(user_insert, RESULT_OK);
    changing = user_of(bea);
    change(user_insert, RESULT_OK);
    session_make(one, ann);
    session_make(two, ann);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    keyring_free(ring);
    tokens_close(tokens);
    fixture_close(&home);
    return 0;
}

/* ---- what does not hold ---- */

static void a_token_of_a_session_that_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_int_equal(check_token_at(ann, "no-such-session-00000A", NOW), RESULT_DENIED);
    assert_int_equal(check_token_at(ann, "no-such-session-00000A", NOW), RESULT_DENIED);
    assert_string_equal(caller.account, "");
}

static void a_token_for_the_session_of_another_is_refused(void **state)
{
    (void)state;
    assert_int_equal(check_token_at(bea, one, NOW), RESULT_DENIED);
    assert_int_equal(check_token(), RESULT_OK);
    assert_int_equal(check_token_at(bea, one, NOW), RESULT_DENIED);
}

/* The token's own end is later. */
static void a_token_is_refused_from_the_second_its_session_ends(void **state)
{
    (void)state;
    assert_int_equal(check_token_at(ann, one, NOW + 2999), RESULT_OK);
    assert_int_equal(check_token_at(ann, one, NOW + 3000), RESULT_DENIED);
}

static void a_logout_ends_one_session_though_it_was_remembered(void **state)
{
    (void)state;
    assert_int_equal(check_token(), RESULT_OK);
    assert_int_equal(check_token_at(ann, two, NOW), RESULT_OK);
    ending = one;
    change(session_over, RESULT_OK);
    assert_int_equal(check_token(), RESULT_DENIED);
    assert_int_equal(check_token_at(ann, two, NOW), RESULT_OK);
    ending = ann;
    change(sessions_over, RESULT_OK);
    assert_int_equal(check_token_at(ann, two, NOW), RESULT_DENIED);
}

static void a_user_who_is_not_active_has_no_key_and_no_token(void **state)
{
    struct user_row row = user_of(ann);
    char text[KEY_TEXT_LEN + 1];

    (void)state;
    key_make(ann, "*", KEY_SCOPE_PREDICT, text);
    assert_int_equal(check_key(text), RESULT_OK);
    assert_int_equal(check_token(), RESULT_OK);
    row.active = false;
    user_change(&row);
    assert_int_equal(check_key(text), RESULT_DENIED);
    assert_int_equal(check_token(), RESULT_DENIED);
    row.active = true;
    user_change(&row);
    assert_int_equal(check_key(text), RESULT_OK);
    assert_int_equal(check_token(), RESULT_OK);
}

static void a_user_who_is_deleted_has_no_key_and_no_token(void **state)
{
    char text[KEY_TEXT_LEN + 1];

    (void)state;
    key_make(ann, "*", KEY_SCOPE_PREDICT, text);
    assert_int_equal(check_key(text), RESULT_OK);
    assert_int_equal(check_token(), RESULT_OK);
    changing = user_of(ann);
    change(user_remove, RESULT_OK);
    assert_int_equal(check_key(text), RESULT_DENIED);
    assert_int_equal(check_token(), RESULT_DENIED);
}

/* As a hand in the database would leave it. */
static void a_key_whose_owner_never_was_is_refused(void **state)
{
    char text[KEY_TEXT_LEN + 1];

    (void)state;
    key_make("nobody000000", "*", KEY_SCOPE_PREDICT, text);
    assert_int_equal(check_key(text), RESULT_DENIED);
}

static void a_session_or_a_users_id_is_no_key(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct buf token = token_of(ann, one);

    (void)state;
    assert_int_equal(check_token(), RESULT_OK);
    key_text_make(text, ann);
    assert_int_equal(check_key(text), RESULT_DENIED);
    assert_int_equal(check_key(token.data), RESULT_DENIED);
    assert_int_equal(keyring_check_token(ring, text, strlen(text), NOW, &caller, &why),
                     RESULT_DENIED);
    buf_free(&token);
}

static void a_user_whose_tier_is_not_there_is_not_let_in(void **state)
{
    struct user_row row = user_of(ann);

    (void)state;
    text_copy(row.tier, sizeof(row.tier), "gone");
    user_change(&row);
    assert_int_equal(check_token(), RESULT_MALFORMED);
    assert_string_equal(caller.account, "");
}

static void tokens_are_refused_where_they_are_not_checked(void **state)
{
    struct buf text = token_of(ann, one);
    struct keyring *other;

    (void)state;
    done(keyring_new(&home, NULL, &other, &why));
    assert_int_equal(keyring_check_token(other, text.data, text.len, NOW, &caller, &why),
                     RESULT_DENIED);
    keyring_free(other);
    buf_free(&text);
}

/* ---- what those may that hold ---- */

static void admin_is_what_the_role_allows_at_the_moment(void **state)
{
    struct user_row row = user_of(ann);
    char of_ann[KEY_TEXT_LEN + 1], weak[KEY_TEXT_LEN + 1], nobodys[KEY_TEXT_LEN + 1];

    (void)state;
    key_make(ann, "*", KEY_SCOPE_READ | ALL_TELL, of_ann);
    key_make(ann, "*", KEY_SCOPE_READ, weak);
    key_make(NULL, "*", KEY_SCOPE_ADMIN, nobodys);
    for (int i = 0; i < 4; i++) {
        bool admin = i % 2 != 0;

        row.role = admin ? USER_ROLE_ADMIN : USER_ROLE_USER;
        user_change(&row);
        assert_int_equal(check_key(of_ann), RESULT_OK);
        assert_int_equal(caller.admin, admin);
        assert_int_equal(caller.scopes, KEY_SCOPE_READ | (admin ? ALL_TELL : 0));
        assert_int_equal(check_token(), RESULT_OK);
        assert_int_equal(caller.admin, admin);
        assert_int_equal(caller.scopes, KEY_SCOPE_PREDICT | KEY_SCOPE_JOBS | KEY_SCOPE_READ |
                                            (admin ? ALL_TELL : 0));
        assert_int_equal(check_key(weak), RESULT_OK);
        assert_false(caller.admin);
        assert_int_equal(check_key(nobodys), RESULT_OK);
        assert_true(caller.admin);
    }
}

static void an_owned_key_has_the_models_that_both_lists_have(void **state)
{
    static const struct {
        const char *key, *user, *both;
    } lists[] = {
        {"*", "*", "*"},         {"*", "a,b", "a,b"},      {"a,b", "*", "a,b"},
        {"a,b,c", "c,a", "a,c"}, {"a,b", "c", ""},         {"*", "", ""},
        {"a,b", "", ""},         {"ab,a", "b,a,abc", "a"}, {"b", "a,b,c", "b"},
    };
    struct user_row row = user_of(ann);
    char text[KEY_TEXT_LEN + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        text_copy(row.models, sizeof(row.models), lists[i].user);
        user_change(&row);
        key_make(ann, lists[i].key, KEY_SCOPE_PREDICT, text);
        assert_int_equal(check_key(text), RESULT_OK);
        assert_string_equal(caller.models, lists[i].both);
        assert_int_equal(check_key(text), RESULT_OK); /* remembered */
        assert_string_equal(caller.models, lists[i].both);
        assert_int_equal(check_token(), RESULT_OK);
        assert_string_equal(caller.models, lists[i].user);
    }
}

static void no_model_is_in_a_list_of_none(void **state)
{
    (void)state;
    assert_false(key_models_have("", "", 0));
    assert_false(key_models_have("", "iris", 4));
    assert_false(key_models_have("a,b", "", 0));
}

static void a_users_keys_and_tokens_are_one_account_and_a_lone_key_its_own(void **state)
{
    char of_ann[KEY_TEXT_LEN + 1], nobodys[KEY_TEXT_LEN + 1];
    struct key_row key = key_make(ann, "*", KEY_SCOPE_PREDICT, of_ann);
    struct key_row lone = key_make(NULL, "*", KEY_SCOPE_PREDICT, nobodys);
    char mask[16];

    (void)state;
    assert_int_equal(check_key(of_ann), RESULT_OK);
    assert_int_equal(caller.way, CALLER_KEY);
    assert_string_equal(caller.account, ann);
    assert_string_equal(caller.user, ann);
    assert_string_equal(caller.key_id, key.id);
    assert_string_equal(caller.session, "");
    text_print(mask, sizeof(mask), "fg_%.4s...", key.id);
    assert_string_equal(caller.mask, mask);
    assert_int_equal(check_token(), RESULT_OK);
    assert_int_equal(caller.way, CALLER_TOKEN);
    assert_string_equal(caller.account, ann);
    assert_string_equal(caller.user, ann);
    assert_string_equal(caller.key_id, "");
    assert_string_equal(caller.session, one);
    assert_string_equal(caller.mask, "user:ann0...");
    assert_int_equal(check_key(nobodys), RESULT_OK);
    assert_string_equal(caller.account, lone.id);
    assert_string_equal(caller.user, "");
}

static void the_limits_are_the_tiers_of_an_owned_key_also_over_its_own(void **state)
{
    struct tier_row tier = {.price = TIER_PRICE_ROW, .shadow = true};
    char text[KEY_TEXT_LEN + 1];
    struct key_row row = key_make(ann, "*", KEY_SCOPE_PREDICT, text);

    (void)state;
    text_copy(row.limits, sizeof(row.limits), "9/9s");
    text_copy(row.tier, sizeof(row.tier), "premium"); /* which its owner is not in */
    done(home_change_begin(&home, &why));
    done(home_change_end(&home, key_row_update(home.db, &row, &why), &why));
    text_copy(tier.name, sizeof(tier.name), "free");
    text_copy(tier.limits, sizeof(tier.limits), "7/70s");
    done(tier_set(&home, &tier, &why));
    for (int by_token = 0; by_token < 2; by_token++) {
        assert_int_equal(by_token ? check_token() : check_key(text), RESULT_OK);
        assert_int_equal(caller.limits->count, 1);
        assert_int_equal(caller.limits->items[0].count, 7);
        assert_int_equal(caller.limits->items[0].seconds, 70);
        assert_int_equal(caller.price, TIER_PRICE_ROW);
        assert_true(caller.shadow);
        assert_int_equal(caller.addresses->count, 0);
    }
}

/* Without a database whoever asks it dies. */
static void who_is_known_asks_the_database_nothing(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct db *db = home.db;

    (void)state;
    key_make(ann, "*", KEY_SCOPE_PREDICT, text);
    assert_int_equal(check_key(text), RESULT_OK);
    assert_int_equal(check_token(), RESULT_OK);
    home.db = NULL;
    assert_int_equal(check_key(text), RESULT_OK);
    assert_int_equal(check_token(), RESULT_OK);
    assert_string_equal(caller.models, "*");
    home.db = db;
}

static void more_sessions_than_are_remembered_are_all_admitted(void **state)
{
    enum {
        MANY = 700
    };
    struct session_row row = {.expires_at = NOW + 10};

    (void)state;
    text_copy(row.user, sizeof(row.user), ann);
    done(home_change_begin(&home, &why));
    for (int i = 0; i < MANY; i++) {
        text_print(row.id, sizeof(row.id), "%02dmany-sessions-%05dA", i % 90, i);
        done(session_row_insert(home.db, &row, &why));
    }
    done(home_change_end(&home, RESULT_OK, &why));
    for (int i = 0; i < 2 * MANY; i++) {
        text_print(row.id, sizeof(row.id), "%02dmany-sessions-%05dA", i % MANY % 90, i % MANY);
        assert_int_equal(check_token_at(ann, row.id, NOW), RESULT_OK);
        assert_string_equal(caller.session, row.id);
    }
}

/* ---- from outside ---- */

static struct jwk *outsider;

/* A key of another issuer, of which the home has the public part. */
static void outside_open(void)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *out = BIO_new(BIO_s_mem());
    struct buf set = {0};
    FILE *file = fopen("outside.jwks", "w");
    char *pem;
    long len;

    assert_true(PEM_write_bio_PrivateKey(out, pair, NULL, NULL, 0, NULL, NULL) == 1);
    len = BIO_get_mem_data(out, &pem);
    done(jwk_from_pem(JWK_EDDSA, pem, (size_t)len, &outsider, &why));
    buf_puts(&set, "{\"keys\":[");
    done(jwk_write_public(outsider, &set, &why));
    buf_puts(&set, "]}");
    fwrite(set.data, 1, set.len, file);
    assert_int_equal(fclose(file), 0);
    buf_free(&set);
    BIO_free(out);
    EVP_PKEY_free(pair);
}

static enum result check_outside(const char *sub, const char *role)
{
    struct buf text = {0};
    char payload[512];
    enum result result;

    snprintf(payload, sizeof(payload),
             "{\"iss\":\"https://outside\",\"aud\":\"us\",\"sub\":\"%s\",\"exp\":%lld,"
             "\"iat\":%lld,\"email\":\"o@outside\",\"roles\":[\"%s\"]}",
             sub, (long long)NOW + 60, (long long)NOW, role);
    done(jws_sign(outsider, "JWT", payload, strlen(payload), &text, &why));
    result = keyring_check_token(ring, text.data, text.len, NOW, &caller, &why);
    buf_free(&text);
    return result;
}

static void reopen_with_outside(void)
{
    static const char *const settings[][2] = {
        {"jwks_file", "outside.jwks"}, {"jwks_issuer", "https://outside"},
        {"jwks_audience", "us"},       {"jwks_admin_roles", "boss"},
        {"jwks_tier", "outer"},        {"jwks_models", "iris,wine"}};

    const struct tier_row tier = {.name = "outer", .limits = "5/60s"};

    outside_open();
    done(tier_set(&home, &tier, &why));
    keyring_free(ring);
    tokens_close(tokens);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        done(config_set(&home.config, "test", settings[i][0], settings[i][1], &why));
    done(tokens_open(&home.config, &tokens, &why));
    done(keyring_new(&home, tokens, &ring, &why));
}

static void a_token_of_the_outside_issuer_may_what_the_settings_say(void **state)
{
    char account[KEY_ID_LEN + 1];

    (void)state;
    reopen_with_outside();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(check_outside("Olga", "staff"), RESULT_OK);
        assert_int_equal(caller.way, CALLER_OUTSIDE);
        assert_string_equal(caller.user, "");
        assert_string_equal(caller.session, "");
        assert_int_equal(strlen(caller.account), KEY_ID_LEN);
        assert_string_equal(caller.models, "iris,wine");
        assert_int_equal(caller.limits->items[0].count, 5);
        assert_false(caller.admin);
        assert_int_equal(caller.scopes & ALL_TELL, 0);
        assert_memory_equal(caller.mask, "outside:", 8);
        memcpy(account, caller.account, sizeof(account));
        assert_int_equal(check_outside("Otto", "boss"), RESULT_OK);
        assert_true(caller.admin);
        assert_int_equal(caller.scopes & ALL_TELL, ALL_TELL);
        assert_string_not_equal(caller.account, account);
        assert_int_equal(check_token(), RESULT_OK); /* beside those of our own */
        assert_false(caller.admin);
    }
    jwk_free(outsider);
}

static void a_change_of_the_outside_tier_counts_at_once(void **state)
{
    struct tier_row tier = {.name = "outer", .limits = "8/80s"};

    (void)state;
    reopen_with_outside();
    assert_int_equal(check_outside("Olga", "staff"), RESULT_OK);
    done(tier_set(&home, &tier, &why));
    assert_int_equal(check_outside("Olga", "staff"), RESULT_OK);
    assert_int_equal(caller.limits->items[0].count, 8);
    done(tier_delete(&home, "outer", &why));
    assert_int_equal(check_outside("Olga", "staff"), RESULT_MALFORMED);
    assert_string_equal(caller.account, "");
    jwk_free(outsider);
}

/* The epoch tells of it; a second later it would be found without. */
static void a_secret_that_was_replaced_ends_all_tokens(void **state)
{
    struct buf text = token_of(ann, one);
    FILE *file;

    (void)state;
    assert_int_equal(keyring_check_token(ring, text.data, text.len, NOW, &caller, &why),
                     RESULT_OK);
    done(home_change_begin(&home, &why));
    file = fopen(HOME_TOKEN_SECRET ".new", "w");
    assert_int_equal(fwrite("another secret of 32 bytes: 01234567", 1, 36, file), 36);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(HOME_TOKEN_SECRET ".new", HOME_TOKEN_SECRET), 0);
    done(home_change_end(&home, RESULT_OK, &why));
    assert_int_equal(keyring_check_token(ring, text.data, text.len, NOW, &caller, &why),
                     RESULT_DENIED);
    assert_int_equal(check_token(), RESULT_OK); /* a new one */
    buf_free(&text);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_token_of_a_session_that_is_not_there_is_refused),
        EACH(a_token_for_the_session_of_another_is_refused),
        EACH(a_token_is_refused_from_the_second_its_session_ends),
        EACH(a_logout_ends_one_session_though_it_was_remembered),
        EACH(a_user_who_is_not_active_has_no_key_and_no_token),
        EACH(a_user_who_is_deleted_has_no_key_and_no_token),
        EACH(a_key_whose_owner_never_was_is_refused),
        EACH(a_session_or_a_users_id_is_no_key),
        EACH(a_user_whose_tier_is_not_there_is_not_let_in),
        EACH(tokens_are_refused_where_they_are_not_checked),
        EACH(admin_is_what_the_role_allows_at_the_moment),
        EACH(an_owned_key_has_the_models_that_both_lists_have),
        EACH(no_model_is_in_a_list_of_none),
        EACH(a_users_keys_and_tokens_are_one_account_and_a_lone_key_its_own),
        EACH(the_limits_are_the_tiers_of_an_owned_key_also_over_its_own),
        EACH(who_is_known_asks_the_database_nothing),
        EACH(more_sessions_than_are_remembered_are_all_admitted),
        EACH(a_token_of_the_outside_issuer_may_what_the_settings_say),
        EACH(a_change_of_the_outside_tier_counts_at_once),
        EACH(a_secret_that_was_replaced_ends_all_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
