/*
 * forest_help.h: what the tests of forest/ share: temporary files, tables from text,
 * random numbers that are the same in every run.
 */
#ifndef FOREST_HELP_H
#define FOREST_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "forest/draft.h"
#include "forest/rng.h"
#include "forest/table.h"
#include "forest/train.h"

/* A new file that holds the bytes; its name is in path ("/tmp/forest.XXXXXX" is put there). */
static inline void help_write(char path[32], const void *bytes, size_t len)
{
    int fd;

    strcpy(path, "/tmp/forest.XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

/* table_read() of a text; the file's name in the reason is replaced by t.csv. */
static inline enum result help_table(const char *text, const char *target, enum spec_task task,
                                     struct table **out, struct reason *why)
{
    char path[32];
    enum result result;
    struct reason said = {""};
    const char *at;

    help_write(path, text, strlen(text));
    result = table_read(path, target, task, out, &said);
    unlink(path);
    at = strstr(said.text, path);
    if (at == NULL)
        *why = said;
    else
        snprintf(why->text, sizeof(why->text), "%.*st.csv%s", (int)(at - said.text), said.text,
                 at + strlen(path));
    return result;
}

static inline double help_uniform(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

/* A table of n_features columns of numbers; n_classes 0 makes a regression. */
static inline struct table *help_random_table(uint64_t seed, size_t n_rows, uint32_t n_features,
                                              uint32_t n_classes)
{
    struct rng rng = {seed};
    struct table *table = calloc(1, sizeof(*table));
    char name[16];
    size_t i;
    uint32_t f;

    table->task = n_classes == 0 ? SPEC_REGRESS : SPEC_CLASSIFY;
    table->n_rows = n_rows;
    table->n_features = n_features;
    table->target = strdup("y");
    table->n_classes = n_classes;
    table->columns = calloc(n_features, sizeof(*table->columns));
    table->labels = calloc(n_classes + 1, sizeof(*table->labels));
    table->classes = calloc(n_rows, sizeof(*table->classes));
    table->values = calloc(n_rows, sizeof(*table->values));
    for (f = 0; f < n_features; f++) {
        struct table_column *column = &table->columns[f];

        snprintf(name, sizeof(name), "f%u", f);
        column->name = strdup(name);
        column->type = IMAGE_REAL;
        column->max = 1000;
        column->values = calloc(n_rows, sizeof(*column->values));
        for (i = 0; i < n_rows; i++) /* every third column has few values, so many ties */
            column->values[i] =
                (float)(f % 3 == 0 ? rng_below(&rng, 8) : 1000 * help_uniform(&rng));
    }
    for (i = 0; i < n_rows; i++) {
        float x = table->columns[0].values[i], y = table->columns[n_features - 1].values[i];

        table->values[i] = x * 10 + y + help_uniform(&rng);
        if (n_classes != 0)
            table->classes[i] =
                i < n_classes ? (uint32_t)i
                              : ((uint32_t)(x + y / 200) + rng_below(&rng, 2)) % n_classes;
    }
    for (f = 0; f < n_classes; f++) {
        snprintf(name, sizeof(name), "c%u", f);
        table->labels[f] = strdup(name);
    }
    return table;
}

/* The forest of a table as the bytes of an image. */
static inline void *help_train(const struct table *table, const struct train_options *options,
                               size_t *len)
{
    struct reason why = {""};
    struct draft draft;
    void *bytes = NULL;

    *len = 0;
    if (train_forest(table, options, &draft, &why) != RESULT_OK ||
        draft_pack(&draft, &bytes, len, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    draft_free(&draft);
    return bytes;
}

/* An image of bytes, which must be one. */
static inline struct image *help_prove(const void *bytes, size_t len)
{
    struct reason why = {""};
    struct image *image = NULL;

    if (image_prove(bytes, len, "t.fgm", &image, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return image;
}

#endif
