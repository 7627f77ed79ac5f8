/*
 * text_model.c: from a text to the row of its forest.
 *
 * A proved block is trusted: no check, no allocation. Sums run in the text's order, so a
 * text has the same row on every machine.
 */
#include "forest/text_model.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "forest/fold.h"
#include "forest/image.h"

enum {
    MAX_GRAMS = TEXT_MAX_CHARS * GRAM_PER_CHAR
};

/* A known gram of the text. */
struct hit {
    uint32_t entry;
    uint32_t at;
    double value;
};

struct text_scratch {
    const struct text_model *model;
    uint32_t n_hits;
    uint32_t words, known, exclaimed, asked;
    struct hit hits[MAX_GRAMS];
    uint64_t seen[(1 << TEXT_MAX_BITS) / 64]; /* a bit for each entry; all 0 between texts */
};

struct text_scratch *text_scratch_new(void)
{
    return calloc(1, sizeof(struct text_scratch));
}

void text_scratch_free(struct text_scratch *scratch)
{
    free(scratch);
}

static size_t bitmap_words(const struct text_head *head)
{
    return ((size_t)1 << head->bucket_bits) / 64;
}

void text_parts_place(const struct text_head *head, struct text_parts *parts)
{
    size_t words = bitmap_words(head), entries = head->n_entries;

    parts->bits = sizeof(*head);
    parts->ranks = parts->bits + words * sizeof(uint64_t);
    parts->entries = parts->ranks + words * sizeof(uint32_t);
    parts->weights = parts->entries + entries * sizeof(struct text_entry);
    parts->biases = parts->weights + entries * head->n_sets * sizeof(float);
    parts->name = parts->biases + head->n_sets * sizeof(float);
    parts->size = (parts->name + head->name_len + 1 + 7) / 8 * 8;
}

uint32_t text_n_features(const struct text_head *head)
{
    return head->n_sets * TEXT_PER_SET + TEXT_COUNT__MAX + head->n_columns;
}

static enum result refuse(struct reason *why, const char *what)
{
    return reason_set(why, RESULT_MALFORMED, "the words of the text model: %s", what);
}

static enum result prove_head(const struct text_head *head, size_t len, struct reason *why)
{
    struct text_parts parts;

    if (head->grams != TEXT_GRAMS)
        return reason_set(why, RESULT_INVALID,
                          "the words of the text model: of kind %u, which is not known here",
                          head->grams);
    if (head->bucket_bits < TEXT_MIN_BITS || head->bucket_bits > TEXT_MAX_BITS)
        return refuse(why, "the number of buckets is out of its bounds");
    if (head->n_sets < 1 || head->n_sets > TEXT_MAX_SETS)
        return refuse(why, "the number of sets is out of its bounds");
    if (head->n_columns > TEXT_MAX_COLUMNS)
        return refuse(why, "too many columns");
    if (head->n_entries > 1U << head->bucket_bits)
        return refuse(why, "more entries than buckets");
    if (head->name_len < 1 || head->name_len > IMAGE_MAX_NAME)
        return refuse(why, "the length of the column's name is out of its bounds");
    text_parts_place(head, &parts);
    if (len != parts.size)
        return refuse(why, "not of the length that its numbers make");
    return RESULT_OK;
}

static void find_parts(const uint8_t *bytes, struct text_model *model)
{
    struct text_parts parts;

    model->head = (const void *)bytes;
    text_parts_place(model->head, &parts);
    model->bits = (const void *)(bytes + parts.bits);
    model->ranks = (const void *)(bytes + parts.ranks);
    model->entries = (const void *)(bytes + parts.entries);
    model->weights = (const void *)(bytes + parts.weights);
    model->biases = (const void *)(bytes + parts.biases);
    model->name = (const char *)bytes + parts.name;
}

static enum result prove_ranks(const struct text_model *model, struct reason *why)
{
    size_t i, words = bitmap_words(model->head);
    uint64_t known = 0;

