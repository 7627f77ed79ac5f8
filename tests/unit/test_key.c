/*
 * test_key.c: keys: what is no key, what no longer is one, and what a worker remembers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "gate/key.h"

static struct home home;
static struct keyring *ring;
static struct reason why;

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    assert_int_equal(keyring_new(&home, &ring, &why), RESULT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    keyring_free(ring);
    fixture_close(&home);
    return 0;
}

static void make(const char *models, int64_t expires_at, char text[KEY_TEXT_LEN + 1],
                 struct key_row *row)
{
    if (key_create(&home, "test", models, expires_at, text, row, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static enum result check(const char *text, int64_t now)
{
    struct caller caller;

    return keyring_check(ring, text, strlen(text), now, &caller, &why);
}

static void a_key_with_any_character_changed_is_no_key(void **state)
{
    char text[KEY_TEXT_LEN + 1], changed[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make("*", 0, text, &row);
    assert_true(key_text_valid(text, strlen(text)));
    for (size_t i = 0; i < KEY_TEXT_LEN; i++) {
        strcpy(changed, text);
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        if (key_text_valid(changed, KEY_TEXT_LEN))
            fail_msg("character %zu of %s could be changed", i, text);
    }
}

/* Its end was made with zlib's crc32(), so that keys given out once hold for ever. */
static void a_key_of_another_making_is_a_key(void **state)
{
    static const char text[] =
        "fg_0A1b2C3d4E5f_zyxwvutsrqponmlkjihgfedcba9876543210ZYXWVUT_0vpQtd";

    (void)state;
    assert_true(key_text_valid(text, sizeof(text) - 1));
}

static void a_prefix_or_an_extension_of_a_key_is_no_key(void **state)
{
    char text[KEY_TEXT_LEN + 2];
    struct key_row row;

    (void)state;
    make("*", 0, text, &row);
    for (size_t len = 0; len < KEY_TEXT_LEN; len++)
        assert_false(key_text_valid(text, len));
    text[KEY_TEXT_LEN] = 'x';
    assert_false(key_text_valid(text, KEY_TEXT_LEN + 1));
}

/* A well-formed key that the database does not have: its making fails at the last step. */
static void make_unknown(char text[KEY_TEXT_LEN + 1], struct key_row *row)
{
    assert_int_equal(db_begin(home.db, &why), RESULT_OK);
    assert_int_not_equal(key_create(&home, "lost", "*", 0, text, row, &why), RESULT_OK);
    db_rollback(home.db);
    assert_true(key_text_valid(text, strlen(text)));
}

static void an_unknown_key_is_refused(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make_unknown(text, &row);
    assert_int_equal(check(text, 1), RESULT_DENIED);
}

static void a_key_whose_id_is_known_but_not_its_secret_is_refused(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make_unknown(text, &row);
    row.mac[SECRET_MAC_BYTES - 1] ^= 1;
    assert_int_equal(home_change_begin(&home, &why), RESULT_OK);
    assert_int_equal(home_change_end(&home, key_row_insert(home.db, &row, &why), &why),
                     RESULT_OK);
    assert_int_equal(check(text, 1), RESULT_DENIED);
    assert_int_equal(check(text, 1), RESULT_DENIED);
}

static void a_key_is_refused_from_the_second_of_its_expiry(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make("*", 1000, text, &row);
    assert_int_equal(check(text, 999), RESULT_OK);
    assert_int_equal(check(text, 1000), RESULT_DENIED);
    assert_int_equal(check(text, 1001), RESULT_DENIED);
}

static void a_revoked_key_is_refused_though_it_was_remembered(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make("*", 0, text, &row);
    assert_int_equal(check(text, 1), RESULT_OK);
    assert_int_equal(check(text, 1), RESULT_OK);
    assert_int_equal(key_revoke(&home, row.id, &why), RESULT_OK);
    assert_int_equal(check(text, 1), RESULT_DENIED);
    assert_int_equal(key_revoke(&home, row.id, &why), RESULT_MISSING);
}

static void a_change_under_way_has_the_database_asked_each_time(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make("*", 0, text, &row);
    assert_int_equal(check(text, 1), RESULT_OK);
    /* the maker of a change dies between its commit and the end of the epoch */
    epoch_begin(home.epoch);
    assert_int_equal(key_row_revoke(home.db, row.id, 5, &why), RESULT_OK);
    assert_int_equal(check(text, 1), RESULT_DENIED);
    /* the next change puts it right */
    make("*", 0, text, &row);
    assert_true(epoch_is_settled(epoch_read(home.epoch)));
    assert_int_equal(check(text, 1), RESULT_OK);
}

