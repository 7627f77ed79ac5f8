/*
 * fuzz_v2.c: any bytes as a request of the Open Inference Protocol, whose first byte says how
 * long its JSON is said to be: not said, 0, or where a line feed stands.  Whatever comes, it is
 * refused with a sentence, or it is rows that fit the model, the same however many are asked
 * for at once, and an answer whose JSON is JSON and whose bytes are those that it tells of.
 */
#include "home_fuzz.h"

#include <math.h>

#include "base/json.h"
#include "base/num.h"
#include "base/utf8.h"
#include "forest/walk.h"
#include "http/input.h"
#include "http/v2.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

enum {
    SIZE,
    ROOMS,
    GARDEN,
    PLACE,
    WIDTH
};

enum {
    NOT_SAID,
    NONE,
    LINE,
    WAYS
};

static struct service service;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct reason why = {{0}};
    char directory[64];

    (void)argc;
    (void)argv;
    home_fuzz_make(&service.home, directory);
    home_fuzz_model(&service.home, "m");
    CHECK(registry_new(&service.home, &service.registry, &why) == RESULT_OK);
    CHECK(registry_refresh(service.registry, &why) == RESULT_OK);
    home_close(&service.home); /* the image is mapped, and nothing else is asked */
    home_leave(&service.home);
    home_fuzz_remove(directory);
    return 0;
}

/* What the schema lets through. */
static void row_check(const double *row)
{
    for (int i = 0; i < WIDTH; i++)
        CHECK(walk_value_fits(row[i]));
    CHECK(!(row[ROOMS] > floor(row[ROOMS])));
    CHECK((row[GARDEN] >= 0 && row[GARDEN] <= 0) || (row[GARDEN] >= 1 && row[GARDEN] <= 1));
    CHECK(row[PLACE] >= 0 && row[PLACE] <= 2 && !(row[PLACE] > floor(row[PLACE])));
}

static void refusal_check(void)
{
    CHECK(service.reply.status == REPLY_MALFORMED ||
          service.reply.status == REPLY_UNPROCESSABLE);
    CHECK(service.reply.detail[0] != '\0');
    CHECK(utf8_valid(service.reply.detail, strlen(service.reply.detail)));
    CHECK(service.reply.errors.len == 0 ||
          utf8_valid(service.reply.errors.data, service.reply.errors.len));
}

/* The JSON of the answer, and the bytes behind it. */
static void answer_check(const struct reply *reply)
{
    static const char name[] = "Inference-Header-Content-Length: ";
    const char *at = reply->headers.len > 0 ? strstr(reply->headers.data, name) : NULL;
    struct json_reader reader = {0};
    uint64_t len = reply->body.len, bytes = 0;
    enum json_token token;
    double size = 0;

    CHECK(reply_is_good(reply->status) && !buf_failed(&reply->body));
    if (at != NULL)
        CHECK(num_parse_u64(at + strlen(name), strcspn(at + strlen(name), "\r"), &len));
    CHECK(len <= reply->body.len);
    json_reader_start(&reader, reply->body.data, len);
    while ((token = json_next(&reader)) != JSON_END) {
        CHECK(token != JSON_BAD);
        if (token == JSON_KEY && json_text_is(&reader, "binary_data_size")) {
            CHECK(json_next(&reader) == JSON_NUMBER);
            size = json_number(&reader);
            bytes += (uint64_t)size;
        }
    }
    CHECK(bytes == reply->body.len - len);
    json_reader_free(&reader);
}

/* All rows in blocks of three, or where all is NULL into it; false with the refusal. */
static bool rows_take(struct v2_rows *rows, double *all)
{
    size_t count = v2_rows_count(rows), n;
    double room[3 * WIDTH];
    const double *values;

    for (size_t from = 0; from < count; from += n) {
        n = count - from < 3 ? count - from : 3;
        values = v2_rows_get(rows, from, n, room);
        if (values == NULL)
            return false;
        memcpy(all + from * WIDTH, values, n * WIDTH * sizeof(double));
    }
    return true;
}

static void rows_check(struct v2_request *asked, const struct model *model,
                       const struct predictor *predictor, struct v2_rows *rows)
{
    size_t count = v2_rows_count(rows);
    double *values = malloc(count * WIDTH * sizeof(double));
    double *again = malloc(count * WIDTH * sizeof(double));
    double *answers = malloc(count * predictor_width(predictor) * sizeof(double));
    double *margins = malloc(count * predictor_margins(predictor) * sizeof(double));
    const double *whole;

    CHECK(values != NULL && again != NULL && answers != NULL && margins != NULL);
    if (rows_take(rows, values)) {
        whole = v2_rows_get(rows, 0, count, again);
        CHECK(whole != NULL && memcmp(whole, values, count * WIDTH * sizeof(double)) == 0);
        for (size_t i = 0; i < count; i++)
            row_check(values + i * WIDTH);
        predictor_rows(predictor, values, count, margins, answers);
        v2_answer_write(asked, model, predictor, margins, answers, count, &service.reply);
        answer_check(&service.reply);
    } else {
        refusal_check();
    }
    free(values);
    free(again);
    free(answers);
    free(margins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct model *model = registry_find(service.registry, "m", 1);
    struct v2_request asked = {.has_id = false};
    struct predictor predictor;
    struct v2_rows *rows = NULL;
    char header[NUM_DOUBLE_MAX] = "";
    const uint8_t *line;
    char *text;

    if (size < 1)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    service.body = (struct buf){.data = text, .len = size - 1};
    line = memchr(data + 1, '\n', size - 1);
    if (data[0] % WAYS == NONE)
        strcpy(header, "0");
    if (data[0] % WAYS == LINE && line != NULL)
        num_print_u64(header, (uint64_t)(line - data));
    reply_start(&service.reply);
    CHECK(predictor_open(&predictor, model->image) == RESULT_OK);
    if (v2_request_read(&asked, &service.body, header[0] != '\0' ? header : NULL,
                        &service.reply) &&
        v2_answer_check(&asked, model, &predictor, &service.reply))
        rows = v2_rows_read(&service, &asked, model, v2_answer_numbers(&asked, &predictor),
                            &service.reply);
    if (rows != NULL)
        rows_check(&asked, model, &predictor, rows);
    else
        refusal_check();
    v2_rows_free(rows);
    predictor_close(&predictor);
    v2_request_free(&asked);
    free(text);
    service.body = (struct buf){.data = NULL};
    return 0;
}
