/*
 * test_key.c: keys: what is no key, what no longer is one, and what a worker remembers.
 */
#include "key_help.h"

#include "gate/keyring.h"
#include "gate/tier.h"

static struct keyring *ring;

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    assert_int_equal(keyring_new(&home, NULL, &ring, &why), RESULT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    keyring_free(ring);
    fixture_close(&home);
    return 0;
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

/* ---- rotation ---- */

static void rotate(const char *id, int64_t overlap, char text[KEY_TEXT_LEN + 1],
                   struct key_row *row, bool *older_ended)
{
    if (key_rotate(&home, id, overlap, text, row, older_ended, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static void a_key_that_is_revoked_or_expired_or_not_there_is_not_rotated(void **state)
{
    char text[KEY_TEXT_LEN + 1], other[KEY_TEXT_LEN + 1];
    struct key_row row;
    bool older;

    (void)state;
    assert_int_equal(key_rotate(&home, "AAAAAAAAAAAA", 0, other, &row, &older, &why),
                     RESULT_MISSING);
    make(text, &row);
    assert_int_equal(key_revoke(&home, row.id, &why), RESULT_OK);
    assert_int_equal(key_rotate(&home, row.id, 0, other, &row, &older, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "revoked"));
    make(text, &row);
    row.expires_at = row.created_at - 1;
    assert_int_equal(key_row_update(home.db, &row, &why), RESULT_OK);
    assert_int_equal(key_rotate(&home, row.id, 0, other, &row, &older, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "expired"));
    assert_int_equal(key_row_get(home.db, row.id, &row, &why), RESULT_OK);
    assert_int_equal(row.rotated_at, 0);
}

static void without_an_overlap_the_old_secret_ends_at_once(void **state)
{
    char old[KEY_TEXT_LEN + 1], new[KEY_TEXT_LEN + 1];
    struct key_row row;
    bool older;

    (void)state;
    make(old, &row);
    assert_int_equal(check(old, 1), RESULT_OK);
    rotate(row.id, 0, new, &row, &older);
    assert_false(older);
    assert_memory_equal(old, new, 3 + KEY_ID_LEN + 1);
    assert_string_not_equal(old, new);
    assert_true(key_text_valid(new, strlen(new)));
    for (int64_t now = 0; now < 3; now++) {
        assert_int_equal(check(old, now), RESULT_DENIED);
        assert_int_equal(check(new, now), RESULT_OK);
    }
}

static void with_one_both_hold_until_its_end_and_then_the_new_one_alone(void **state)
{
    char old[KEY_TEXT_LEN + 1], new[KEY_TEXT_LEN + 1];
    struct key_row row;
    bool older;

    (void)state;
    make(old, &row);
    rotate(row.id, 3600, new, &row, &older);
    assert_false(older);
    assert_int_equal(row.before_until, row.rotated_at + 3600);
    assert_int_equal(check(old, row.before_until - 1), RESULT_OK);
    assert_int_equal(check(new, row.before_until - 1), RESULT_OK);
    assert_int_equal(check(old, row.before_until), RESULT_DENIED); /* remembered, and yet */
    assert_int_equal(check(new, row.before_until), RESULT_OK);
    assert_int_equal(key_revoke(&home, row.id, &why), RESULT_OK);
    assert_int_equal(check(old, row.before_until - 1), RESULT_DENIED);
    assert_int_equal(check(new, row.before_until - 1), RESULT_DENIED);
}

static void a_rotation_within_an_overlap_ends_the_older_secret(void **state)
{
    char first[KEY_TEXT_LEN + 1], second[KEY_TEXT_LEN + 1], third[KEY_TEXT_LEN + 1];
    struct key_row row, stored;
    bool older;

    (void)state;
    make(first, &row);
    rotate(row.id, 3600, second, &row, &older);
    rotate(row.id, 3600, third, &row, &older);
    assert_true(older);
    assert_int_equal(check(first, row.rotated_at), RESULT_DENIED);
    assert_int_equal(check(second, row.rotated_at), RESULT_OK);
    assert_int_equal(check(third, row.rotated_at), RESULT_OK);
    rotate(row.id, 0, first, &row, &older);
    assert_true(older);
    assert_int_equal(check(second, row.rotated_at), RESULT_DENIED);
    assert_int_equal(check(third, row.rotated_at), RESULT_DENIED);
    assert_int_equal(check(first, row.rotated_at), RESULT_OK);
    assert_int_equal(key_row_get(home.db, row.id, &stored, &why), RESULT_OK);
    assert_int_equal(stored.before_until, 0);
}

static void a_secret_of_zeros_is_not_the_one_before_of_a_key_without_one(void **state)
{
    char text[KEY_TEXT_LEN + 1], other[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make(text, &row);
    make_unknown(other, &row);
    memset(row.mac, 0, sizeof(row.mac));
    assert_int_equal(home_change_begin(&home, &why), RESULT_OK);
    assert_int_equal(home_change_end(&home, key_row_insert(home.db, &row, &why), &why),
                     RESULT_OK);
    assert_int_equal(check(other, 1), RESULT_DENIED);
}

/* ---- what a worker remembers ---- */

static struct caller caller_of(const char *text)
{
    struct caller caller;

    if (keyring_check(ring, text, strlen(text), 1, &caller, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return caller;
}

static void assert_limits(const struct caller *caller, const char *expected)
{
    char out[LIMITS_TEXT_MAX];

    limits_print(out, caller->limits);
    assert_string_equal(out, expected);
}

static void a_caller_has_the_limits_of_its_tier_under_its_own(void **state)
{
    struct tier_row gold = {.name = "gold", .limits = "1/1s,2/day", .price = TIER_PRICE_ROW};
    char text[KEY_TEXT_LEN + 1];
    struct caller caller;
    struct key_row row;

    (void)state;
    assert_int_equal(tier_set(&home, &gold, &why), RESULT_OK);
    make_with(KEY_PART_TIER, "gold", text, &row);
    caller = caller_of(text);
    assert_limits(&caller, "1/1s,2/day");
    assert_true(caller.price == TIER_PRICE_ROW && !caller.shadow);
    assert_int_equal(caller.scopes, KEY_SCOPE_PREDICT | KEY_SCOPE_JOBS | KEY_SCOPE_READ);
    assert_int_equal(caller.addresses->count, 0);
    assert_string_equal(caller.models, "*");
    assert_int_equal(caller.epoch, epoch_read(home.epoch));
    strcpy(gold.limits, "9/1h,8/month");
    gold.shadow = true;
    assert_int_equal(tier_set(&home, &gold, &why), RESULT_OK);
    caller = caller_of(text);
    assert_limits(&caller, "9/1h,8/month");
    assert_true(caller.shadow);
    must_set(row.id, KEY_PART_RATES, "3/60s");
    must_set(row.id, KEY_PART_SCOPES, "admin");
    must_set(row.id, KEY_PART_ADDRESSES, "10.0.0.0/8,::1");
    for (int i = 0; i < 2; i++) { /* read, and remembered */
        caller = caller_of(text);
        assert_limits(&caller, "3/60s,8/month");
        assert_int_equal(caller.scopes, KEY_SCOPE_ADMIN);
        assert_int_equal(caller.addresses->count, 2);
        assert_int_equal(caller.epoch, epoch_read(home.epoch));
    }
}

/* What nobody would write, behind the back of every verb. */
static void damage(const char *id, size_t at, const char *value)
{
    struct key_row row;

    assert_int_equal(key_row_get(home.db, id, &row, &why), RESULT_OK);
    strcpy((char *)&row + at, value);
    assert_int_equal(home_change_begin(&home, &why), RESULT_OK);
    assert_int_equal(home_change_end(&home, key_row_update(home.db, &row, &why), &why),
                     RESULT_OK);
}

static void a_row_that_does_not_parse_lets_nobody_in(void **state)
{
    static const struct {
        size_t at;
        const char *value;
    } damages[] = {
        {offsetof(struct key_row, limits), "5"},
        {offsetof(struct key_row, limits), "5/60s,"},
        {offsetof(struct key_row, addresses), "anywhere"},
        {offsetof(struct key_row, addresses), " "},
        {offsetof(struct key_row, tier), "none"},
    };
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        make(text, &row);
        assert_int_equal(check(text, 1), RESULT_OK);
        damage(row.id, damages[i].at, damages[i].value);
        assert_int_equal(check(text, 1), RESULT_MALFORMED);
        assert_int_equal(check(text, 1), RESULT_MALFORMED);
        assert_non_null(strstr(why.text, "forestgate "));
    }
}

static void a_row_whose_limits_do_not_parse_can_be_mended(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make(text, &row);
    damage(row.id, offsetof(struct key_row, limits), "junk");
    must_set(row.id, KEY_PART_RATES, "");
    assert_int_equal(check(text, 1), RESULT_OK);
}

static void a_revoked_key_is_refused_as_such_whatever_else_is_wrong(void **state)
{
    struct tier_row gold = {.name = "gold"};
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    assert_int_equal(tier_set(&home, &gold, &why), RESULT_OK);
    make_with(KEY_PART_TIER, "gold", text, &row);
    assert_int_equal(key_revoke(&home, row.id, &why), RESULT_OK);
    assert_int_equal(tier_delete(&home, "gold", &why), RESULT_OK);
    assert_int_equal(check(text, 1), RESULT_DENIED);
    damage(row.id, offsetof(struct key_row, limits), "junk");
    damage(row.id, offsetof(struct key_row, addresses), "junk");
    assert_int_equal(check(text, 1), RESULT_DENIED);
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
        EACH(a_key_that_is_revoked_or_expired_or_not_there_is_not_rotated),
        EACH(without_an_overlap_the_old_secret_ends_at_once),
        EACH(with_one_both_hold_until_its_end_and_then_the_new_one_alone),
        EACH(a_rotation_within_an_overlap_ends_the_older_secret),
        EACH(a_secret_of_zeros_is_not_the_one_before_of_a_key_without_one),
        EACH(a_caller_has_the_limits_of_its_tier_under_its_own),
        EACH(a_row_that_does_not_parse_lets_nobody_in),
        EACH(a_row_whose_limits_do_not_parse_can_be_mended),
        EACH(a_revoked_key_is_refused_as_such_whatever_else_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
