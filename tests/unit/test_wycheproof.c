/*
 * test_wycheproof.c: the Wycheproof vectors for JWS and JWE, every case.
 *
 * Cases of an algorithm that is ours have to come out as the file says; all others have to
 * be refused.  tests/data/wycheproof/README.md tells of the four that are wrong themselves.
 */
#include "jose_help.h"

#include <json-c/json.h>

#include "gate/jwe.h"
#include "gate/jws.h"

#define FOLDER "tests/data/wycheproof/"

enum {
    SIGNATURES = 401,
    SIGNATURES_OURS = 275,
    SIGNATURES_VALID = 18,
    ENCRYPTIONS = 139
};

/* Cases that contradict another one (first two) or RFC 7515 (the others), and what is right. */
static const struct {
    int id;
    bool right;
} mistaken[] = {{367, true}, {370, true}, {372, false}, {373, false}};

static struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, name, &value);
    return value;
}

static const char *text_of(struct json_object *object, const char *name)
{
    struct json_object *value = member(object, name);

    return value != NULL ? json_object_get_string(value) : "";
}

/* The key that verifies: the public one where there is one. */
static struct json_object *key_json(struct json_object *group)
{
    struct json_object *open = member(group, "public");

    return open != NULL ? open : member(group, "private");
}

/* By kty and by alg where that is given. */
static bool is_ours(struct json_object *key)
{
    const char *kty = text_of(key, "kty"), *alg = text_of(key, "alg");

    return (strcmp(kty, "oct") == 0 && strcmp(alg, "HS256") == 0) ||
           (strcmp(kty, "RSA") == 0 && (strcmp(alg, "RS256") == 0 || alg[0] == '\0'));
}

static void keys_read(struct json_object *key, struct jwk_set *set)
{
    const char *text = json_object_to_json_string_ext(key, JSON_C_TO_STRING_PLAIN);
    struct jwk *one;

    *set = (struct jwk_set){0};
    if (jwk_from_json(text, strlen(text), &one, NULL) == RESULT_OK)
        must(jwk_set_add(set, one, &why));
}

static bool expected(int id, const char *result, size_t *known)
{
    for (size_t i = 0; i < COUNT(mistaken); i++)
        if (mistaken[i].id == id) {
            if ((strcmp(result, "valid") == 0) == mistaken[i].right)
                fail_msg("case %d has been put right in the file: take it out here", id);
            ++*known;
            return mistaken[i].right;
        }
    return strcmp(result, "valid") == 0;
}

static struct json_object *cases_read(const char *path, size_t count)
{
    struct json_object *file = json_object_from_file(path);

    if (file == NULL)
        fail_msg("%s: %s", path, json_util_get_last_err());
    assert_int_equal(json_object_get_int(member(file, "numberOfTests")), count);
    return file;
}

static void every_signature_is_judged_as_it_should_be(void **state)
{
    struct json_object *file = cases_read(FOLDER "json_web_signature_test.json", SIGNATURES);
    struct json_object *groups = member(file, "testGroups");
    size_t ours = 0, valid = 0, others = 0, known = 0;
    static struct jws jws;

    (void)state;
    for (size_t i = 0; i < json_object_array_length(groups); i++) {
        struct json_object *group = json_object_array_get_idx(groups, i);
        struct json_object *tests = member(group, "tests");
        bool our_group = is_ours(key_json(group));
        struct jwk_set set;

        keys_read(key_json(group), &set);
        for (size_t k = 0; k < json_object_array_length(tests); k++) {
            struct json_object *test = json_object_array_get_idx(tests, k);
            int id = json_object_get_int(member(test, "tcId"));
            const char *text = text_of(test, "jws");
            bool taken = jws_verify(&set, text, strlen(text), &jws, NULL) == RESULT_OK;
            bool should = our_group && expected(id, text_of(test, "result"), &known);

            if (taken != should)
                fail_msg("case %d, %s: %s", id, text_of(test, "comment"),
                         taken ? "was taken" : "was refused");
            ours += our_group;
            others += !our_group;
            valid += should;
        }
        jwk_set_free(&set);
    }
    json_object_put(file);
    print_message("%zu cases of our algorithms, %zu of them valid; %zu of others refused\n",
                  ours, valid, others);
    assert_int_equal(ours, SIGNATURES_OURS);
    assert_int_equal(ours + others, SIGNATURES);
    assert_int_equal(known, COUNT(mistaken));
    assert_int_equal(valid, SIGNATURES_VALID);
}

/* So none of them gets as far as a key. */
static void every_sealed_text_is_of_another_algorithm_and_is_refused(void **state)
{
    struct json_object *file = cases_read(FOLDER "json_web_encryption_test.json", ENCRYPTIONS);
    struct json_object *groups = member(file, "testGroups");
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < json_object_array_length(groups); i++) {
        struct json_object *tests = member(json_object_array_get_idx(groups, i), "tests");

        for (size_t k = 0; k < json_object_array_length(tests); k++) {
            struct json_object *test = json_object_array_get_idx(tests, k);
            const char *text = text_of(test, "jwe");
            struct jwe jwe;

            if (jwe_read(text, strlen(text), &jwe, NULL) != RESULT_DENIED)
                fail_msg("case %s was taken", text_of(test, "tcId"));
            count++;
        }
    }
    json_object_put(file);
    print_message("%zu cases, none of our algorithm, all refused\n", count);
    assert_int_equal(count, ENCRYPTIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signature_is_judged_as_it_should_be),
        cmocka_unit_test(every_sealed_text_is_of_another_algorithm_and_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
