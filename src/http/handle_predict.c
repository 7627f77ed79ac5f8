/*
 * handle_predict.c: rows in, predictions out.
 *
 * One row ("features") is answered with single values, many ("instances") with one list
 * for each kind of value, in the order of the rows.
 */
#include <stdlib.h>

#include "base/json_write.h"
#include "forest/walk.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"

enum {
    OUTPUTS_ON_STACK = 64
};

static void probabilities_write(struct json_writer *writer, const double *row, uint32_t classes)
{
    json_write_array(writer);
    for (uint32_t k = 0; k < classes; k++)
        json_write_double(writer, row[k]);
    json_write_array_end(writer);
}

static void single_write(struct json_writer *writer, const struct image *image,
                         const double *row)
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
    json_write_key(writer, "probabilities");
    probabilities_write(writer, row, classes);
}

static void many_write(struct json_writer *writer, const struct image *image,
                       const double *outputs, size_t count)
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
    json_write_key(writer, "probabilities");
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        probabilities_write(writer, outputs + i * width, classes);
    json_write_array_end(writer);
}

void handle_predict(struct service *service, struct request *request, struct reply *reply)
{
    double few[OUTPUTS_ON_STACK], *outputs = few, *many = NULL;
    struct json_writer writer = json_writer_on(&reply->body);
    const struct image *image;
    struct input_rows rows;
    size_t need;

    if (!input_read(service, request, reply, &rows))
        return;
    if (!metered_rows(service, request, rows.model, rows.count, reply))
        return;
    image = rows.model->image;
    need = rows.count * image_n_outputs(image);
    if (need > OUTPUTS_ON_STACK) {
        outputs = many = malloc(need * sizeof(*many));
        if (many == NULL) {
            reply_refuse_memory(reply);
            return;
        }
    }
    walk_predict(image, rows.values, rows.count, outputs);
    shadow_note(service->shadow, rows.model, rows.values, rows.count, outputs);
    json_write_object(&writer);
    if (rows.single)
        single_write(&writer, image, outputs);
    else
        many_write(&writer, image, outputs, rows.count);
    json_member_string(&writer, "model", rows.model->row.name);
    json_member_i64(&writer, "version", rows.model->row.version);
    json_write_object_end(&writer);
    free(many);
}
