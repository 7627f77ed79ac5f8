/*
 * test_text_model.c: texts that are no texts and blocks that are no blocks are refused;
 * a trained model tells classes apart, and is the same whatever the threads.
 */
#include "forest_help.h"

#include "forest/layout.h"
#include "forest/text_model.h"
#include "forest/text_train.h"
#include "forest/walk.h"

/* ---- which texts are taken ---- */

static void check_text(const char *text, enum text_fault expected, size_t chars)
{
    size_t len = strlen(text), found;
    enum text_fault fault = text_check(&text, &len, &found);

    if (fault != expected || found != chars)
        fail_msg("\"%.40s\": fault %d with %zu characters", text, (int)fault, found);
}

static void a_text_has_10_to_5000_characters_after_trimming(void **state)
{
    char text[5100 * 4];
    size_t i;

    (void)state;
    check_text("", TEXT_TOO_SHORT, 0);
    check_text(" \t\n\xc2\xa0\xe3\x80\x80 ", TEXT_TOO_SHORT, 0);
    check_text("123456789", TEXT_TOO_SHORT, 9);
    check_text("  123456789  ", TEXT_TOO_SHORT, 9);
    check_text("1234567890", TEXT_FITS, 10);
    check_text("\xe2\x80\x83\n1234567890\r\n", TEXT_FITS, 10);
    check_text("12345 67890", TEXT_FITS, 11);
    for (i = 0; i < 5000; i++)
        memcpy(text + 4 * i, "\xf0\x9d\x92\xb3", 4); /* a letter of four bytes */
    strcpy(text + 4 * i, "   ");
    check_text(text, TEXT_FITS, 5000);
    strcpy(text + 4 * i, "x");
    check_text(text, TEXT_TOO_LONG, 5001);
}

static void a_text_has_a_letter_or_a_digit(void **state)
{
    (void)state;
    check_text("!!!!!?????.....", TEXT_NO_WORD, 15);
    check_text("\xf0\x9f\x98\x80 \xf0\x9f\x98\x80 \xf0\x9f\x98\x80 ::::::", TEXT_NO_WORD, 12);
    check_text("..........7", TEXT_FITS, 11);
    check_text("..........ж", TEXT_FITS, 11);
    check_text("..........好", TEXT_FITS, 11);
}

/* ---- blocks ---- */

/* A table of texts from CSV text. */
static enum result read_texts(const char *csv, struct table **table, struct reason *why)
{
    char path[32];
    enum result result;

    help_write(path, csv, strlen(csv));
    result = table_read_texts(path, "kind", "words", table, why);
    unlink(path);
    return result;
}

/* Each of the rows several times over with a number, so that no two are the same. */
static struct table *table_of(const char *const (*rows)[2], size_t n)
{
    struct buf csv = {0};
    struct table *table = NULL;
    struct reason why = {""};
    size_t i, k;

