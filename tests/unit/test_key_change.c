/*
 * test_key_change.c: keys: how they are found and what of them is changed.
 */
#include "key_help.h"

#include <ctype.h>

#include "gate/tier.h"
#include "store/users.h"

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

static void what_is_not_allowed_of_a_key_changes_nothing(void **state)
{
    static const struct {
        enum key_part part;
        const char *value;
        enum result result;
    } bad[] = {
        {KEY_PART_NAME, "", RESULT_INVALID},
        {KEY_PART_NAME, "a\tb", RESULT_INVALID},
        {KEY_PART_MODELS, "none", RESULT_INVALID},
        {KEY_PART_MODELS, "", RESULT_INVALID},
        {KEY_PART_TIER, "none", RESULT_INVALID},
        {KEY_PART_TIER, "", RESULT_INVALID},
        {KEY_PART_TIER, "Standard", RESULT_INVALID},
        {KEY_PART_SCOPES, "", RESULT_INVALID},
        {KEY_PART_SCOPES, "predict,", RESULT_INVALID},
        {KEY_PART_SCOPES, "predict, read", RESULT_INVALID},
        {KEY_PART_SCOPES, "Predict", RESULT_INVALID},
        {KEY_PART_SCOPES, "predictread", RESULT_INVALID},
        {KEY_PART_SCOPES, "pre", RESULT_INVALID},
        {KEY_PART_ADDRESSES, "localhost", RESULT_INVALID},
        {KEY_PART_ADDRESSES, "10.0.0.1/8", RESULT_INVALID},
        {KEY_PART_ADDRESSES, " ", RESULT_INVALID},
        {KEY_PART_ADDRESSES, ",", RESULT_INVALID},
        {KEY_PART_RATES, "5/day", RESULT_INVALID},
        {KEY_PART_RATES, "5", RESULT_INVALID},
        {KEY_PART_QUOTAS, "5/60s", RESULT_INVALID},
        {KEY_PART_EXPIRES, "", RESULT_INVALID},
        {KEY_PART_EXPIRES, "0s", RESULT_INVALID},
        {KEY_PART_EXPIRES, "Never", RESULT_INVALID},
        {KEY_PART_METADATA, "", RESULT_MALFORMED},
        {KEY_PART_METADATA, "[]", RESULT_INVALID},
        {KEY_PART_OWNER, "nobody@example.org", RESULT_INVALID},
        {KEY_PART_OWNER, "000000000000", RESULT_INVALID},
    };
    char text[KEY_TEXT_LEN + 1];
    struct key_row before, after;
    struct key_wish wish;

    (void)state;
    make(text, &before);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (set(before.id, bad[i].part, bad[i].value) != bad[i].result)
            fail_msg("\"%s\" was taken for part %d", bad[i].value, (int)bad[i].part);
        assert_string_equal(key_part_name(wrong), key_part_name(bad[i].part));
        assert_int_equal(try_make(bad[i].part, bad[i].value, text, &after), bad[i].result);
        assert_int_equal(wrong, bad[i].part);
        wish = (struct key_wish){{NULL}};
        wish.parts[bad[i].part] = bad[i].value;
        assert_int_equal(key_wish_check(&wish, &why) == RESULT_OK,
                         bad[i].part == KEY_PART_MODELS || bad[i].part == KEY_PART_TIER ||
                             bad[i].part == KEY_PART_OWNER);
    }
    assert_int_equal(key_row_get(home.db, before.id, &after, &why), RESULT_OK);
    assert_memory_equal(&before, &after, sizeof(before));
}

static void user_make(const char *id, const char *username)
{
    struct user_row user = {.role = USER_ROLE_USER, .active = true, .created_at = 1};

    strcpy(user.id, id);
    strcpy(user.username, username);
    strcpy(user.models, "*");
    strcpy(user.tier, "free");
    assert_int_equal(user_row_insert(home.db, &user, "*", &why), RESULT_OK);
}

