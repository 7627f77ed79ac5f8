/*
 * keep_help.h: what the tests of what is kept share: a home with a model that keeps all, and
 * one who answers and keeps.
 */
#ifndef TESTS_KEEP_HELP_H
#define TESTS_KEEP_HELP_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fixture.h"
#include "gate/keep.h"
#include "gate/keeper.h"
#include "gate/keep_lot.h"
#include "gate/registry.h"

enum {
    HELP_WIDTH = 2, /* features of the fixture's model */
    HELP_ROWS = 100000
};

static struct home home;
static struct registry *registry;
static struct keeper *keeper;
static struct reason why;
static int64_t help_at_us;

/* A value that no other part of a home has by chance. */
static inline double help_value(int64_t n)
{
    return 12.345678901234 + (double)n / 1048576;
}

static inline const struct model *help_model(void)
{
    if (registry_refresh(registry, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return registry_find(registry, "shapes", 6);
}

static inline void help_share(int64_t share, int64_t days)
{
    struct model_row row;

    if (registry_keep_set(&home, "shapes", share, days, &row, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static inline int help_setup(void **state)
{
    (void)state;
    fixture_open(&home);
    fixture_publish(&home, "shapes", 1);
    help_share(MODEL_SHARE_ALL, 30);
    assert_int_equal(registry_new(&home, &registry, &why), RESULT_OK);
    assert_int_equal(keeper_new(&home, &keeper, &why), RESULT_OK);
    help_at_us = clock_wall_us();
    return 0;
}

static inline int help_teardown(void **state)
{
    (void)state;
    keeper_free(keeper);
    registry_free(registry);
    fixture_close(&home);
    return 0;
}

/* Answers a request of n rows, the first of which is help_value(from), and keeps it. */
static const char *help_job = "";

static inline void help_answer(const char *account, const char *id, int64_t from, size_t n,
                               bool given)
{
    const struct model *model = help_model();
    const struct keeper_of of = {account, id, help_job, ++help_at_us};
    double *values = calloc(n * 8, sizeof(double));
    struct predictor predictor;

    assert_non_null(values);
    assert_int_equal(predictor_open(&predictor, model->image), RESULT_OK);
    for (size_t i = 0; i < n; i++) {
        values[i * HELP_WIDTH] = help_value(from + (int64_t)i);
        values[i * HELP_WIDTH + 1] = (double)i;
    }
    predictor_rows(&predictor, values, n, values + 2 * n, values + 5 * n);
    if (keeper_begin(keeper, model, &of))
        keeper_rows(keeper, &predictor, values, n, values + 2 * n, values + 5 * n);
    keeper_end(keeper, given);
    predictor_close(&predictor);
    free(values);
}

/* What was read. */
struct help_read {
    int64_t rows, true_rows;
    double first[HELP_ROWS];
    double truth[HELP_ROWS]; /* NaN: none */
    char last_id[65];
};

static struct help_read help_rows;

static inline bool help_take(void *arg, const struct keep_row *row)
{
    struct help_read *read = arg;

    assert_true(read->rows < HELP_ROWS);
    assert_int_equal(row->n_features, HELP_WIDTH);
    assert_int_equal(row->n_answers, 3);
    assert_true(row->answers[0] >= 0 && row->answers[0] <= 1);
    read->first[read->rows] = row->features[0];
    read->truth[read->rows] = row->truth != NULL ? row->truth[0] : __builtin_nan("");
    read->true_rows += row->truth != NULL && row->truth[0] == row->truth[0];
    snprintf(read->last_id, sizeof(read->last_id), "%s", row->request_id);
    read->rows++;
    return true;
}

/* Reads all that is kept; returns how many rows that are. */
static inline int64_t help_read_all(struct keep_read *read)
{
    const struct keep_filter filter = {.model = "shapes"};

    memset(&help_rows, 0, sizeof(help_rows));
    if (keep_rows(&home, &filter, help_take, &help_rows, read, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return help_rows.rows;
}

static inline struct keep_totals help_totals(void)
{
    struct keep_totals totals;

    if (keep_totals(&home, NULL, &totals, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return totals;
}

/* The path of the one file of lots; returns how many there are. */
static inline int help_file(char path[64])
{
    DIR *directory = opendir("kept");
    const struct dirent *entry;
    uint8_t salt[KEEP_SALT_BYTES];
    int count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL)
        if (keep_lot_salt(entry->d_name, salt)) {
            snprintf(path, 64, "kept/%.50s", entry->d_name);
            count++;
        }
    closedir(directory);
    return count;
}

/* The one who keeps dies, so its file has nobody any more. */
static inline void help_keeper_dies(void)
{
    keeper_free(keeper);
    keeper = NULL;
}

/* A file's bytes in memory; the caller frees them. */
static inline char *help_bytes(const char *path, size_t *len)
{
    struct stat st;
    FILE *file = fopen(path, "rb");
    char *bytes;

    *len = 0;
    if (file == NULL || fstat(fileno(file), &st) != 0)
        return NULL;
    bytes = malloc((size_t)st.st_size + 1);
    assert_non_null(bytes);
    *len = fread(bytes, 1, (size_t)st.st_size, file);
    fclose(file);
    return bytes;
}

static inline void help_write(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

#endif
