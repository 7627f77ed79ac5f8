/*
 * handle_predict.c: rows in, predictions out.
 *
 * One row ("features") is answered with single values, many ("instances") with one list
 * for each kind of value, in the order of the rows.
 */
#include <stdlib.h>

#include "base/json_write.h"
#include "forest/walk.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"

enum {
    OUTPUTS_ON_STACK = 64
};

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
        answer_single(&writer, image, outputs);
    else
        answer_many(&writer, image, outputs, rows.count);
    json_member_string(&writer, "model", rows.model->row.name);
    json_member_i64(&writer, "version", rows.model->row.version);
    json_write_object_end(&writer);
    free(many);
}
