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
    double *values;            /* of the rows, */
    size_t values_cap;         /* and the room for them */
    size_t count, width;       /* rows, and numbers that each was answered with */
    double *answered, *other;  /* SHADOW_NUMBERS of each, once there was a shadow, */
    double *margins;           /* and of these */
    uint32_t classes[SHADOW_ROWS];
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
        shadow->answered = calloc(SHADOW_NUMBERS, 3 * sizeof(*shadow->answered));
    if (shadow->answered == NULL)
        return false;
    shadow->other = shadow->answered + SHADOW_NUMBERS;
    shadow->margins = shadow->other + SHADOW_NUMBERS;
    return true;
}

/* The class of the first target; 0 for a value. */
static uint32_t class_of(const struct predictor *predictor, const double *margins,
                         const double *answers)
{
    if (predictor->output.classes[0] == 0)
        return 0;
    return predictor_class(predictor, margins, answers, 0);
}

static bool values_copy(struct shadow *shadow, const double *values, size_t n)
{
    double *more;

    if (n > shadow->values_cap) {
        more = reallocarray(shadow->values, n, sizeof(*more));
        if (more == NULL)
            return false;
        shadow->values = more;
        shadow->values_cap = n;
    }
    memcpy(shadow->values, values, n * sizeof(*values));
    return true;
}

void shadow_note(struct shadow *shadow, const struct model *model, const double *values,
                 size_t count, const struct predictor *predictor, const double *margins,
                 const double *answers)
{
    size_t width = predictor_width(predictor);

    shadow->model = NULL;
    if (model->shadow == NULL || width > SHADOW_NUMBERS || !has_room(shadow))
        return;
    if (count > SHADOW_ROWS)
        count = SHADOW_ROWS;
    if (count > SHADOW_NUMBERS / width)
        count = SHADOW_NUMBERS / width;
    if (!values_copy(shadow, values, count * image_n_features(model->image)))
        return;
    shadow->model = model;
    shadow->count = count;
    shadow->width = width;
    memcpy(shadow->answered, answers, count * width * sizeof(*answers));
    for (size_t i = 0; i < count; i++)
        shadow->classes[i] = class_of(predictor, margins + i * predictor_margins(predictor),
                                      answers + i * width);
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

static void row_compare(const struct shadow *shadow, struct model_compared *sum, size_t i,
                        const struct predictor *other)
{
    const double *a = shadow->answered + i * shadow->width,
                 *b = shadow->other + i * shadow->width;
    const double *margins = shadow->margins + i * predictor_margins(other);
    double apart = 0;

    for (size_t k = 0; k < shadow->width; k++)
        apart = fmax(apart, fabs(a[k] - b[k]));
    sum->rows++;
    if (other->output.classes[0] > 0)
        sum->agreed += shadow->classes[i] == class_of(other, margins, b);
    else
        sum->agreed += apart == 0;
    sum->apart += apart;
    sum->most = fmax(sum->most, apart);
}

/* Asks the shadow about the rows; one that answers with other numbers is not compared. */
static void rows_compare(struct shadow *shadow, struct model_compared *sum)
{
    struct predictor other;

    if (predictor_open(&other, shadow->model->shadow->image) == RESULT_OK &&
        predictor_width(&other) == shadow->width &&
        predictor_margins(&other) <= SHADOW_NUMBERS / shadow->count) {
        predictor_rows(&other, shadow->values, shadow->count, shadow->margins, shadow->other);
        for (size_t i = 0; i < shadow->count; i++)
            row_compare(shadow, sum, i, &other);
    }
    predictor_close(&other);
}

void shadow_compare(struct shadow *shadow, bool given)
{
    struct model_compared *sum;

    if (shadow->model == NULL)
        return;
    sum = given ? sum_of(shadow) : NULL;
    if (sum != NULL)
        rows_compare(shadow, sum);
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
    free(shadow->values);
    free(shadow);
}
