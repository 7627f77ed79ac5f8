/*
 * body.c: what reading a large body and writing its answer cost, beside the walk.
 *
 *   build/bench/body [MODEL.fgm ROWS.f32]
 *
 * 10,000 rows x 28 as "instances", each number as a JSON writer prints a float32 that
 * became a double.  With an image and its rows (raw little-endian float32) these are
 * used; without, a forest is trained here.  Prints the best of several runs, and the
 * ratio (reading + writing) / walk.  Exits 1 if that is 2 or more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_write.h"
#include "forest/rng.h"
#include "forest/table.h"
#include "forest/train.h"
#include "forest/walk.h"
#include "gate/registry.h"
#include "http/answer.h"
#include "http/input.h"
#include "http/route.h"

enum {
    ROWS = 10000,
    WIDTH = 28,
    TRAIN_ROWS = 2000,
    REPEATS = 30,
    RATIO_PROMISED = 2
};

static struct service service;

static void need(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench/body: %s failed\n", what);
        exit(1);
    }
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* About a normal number. */
static float random_value(struct rng *rng)
{
    float sum = 0;

    for (int i = 0; i < 12; i++)
        sum += (float)rng_below(rng, 1 << 24) / (1 << 24);
    return sum - 6;
}

static void model_train(struct rng *rng)
{
    struct train_options options = train_defaults;
    struct draft draft = {0};
    struct table *table = NULL;
    struct reason why;
    FILE *file = fopen("rows.csv", "w");

    need(file != NULL, "rows.csv");
    for (int i = 0; i < WIDTH; i++)
        fprintf(file, "f%d,", i);
    fprintf(file, "y\n");
    for (int i = 0; i < TRAIN_ROWS; i++) {
        float sum = 0;

        for (int k = 0; k < WIDTH; k++) {
            float value = random_value(rng);

            sum += k % 3 == 0 ? value : 0;
            fprintf(file, "%.9g,", (double)value);
        }
        fprintf(file, "%d\n", sum > 0);
    }
    need(fclose(file) == 0, "rows.csv");
    need(table_read("rows.csv", "y", SPEC_CLASSIFY, &table, &why) == RESULT_OK, "table_read");
    need(train_forest(table, &options, &draft, &why) == RESULT_OK, "train_forest");
    need(draft_write(&draft, "m.fgm", &why) == RESULT_OK, "draft_write");
    draft_free(&draft);
    table_free(table);
}