    for (i = 0; i < words; i++) {
        if (model->ranks[i] != known)
            return refuse(why, "a count of known buckets is wrong");
        known += (unsigned)__builtin_popcountll(model->bits[i]);
    }
    return known == model->head->n_entries ? RESULT_OK
                                           : refuse(why, "not one entry for each known bucket");
}

/* Bounds within which no sum of a text's terms leaves a float32. */
static bool weight_fits(float weight)
{
    return weight >= -1e6F && weight <= 1e6F;
}

static enum result prove_numbers(const struct text_model *model, struct reason *why)
{
    const struct text_head *head = model->head;
    size_t i, n = (size_t)head->n_entries * head->n_sets;

    for (i = 0; i < head->n_entries; i++) {
        if (!(model->entries[i].idf >= 1e-6F && model->entries[i].idf <= 1e6F))
            return refuse(why, "an idf is out of its bounds");
        if (model->entries[i].column > head->n_columns)
            return refuse(why, "an entry has a column that is not there");
    }
    for (i = 0; i < n; i++)
        if (!weight_fits(model->weights[i]))
            return refuse(why, "a weight is out of its bounds");
    for (i = 0; i < head->n_sets; i++)
        if (!weight_fits(model->biases[i]))
            return refuse(why, "a bias is out of its bounds");
    return RESULT_OK;
}

static enum result prove_name(const struct text_model *model, struct reason *why)
{
    uint32_t i, len = model->head->name_len;

    for (i = 0; i < len; i++)
        if ((unsigned char)model->name[i] < ' ' || model->name[i] == 127)
            return refuse(why, "the column's name has a control character");
    if (model->name[len] != '\0' || !utf8_valid(model->name, len))
        return refuse(why, "the column's name is not right");
    return RESULT_OK;
}

enum result text_prove(const void *bytes, size_t len, struct text_model *model,
                       struct reason *why)
{
    enum result result;

    if (len < sizeof(struct text_head))
        return refuse(why, "too few bytes");
    if ((result = prove_head(bytes, len, why)) != RESULT_OK)
        return result;
    find_parts(bytes, model);
    if ((result = prove_ranks(model, why)) == RESULT_OK &&
        (result = prove_numbers(model, why)) == RESULT_OK)
        result = prove_name(model, why);
    return result;
}

/* Takes characters of space off the text's front. */
static void trim_front(const char **text, size_t *len)
{
    uint32_t code;
    size_t used;

    while ((used = utf8_decode(*text, *len, &code)) > 0 && fold_kind(code) == FOLD_SPACE) {
        *text += used;
        *len -= used;
    }
}

bool text_has_word(const char *text, size_t len)
{
    uint32_t code;
    size_t i, used;

    for (i = 0; i < len && (used = utf8_decode(text + i, len - i, &code)) > 0; i += used) {
        enum fold_kind kind = fold_kind(code);

        if (kind == FOLD_LETTER || kind == FOLD_DIGIT || kind == FOLD_ALONE)
            return true;
    }
    return false;
}

enum text_fault text_check(const char **text, size_t *len, size_t *chars)
{
    size_t i, used, n = 0, kept_len = 0, kept = 0;
    uint32_t code;

    trim_front(text, len);
    for (i = 0; i < *len && (used = utf8_decode(*text + i, *len - i, &code)) > 0; i += used) {
        n++;
        if (fold_kind(code) == FOLD_SPACE)
            continue;
        kept_len = i + used;
        kept = n;
    }
    *len = kept_len;
    if (chars != NULL)
        *chars = kept;
    if (kept < TEXT_MIN_CHARS)
        return TEXT_TOO_SHORT;
    if (kept > TEXT_MAX_CHARS)
        return TEXT_TOO_LONG;
    return text_has_word(*text, *len) ? TEXT_FITS : TEXT_NO_WORD;
}

const char *text_fault_says(enum text_fault fault)
{
    static const char *const says[TEXT__MAX] = {
        [TEXT_TOO_SHORT] = "is too short: must be 10 to 5000 characters without the space "
                           "around them",
        [TEXT_TOO_LONG] = "is too long: must be 10 to 5000 characters without the space "
                          "around them",
        [TEXT_NO_WORD] = "has no letter and no digit",
    };

    return says[fault];
}