static void a_users_key_is_of_the_users_tier_and_stays_the_users(void **state)
{
    static const char *const names[] = {"u00000000001", "ann@example.org"};
    char text[KEY_TEXT_LEN + 1];
    struct key_wish wish;
    struct key_row row;

    (void)state;
    user_make(names[0], names[1]);
    for (size_t i = 0; i < 2; i++) {
        make_with(KEY_PART_OWNER, names[i], text, &row);
        assert_int_equal(key_row_get(home.db, row.id, &row, &why), RESULT_OK);
        assert_string_equal(row.owner.id, names[0]);
        assert_string_equal(row.tier, "free");
        assert_int_equal(set(row.id, KEY_PART_TIER, "standard"), RESULT_INVALID);
        assert_int_equal(wrong, KEY_PART_TIER);
        must_set(row.id, KEY_PART_TIER, "free");
        assert_int_equal(set(row.id, KEY_PART_OWNER, ""), RESULT_INVALID);
        assert_int_equal(set(row.id, KEY_PART_OWNER, names[i]), RESULT_INVALID);
        assert_int_equal(wrong, KEY_PART_OWNER);
    }
    wish = (struct key_wish){
        {[KEY_PART_NAME] = "test", [KEY_PART_OWNER] = names[0], [KEY_PART_TIER] = "standard"}};
    assert_int_equal(key_create(&home, &wish, text, &row, &wrong, &why), RESULT_INVALID);
    assert_int_equal(wrong, KEY_PART_TIER);
    make_with(KEY_PART_OWNER, "", text, &row);
    assert_string_equal(row.owner.id, "");
    assert_string_equal(row.tier, "standard");
}

static void name_add(void *arg, const struct key_row *row)
{
    strcat(arg, row->name);
    strcat(arg, " ");
}

/* The names of the keys that are found, and of how many. */
static void assert_found(const struct key_filter *filter, const char *names, int64_t count)
{
    char found[256] = "";
    int64_t total;

    assert_int_equal(key_row_find(home.db, filter, name_add, found, &total, &why), RESULT_OK);
    assert_string_equal(found, names);
    assert_int_equal(total, count);
}

static void keys_are_found_by_name_id_owner_and_state(void **state)
{
    struct key_filter all = {.state = -1, .limit = 10}, filter;
    char text[KEY_TEXT_LEN + 1], id[KEY_ID_LEN + 1];
    struct key_row row;

    (void)state;
    user_make("u00000000001", "ann@example.org");
    assert_found(&all, "", 0);
    make_with(KEY_PART_OWNER, "ann@example.org", text, &row);
    for (size_t i = 0; row.id[i] != '\0'; i++)
        id[i] = (char)tolower(row.id[i]);
    id[KEY_ID_LEN] = '\0';
    must_set(row.id, KEY_PART_NAME, "Ann's");
    make_with(KEY_PART_NAME, "Late", text, &row);
    must_set(row.id, KEY_PART_EXPIRES, "1h");
    assert_int_equal(key_row_get(home.db, row.id, &row, &why), RESULT_OK);
    filter = all;
    filter.search = "late";
    assert_found(&filter, "Late ", 1);
    filter.search = id;
    assert_found(&filter, "Ann's ", 1);
    filter.search = "%";
    assert_found(&filter, "", 0);
    filter = all;
    filter.user = "u00000000001";
    assert_found(&filter, "Ann's ", 1);
    filter = (struct key_filter){.state = KEY_EXPIRED, .now = row.expires_at, .limit = 10};
    assert_found(&filter, "Late ", 1);
    filter.now--;
    assert_found(&filter, "", 0);
    assert_int_equal(key_revoke(&home, row.id, &why), RESULT_OK);
    filter.state = KEY_REVOKED;
    assert_found(&filter, "Late ", 1);
    filter.state = KEY_ACTIVE;
    assert_found(&filter, "Ann's ", 1);
    filter = all;
    filter.limit = 0;
    assert_found(&filter, "", 2);
    filter = all;
    filter.offset = 2;
    assert_found(&filter, "", 2);
}