static void body_make(struct buf *body, const float *values)
{
    struct json_writer writer = json_writer_on(body);

    json_write_object(&writer);
    json_write_key(&writer, "instances");
    json_write_array(&writer);
    for (int i = 0; i < ROWS; i++) {
        json_write_array(&writer);
        for (int k = 0; k < WIDTH; k++)
            json_write_double(&writer, (double)values[i * WIDTH + k]);
        json_write_array_end(&writer);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

static float *rows_make(const char *path, struct rng *rng)
{
    float *values = calloc((size_t)ROWS * WIDTH, sizeof(*values));
    FILE *file;

    need(values != NULL, "memory");
    if (path == NULL) {
        for (int i = 0; i < ROWS * WIDTH; i++)
            values[i] = random_value(rng);
        return values;
    }
    file = fopen(path, "r");
    need(file != NULL &&
             fread(values, sizeof(*values), (size_t)ROWS * WIDTH, file) == ROWS * WIDTH,
         path);
    fclose(file);
    return values;
}

/* A home in a directory of its own, with the model. */
static void service_make(const char *image, struct rng *rng)
{
    char directory[] = "/tmp/forestgate-bench.XXXXXX", command[256];
    struct reason why = {{0}};
    const struct registry_place place = {.state = MODEL_SERVING};
    struct registry_done done;
    FILE *file = image != NULL ? fopen(image, "r") : NULL;

    need(image == NULL || file != NULL, image);
    need(mkdtemp(directory) != NULL, "mkdtemp");
    need(home_enter(&service.home, directory, DB_CLI, &why) == RESULT_OK, "home_enter");
    need(home_make(&why) == RESULT_OK, "home_make");
    config_defaults(&service.home.config);
    need(home_open(&service.home, DB_CLI, &why) == RESULT_OK, "home_open");
    if (file == NULL) {
        model_train(rng);
        file = fopen("m.fgm", "r");
    }
    need(registry_publish(&service.home, "m", fileno(file), "m.fgm", &place, &done, &why) ==
             RESULT_OK,
         "registry_publish");
    fclose(file);
    need(registry_new(&service.home, &service.registry, &why) == RESULT_OK, "registry_new");
    need(registry_refresh(service.registry, &why) == RESULT_OK, "registry_refresh");
    need(input_new(&service.input, &why) == RESULT_OK, "input_new");
    home_close(&service.home);
    home_leave(&service.home);
    snprintf(command, sizeof(command), "rm -r %s", directory);
    need(system(command) == 0, command);
}

enum phase {
    PHASE_READ,
    PHASE_WALK,
    PHASE_WRITE,
    PHASE__MAX
};

int main(int argc, char **argv)
{
    double ratio;
    struct rng rng = rng_stream(1, 2);
    struct buf body = {0};
    const struct route route = {.body = ROUTE_BODY_PREDICT};
    struct request request = {.body = &body, .route = &route, .caller = {.models = "*"}};
    double best[PHASE__MAX] = {1e9, 1e9, 1e9}, times[PHASE__MAX + 1];
    double *margins, *answers;
    struct predictor predictor;
    struct input_rows rows = {0};
    float *values;

    service_make(argc > 2 ? argv[1] : NULL, &rng);
    values = rows_make(argc > 2 ? argv[2] : NULL, &rng);
    body_make(&body, values);
    need(predictor_open(&predictor, registry_at(service.registry, 0)->image) == RESULT_OK,
         "predictor_open");
    margins = calloc((size_t)ROWS * predictor_margins(&predictor), sizeof(*margins));
    answers = calloc((size_t)ROWS * predictor_width(&predictor), sizeof(*answers));
    need(margins != NULL && answers != NULL, "memory");
    for (int i = 0; i < REPEATS; i++) {
        struct json_writer writer = json_writer_on(&service.reply.body);

        reply_start(&service.reply);
        times[0] = now();
        need(input_read(&service, &request, &service.reply, &rows), service.reply.detail);
        times[1] = now();
        predictor_rows(&predictor, rows.values, rows.count, margins, answers);
        times[2] = now();
        json_write_object(&writer);
        answer_many(&writer, &(struct answer){&predictor, margins, answers, NULL, rows.count,
                                              rows.outputs});
        json_write_object_end(&writer);
        times[3] = now();
        for (int k = 0; k < PHASE__MAX; k++)
            if (times[k + 1] - times[k] < best[k])
                best[k] = times[k + 1] - times[k];
        input_release(service.input);
    }
    printf("body      %d rows x %d, %.1f MB in, %.1f MB out\n", ROWS, WIDTH,
           (double)body.len / 1e6, (double)service.reply.body.len / 1e6);
    printf("reading   %.2f ms, %.1f ns a number, %.2f GB/s\n", best[PHASE_READ],
           best[PHASE_READ] * 1e6 / (ROWS * WIDTH), (double)body.len / best[PHASE_READ] / 1e6);
    printf("writing   %.2f ms, %.0f ns a row\n", best[PHASE_WRITE],
           best[PHASE_WRITE] * 1e6 / ROWS);
    printf("walk      %.2f ms, %.2f us a row of %u trees\n", best[PHASE_WALK],
           best[PHASE_WALK] * 1e3 / ROWS,
           (unsigned)image_n_trees(registry_at(service.registry, 0)->image));
    ratio = (best[PHASE_READ] + best[PHASE_WRITE]) / best[PHASE_WALK];
    printf("(reading + writing) / walk = %.2f\n", ratio);
    predictor_close(&predictor);
    free(margins);
    free(answers);
    free(values);
    buf_free(&body);
    return ratio < RATIO_PROMISED ? 0 : 1;
}
