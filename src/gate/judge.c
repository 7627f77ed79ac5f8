/*
 * judge.c: kept rows, counted part by part.
 */
#include "gate/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gate/image_file.h"
#include "gate/registry.h"

#define DAY_US INT64_C(86400000000)

/* Rows on their way into the parts. */
struct reading {
    struct home *home;
    struct judge *out;
    uint64_t most;     /* 0: all */
    uint32_t *classes; /* of a row: room for those of any version */
    uint32_t n_classes;
    size_t last; /* the part of the row before */
    enum result result;
    struct reason *why;
};

enum result judge_by_read(const char *text, enum judge_by *out, struct reason *why)
{
    static const char *const names[JUDGE_BY__MAX] = {
        [JUDGE_BY_VERSION] = "version",
        [JUDGE_BY_DAY] = "day",
        [JUDGE_BY_WEEK] = "week",
    };

    for (int i = 0; i < JUDGE_BY__MAX; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (enum judge_by)i;
            return RESULT_OK;
        }
    return reason_set(why, RESULT_INVALID,
                      "\"%.40s\" is not allowed; allowed: version, day or week", text);
}

/* ---- versions ---- */

/* The image that answered, if it is still there and has as many numbers as the row. */
static struct image *image_find(struct home *home, const struct keep_row *row)
{
    struct image *image = NULL;
    struct model_row version;

    if (registry_version_get(home, row->model, row->version, &version, NULL) != RESULT_OK ||
        image_file_serve(&version, &image, NULL) != RESULT_OK)
        return NULL;
    if (image_n_features(image) == row->n_features &&
        image_n_outputs(image) == row->n_margins && image_n_targets(image) == row->n_targets)
        return image;
    image_close(image);
    return NULL;
}

static enum result version_add(struct reading *reading, const struct keep_row *row)
{
    struct judge_version *version = calloc(1, sizeof(*version));
    uint32_t *classes;

    if (version == NULL)
        return RESULT_NOMEM;
    version->next = reading->out->versions;
    reading->out->versions = version;
    version->version = row->version;
    version->image = image_find(reading->home, row);
    if (version->image == NULL)
        return RESULT_OK;
    if (predictor_open(&version->predictor, version->image) != RESULT_OK)
        return RESULT_NOMEM;
    if (predictor_width(&version->predictor) != row->n_answers) {
        predictor_close(&version->predictor);
        image_close(version->image);
        version->image = NULL;
    }
    if (row->n_targets <= reading->n_classes)
        return RESULT_OK;
    classes = reallocarray(reading->classes, row->n_targets, sizeof(*classes));
    if (classes == NULL)
        return RESULT_NOMEM;
    reading->classes = classes;
    reading->n_classes = row->n_targets;
    return RESULT_OK;
}

static enum result version_find(struct reading *reading, const struct keep_row *row,
                                const struct judge_version **out)
{
    const struct judge_version *at = reading->out->versions;
    enum result result;

    while (at != NULL && at->version != row->version)
        at = at->next;
    if (at == NULL) {
        if ((result = version_add(reading, row)) != RESULT_OK)
            return result;
        at = reading->out->versions;
    }
    *out = at;
    return RESULT_OK;
}

/* ---- parts ---- */

/* Where the day or week of a time begins; 1970 began on a Thursday. */
static int64_t begin_of(enum judge_by by, int64_t at_us)
{
    const int64_t day = at_us / DAY_US - (at_us % DAY_US < 0);
    const int64_t since_monday = ((day + 3) % 7 + 7) % 7;

    if (by == JUDGE_BY_VERSION)
        return 0;
    return (by == JUDGE_BY_DAY ? day : day - since_monday) * DAY_US;
}

static enum result part_fill(struct judge_part *part)
{
    const struct judge_version *version = part->version;
    const uint32_t n = version->image != NULL ? image_n_targets(version->image) : 0;
    enum result result = RESULT_OK;

    if (version->image == NULL)
        return RESULT_OK;
    part->targets = calloc((size_t)n + 1, sizeof(struct quality *)); /* NULL at the end */
    if (part->targets == NULL)
        return RESULT_NOMEM;
    for (uint32_t t = 0; t < n && result == RESULT_OK; t++)
        result = quality_new(image_target_n_classes(version->image, t), &part->targets[t]);
    return result == RESULT_OK ? drift_new(&version->predictor, &part->drift) : result;
}

static enum result part_add(struct reading *reading, const struct judge_version *version,
                            int64_t begin_us)
{
    struct judge *judge = reading->out;
    struct judge_part *more;

    if (judge->n_parts == JUDGE_PARTS)
        return reason_set(reading->why, RESULT_TOO_BIG,
                          "over %d versions and times; a shorter time, or weeks, are fewer",
                          JUDGE_PARTS);
    more = reallocarray(judge->parts, judge->n_parts + 1, sizeof(*more));
    if (more == NULL)
        return RESULT_NOMEM;
    judge->parts = more;
    more[judge->n_parts] = (struct judge_part){.version = version, .begin_us = begin_us};
    reading->last = judge->n_parts++;
    return part_fill(&more[reading->last]);
}