static void an_ended_change_settles_the_epoch_also_when_it_failed(void **state)
{
    uint64_t before = epoch_read(home.epoch);

    (void)state;
    assert_int_equal(home_change_begin(&home, &why), RESULT_OK);
    assert_false(epoch_is_settled(epoch_read(home.epoch)));
    assert_int_equal(home_change_end(&home, RESULT_INVALID, &why), RESULT_INVALID);
    assert_true(epoch_is_settled(epoch_read(home.epoch)));
    assert_true(epoch_read(home.epoch) > before);
}

static void more_keys_than_are_remembered_are_all_admitted(void **state)
{
    enum {
        MANY = 700
    };
    static char texts[MANY][KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        make("*", 0, texts[i], &row);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < MANY; i++)
            assert_int_equal(check(texts[i], 1), RESULT_OK);
}

static void only_the_hash_of_a_key_is_stored(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    uint8_t mac[SECRET_MAC_BYTES];
    struct key_row row, stored;

    (void)state;
    make("*", 0, text, &row);
    assert_int_equal(key_row_get(home.db, row.id, &stored, &why), RESULT_OK);
    assert_int_equal(secret_mac_digest(home.key_mac, text, KEY_TEXT_LEN, mac), RESULT_OK);
    assert_memory_equal(stored.mac, mac, sizeof(mac));
    assert_null(memmem(&stored, sizeof(stored), text + 16, KEY_SECRET_LEN));
}

static void a_key_for_a_model_that_is_not_published_is_refused(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    fixture_publish(&home, "iris", 1);
    assert_int_equal(key_create(&home, "x", "iris,wine", 0, text, &row, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "wine"));
    assert_int_equal(key_create(&home, "x", "iris,", 0, text, &row, &why), RESULT_INVALID);
    assert_int_equal(key_create(&home, "x", "", 0, text, &row, &why), RESULT_INVALID);
    assert_int_equal(key_create(&home, "x", "iris", 0, text, &row, &why), RESULT_OK);
}

static void a_key_needs_a_printable_name(void **state)
{
    char text[KEY_TEXT_LEN + 1], name[200];
    struct key_row row;

    (void)state;
    assert_int_equal(key_create(&home, "", "*", 0, text, &row, &why), RESULT_INVALID);
    assert_int_equal(key_create(&home, "a\nb", "*", 0, text, &row, &why), RESULT_INVALID);
    assert_int_equal(key_create(&home, "\xff", "*", 0, text, &row, &why), RESULT_INVALID);
    memset(name, 'n', sizeof(name));
    name[KEY_NAME_MAX + 1] = '\0';
    assert_int_equal(key_create(&home, name, "*", 0, text, &row, &why), RESULT_INVALID);
    name[KEY_NAME_MAX] = '\0';
    assert_int_equal(key_create(&home, name, "*", 0, text, &row, &why), RESULT_OK);
}

static void a_list_of_models_has_its_names_and_no_parts_of_them(void **state)
{
    (void)state;
    assert_true(key_models_have("*", "iris", 4));
    assert_true(key_models_have("iris", "iris", 4));
    assert_true(key_models_have("wine,iris", "iris", 4));
    assert_false(key_models_have("iris2", "iris", 4));
    assert_false(key_models_have("iri,s", "iris", 4));
    assert_false(key_models_have("wine", "iris", 4));
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_key_with_any_character_changed_is_no_key),
        EACH(a_key_of_another_making_is_a_key),
        EACH(a_prefix_or_an_extension_of_a_key_is_no_key),
        EACH(an_unknown_key_is_refused),
        EACH(a_key_whose_id_is_known_but_not_its_secret_is_refused),
        EACH(a_key_is_refused_from_the_second_of_its_expiry),
        EACH(a_revoked_key_is_refused_though_it_was_remembered),
        EACH(a_change_under_way_has_the_database_asked_each_time),
        EACH(an_ended_change_settles_the_epoch_also_when_it_failed),
        EACH(more_keys_than_are_remembered_are_all_admitted),
        EACH(only_the_hash_of_a_key_is_stored),
        EACH(a_key_for_a_model_that_is_not_published_is_refused),
        EACH(a_key_needs_a_printable_name),
        EACH(a_list_of_models_has_its_names_and_no_parts_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
