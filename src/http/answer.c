/*
 * answer.c: predictions as members of a JSON object.
 */
#include "http/answer.h"

#include "forest/walk.h"

static void probabilities_write(struct json_writer *writer, const double *row, uint32_t classes)
{
    json_write_array(writer);
    for (uint32_t k = 0; k < classes; k++)
        json_write_double(writer, row[k]);
    json_write_array_end(writer);
}

void answer_single(struct json_writer *writer, const struct image *image, const double *row)
{
    uint32_t classes = image_n_classes(image);
    size_t best;

    json_write_key(writer, "prediction");
    if (image_task(image) == SPEC_REGRESS) {
        json_write_double(writer, row[0]);
        return;
    }
    best = walk_argmax(row, classes);
    json_write_u64(writer, best);
    json_member_string(writer, "label", image_class_label(image, (uint32_t)best));
    if (image_words(image) != NULL)
        json_member_double(writer, "score", row[best]);
    json_write_key(writer, "probabilities");
    probabilities_write(writer, row, classes);
}

/* The probability of each row's label. */
static void scores_write(struct json_writer *writer, const double *outputs, size_t count,
                         uint32_t width)
{
    json_write_key(writer, "scores");
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        json_write_double(writer, outputs[i * width + walk_argmax(outputs + i * width, width)]);
    json_write_array_end(writer);
}

void answer_many(struct json_writer *writer, const struct image *image, const double *outputs,
                 size_t count)
{
    uint32_t classes = image_n_classes(image), width = image_n_outputs(image);

    json_write_key(writer, "predictions");
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        if (image_task(image) == SPEC_REGRESS)
            json_write_double(writer, outputs[i * width]);
        else
            json_write_u64(writer, walk_argmax(outputs + i * width, classes));
    json_write_array_end(writer);
    if (image_task(image) == SPEC_REGRESS)
        return;
    json_write_key(writer, "labels");
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        json_write_string(writer, image_class_label(image, (uint32_t)walk_argmax(
                                                               outputs + i * width, classes)));
    json_write_array_end(writer);
    if (image_words(image) != NULL)
        scores_write(writer, outputs, count, width);
    json_write_key(writer, "probabilities");
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        probabilities_write(writer, outputs + i * width, classes);
    json_write_array_end(writer);
}