static bool part_is(const struct judge_part *part, const struct judge_version *version,
                    int64_t begin_us)
{
    return part->version == version && part->begin_us == begin_us;
}

/* Makes reading->last the part that a row belongs to. */
static enum result part_find(struct reading *reading, const struct keep_row *row)
{
    const int64_t begin_us = begin_of(reading->out->by, row->at_us);
    const struct judge_version *version;
    struct judge *judge = reading->out;
    enum result result = version_find(reading, row, &version);

    if (result != RESULT_OK)
        return result;
    if (judge->n_parts > 0 && part_is(&judge->parts[reading->last], version, begin_us))
        return RESULT_OK;
    for (size_t i = 0; i < judge->n_parts; i++)
        if (part_is(&judge->parts[i], version, begin_us)) {
            reading->last = i;
            return RESULT_OK;
        }
    return part_add(reading, version, begin_us);
}

/* ---- rows ---- */

/* Adds what is true of one target; false if that is not known. */
static bool truth_add(const struct judge_part *part, const struct keep_row *row, uint32_t t,
                      const uint32_t *classes)
{
    const struct output *output = &part->version->predictor.output;
    const double truth = row->truth != NULL ? row->truth[t] : NAN,
                 *answers = row->answers + output_begin(output, t);
    const uint32_t n = output->classes[t];

    if (!isfinite(truth) || (n == 0 && !isfinite(answers[0])))
        return false;
    if (n == 0) {
        quality_add_value(part->targets[t], answers[0], truth);
        return true;
    }
    if (!(truth >= 0 && truth < n)) /* which nobody could tell */
        return false;
    quality_add_class(part->targets[t], classes[t],
                      output_has_probabilities(output) && output_count(output, t) == n ? answers
                                                                                       : NULL,
                      (uint32_t)truth);
    return true;
}

static void row_add(struct reading *reading, const struct keep_row *row)
{
    struct judge_part *part = &reading->out->parts[reading->last];
    const struct judge_version *version = part->version;
    bool known = false;
    uint32_t t;

    reading->out->rows++;
    part->rows++;
    if (version->image == NULL)
        return;
    for (t = 0; t < row->n_targets; t++)
        if (version->predictor.output.classes[t] != 0)
            reading->classes[t] =
                predictor_class(&version->predictor, row->margins, row->answers, t);
    for (t = 0; t < row->n_targets; t++)
        known |= truth_add(part, row, t, reading->classes);
    part->true_rows += known;
    drift_add_row(part->drift, row->features);
    drift_add_answer(part->drift, reading->classes, row->answers);
}

/* Rows that are not as their version has them are damaged, and no row can be trusted. */
static bool row_fits(const struct judge_part *part, const struct keep_row *row)
{
    const struct image *image = part->version->image;

    return image == NULL || (image_n_features(image) == row->n_features &&
                             image_n_outputs(image) == row->n_margins &&
                             image_n_targets(image) == row->n_targets &&
                             predictor_width(&part->version->predictor) == row->n_answers);
}

static bool take(void *arg, const struct keep_row *row)
{
    struct reading *reading = arg;

    if (reading->most != 0 && reading->out->rows == reading->most) {
        reading->out->cut = true;
        return false;
    }
    reading->result = part_find(reading, row);
    if (reading->result == RESULT_OK && row_fits(&reading->out->parts[reading->last], row))
        row_add(reading, row);
    return reading->result == RESULT_OK;
}

static int compare_parts(const void *a, const void *b)
{
    const struct judge_part *left = a, *right = b;

    if (left->version != right->version)
        return left->version->version < right->version->version ? -1 : 1;
    return (left->begin_us > right->begin_us) - (left->begin_us < right->begin_us);
}

enum result judge_read(struct home *home, const struct keep_filter *filter, enum judge_by by,
                       uint64_t most, struct judge *out, struct reason *why)
{
    struct reading reading = {.home = home, .out = out, .most = most, .why = why};
    struct keep_read read = {0};
    enum result result;

    *out = (struct judge){.filter = *filter, .by = by};
    result = registry_has(home, filter->model, why);
    if (result == RESULT_OK)
        result = keep_rows(home, filter, take, &reading, &read, why);
    if (result == RESULT_OK)
        result = reading.result;
    if (result == RESULT_NOMEM)
        reason_set(why, result, "out of memory");
    out->damaged = read.damaged;
    if (out->n_parts > 0)
        qsort(out->parts, out->n_parts, sizeof(*out->parts), compare_parts);
    free(reading.classes);
    return result;
}

void judge_free(struct judge *judge)
{
    struct judge_version *version, *next;

    for (size_t i = 0; i < judge->n_parts; i++) {
        struct quality **targets = judge->parts[i].targets;

        for (uint32_t t = 0; targets != NULL && targets[t] != NULL; t++)
            quality_free(targets[t]);
        free(targets);
        drift_free(judge->parts[i].drift);
    }
    free(judge->parts);
    for (version = judge->versions; version != NULL; version = next) {
        next = version->next;
        predictor_close(&version->predictor);
        image_close(version->image);
        free(version);
    }
}
