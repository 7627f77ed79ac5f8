/*
 * shadow.c: what a shadow would have answered, compared with what was answered.
 */
#include "gate/shadow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "forest/walk.h"

enum {
    SUMS = 8 /* of a model, its shadow and the version that serves */
};

static const uint64_t write_ns = 1000000000;    /* between two writes, */
static const uint64_t refused_ns = 10000000000; /* and after one that failed */

struct sum {
    char name[MODEL_NAME_MAX + 1];
    struct model_compared of;
};

struct shadow {
    struct home *home;
    const struct model *model; /* of the answer at hand; NULL for none */
    const double *values;
    size_t count;
    double *answered, *other; /* SHADOW_NUMBERS of each, once there was a shadow */
    struct sum sums[SUMS];
    size_t sum_count;
    uint64_t due;
    bool refused; /* that they were not written was logged */
};

enum result shadow_new(struct home *home, struct shadow **out, struct reason *why)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for shadows");
    (*out)->home = home;
    return RESULT_OK;
}

/* Without memory nothing is compared, and all else goes on. */
static bool has_room(struct shadow *shadow)
{
    if (shadow->answered == NULL)
        shadow->answered = calloc(SHADOW_NUMBERS, 2 * sizeof(*shadow->answered));
    if (shadow->answered == NULL)
        return false;
    shadow->other = shadow->answered + SHADOW_NUMBERS;
    return true;
}

void shadow_note(struct shadow *shadow, const struct model *model, const double *values,
                 size_t count, const double *outputs)
{
    uint32_t width = image_n_outputs(model->image);

    shadow->model = NULL;
    if (model->shadow == NULL || width > SHADOW_NUMBERS || !has_room(shadow))
        return;
    if (count > SHADOW_ROWS)
        count = SHADOW_ROWS;
    if (count > SHADOW_NUMBERS / width)
        count = SHADOW_NUMBERS / width;
    shadow->model = model;
    shadow->values = values;
    shadow->count = count;
    memcpy(shadow->answered, outputs, count * width * sizeof(*outputs));
}

/* Where this is summed up; NULL if there is no room until the next write. */
static struct model_compared *sum_of(struct shadow *shadow)
{
    const struct model_row *answered = &shadow->model->row;
    const struct model_row *other = &shadow->model->shadow->row;
    struct sum *sum;

    for (size_t i = 0; i < shadow->sum_count; i++) {
        sum = &shadow->sums[i];
        if (sum->of.version == other->version && sum->of.against == answered->version &&
            strcmp(sum->name, answered->name) == 0)
            return &sum->of;
    }
    if (shadow->sum_count == SUMS)
        return NULL;
    sum = &shadow->sums[shadow->sum_count++];
    memset(sum, 0, sizeof(*sum));
    text_copy(sum->name, sizeof(sum->name), answered->name);
    sum->of.version = other->version;
    sum->of.against = answered->version;
    return &sum->of;
}

static void row_compare(struct model_compared *sum, const struct image *image, const double *a,
                        const double *b)
{
    uint32_t width = image_n_outputs(image), classes = image_n_classes(image);
    double apart = 0;

    for (uint32_t i = 0; i < width; i++)
        apart = fmax(apart, fabs(a[i] - b[i]));
    sum->rows++;
    if (classes > 0)
        sum->agreed += walk_argmax(a, classes) == walk_argmax(b, classes);
    else
        sum->agreed += apart == 0;
    sum->apart += apart;
    sum->most = fmax(sum->most, apart);
}

void shadow_compare(struct shadow *shadow, bool given)
{
    const struct model *model = shadow->model;
    struct model_compared *sum;
    size_t width;

    if (model == NULL)
        return;
    sum = given ? sum_of(shadow) : NULL;
    if (sum != NULL) {
        width = image_n_outputs(model->image);
        walk_predict(model->shadow->image, shadow->values, shadow->count, shadow->other);
        for (size_t i = 0; i < shadow->count; i++)
            row_compare(sum, model->image, shadow->answered + i * width,
                        shadow->other + i * width);
    }
    shadow->model = NULL;
}

static enum result sums_write(struct shadow *shadow, struct reason *why)
{
    struct db *db = shadow->home->db;
    enum result result = db_begin(db, why);

    if (result != RESULT_OK)
        return result;
    for (size_t i = 0; result == RESULT_OK && i < shadow->sum_count; i++)
        result = model_compared_add(db, shadow->sums[i].name, &shadow->sums[i].of, why);
    if (result == RESULT_OK)
        return db_commit(db, why);
    db_rollback(db);
    return result;
}

static void sums_settle(struct shadow *shadow, uint64_t now)
{
    struct reason why;
    enum result result = sums_write(shadow, &why);

    if (result == RESULT_OK)
        shadow->sum_count = 0;
    else if (!shadow->refused)
        log_message("what shadows answered cannot be written: %s", why.text);
    shadow->refused = result != RESULT_OK;
    shadow->due = now + (result == RESULT_OK ? write_ns : refused_ns);
}

void shadow_tend(struct shadow *shadow)
{
    uint64_t now;

    if (shadow->sum_count == 0)
        return;
    now = clock_mono_ns();
    if (now >= shadow->due)
        sums_settle(shadow, now);
}

void shadow_free(struct shadow *shadow)
{
    if (shadow == NULL)
        return;
    if (shadow->sum_count > 0)
        sums_settle(shadow, 0);
    free(shadow->answered);
    free(shadow);
}
