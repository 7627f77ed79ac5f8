/*
 * weights.h: what a gram says of a class, learned from a corpus.
 *
 * A linear support vector machine with squared loss for each set (one class against all
 * others), by dual coordinate descent (C.-J. Hsieh and others, "A dual coordinate descent
 * method for large-scale linear SVM", 2008), over grams weighted by
 * idf = ln ((1 + texts) / (1 + texts with it)) + 1 and texts of length 1.  The bias is
 * the weight of a number that is 1 in each text.
 */
#ifndef FOREST_WEIGHTS_H
#define FOREST_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/corpus.h"

/*
 * Learns from the rows that are not of that fold (all for CORPUS_NO_FOLD), and makes a
 * block of text_model.h with the chosen columns, which the caller frees.  It depends on
 * its arguments alone.  RESULT_OK, RESULT_NOMEM.
 */
enum result weights_learn(const struct corpus *corpus, const struct corpus_choice *choice,
                          unsigned held_out, void **block, size_t *len);

#endif
