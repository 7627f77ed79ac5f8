/*
 * model_verify.h: whether an image answers what the model's own library did.
 */
#ifndef CMD_MODEL_VERIFY_H
#define CMD_MODEL_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/draft.h"
#include "forest/image.h"

struct verify_report {
    const char *what;     /* what the expected numbers are: "margin", "answer", ... */
    uint64_t rows, equal; /* rows all of whose numbers are equal to the bit */
    uint64_t worst_row;   /* counted from 1; 0 if all are equal */
    double worst;         /* the greatest difference, in units of the last place */
    double allowed;       /* how great it may be, if the image is the model */
};

/*
 * Predicts the rows of one CSV file and compares them with the numbers of another, which
 * has a line for each row.  Those are margins, answers (all of them, the second class's
 * probability, or classes by number), whichever comes nearer.  Units of the last place
 * are of float32 where the library adds in it, else of float64.
 *
 * Sums are added in the library's order, and are allowed a unit for how they were printed.
 * A transform calls exp(), which C libraries and numpy round differently by a unit; a
 * softmax divides by the sum of several such, so that 4 units are allowed there.  By
 * logsumexp a unit of the margin's size is added before exp(), which is up to 32 of the
 * probability's.
 *
 * RESULT_OK with the report, also where they differ; RESULT_INVALID: more or fewer rows or
 * numbers than there must be; what rows_open() and csv_next() refuse.
 */
enum result model_verify(const struct draft *draft, const struct image *image,
                         const char *rows_path, const char *expected_path,
                         struct verify_report *report, struct reason *why);

#endif
