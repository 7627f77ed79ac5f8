/*
 * fuzz_v1.c: any bytes as the body of a prediction in the protocol of another model server; the
 * first byte says which.  Whatever comes, it is refused with a detail, or it is rows that fit
 * the model, with an answer that is JSON; and a body that is not in memory has the same.
 */
#include "home_fuzz.h"

#include <math.h>

#include "base/json.h"
#include "base/utf8.h"
#include "forest/walk.h"
#include "http/input.h"
#include "http/predict.h"
#include "http/protocol.h"
#include "http/route.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

enum {
    SIZE,
    ROOMS,
    GARDEN,
    PLACE,
    WIDTH
};

static struct service service;

static void need(int good)
{
    if (!good)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct reason why = {{0}};
    char directory[64];

    (void)argc;
    (void)argv;
    home_fuzz_make(&service.home, directory);
    home_fuzz_model(&service.home, "m");
    need(registry_new(&service.home, &service.registry, &why) == RESULT_OK);
    need(registry_refresh(service.registry, &why) == RESULT_OK);
    need(input_new(&service.input, &why) == RESULT_OK);
    need(fcgi_new(&service.fcgi, &why) == RESULT_OK); /* of no request: it has no parameters */
    home_close(&service.home); /* the image is mapped, and nothing else is asked */
    home_leave(&service.home);
    home_fuzz_remove(directory);
    return 0;
}

/* What the schema lets through. */
static void row_check(const double *row)
{
    for (int i = 0; i < WIDTH; i++)
        need(walk_value_fits(row[i]));
    need(row[ROOMS] == floor(row[ROOMS]));
    need(row[GARDEN] == 0 || row[GARDEN] == 1);
    need(row[PLACE] == 0 || row[PLACE] == 1 || row[PLACE] == 2);
}

/* The answer is one JSON value, with a list of as many values as there were rows. */
static void answer_check(const struct input_rows *rows)
{
    struct json_reader reader = {0};
    enum json_token token;
    size_t values = 0;

    need(predict_answer(rows, NULL, NULL, &service.reply));
    json_reader_start(&reader, service.reply.body.data, service.reply.body.len);
    token = json_next(&reader);
    if (rows->frame->key != NULL) {
        need(token == JSON_OBJECT && json_next(&reader) == JSON_KEY);
        need(json_text_is(&reader, rows->frame->key));
        token = json_next(&reader);
    }
    need(token == JSON_ARRAY);
    while ((token = json_next(&reader)) != JSON_ARRAY_END) {
        need(token != JSON_BAD && json_skip_rest(&reader, token));
        values++;
    }
    need(values == rows->count);
    need(rows->frame->key == NULL || json_next(&reader) == JSON_OBJECT_END);
    need(json_next(&reader) == JSON_END);
    json_reader_free(&reader);
}

/* The rows of a body that is read a second time, compared with those of the first. */
struct again {
    const double *want;
    size_t count;
};

static bool again_take(void *arg, const double *values, size_t rows)
{
    struct again *again = arg;

    need(rows <= again->count);
    need(memcmp(values, again->want, rows * WIDTH * sizeof(*values)) == 0);
    again->want += rows * WIDTH;
    again->count -= rows;
    return true;
}

/* A body that is not in memory has the same rows, or the same refusal. */
static void large_check(struct request *request, const uint8_t *data, size_t size, bool good,
                        const struct input_rows *rows)
{
    char detail[sizeof(service.reply.detail)];
    enum reply_status status = service.reply.status;
    struct input_rows large = {0};
    struct spool spool = {0};
    double *values = NULL;
    struct again again;

    memcpy(detail, service.reply.detail, sizeof(detail));
    if (good) {
        values = malloc(rows->count * WIDTH * sizeof(*values));
        need(values != NULL);
        memcpy(values, rows->values, rows->count * WIDTH * sizeof(*values));
    }
    spool_start(&spool);
    spool_put(&spool, data, size);
    request->large = &spool;
    reply_start(&service.reply);
    need(input_read(&service, request, &service.reply, &large) == good);
    if (good) {
        again = (struct again){values, rows->count};
        need(large.count == rows->count && large.outputs == rows->outputs);
        if (large.in_blocks)
            need(input_blocks(&service, request, &service.reply, 3, again_take, &again));
        else
            again_take(&again, large.values, large.count);
        need(again.count == 0);
    } else {
        need(service.reply.status == status && strcmp(service.reply.detail, detail) == 0);
    }
    spool_free(&spool);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct protocol *const protocols[] = {
        &protocol_v1,      &protocol_v1_explain,  &protocol_classify,
        &protocol_regress, &protocol_invocations, &protocol_hf,
    };
    struct buf body = {.data = (char *)(uintptr_t)data + 1, .len = size - 1};
    struct route route = {.body = ROUTE_BODY_PROTOCOL};
    struct request request = {.body = &body, .route = &route, .caller = {.models = "*"}};
    struct input_rows rows = {0};

    if (size == 0)
        return 0;
    route.protocol = protocols[data[0] % (sizeof(protocols) / sizeof(protocols[0]))];
    reply_start(&service.reply);
    if (input_read(&service, &request, &service.reply, &rows)) {
        need(rows.count >= 1 && !rows.single && rows.frame != NULL);
        for (size_t i = 0; i < rows.count; i++)
            row_check(rows.values + WIDTH * i);
        answer_check(&rows);
        large_check(&request, data + 1, size - 1, true, &rows);
        return 0;
    }
    need(service.reply.status == REPLY_MALFORMED ||
         service.reply.status == REPLY_UNPROCESSABLE);
    need(service.reply.detail[0] != '\0');
    need(utf8_valid(service.reply.detail, strlen(service.reply.detail)));
    large_check(&request, data + 1, size - 1, false, NULL);
    return 0;
}
