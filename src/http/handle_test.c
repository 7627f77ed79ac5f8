/*
 * handle_test.c: POST /api/test: so many predictions of the default model, one after the
 * other, of rows that the model gives itself, and how long they took.
 *
 * They are predictions like any others: the call is counted by the caller's limits, and
 * charged its iterations where the tier counts rows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/secret.h"
#include "forest/check_rows.h"
#include "forest/predictor.h"
#include "http/auth.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"
#include "http/path_model.h"

enum {
    NAME_MAX_CHARS = 100,
    ITERATIONS_MAX = 10000,
    ITERATIONS_DEFAULT = 10,
    TIMEOUT_MAX = 30,
    TIMEOUT_DEFAULT = 10,
    ID_BYTES = 16
};

static const struct form_field test_fields[] = {
    {"test_name", FORM_TEXT, .required = true, .min = 1, .max = NAME_MAX_CHARS,
     .help = "What the test is called"},
    {"iterations", FORM_INTEGER, .min = 1, .max = ITERATIONS_MAX,
     .help = "How many predictions; 10 by default"},
    {"timeout", FORM_NUMBER, .min = 0, .max = TIMEOUT_MAX,
     .help = "After how many seconds to stop; 10 by default"},
};

const struct form form_test = {"Test", test_fields,
                               sizeof(test_fields) / sizeof(test_fields[0]), false};

/* One test. */
struct test {
    const struct form_value *name;
    size_t iterations;
    double timeout_s;
    const struct model *model;
    struct predictor predictor;
    double *rows, *numbers;
    size_t row_count;
    uint64_t *times; /* of each prediction, in nanoseconds */
    size_t done;
    uint64_t total_ns;
};

static void test_read(struct test *test, const struct request *request)
{
    const struct form_value *iterations = form_value(request->form, "iterations");
    const struct form_value *timeout = form_value(request->form, "timeout");

    memset(test, 0, sizeof(*test));
    test->name = form_value(request->form, "test_name");
    test->iterations = iterations->given ? (size_t)iterations->integer : ITERATIONS_DEFAULT;
    test->timeout_s = timeout->given ? timeout->number : TIMEOUT_DEFAULT;
}

/* The model that is tried.  False with the refusal written. */
static bool model_choose(struct service *service, const struct request *request,
                         struct test *test, struct reply *reply)
{
    const struct model *model = registry_default(service->registry);

    if (model == NULL) {
        input_refuse_default(service, reply);
        return false;
    }
    if (!auth_may_use(request, model->row.name, strlen(model->row.name), reply))
        return false;
    test->model = registry_choose(model, request->caller.account, request->id);
    return path_model_serves(test->model, reply);
}

static bool test_alloc(struct test *test)
{
    if (predictor_open(&test->predictor, test->model->image) != RESULT_OK ||
        check_rows_make(test->model->image, &test->rows, &test->row_count) != RESULT_OK)
        return false;
    test->numbers = reallocarray(
        NULL, (size_t)predictor_margins(&test->predictor) + predictor_width(&test->predictor),
        sizeof(*test->numbers));
    test->times = reallocarray(NULL, test->iterations, sizeof(*test->times));
    return test->numbers != NULL && test->times != NULL;
}

static void test_free(struct test *test)
{
    predictor_close(&test->predictor);
    free(test->rows);
    free(test->numbers);
    free(test->times);
}

/* Until all are done, the time is over, or the worker is asked to end. */
static void test_run(struct test *test)
{
    const uint32_t n = image_n_features(test->model->image);
    double *answers = test->numbers + predictor_margins(&test->predictor);
    const uint64_t begin = clock_mono_ns();
    const uint64_t most = (uint64_t)(test->timeout_s * 1e9);
    uint64_t before = begin, now = begin;

    while (test->done < test->iterations && now - begin < most && !fcgi_stopped()) {
        predictor_rows(&test->predictor, test->rows + (test->done % test->row_count) * n, 1,
                       test->numbers, answers);
        now = clock_mono_ns();
        test->times[test->done++] = now - before;
        before = now;
    }
    test->total_ns = now - begin;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

static void us_write(struct json_writer *writer, const char *key, double ns)
{
    json_member_double(writer, key, ns / 1000);
}

/* The times in microseconds; those of single predictions are null if there was none. */
static void times_write(struct json_writer *writer, const struct test *test)
{
    static const char *const names[] = {"mean", "min", "max", "p50", "p99"};
    const size_t n = test->done;
    const size_t half = (n + 1) / 2 - 1, most = (n * 99 + 99) / 100 - 1; /* nearest rank */

    json_write_key(writer, "times_us");
    json_write_object(writer);
    us_write(writer, "total", (double)test->total_ns);
    if (n == 0) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            json_member_string(writer, names[i], NULL);
    } else {
        qsort(test->times, n, sizeof(*test->times), by_time);
        us_write(writer, "mean", (double)test->total_ns / (double)n);
        us_write(writer, "min", (double)test->times[0]);
        us_write(writer, "max", (double)test->times[n - 1]);
        us_write(writer, "p50", (double)test->times[half]);
        us_write(writer, "p99", (double)test->times[most]);
    }
    json_write_object_end(writer);
}

static void test_write(const struct test *test, const struct request *request,
                       struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    char time[CLOCK_RFC3339_MAX], id[BASE64URL_LEN(ID_BYTES) + 1] = "";
    uint8_t random[ID_BYTES];

    secret_random_pooled(random, sizeof(random));
    base64url_write(id, random, sizeof(random));
    clock_rfc3339(time, request->wall_us);
    json_write_object(&writer);
    json_member_bool(&writer, "success", test->done == test->iterations);
    json_member_string(&writer, "test_id", id);
    json_member_string(&writer, "test_name", test->name->text);
    json_write_key(&writer, "received_data");
    json_write_object(&writer);
    json_member_string(&writer, "test_name", test->name->text);
    json_member_u64(&writer, "iterations", test->iterations);
    json_member_double(&writer, "timeout", test->timeout_s);
    json_write_object_end(&writer);
    json_member_string(&writer, "timestamp", time);
    json_member_string(&writer, "model", test->model->row.name);
    json_member_i64(&writer, "version", test->model->row.version);
    json_member_u64(&writer, "iterations_done", test->done);
    times_write(&writer, test);
    json_write_object_end(&writer);
}

/* One at a time: else a few tests of a large forest keep all workers.  False: refused. */
static bool place_take(int *place, struct reply *reply)
{
    struct reason why;
    enum result result = home_test_begin(place, &why);

    if (result == RESULT_BUSY)
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "Another test is running, and there is one at a time. Try again.");
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

void handle_test(struct service *service, struct request *request, struct reply *reply)
{
    struct test test;
    int place;

    test_read(&test, request);
    if (!model_choose(service, request, &test, reply) ||
        !metered_rows(service, request, test.model, test.iterations, reply) ||
        !place_take(&place, reply))
        return;
    if (test_alloc(&test)) {
        test_run(&test);
        request->rows = test.done; /* what was predicted, for the log */
        test_write(&test, request, reply);
    } else {
        reply_refuse_memory(reply);
    }
    home_unlock(place);
    test_free(&test);
}
