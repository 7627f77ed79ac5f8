/*
 * fuzz_text.c: any bytes as the words of a text model, and any bytes as a text.
 *
 * The first byte says how many of the others, in eights, are the block; the rest is the
 * text. The head is made to fit, so that the proof has to find what is wrong; whatever it
 * lets pass must make a row of numbers that the walk takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/utf8.h"
#include "forest/text_model.h"
#include "forest/walk.h"

struct counted {
    const char *text;
    size_t len;
    size_t n;
};

static void count(void *arg, const struct gram *gram)
{
    struct counted *counted = arg;
    char name[GRAM_NAME_MAX];

    counted->n++;
    CHECK(gram->len > 0);
    gram_name(gram, name);
    CHECK(utf8_valid(name, strlen(name)));
    CHECK(strlen(name) + 1 < GRAM_NAME_MAX);
}

static void read_grams(const char *text, size_t len)
{
    struct counted counted = {.text = text, .len = len};
    struct gram_counts counts;

    grams_each(text, len, 42, count, &counted, &counts);
    CHECK(counts.letters <= counts.chars && counts.capitals <= counts.letters);
    CHECK(counted.n <= (size_t)counts.chars * GRAM_PER_CHAR);
}

/* Makes the numbers that the proof would stumble over first fit the length. */
static void make_right(uint8_t *block, size_t len)
{
    struct text_head *head = (void *)block;
    struct text_parts parts;
    uint32_t known = 0, i;

    if (len < sizeof(*head))
        return;
    head->grams = TEXT_GRAMS;
    head->bucket_bits = TEXT_MIN_BITS;
    head->n_sets = head->n_sets % 3 + 1;
    head->name_len = head->name_len % 8 + 1;
    head->n_columns %= 16;
    for (i = 0; i < 8 && sizeof(*head) + i < len; i++)
        known += (unsigned)__builtin_popcount(block[sizeof(*head) + i]);
    head->n_entries = known;
    text_parts_place(head, &parts);
    if (parts.size > len)
        return;
    memset(block + parts.ranks, 0, sizeof(uint32_t));
}

static void read_features(const struct text_model *model, const char *text, size_t len)
{
    static struct text_scratch *scratch;
    uint32_t i, n = text_n_features(model->head);
    double *row = calloc(n, sizeof(*row)), *again = calloc(n, sizeof(*again));

    if (scratch == NULL)
        scratch = text_scratch_new();
    CHECK(scratch != NULL && row != NULL && again != NULL);
    text_features(model, scratch, text, len, row);
    for (i = 0; i < n; i++)
        CHECK(walk_value_fits(row[i]));
    text_features(model, scratch, text, len, again);
    CHECK(memcmp(row, again, n * sizeof(*row)) == 0);
    free(row);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t block_len, len, chars;
    struct text_model model;
    const char *text;
    uint8_t *block;

    if (size == 0)
        return 0;
    block_len = (size_t)data[0] * 8;
    if (block_len > size - 1)
        block_len = size - 1;
    text = (const char *)data + 1 + block_len;
    len = size - 1 - block_len;
    read_grams(text, len);
    if (utf8_valid(text, len) && text_check(&text, &len, &chars) == TEXT_FITS)
        CHECK(chars >= TEXT_MIN_CHARS && chars <= TEXT_MAX_CHARS && len >= chars);
    block = malloc(block_len + 1);
    CHECK(block != NULL);
    memcpy(block, data + 1, block_len);
    make_right(block, block_len);
    if (text_prove(block, block_len, &model, NULL) == RESULT_OK)
        read_features(&model, text, len);
    free(block);
    return 0;
}
