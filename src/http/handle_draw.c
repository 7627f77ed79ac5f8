/*
 * handle_draw.c: a row in, one tree of the model with the row's way lit out, as SVG.
 */
#include "forest/draw.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"

enum {
    DEPTH = 4 /* where none is asked for */
};

static const struct form_field draw_fields[] = {
    {"tree", FORM_INTEGER, .min = 0, .max = IMAGE_MAX_TREES - 1,
     .help = "Which of the trees, counted from 0; 0 unless it is said"},
    {"depth", FORM_INTEGER, .min = 1, .max = DRAW_MAX_DEPTH,
     .help = "How deep to draw, but for the row's way; 4 unless it is said"},
};

const struct form form_draw = {"DrawQuery", draw_fields,
                               sizeof(draw_fields) / sizeof(draw_fields[0]), false};

void handle_draw(struct service *service, struct request *request, struct reply *reply)
{
    const struct form_value *depth = form_value(request->query, "depth");
    struct draw_tree what = {.tree = (uint32_t)form_value(request->query, "tree")->integer,
                             .depth = depth->given ? (uint32_t)depth->integer : DEPTH};
    struct input_rows rows;
    enum result result;
    struct reason why;

    if (!input_read(service, request, reply, &rows))
        return;
    if (rows.count != 1) {
        reply_fault(reply, "instances", "it has several rows", "one row, whose way is lit");
        return;
    }
    if (!metered_rows(service, request, rows.model, rows.count, reply))
        return;
    what.name = rows.model->row.name;
    what.row = rows.values;
    result = draw_tree(rows.model->image, &what, &reply->body, &why);
    if (result == RESULT_OK)
        reply->type = "image/svg+xml";
    else if (result == RESULT_NOMEM)
        reply_refuse_memory(reply);
    else
        reply_refuse(reply, REPLY_UNPROCESSABLE, "It cannot be drawn: %s.", why.text);
}
