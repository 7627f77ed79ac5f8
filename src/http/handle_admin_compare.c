/*
 * handle_admin_compare.c: administration: two versions of a model on the same rows.
 *
 * Nothing is changed or kept by it: the rows are the body's, and gone with it.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "forest/compare.h"
#include "gate/registry.h"
#include "http/admin.h"
#include "http/handle_admin.h"
#include "http/slot.h"

enum {
    ROWS_LISTED = 20, /* of those that differ, if nobody says */
    ROWS_LISTED_MAX = 1000,
    TARGET_MAX = 64
};

static const struct form_field compare_fields[] = {
    {"a", FORM_INTEGER, .required = true, .min = 1, .max = INT64_C(1) << 53,
     .help = "The one version"},
    {"b", FORM_INTEGER, .required = true, .min = 1, .max = INT64_C(1) << 53,
     .help = "The other"},
    {"target", FORM_TEXT, .min = 1, .max = TARGET_MAX,
     .help = "The column of what is true; if nothing is said the one that version a was "
             "trained to predict, where the rows have it"},
    {"limit", FORM_INTEGER, .min = 0, .max = ROWS_LISTED_MAX,
     .help = "How many are listed of the rows that differ; 20 if nothing is said"},
};

const struct form form_admin_compare = {"AdminComparison", compare_fields,
                                        sizeof(compare_fields) / sizeof(compare_fields[0]),
                                        false};

/* The two versions, open. */
struct pair {
    struct image *images[2];
    char names[2][MODEL_NAME_MAX + 32]; /* "iris 3" */
};

/* False with the refusal written: no such model or version, or an image that is none any more.
 */
static bool pair_open(struct service *service, const struct request *request, struct pair *pair,
                      struct reply *reply)
{
    static const char *const fields[] = {"a", "b"};
    const char *name = request_variable(request, "name", NULL);
    enum result result;
    struct model_row row;
    struct reason why;

    if (registry_version_get(&service->home, name, 0, &row, &why) == RESULT_INVALID) {
        admin_refuse_missing(reply, "model");
        return false;
    }
    for (int i = 0; i < 2; i++) {
        int64_t version = admin_integer(request->query, fields[i], 0);

        result =
            registry_open_version(&service->home, name, version, &row, &pair->images[i], &why);
        if (result == RESULT_INVALID)
            reply_fault(reply, fields[i], "there is no such version",
                        "one that GET /admin/models lists");
        else if (result != RESULT_OK)
            reply_refuse_result(reply, result, &why);
        if (result != RESULT_OK)
            return false;
        text_print(pair->names[i], sizeof(pair->names[i]), "%s %" PRId64, name, version);
    }
    return true;
}

/* The reason names the rows as it would a file, which the field says already. */
static const char *without_name(const struct reason *why, const char *name)
{
    size_t len = strlen(name);

    return strncmp(why->text, name, len) == 0 && strncmp(why->text + len, ": ", 2) == 0
               ? why->text + len + 2
               : why->text;
}

static void compare(struct service *service, const struct request *request,
                    const struct pair *pair, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct rows_fault fault = {.field = ""};
    const struct compare_options options = {
        .models = {{pair->names[0], pair->images[0]}, {pair->names[1], pair->images[1]}},
        .data = "the body",
        .bytes = service->body.data,
        .len = service->body.len,
        .target = admin_text(request->query, "target"),
        .limit = (uint64_t)admin_integer(request->query, "limit", ROWS_LISTED),
        .rows_most = (uint64_t)service->home.config.predict_rows_limit,
        .fault = &fault,
    };
    struct compare made;
    struct reason why;
    enum result result = compare_run(&made, &options, &why);

    if (result == RESULT_OK)
        compare_write(&writer, &options, &made);
    else if (result == RESULT_NOMEM)
        reply_refuse_memory(reply);
    else if (fault.field[0] != '\0')
        reply_fault(reply, fault.field, fault.problem, fault.allowed);
    else
        reply_fault(reply, "body", without_name(&why, options.data),
                    "rows that both versions can read, with a header that names their columns");
    compare_free(&made);
}

void handle_admin_compare(struct service *service, struct request *request, struct reply *reply)
{
    struct pair pair = {.images = {NULL, NULL}};

    if (service->body.len == 0)
        reply_fault(reply, "body", "it is empty", "CSV with a header, or an array of NumPy's");
    else if (slot_take(service, request, "comparisons are made", reply) &&
             pair_open(service, request, &pair, reply))
        compare(service, request, &pair, reply);
    image_close(pair.images[0]);
    image_close(pair.images[1]);
}
