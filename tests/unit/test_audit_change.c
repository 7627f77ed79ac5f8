/*
 * test_audit_change.c: what each change of keys, tiers and models says of itself in the audit
 * trail.
 */
#include "audit_help.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/audit_change.h"
#include "gate/key.h"
#include "gate/registry.h"

static void assert_row(const char *action, const char *target, const char *before,
                       const char *after)
{
    struct audit_row row = last();

    assert_string_equal(row.action, action);
    assert_string_equal(row.target, target);
    assert_string_equal(row.before, before);
    assert_string_equal(row.after, after);
    assert_string_equal(prove().problem, "");
}

static void a_change_says_what_it_changed_and_nothing_else(void **state)
{
    struct audit_change made = audit_change_of(AUDIT_MADE);
    struct audit_change changed = audit_change_of(AUDIT_CHANGED);
    struct audit_change gone = audit_change_of(AUDIT_GONE);
    struct audit_change *const all[] = {&made, &changed, &gone};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        audit_about_number(all[i], "about", 1);
        audit_change_text(all[i], "same", "a", "a");
        audit_change_text(all[i], "text", "a\"", NULL);
        audit_change_number(all[i], "number", 0, -7);
        audit_change_number(all[i], "as_it_was", 7, 7);
        audit_change_truth(all[i], "truth", true, false);
        audit_change_hidden(all[i], "name", i == 1);
        audit_change_hidden(all[i], "other", false);
    }
    done(home_change_begin(&home, &why));
    done(audit_change_add(&home, &made, "a.made", "a", "1", &why));
    assert_row("a.made", "a:1", "{}",
               "{\"about\":1,\"same\":\"a\",\"text\":null,\"number\":-7,\"as_it_was\":7,"
               "\"truth\":false}");
    done(audit_change_add(&home, &changed, "a.set", "a", "1", &why));
    assert_row("a.set", "a:1", "{\"text\":\"a\\\"\",\"number\":null,\"truth\":true}",
               "{\"about\":1,\"text\":null,\"number\":-7,\"truth\":false,"
               "\"name_changed\":true}");
    done(audit_change_add(&home, &gone, "a.gone", "a", "1", &why));
    assert_row("a.gone", "a:1",
               "{\"about\":1,\"same\":\"a\",\"text\":\"a\\\"\",\"number\":null,"
               "\"as_it_was\":7,\"truth\":true}",
               "{}");
    done(home_change_end(&home, RESULT_OK, &why));
}

static void every_change_of_a_tier_is_told(void **state)
{
    struct tier_row row = {.name = "gold", .limits = "5/60s", .price = TIER_PRICE_ROW};

    (void)state;
    done(tier_set(&home, &row, &why));
    assert_row("tier.set", "tier:gold", "{}",
               "{\"limits\":\"5/60s\",\"price\":\"row\",\"shadow\":false}");
    row.shadow = true;
    strcpy(row.limits, "");
    done(tier_set(&home, &row, &why));
    assert_row("tier.set", "tier:gold", "{\"limits\":\"5/60s\",\"shadow\":false}",
               "{\"limits\":\"\",\"shadow\":true}");
    done(tier_delete(&home, "gold", &why));
    assert_row("tier.delete", "tier:gold",
               "{\"limits\":\"\",\"price\":\"row\",\"shadow\":true}", "{}");
    assert_int_not_equal(tier_delete(&home, "gold", &why), RESULT_OK);
    assert_int_not_equal(tier_set(&home, &(struct tier_row){.name = "A"}, &why), RESULT_OK);
    assert_whole(3);
}

/* A row whose price is none can be mended, which is a change from nothing that is known. */
static void a_tier_that_is_damaged_can_be_set_and_that_is_told(void **state)
{
    (void)state;
    tier_make("gold");
    sql("PRAGMA ignore_check_constraints = ON; UPDATE tier SET price = 'x'"
        " WHERE name = 'gold'");
    tier_make("gold");
    assert_row("tier.set", "tier:gold", "{}",
               "{\"limits\":\"5/60s\",\"price\":\"call\",\"shadow\":false}");
}

static void every_change_of_a_key_is_told_without_names_and_secrets(void **state)
{
    struct key_wish wish = {{[KEY_PART_NAME] = "Anna Muster", [KEY_PART_TIER] = "free"}};
    const struct key_wish other = {{[KEY_PART_NAME] = "Bert Muster",
                                    [KEY_PART_TIER] = "premium",
                                    [KEY_PART_SCOPES] = "read",
                                    [KEY_PART_ADDRESSES] = "10.0.0.0/8",
                                    [KEY_PART_METADATA] = "{\"Muster\":1}"}};
    char text[KEY_TEXT_LEN + 1], target[32], after[256];
    struct key_row row;
    bool ended;

    (void)state;
    done(key_create(&home, &wish, text, &row, NULL, &why));
    snprintf(target, sizeof(target), "key:%s", row.id);
    assert_row("key.create", target, "{}",
               "{\"user\":null,\"models\":\"*\",\"tier\":\"free\","
               "\"scopes\":\"predict,jobs,read\",\"addresses\":\"\",\"limits\":\"\","
               "\"expires_at\":null}");
    done(key_set(&home, row.id, &other, &row, NULL, &why));
    assert_row("key.set", target,
               "{\"tier\":\"free\",\"scopes\":\"predict,jobs,read\",\"addresses\":\"\"}",
               "{\"name_changed\":true,\"metadata_changed\":true,\"tier\":\"premium\","
               "\"scopes\":\"read\",\"addresses\":\"10.0.0.0/8\"}");
    done(key_set(&home, row.id, &other, &row, NULL, &why));
    assert_row("key.set", target, "{}", "{}");
    done(key_rotate(&home, row.id, 3600, text, &row, &ended, &why));
    snprintf(after, sizeof(after), "{\"secret_changed\":true,\"before_until\":%" PRId64 "}",
             row.before_until);
    assert_row("key.rotate", target, "{\"before_until\":null}", after);
    done(key_revoke(&home, row.id, &why));
    assert_string_equal(last().before, "{\"revoked_at\":null}");
    assert_string_equal(last().action, "key.revoke");
    assert_whole(5);
    assert_int_not_equal(key_revoke(&home, row.id, &why), RESULT_OK);
    assert_int_not_equal(key_set(&home, row.id, &other, &row, NULL, &why), RESULT_OK);
    assert_int_not_equal(key_rotate(&home, row.id, 0, text, &row, &ended, &why), RESULT_OK);
    wish.parts[KEY_PART_TIER] = "none";
    assert_int_not_equal(key_create(&home, &wish, text, &row, NULL, &why), RESULT_OK);
    assert_whole(5);
}

