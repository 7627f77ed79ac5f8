/*
 * text_train.h: from a table of texts to a text model.
 *
 * The forest is grown on rows that text_features() makes of the texts. A text's score
 * would tell its own class if its class had been learned from; so each text's row is made
 * with weights that were learned from the other folds (the stacking of D. Wolpert,
 * "Stacked generalization", 1992), and the forest learns how far such a score is to be
 * trusted. The image gets the weights of all texts.
 */
#ifndef FOREST_TEXT_TRAIN_H
#define FOREST_TEXT_TRAIN_H

#include "base/result.h"
#include "forest/draft.h"
#include "forest/table.h"
#include "forest/train.h"

/* As train_defaults, with leaves of several rows: the scores tell most, and are unsure. */
extern const struct train_options text_train_defaults;

/*
 * Gives a table of table_read_texts() its columns, and grows the forest.  The draft
 * depends on the table, the options and the seed alone.  RESULT_OK: *out is filled, to
 * be given back with draft_free(); RESULT_INVALID, RESULT_TOO_BIG: no classes to tell, or
 * too many; RESULT_NOMEM; what train_forest() says.
 */
enum result text_train(struct table *table, const struct train_options *options,
                       struct draft *out, struct reason *why);

#endif
