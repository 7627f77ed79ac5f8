/*
 * model_bench.c: forestgate model bench: how fast a model's walk is here, in one thread.
 *
 * Measured is the walk alone, on rows in memory: what a request or a file costs beside it
 * (reading, printing) is the same for every model.  Each figure is that of the best of
 * several rounds, since what disturbs a round on a shared machine only ever adds to it.
 */
#include "cmd/model_bench.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "forest/rows.h"
#include "forest/walk.h"

enum {
    ROUNDS = 5,
    MAX_ROWS = 100000, /* that are read */
    SINGLES = 20000    /* calls of one row, in a round */
};

struct bench {
    const struct image *image;
    double *rows, *outputs;
    size_t n_rows;
    double bulk_rows_per_s, single_us, single_p99_us;
};

static enum result rows_read(struct bench *bench, FILE *file, const char *name,
                             struct reason *why)
{
    const size_t width = image_n_features(bench->image);
    enum result result;
    struct rows *rows;
    size_t cap = 0;
    double *more;

    if ((result = rows_open(file, name, bench->image, NULL, &rows, why)) != RESULT_OK)
        return result;
    while (result == RESULT_OK && bench->n_rows < MAX_ROWS) {
        if (bench->n_rows == cap) {
            cap = cap == 0 ? 1024 : 2 * cap;
            more = reallocarray(bench->rows, cap, width * sizeof(*more));
            if (more == NULL) {
                result = reason_set(why, RESULT_NOMEM, "out of memory");
                break;
            }
            bench->rows = more;
        }
        result = rows_next(rows, bench->rows + bench->n_rows * width, why);
        bench->n_rows += result == RESULT_OK;
    }
    rows_close(rows);
    if ((result == RESULT_OK || result == RESULT_MISSING) && bench->n_rows == 0)
        return reason_set(why, RESULT_INVALID, "%s: no rows", name);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

/* All rows at once. */
static void bulk_measure(struct bench *bench)
{
    uint64_t begin, best = UINT64_MAX, took;

    for (int round = 0; round < ROUNDS; round++) {
        begin = clock_mono_ns();
        walk_predict(bench->image, bench->rows, bench->n_rows, bench->outputs);
        took = clock_mono_ns() - begin;
        best = took < best ? took : best;
    }
    bench->bulk_rows_per_s = (double)bench->n_rows * 1e9 / (double)(best > 0 ? best : 1);
}

static int compare_u32(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* One row a call, another each time; times has room for SINGLES nanoseconds. */
static void single_measure(struct bench *bench, uint32_t *times)
{
    const size_t in = image_n_features(bench->image);
    uint64_t best = UINT64_MAX, start, begin, took;
    const size_t late = (size_t)SINGLES * 99 / 100;
    size_t row = 0;

    for (int round = 0; round < ROUNDS; round++) {
        start = clock_mono_ns();
        for (size_t i = 0; i < SINGLES; i++) {
            walk_predict(bench->image, bench->rows + row * in, 1, bench->outputs);
            row = row + 1 == bench->n_rows ? 0 : row + 1;
        }
        took = clock_mono_ns() - start;
        best = took < best ? took : best;
    }
    for (size_t i = 0; i < SINGLES; i++) {
        begin = clock_mono_ns();
        walk_predict(bench->image, bench->rows + row * in, 1, bench->outputs);
        took = clock_mono_ns() - begin;
        times[i] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
        row = row + 1 == bench->n_rows ? 0 : row + 1;
    }
    qsort(times, SINGLES, sizeof(*times), compare_u32);
    bench->single_us = (double)best * 1e-3 / SINGLES;
    bench->single_p99_us = times[late] * 1e-3;
}

static enum result measure(struct bench *bench, struct reason *why)
{
    uint32_t *times = malloc(SINGLES * sizeof(*times));

    bench->outputs = reallocarray(NULL, bench->n_rows,
                                  image_n_outputs(bench->image) * sizeof(*bench->outputs));
    if (times == NULL || bench->outputs == NULL) {
        free(times);
        return reason_set(why, RESULT_NOMEM, "out of memory");
    }
    bulk_measure(bench);
    single_measure(bench, times);
    free(times);
    return RESULT_OK;
}

static int print_bench(const struct option_set *set, const struct bench *bench)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_u64(&writer, "rows", bench->n_rows);
        json_member_u64(&writer, "features", image_n_features(bench->image));
        json_member_u64(&writer, "trees", image_n_trees(bench->image));
        json_member_u64(&writer, "nodes", image_n_nodes(bench->image));
        json_member_u64(&writer, "bytes", image_size(bench->image));
        json_member_double(&writer, "bulk_rows_per_s", bench->bulk_rows_per_s);
        json_member_double(&writer, "single_us", bench->single_us);
        json_member_double(&writer, "single_p99_us", bench->single_p99_us);
        json_write_object_end(&writer);
        return cli_print(&text);
    }
    buf_printf(&text,
               "%" PRIu32 " trees, %" PRIu64 " nodes, %" PRIu64 " bytes; %zu rows of %" PRIu32
               " features; one thread\n"
               "bulk    %.0f rows a second\n"
               "single  %.2f us a row, 99 of 100 under %.2f us",
               image_n_trees(bench->image), image_n_nodes(bench->image),
               image_size(bench->image), bench->n_rows, image_n_features(bench->image),
               bench->bulk_rows_per_s, bench->single_us, bench->single_p99_us);
    return cli_print(&text);
}

int model_bench_run(const struct option_set *set)
{
    const char *name = option_value(set, "--in");
    struct bench bench = {0};
    struct image *image = NULL;
    struct model_row row;
    enum result result;
    struct reason why;
    FILE *file;
    int status;

    if (name == NULL) {
        reason_set(&why, RESULT_INVALID, "--in is needed: the rows, CSV or NumPy's .npy");
        return cli_misuse(&why);
    }
    file = fopen(name, "re"); /* before the home is entered, see cli_home_open() */
    result = file != NULL ? RESULT_OK : reason_errno(&why, "%s", name);
    if (result == RESULT_OK)
        result = cli_image_open(set, set->operands[0], &row, &image, &why);
    bench.image = image;
    if (result == RESULT_OK)
        result = rows_read(&bench, file, name, &why);
    if (result == RESULT_OK)
        result = measure(&bench, &why);
    if (file != NULL)
        fclose(file);
    status = result == RESULT_OK ? print_bench(set, &bench) : cli_fail(&why);
    image_close(image);
    free(bench.rows);
    free(bench.outputs);
    return status;
}
