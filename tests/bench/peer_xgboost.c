/*
 * peer_xgboost.c: XGBoost's own C API on a model, one thread: rows a second in bulk and
 * microseconds for a single row, the best of several tries.
 *
 *   peer_xgboost MODEL.json ROWS.f32 COLUMNS
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <xgboost/c_api.h>

enum {
    BULKS = 4,
    SINGLES = 2000
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check(int code)
{
    if (code != 0)
        errx(1, "%s", XGBGetLastError());
}

/* Seconds to predict the margins of rows. */
static double predict(BoosterHandle booster, const float *rows, size_t n, unsigned columns)
{
    static const char options[] =
        "{\"type\":1,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
        "\"strict_shape\":false,\"missing\":NaN,\"cache_id\":0}";
    const bst_ulong *shape;
    const float *out;
    char array[160];
    bst_ulong dim;
    double begin;

    snprintf(array, sizeof(array),
             "{\"data\":[%zu,true],\"shape\":[%zu,%u],\"typestr\":\"<f4\",\"version\":3}",
             (size_t)rows, n, columns);
    begin = now();
    check(XGBoosterPredictFromDense(booster, array, options, NULL, &shape, &dim, &out));
    return now() - begin;
}

static float *read_rows(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    float *rows;

    if (file == NULL || fstat(fileno(file), &st) != 0)
        err(1, "%s", path);
    *bytes = (size_t)st.st_size;
    rows = malloc(*bytes);
    if (rows == NULL || fread(rows, 1, *bytes, file) != *bytes)
        err(1, "%s", path);
    fclose(file);
    return rows;
}

int main(int argc, char **argv)
{
    double bulk = 1e9, single = 0, t;
    BoosterHandle booster;
    unsigned columns;
    size_t bytes, n;
    float *rows;
    int i;

    if (argc != 4)
        errx(2, "usage: peer_xgboost MODEL.json ROWS.f32 COLUMNS");
    columns = (unsigned)strtoul(argv[3], NULL, 10);
    rows = read_rows(argv[2], &bytes);
    n = bytes / sizeof(float) / columns;
    check(XGBoosterCreate(NULL, 0, &booster));
    check(XGBoosterLoadModel(booster, argv[1]));
    check(XGBoosterSetParam(booster, "nthread", "1"));
    for (i = 0; i < BULKS; i++)
        bulk = (t = predict(booster, rows, n, columns)) < bulk ? t : bulk;
    for (i = 0; i < SINGLES; i++)
        single += predict(booster, rows + (size_t)i % n * columns, 1, columns);
    printf("%.1f %.3f\n", (double)n / bulk, single * 1e6 / SINGLES);
    XGBoosterFree(booster);
    free(rows);
    return 0;
}