/* The entry of a hash; false if training never saw its bucket. */
static bool find_entry(const struct text_model *model, uint64_t hash, uint32_t *entry)
{
    uint32_t bucket = text_bucket(model->head, hash);
    uint64_t bits = model->bits[bucket / 64], bit = UINT64_C(1) << bucket % 64;

    if ((bits & bit) == 0)
        return false;
    *entry = model->ranks[bucket / 64] + (uint32_t)__builtin_popcountll(bits & (bit - 1));
    return true;
}

static void take_gram(void *arg, const struct gram *gram)
{
    struct text_scratch *scratch = arg;
    uint32_t entry;
    bool known = find_entry(scratch->model, gram->hash, &entry);
    struct hit *hit = &scratch->hits[scratch->n_hits];

    if (gram->kind == GRAM_WORD) {
        scratch->words++;
        scratch->known += known;
    } else if (gram->kind == GRAM_SIGN) {
        scratch->exclaimed += gram->text[0] == '!';
        scratch->asked += gram->text[0] == '?';
    }
    if (!known || scratch->n_hits == MAX_GRAMS ||
        (scratch->seen[entry / 64] >> entry % 64 & 1) != 0)
        return;
    scratch->seen[entry / 64] |= UINT64_C(1) << entry % 64;
    hit->entry = entry;
    hit->at = gram->at;
    hit->value = scratch->model->entries[entry].idf;
    if (gram->kind == GRAM_PAIR)
        hit->value /= 2;
    scratch->n_hits++;
}

/* The four numbers of one set. */
static void put_set(const struct text_model *model, const struct text_scratch *scratch,
                    uint32_t set, uint32_t half, double *row)
{
    double sum = 0, most = 0, least = 0, late = 0, all = 0, behind = 0;
    uint32_t i, sets = model->head->n_sets;

    for (i = 0; i < scratch->n_hits; i++) {
        const struct hit *hit = &scratch->hits[i];
        double term = hit->value * model->weights[(size_t)hit->entry * sets + set];

        sum += term;
        all += hit->value * hit->value;
        most = term > most ? term : most;
        least = term < least ? term : least;
        if (hit->at < half)
            continue;
        late += term;
        behind += hit->value * hit->value;
    }
    all = all > 0 ? sqrt(all) : 1;
    behind = behind > 0 ? sqrt(behind) : 1;
    row[0] = model->biases[set] + sum / all;
    row[1] = most / all;
    row[2] = least / all;
    row[3] = model->biases[set] + late / behind;
}

static double share(uint32_t part, uint32_t whole)
{
    return whole > 0 ? (double)part / whole : 0;
}

void text_features(const struct text_model *model, struct text_scratch *scratch,
                   const char *text, size_t len, double *row)
{
    const struct text_head *head = model->head;
    struct gram_counts counts;
    uint32_t i;
    double *columns;

    scratch->model = model;
    scratch->n_hits = 0;
    scratch->words = scratch->known = scratch->exclaimed = scratch->asked = 0;
    grams_each(text, len, head->seed, take_gram, scratch, &counts);
    for (i = 0; i < head->n_sets; i++, row += TEXT_PER_SET)
        put_set(model, scratch, i, counts.words / 2, row);
    row[TEXT_COUNT_WORDS] = counts.words;
    row[TEXT_COUNT_KNOWN] = share(scratch->known, scratch->words);
    row[TEXT_COUNT_CAPITALS] = share(counts.capitals, counts.letters);
    row[TEXT_COUNT_EXCLAIMED] = scratch->exclaimed;
    row[TEXT_COUNT_ASKED] = scratch->asked;
    columns = row + TEXT_COUNT__MAX;
    memset(columns, 0, head->n_columns * sizeof(*columns));
    for (i = 0; i < scratch->n_hits; i++) {
        uint32_t entry = scratch->hits[i].entry, column = model->entries[entry].column;

        if (column > 0)
            columns[column - 1] = 1;
        scratch->seen[entry / 64] = 0;
    }
}