static void publish(unsigned seed, struct registry_place place)
{
    struct registry_done told;
    int fd;

    fixture_image("made.fgm", seed);
    fd = open("made.fgm", O_RDONLY | O_CLOEXEC);
    done(registry_publish(&home, "iris", fd, "made.fgm", &place, &told, &why));
    close(fd);
}

/* The sha256 differs with the image, so it is looked for and then left out. */
static void assert_model_row(const char *action, const char *before, const char *after)
{
    struct audit_row row = last();
    char *at = strstr(row.after, ",\"sha256\":\"");

    if (at == NULL)
        fail_msg("%s: %s", action, row.after);
    assert_string_equal(row.action, action);
    assert_string_equal(row.target, "model:iris");
    assert_string_equal(row.before, before);
    assert_int_equal(strspn(at + 11, "0123456789abcdef"), 64);
    memmove(at, at + 11 + 64 + 1, strlen(at + 11 + 64 + 1) + 1);
    assert_string_equal(row.after, after);
}

static void every_change_of_a_model_is_told(void **state)
{
    const struct registry_place serving = {.state = MODEL_SERVING};
    const struct registry_place canary = {
        .state = MODEL_CANARY, .share = 1000, .by = REGISTRY_BY_KEY};
    struct registry_done told;

    (void)state;
    publish(1, serving);
    assert_model_row("model.publish", "{\"state\":null,\"serving\":null}",
                     "{\"version\":1,\"state\":\"serving\",\"serving\":1}");
    publish(2, canary);
    assert_model_row(
        "model.publish", "{\"state\":null,\"canary\":null,\"share\":null,\"by_key\":false}",
        "{\"version\":2,\"state\":\"canary\",\"canary\":2,\"share\":1000,\"by_key\":true}");
    done(registry_promote(&home, "iris", 2, &serving, &told, &why));
    assert_model_row("model.promote",
                     "{\"state\":\"canary\",\"serving\":1,\"canary\":2,\"share\":1000,"
                     "\"by_key\":true}",
                     "{\"version\":2,\"state\":\"serving\",\"serving\":2,\"canary\":null,"
                     "\"share\":null,\"by_key\":false}");
    done(registry_rollback(&home, "iris", 0, &told, &why));
    assert_model_row("model.rollback", "{\"state\":\"retired\",\"serving\":2}",
                     "{\"version\":1,\"state\":\"serving\",\"serving\":1}");
    publish(3, (struct registry_place){.state = MODEL_SHADOW});
    done(registry_retire(&home, "iris", 3, &told, &why));
    assert_model_row("model.retire", "{\"state\":\"shadow\",\"shadow\":3}",
                     "{\"version\":3,\"state\":\"retired\",\"shadow\":null}");
    assert_int_not_equal(registry_promote(&home, "iris", 1, &serving, &told, &why), RESULT_OK);
    assert_int_not_equal(registry_retire(&home, "iris", 1, &told, &why), RESULT_OK);
    assert_whole(6);
}

static void version_count(void *arg, int64_t version)
{
    (void)version;
    ++*(int *)arg;
}

static void each_version_that_is_deleted_is_told(void **state)
{
    const struct registry_place serving = {.state = MODEL_SERVING};
    int deleted = 0;

    (void)state;
    for (unsigned seed = 1; seed <= 4; seed++)
        publish(seed, serving);
    done(registry_delete(&home, "iris", 0, 0, version_count, &deleted, &why));
    assert_int_equal(deleted, 2); /* 3 is the way back */
    assert_string_equal(last().action, "model.delete");
    assert_non_null(strstr(last().before, "{\"version\":2,\"sha256\":\""));
    assert_non_null(strstr(last().before, "\"state\":\"retired\"}"));
    assert_string_equal(last().after, "{}");
    assert_whole(6);
    done(registry_delete(&home, "iris", 0, 0, version_count, &deleted, &why));
    assert_int_not_equal(registry_delete(&home, "iris", 4, 0, version_count, &deleted, &why),
                         RESULT_OK);
    assert_whole(6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FROM_EMPTY(a_change_says_what_it_changed_and_nothing_else),
        FROM_EMPTY(every_change_of_a_tier_is_told),
        FROM_EMPTY(a_tier_that_is_damaged_can_be_set_and_that_is_told),
        FROM_EMPTY(every_change_of_a_key_is_told_without_names_and_secrets),
        FROM_EMPTY(every_change_of_a_model_is_told),
        FROM_EMPTY(each_version_that_is_deleted_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
