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

/* A key of which nothing is said but one thing. */
static enum result try_make(enum key_part part, const char *value, char text[KEY_TEXT_LEN + 1],
                            struct key_row *row)
{
    struct key_wish wish = {{[KEY_PART_NAME] = "test"}};

    wish.parts[part] = value;
    return key_create(&home, &wish, text, row, &why);
}

static void make_with(enum key_part part, const char *value, char text[KEY_TEXT_LEN + 1],
                      struct key_row *row)
{
    if (try_make(part, value, text, row) != RESULT_OK)
        fail_msg("%s", why.text);
}

static void make(char text[KEY_TEXT_LEN + 1], struct key_row *row)
{
    make_with(KEY_PART_NAME, "test", text, row);
}

static enum result set(const char *id, enum key_part part, const char *value)
{
    struct key_wish wish = {{NULL}};
    struct key_row row;

    wish.parts[part] = value;
    return key_set(&home, id, &wish, &row, &why);
}

static void must_set(const char *id, enum key_part part, const char *value)
{
    if (set(id, part, value) != RESULT_OK)
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
    make(text, &row);
    assert_true(key_text_valid(text, strlen(text)));
    for (size_t i = 0; i < KEY_TEXT_LEN; i++) {
        strcpy(changed, text);
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        if (key_text_valid(changed, KEY_TEXT_LEN))
            fail_msg("character %zu of %s could be changed", i, text);
    }
}

static void a_prefix_or_an_extension_of_a_key_is_no_key(void **state)
{
    char text[KEY_TEXT_LEN + 2];
    struct key_row row;

    (void)state;
    make(text, &row);
    for (size_t len = 0; len < KEY_TEXT_LEN; len++)
        assert_false(key_text_valid(text, len));
    text[KEY_TEXT_LEN] = 'x';
    assert_false(key_text_valid(text, KEY_TEXT_LEN + 1));
}

/* A well-formed key that the database does not have: its making fails at the last step. */
static void make_unknown(char text[KEY_TEXT_LEN + 1], struct key_row *row)
{
    assert_int_equal(db_begin(home.db, &why), RESULT_OK);
    assert_int_not_equal(try_make(KEY_PART_NAME, "lost", text, row), RESULT_OK);
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
    make_with(KEY_PART_EXPIRES, "1000s", text, &row);
    assert_in_range(row.expires_at - row.created_at, 1000, 1001);
    assert_int_equal(check(text, row.expires_at - 1), RESULT_OK);
    assert_int_equal(check(text, row.expires_at), RESULT_DENIED);
    assert_int_equal(check(text, row.expires_at + 1), RESULT_DENIED);
    must_set(row.id, KEY_PART_EXPIRES, "never");
    assert_int_equal(check(text, row.expires_at), RESULT_OK);
}

static void a_revoked_key_is_refused_though_it_was_remembered(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make(text, &row);
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
    make(text, &row);
    assert_int_equal(check(text, 1), RESULT_OK);
    /* the maker of a change dies between its commit and the end of the epoch */
    epoch_begin(home.epoch);
    assert_int_equal(key_row_revoke(home.db, row.id, 5, &why), RESULT_OK);
    assert_int_equal(check(text, 1), RESULT_DENIED);
    /* the next change puts it right */
    make(text, &row);
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
        make(texts[i], &row);
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
    make(text, &row);
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
    assert_int_equal(try_make(KEY_PART_MODELS, "iris,wine", text, &row), RESULT_INVALID);
    assert_non_null(strstr(why.text, "wine"));
    assert_int_equal(try_make(KEY_PART_MODELS, "iris,", text, &row), RESULT_INVALID);
    assert_int_equal(try_make(KEY_PART_MODELS, "", text, &row), RESULT_INVALID);
    assert_int_equal(try_make(KEY_PART_MODELS, "iris", text, &row), RESULT_OK);
}

static void a_key_needs_a_printable_name(void **state)
{
    char text[KEY_TEXT_LEN + 1], name[200];
    struct key_row row;

    (void)state;
    assert_int_equal(try_make(KEY_PART_NAME, "", text, &row), RESULT_INVALID);
    assert_int_equal(try_make(KEY_PART_NAME, "a\nb", text, &row), RESULT_INVALID);
    assert_int_equal(try_make(KEY_PART_NAME, "\xff", text, &row), RESULT_INVALID);
    memset(name, 'n', sizeof(name));
    name[KEY_NAME_MAX + 1] = '\0';
    assert_int_equal(try_make(KEY_PART_NAME, name, text, &row), RESULT_INVALID);
    name[KEY_NAME_MAX] = '\0';
    assert_int_equal(try_make(KEY_PART_NAME, name, text, &row), RESULT_OK);
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