static void a_change_changes_what_is_given_and_nothing_else(void **state)
{
    static const struct {
        enum key_part part;
        const char *value;
        size_t at, size; /* of the row, what may differ */
    } changes[] = {
#define FIELD(name) offsetof(struct key_row, name), sizeof(((struct key_row *)NULL)->name)
        {KEY_PART_NAME, "other", FIELD(name)},
        {KEY_PART_MODELS, "iris", FIELD(models)},
        {KEY_PART_SCOPES, "read,admin", FIELD(scopes)},
        {KEY_PART_ADDRESSES, "10.0.0.0/8", FIELD(addresses)},
        {KEY_PART_RATES, "5/60s", FIELD(limits)},
        {KEY_PART_QUOTAS, "7/day", FIELD(limits)},
        {KEY_PART_EXPIRES, "30d", FIELD(expires_at)},
        {KEY_PART_METADATA, "{}", 0, 0},
    };
    char text[KEY_TEXT_LEN + 1];
    struct key_row before, after;

    (void)state;
    fixture_publish(&home, "iris", 1);
    make(text, &before);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        must_set(before.id, changes[i].part, changes[i].value);
        assert_int_equal(key_row_get(home.db, before.id, &after, &why), RESULT_OK);
        if (changes[i].size > 0)
            assert_memory_not_equal((char *)&before + changes[i].at,
                                    (char *)&after + changes[i].at, changes[i].size);
        memcpy((char *)&before + changes[i].at, (char *)&after + changes[i].at,
               changes[i].size);
        assert_memory_equal(&before, &after, sizeof(before));
    }
    assert_string_equal(after.limits, "5/60s,7/day");
    must_set(before.id, KEY_PART_RATES, "");
    must_set(before.id, KEY_PART_ADDRESSES, "");
    assert_int_equal(key_row_get(home.db, before.id, &after, &why), RESULT_OK);
    assert_string_equal(after.limits, "7/day");
    assert_string_equal(after.addresses, "");
}

static void a_revoked_key_is_not_changed(void **state)
{
    char text[KEY_TEXT_LEN + 1];
    struct key_row row;

    (void)state;
    make(text, &row);
    assert_int_equal(key_revoke(&home, row.id, &why), RESULT_OK);
    assert_int_equal(set(row.id, KEY_PART_NAME, "x"), RESULT_INVALID);
    assert_int_equal(set("AAAAAAAAAAAA", KEY_PART_NAME, "x"), RESULT_MISSING);
}

static void metadata_has_up_to_four_kilobytes_when_compact(void **state)
{
    static char text[KEY_TEXT_LEN + 1], object[2 * KEY_METADATA_MAX];
    struct key_more more;
    struct key_row row;

    (void)state;
    strcpy(object, "{\"a\" : \"");
    memset(object + 8, 'x', KEY_METADATA_MAX - 8);
    strcpy(object + KEY_METADATA_MAX, "\"  }");
    make_with(KEY_PART_METADATA, object, text, &row);
    assert_int_equal(key_more_get(home.db, row.id, &more, &why), RESULT_OK);
    assert_int_equal(strlen(more.metadata), KEY_METADATA_MAX);
    assert_int_equal(more.last_us, 0);
    strcpy(object + KEY_METADATA_MAX, "x\"}");
    assert_int_equal(set(row.id, KEY_PART_METADATA, object), RESULT_TOO_BIG);
    assert_non_null(strstr(why.text, "4097"));
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(what_is_not_allowed_of_a_key_changes_nothing),
        EACH(a_users_key_is_of_the_users_tier_and_stays_the_users),
        EACH(keys_are_found_by_name_id_owner_and_state),
        EACH(a_change_changes_what_is_given_and_nothing_else),
        EACH(a_revoked_key_is_not_changed),
        EACH(metadata_has_up_to_four_kilobytes_when_compact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
