/*
 * corpus.h: the texts that a text model is trained on, as the buckets of their grams.
 */
#ifndef FOREST_CORPUS_H
#define FOREST_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/table.h"
#include "forest/text_model.h"

enum {
    CORPUS_BITS = TEXT_MAX_BITS, /* so many buckets that few grams share one */
    CORPUS_BUCKETS = 1 << CORPUS_BITS,
    CORPUS_BUCKET_MASK = CORPUS_BUCKETS - 1,
    CORPUS_PAIR = 1 << 30, /* flag: the gram is a pair of words */
    CORPUS_FOLDS = 10,
    CORPUS_NO_FOLD = CORPUS_FOLDS,
};

struct corpus {
    const struct table *table;
    uint64_t seed;
    size_t *begins;  /* n_rows + 1 */
    uint32_t *grams; /* each bucket of row i once, in its order: grams[begins[i]...] */
    uint8_t *folds;  /* n_rows: which of CORPUS_FOLDS; equal texts are in the same one */
};

/* Reads the table's texts.  RESULT_OK, RESULT_NOMEM. */
enum result corpus_read(const struct table *table, uint64_t seed, struct corpus *out);
void corpus_free(struct corpus *corpus);

/* The buckets that tell most of the class, and what to call them. */
struct corpus_choice {
    uint32_t n;
    uint32_t *column_of; /* CORPUS_BUCKETS: counted from 1; 0 for what is not chosen */
    char **names;        /* n: the first gram of the corpus that fell into the bucket */
};

/*
 * Chooses at most `most` buckets by chi-square: the sum over the classes of
 * (seen - expected)^2 / expected, where seen is in how many texts of the class the
 * bucket is.  Buckets of fewer than three texts are not chosen; of equal ones the first
 * is.  RESULT_OK, RESULT_NOMEM.
 */
enum result corpus_choose(const struct corpus *corpus, uint32_t most,
                          struct corpus_choice *out);
void corpus_choice_free(struct corpus_choice *choice);

#endif
