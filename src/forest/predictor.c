/*
 * predictor.c: an image as it is asked.
 */
#include "forest/predictor.h"

#include <stdlib.h>

#include "forest/walk.h"

enum result predictor_open(struct predictor *predictor, const struct image *image)
{
    uint32_t n = image_n_targets(image);

    *predictor = (struct predictor){.image = image, .counts = predictor->few};
    if (n > sizeof(predictor->few) / sizeof(predictor->few[0]))
        predictor->counts = calloc(n, sizeof(*predictor->counts));
    if (predictor->counts == NULL)
        return RESULT_NOMEM;
    for (uint32_t t = 0; t < n; t++)
        predictor->counts[t] = image_target_n_classes(image, t);
    predictor->output =
        (struct output){image_spec(image), predictor->counts, n, image_thresholds(image)};
    return RESULT_OK;
}

void predictor_close(struct predictor *predictor)
{
    if (predictor->counts != predictor->few)
        free(predictor->counts);
    predictor->counts = NULL;
}

uint32_t predictor_width(const struct predictor *predictor)
{
    return output_width(&predictor->output);
}

uint32_t predictor_margins(const struct predictor *predictor)
{
    return predictor->output.spec->n_outputs;
}

void predictor_rows(const struct predictor *predictor, const double *rows, size_t n,
                    double *margins, double *answers)
{
    walk_predict(predictor->image, rows, n, margins);
    output_rows(&predictor->output, margins, n, answers);
}

uint32_t predictor_class(const struct predictor *predictor, const double *margins,
                         const double *answers, uint32_t target)
{
    return output_class(&predictor->output, margins, answers, target);
}

const char *predictor_label(const struct predictor *predictor, const double *margins,
                            const double *answers, uint32_t target)
{
    uint32_t k = predictor_class(predictor, margins, answers, target);

    return image_target_label(predictor->image, target, k);
}
