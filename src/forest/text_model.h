/*
 * text_model.h: what a text model knows of words: from a text to the row of numbers
 * that its forest takes.
 *
 * The knowledge is one block of bytes without addresses, little-endian, which is the
 * section GRAM of an image (layout.h):
 *
 *     struct text_head
 *     uint64_t bits[2^bucket_bits / 64]    bucket b is known: bits[b / 64] >> b % 64 & 1
 *     uint32_t ranks[2^bucket_bits / 64]   how many buckets below 64 i are known
 *     struct text_entry x n_entries        the known buckets in their order
 *     float weights[n_entries][n_sets]     each times its idf is a gram's say in a score
 *     float biases[n_sets]
 *     the name of the column that the texts stood in, UTF-8, and a NUL
 *     zeros up to a multiple of 8 bytes
 *
 * The grams of a text (grams.h) fall into buckets by the first bucket_bits of their
 * hash; how often one comes does not count. A gram of idf f has the value f, a pair of
 * words f / 2; gram by gram in the text's order
 *
 *     score = bias + sum (value * weight) / sqrt (sum value^2)
 *
 * The row has for each set its score, the greatest and the least of the terms of that
 * sum, and the score of the text's second half alone; then the counts of TEXT_COUNT_*;
 * then for each column 1 if one of its grams is there, else 0.
 *
 * Two classes have one set, whose score is above 0 for the second; more have one each.
 */
#ifndef FOREST_TEXT_MODEL_H
#define FOREST_TEXT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/grams.h"

/* Texts that are taken: characters after trimming, of which one is a letter or digit. */
enum {
    TEXT_MIN_CHARS = 10,
    TEXT_MAX_CHARS = 5000,
};

enum {
    TEXT_GRAMS = 1, /* head.grams: the grams and hashes of grams.h as they are */
    TEXT_MIN_BITS = 6,
    TEXT_MAX_BITS = 18,
    TEXT_MAX_SETS = 256,
    TEXT_MAX_COLUMNS = 4096,
    TEXT_PER_SET = 4, /* numbers of the row for each set */
};

enum {
    TEXT_COUNT_WORDS,     /* words and signs */
    TEXT_COUNT_KNOWN,     /* the share of words that training saw */
    TEXT_COUNT_CAPITALS,  /* the share of letters */
    TEXT_COUNT_EXCLAIMED, /* runs of ! */
    TEXT_COUNT_ASKED,     /* runs of ? */
    TEXT_COUNT__MAX
};

struct text_head {
    uint32_t grams;
    uint32_t bucket_bits;
    uint32_t n_sets;
    uint32_t n_columns;
    uint32_t n_entries;
    uint32_t name_len; /* without the NUL */
    uint64_t seed;     /* of the hashes */
};

struct text_entry {
    float idf;       /* above 0 */
    uint32_t column; /* counted from 1; 0: it has none */
};

_Static_assert(sizeof(struct text_head) == 32, "the head has no padding");
_Static_assert(sizeof(struct text_entry) == 8, "an entry has no padding");

/* Where the parts of a proved block are. */
struct text_model {
    const struct text_head *head;
    const uint64_t *bits;
    const uint32_t *ranks;
    const struct text_entry *entries;
    const float *weights;
    const float *biases;
    const char *name;
};

/* Where the parts of a block with these numbers begin, and its length. */
struct text_parts {
    size_t bits, ranks, entries, weights, biases, name, size;
};

void text_parts_place(const struct text_head *head, struct text_parts *parts);

/*
 * Proves that the bytes, aligned to 8, are a block: after that nothing in it leads a
 * reader out of it, and every score is a number. RESULT_OK: model points into the bytes.
 * RESULT_MALFORMED; RESULT_INVALID: grams of a kind that this program does not know.
 */
enum result text_prove(const void *bytes, size_t len, struct text_model *model,
                       struct reason *why);

/* How many sets of weights so many classes have. */
static inline uint32_t text_sets(uint32_t n_classes)
{
    return n_classes == 2 ? 1 : n_classes;
}

/* Numbers in the row of a model with that head. */
uint32_t text_n_features(const struct text_head *head);

/* The bucket of a gram. */
static inline uint32_t text_bucket(const struct text_head *head, uint64_t hash)
{
    return (uint32_t)(hash >> (64 - head->bucket_bits));
}

enum text_fault {
    TEXT_FITS,
    TEXT_TOO_SHORT, /* under TEXT_MIN_CHARS */
    TEXT_TOO_LONG,  /* over TEXT_MAX_CHARS */
    TEXT_NO_WORD,   /* not one letter or digit */
    TEXT__MAX
};

/*
 * Takes the space off both ends of the text (*text and *len become what is left) and
 * says whether it may be asked about. It is valid UTF-8. *chars is how many characters
 * are left, if it is not NULL.
 */
enum text_fault text_check(const char **text, size_t *len, size_t *chars);

/* Whether a letter or a digit is in the text. */
bool text_has_word(const char *text, size_t len);

/* The fault as what follows a name: "is too short...". NULL for TEXT_FITS. */
const char *text_fault_says(enum text_fault fault);

/* Room to read a text in; of some 190 kB, the caller's to keep from text to text. */
struct text_scratch;

struct text_scratch *text_scratch_new(void); /* NULL for want of memory */
void text_scratch_free(struct text_scratch *scratch);

/*
 * Fills row, text_n_features() numbers that are fit for the walk, from a text of at
 * most TEXT_MAX_CHARS characters (grams past the scratch's room would be left out).
 */
void text_features(const struct text_model *model, struct text_scratch *scratch,
                   const char *text, size_t len, double *row);

#endif