    buf_puts(&csv, "id,words,kind\n");
    for (k = 0; k < 12; k++)
        for (i = 0; i < n; i++)
            buf_printf(&csv, "x%zu,%s number %zu,%s\n", i, rows[i][0], k * n + i, rows[i][1]);
    if (read_texts(csv.data, &table, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    buf_free(&csv);
    return table;
}

static const char *const two[][2] = {
    {"what a lovely day", "good"},       {"lovely people and cake", "good"},
    {"I really love this", "good"},      {"what an awful day", "bad"},
    {"awful people and no cake", "bad"}, {"I do not love this", "bad"},
};

static const char *const three[][2] = {
    {"the cat sleeps all day", "cat"}, {"a cat and its kitten", "cat"},
    {"the dog barks at night", "dog"}, {"a dog and its puppy", "dog"},
    {"the bird sings early", "bird"},  {"a bird and its nest", "bird"},
};

static struct draft train_on(struct table *table, unsigned threads)
{
    struct train_options options = text_train_defaults;
    struct reason why = {""};
    struct draft draft;

    options.trees = 30;
    options.threads = threads;
    if (text_train(table, &options, &draft, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return draft;
}

/* The draft of the two classes, and a copy of its block that may be spoiled. */
static struct draft spoil_me(uint8_t **block)
{
    struct table *table = table_of(two, 6);
    struct draft draft = train_on(table, 1);

    table_free(table);
    *block = malloc(draft.text_len + 8);
    assert_non_null(*block);
    memcpy(*block, draft.text, draft.text_len);
    return draft;
}

static void refused(const uint8_t *block, size_t len, const char *expected)
{
    struct text_model model;
    struct reason why = {""};
    enum result result = text_prove(block, len, &model, &why);

    if (result == RESULT_OK || strstr(why.text, expected) == NULL)
        fail_msg("result %d, \"%s\" where \"%s\" was expected", (int)result, why.text,
                 expected);
}

static void a_block_that_would_lead_astray_is_refused(void **state)
{
    uint8_t *block, *good;
    struct draft draft = spoil_me(&block);
    const struct text_head was = *(struct text_head *)draft.text;
    struct text_head *head;
    struct text_parts parts;
    struct text_model model;
    const size_t len = draft.text_len;
    float nan = 0.0F / 0.0F;

    (void)state;
    good = draft.text;
    head = (void *)block;
    text_parts_place(&was, &parts);
    assert_int_equal(parts.size, len);
    assert_int_equal(text_prove(block, len, &model, NULL), RESULT_OK);
    assert_string_equal(model.name, "words");
#define SPOIL(statement, expected)     \
    do {                               \
        memcpy(block, good, len);      \
        statement;                     \
        refused(block, len, expected); \
    } while (0)
    refused(block, 0, "too few bytes");
    refused(block, sizeof(was) - 1, "too few bytes");
    refused(block, len - 8, "length");
    refused(block, len + 8, "length");
    SPOIL(head->grams = 2, "not known here");
    SPOIL(head->bucket_bits = 5, "buckets");
    SPOIL(head->bucket_bits = 19, "buckets");
    SPOIL(head->bucket_bits = 17, "");
    SPOIL(head->n_sets = 0, "sets");
    SPOIL(head->n_sets = TEXT_MAX_SETS + 1, "sets");
    SPOIL(head->n_columns = TEXT_MAX_COLUMNS + 1, "columns");
    SPOIL(head->n_entries = UINT32_MAX, "entries");
    SPOIL(head->n_entries--, "");
    SPOIL(head->name_len = 0, "name");
    SPOIL(head->name_len = UINT32_MAX, "name");
    SPOIL(head->name_len = was.name_len - 1, "name");
    SPOIL(block[parts.bits] ^= 1, "known buckets");
    SPOIL(block[parts.entries - 4] ^= 1, "known buckets");
    SPOIL(((struct text_entry *)(block + parts.entries))->idf = 0, "idf");
    SPOIL(((struct text_entry *)(block + parts.entries))->idf = nan, "idf");
    SPOIL(((struct text_entry *)(block + parts.entries))->column = was.n_columns + 1, "column");
    SPOIL(memcpy(block + parts.weights, &nan, 4), "weight");
    SPOIL(*(float *)(block + parts.weights) = 2e6F, "weight");
    SPOIL(*(float *)(block + parts.biases) = -2e6F, "bias");
    SPOIL(block[parts.name] = '\n', "control character");
    SPOIL(block[parts.name] = 0xff, "name is not right");
    SPOIL(block[parts.name + was.name_len] = 'x', "name is not right");
#undef SPOIL
    free(block);
    draft_free(&draft);
}

/* ---- training ---- */

static void pack(const struct draft *draft, void **bytes, struct image **image)
{
    struct reason why = {""};
    size_t len;

    if (draft_pack(draft, bytes, &len, &why) != RESULT_OK ||
        image_prove(*bytes, len, "text.fgm", image, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static void tells(const struct image *image, const char *text, const char *label)
{
    const struct text_model *words = image_text(image);
    double row[1024], out[8];
    struct text_scratch *scratch = text_scratch_new();

    assert_non_null(scratch);
    assert_true(image_n_features(image) <= 1024);
    text_features(words, scratch, text, strlen(text), row);
    walk_predict(image, row, 1, out);
    text_scratch_free(scratch);
    if (strcmp(image_class_label(image, (uint32_t)walk_argmax(out, image_n_classes(image))),
               label) != 0)
        fail_msg("\"%s\" is not told for %s", text, label);
}

static void two_classes_have_one_set_and_are_told_apart(void **state)
{
    struct table *table = table_of(two, 6);
    struct draft draft = train_on(table, 2);
    struct image *image;
    void *bytes;

    (void)state;
    pack(&draft, &bytes, &image);
    assert_int_equal(image_text(image)->head->n_sets, 1);
    assert_string_equal(image_feature_name(image, 0), "<score good>");
    tells(image, "a lovely evening", "good");
    tells(image, "an AWFUL evening", "bad");
    tells(image, "we do not love it", "bad");
    assert_true(image_facts(image)->oob_score > 0.8);
    image_close(image);
    free(bytes);
    draft_free(&draft);
    table_free(table);
}

static void three_classes_have_a_set_each_and_are_told_apart(void **state)
{
    struct table *table = table_of(three, 6);
    struct draft draft = train_on(table, 2);
    struct image *image;
    void *bytes;

    (void)state;
    pack(&draft, &bytes, &image);
    assert_int_equal(image_text(image)->head->n_sets, 3);
    assert_int_equal(image_n_classes(image), 3);
    tells(image, "my cat is here", "cat");
    tells(image, "his dog is there", "dog");
    tells(image, "one bird flies", "bird");
    image_close(image);
    free(bytes);
    draft_free(&draft);
    table_free(table);
}

static void the_same_texts_give_the_same_bytes_whatever_the_threads(void **state)
{
    void *first = NULL, *bytes;
    size_t first_len = 0, len;
    unsigned threads;

    (void)state;
    for (threads = 1; threads <= 5; threads += 2) {
        struct table *table = table_of(three, 6);
        struct draft draft = train_on(table, threads);

        table->date = draft.facts.date = 0;
        assert_int_equal(draft_pack(&draft, &bytes, &len, NULL), RESULT_OK);
        if (first == NULL) {
            first = bytes;
            first_len = len;
        } else {
            assert_int_equal(len, first_len);
            assert_memory_equal(bytes, first, len);
            free(bytes);
        }
        draft_free(&draft);
        table_free(table);
    }
    free(first);
}

/* A text's row must not depend on the texts that the scratch read before. */
static void a_scratch_forgets(void **state)
{
    struct table *table = table_of(two, 6);
    struct draft draft = train_on(table, 1);
    struct text_scratch *used = text_scratch_new(), *fresh;
    struct text_model model;
    double *a, *b;
    size_t n, i;

    (void)state;
    assert_int_equal(text_prove(draft.text, draft.text_len, &model, NULL), RESULT_OK);
    n = text_n_features(model.head);
    a = calloc(n, sizeof(*a));
    b = calloc(n, sizeof(*b));
    assert_true(used != NULL && a != NULL && b != NULL);
    for (i = 0; i < 6; i++) {
        fresh = text_scratch_new();
        assert_non_null(fresh);
        text_features(&model, used, two[i][0], strlen(two[i][0]), a);
        text_features(&model, fresh, two[i][0], strlen(two[i][0]), b);
        assert_memory_equal(a, b, n * sizeof(*a));
        text_scratch_free(fresh);
    }
    text_scratch_free(used);
    free(a);
    free(b);
    draft_free(&draft);
    table_free(table);
}

static void not_read(const char *csv, const char *expected)
{
    struct table *table = NULL;
    struct reason why = {""};
    enum result result = read_texts(csv, &table, &why);

    if (result == RESULT_OK || strstr(why.text, expected) == NULL)
        fail_msg("result %d, \"%s\" where \"%s\" was expected", (int)result, why.text,
                 expected);
}

static void tables_without_texts_or_classes_are_refused(void **state)
{
    (void)state;
    not_read("text,kind\na,b\n", "no column \"words\"");
    not_read("words,sort\na,b\n", "no column \"kind\"");
    not_read("words,kind\n\"\",b\n", "is empty");
    not_read("words,kind\n   ,b\n", "is empty");
    not_read("words,kind\n!!!!!!!!!!!!,b\n", "no letter and no digit");
    not_read("words,kind\n??,b\n", "no letter and no digit");
    not_read("words,kind\nabc,b\ncde,b\n", "one class only");
    not_read("words,kind\n", "no rows");
}

static void other_columns_may_hold_anything(void **state)
{
    struct table *table;
    struct reason why = {""};
    size_t len;

    (void)state;
    if (read_texts("id,words,kind,junk\n1,  so it is ,7,\n,\"no, not\",8,nan\n", &table,
                   &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_int_equal(table->n_features, 0);
    assert_int_equal(table->n_rows, 2);
    assert_int_equal(table->n_classes, 2);
    assert_memory_equal(table_text(table, 0, &len), "so it is", 8);
    assert_int_equal(len, 8);
    assert_memory_equal(table_text(table, 1, &len), "no, not", 7);
    assert_int_equal(len, 7);
    table_free(table);
}

static void words_of_another_forest_are_refused(void **state)
{
    struct table *table = table_of(two, 6), *other = table_of(three, 6);
    struct draft draft = train_on(table, 1), strange = train_on(other, 1);
    struct reason why = {""};
    void *bytes, *text = draft.text;
    size_t len, text_len = draft.text_len;

    (void)state;
    draft.text = strange.text;
    draft.text_len = strange.text_len;
    assert_int_not_equal(draft_pack(&draft, &bytes, &len, &why), RESULT_OK);
    assert_non_null(strstr(why.text, "not those of its texts"));
    draft.text = text;
    draft.text_len = text_len;
    draft_free(&draft);
    draft_free(&strange);
    table_free(table);
    table_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_10_to_5000_characters_after_trimming),
        cmocka_unit_test(a_text_has_a_letter_or_a_digit),
        cmocka_unit_test(a_block_that_would_lead_astray_is_refused),
        cmocka_unit_test(words_of_another_forest_are_refused),
        cmocka_unit_test(tables_without_texts_or_classes_are_refused),
        cmocka_unit_test(other_columns_may_hold_anything),
        cmocka_unit_test(two_classes_have_one_set_and_are_told_apart),
        cmocka_unit_test(three_classes_have_a_set_each_and_are_told_apart),
        cmocka_unit_test(the_same_texts_give_the_same_bytes_whatever_the_threads),
        cmocka_unit_test(a_scratch_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
