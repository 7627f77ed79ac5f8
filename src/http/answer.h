/*
 * answer.h: predictions as members of a JSON object.
 *
 * One row is answered with single values, many with a list for each kind of value, in
 * the order of the rows:
 *
 *     one row         many rows       of each target
 *     prediction      predictions     the class's index, or the value
 *     label           labels          the class's label
 *     probabilities   probabilities   of the classes, in their order
 *     score           scores          of an anomaly; of a text, its label's probability
 *     margin          margins         what the trees sum to, one number or a list
 *     leaves          leaves          the leaf of each tree, as the model's library counts
 *
 * Where a model has several targets each of the first four is a list over them, and
 * `targets` has their names, if they have any.
 *
 * In another server's protocol (protocol.h) the answer is one list of one kind of value: in an
 * object under the frame's key, or alone.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_write.h"
#include "forest/predictor.h"
#include "http/spool.h"

struct input_rows;

/* The kinds of values. */
enum answer_item {
    ANSWER_PREDICTION,
    ANSWER_LABEL,
    ANSWER_PROBABILITIES,
    ANSWER_SCORE,
    ANSWER_MARGIN,
    ANSWER_LEAVES,
    ANSWER_PAIRS,  /* in a protocol alone: [["label", probability], ...], of one target */
    ANSWER_SCORED, /* the same as [{"label": "...", "score": 0.9}, ...], the greatest first */
    ANSWER_ITEM__MAX
};

/* How another server's protocol has its answer. */
struct answer_frame {
    const char *key; /* NULL: the list stands alone */
    enum answer_item item;
};

/* Whether a model has that kind of value. */
bool answer_has(const struct image *image, enum answer_item item);

/* The numbers of rows, as predictor_rows() and walk_leaves() fill them. */
struct answer {
    const struct predictor *predictor;
    const double *margins, *answers;
    const uint32_t *leaves; /* or NULL */
    size_t count;
    unsigned outputs;                 /* of enum input_output */
    const struct answer_frame *frame; /* NULL: as POST /predict answers */
};

void answer_single(struct json_writer *writer, const struct answer *answer);
void answer_many(struct json_writer *writer, const struct answer *answer);

/* All of the answer in its frame. */
void answer_framed(struct json_writer *writer, const struct answer *answer);

/* The frame's values of these rows alone, as values of an array that is open. */
void answer_values(struct json_writer *writer, const struct answer *answer);

/*
 * The same as lines, each row's numbers joined by commas: what clients that send CSV read.  Not
 * of ANSWER_PAIRS and ANSWER_SCORED.
 */
void answer_lines(struct buf *text, const struct answer *answer);

/*
 * The same of rows that come in blocks, which are not in memory together: each list is written
 * to a spool of its own.
 */
struct answer_lists;

/* NULL for want of memory. */
struct answer_lists *answer_lists_new(void);
void answer_lists_free(struct answer_lists *lists);

/* Adds the next rows; all blocks are of one predictor and have the same outputs. */
void answer_lists_put(struct answer_lists *lists, const struct answer *answer);

/* Bytes of all lists. */
uint64_t answer_lists_len(const struct answer_lists *lists);

/*
 * Writes the object with the lists, as answer_many() and answer_end() would, or the frame with
 * its one; answer is the last block.  What went wrong with a list goes along with the spool.
 */
void answer_lists_end(struct answer_lists *lists, const struct answer *answer,
                      const struct input_rows *rows, struct spool *out);

/* What every answer ends with: warnings, the model and its version, the object's end. */
void answer_end(struct json_writer *writer, const struct input_rows *rows);

#endif
