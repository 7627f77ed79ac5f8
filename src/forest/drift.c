/*
 * drift.c: rows, counted by the slots of a baseline, and what is made of the counts.
 *
 * A part that the baseline does not have has one slot, in which its rows are counted.
 */
#include "forest/drift.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "forest/baseline.h"

struct drift {
    const struct predictor *predictor;
    const struct baseline *baseline; /* or NULL */
    uint32_t n_features, n_answers;
    uint64_t **counts; /* each part's, in numbers */
    uint64_t *numbers;
};

/* ---- counting ---- */

/* Part number `part` of the baseline, or NULL. */
static const struct baseline_part *part_of(const struct drift *drift, uint32_t part)
{
    const struct baseline *baseline = drift->baseline;
    const uint32_t n_features = baseline != NULL ? baseline->head->n_features : 0;

    if (baseline == NULL)
        return NULL;
    if (part < drift->n_features)
        return n_features != 0 ? &baseline->parts[part] : NULL;
    return baseline->head->n_answers != 0
               ? &baseline->parts[n_features + part - drift->n_features]
               : NULL;
}

static uint32_t slots_of(const struct drift *drift, uint32_t part)
{
    const struct baseline_part *of = part_of(drift, part);

    return of != NULL ? baseline_slots(of) : 1;
}

static uint32_t count_answers(const struct output *output)
{
    uint32_t n = output_width(output);

    for (uint32_t t = 0; t < output->n_targets; t++)
        n += output->classes[t] != 0;
    return n;
}

static enum result make_room(struct drift *drift)
{
    const uint32_t n = drift_parts(drift);
    size_t slots = 1; /* so that there is room for something */

    for (uint32_t i = 0; i < n; i++)
        slots += slots_of(drift, i);
    drift->counts = calloc((size_t)n + 1, sizeof(*drift->counts));
    drift->numbers = calloc(slots, sizeof(*drift->numbers));
    if (drift->counts == NULL || drift->numbers == NULL)
        return RESULT_NOMEM;
    slots = 0;
    for (uint32_t i = 0; i < n; i++) {
        drift->counts[i] = drift->numbers + slots;
        slots += slots_of(drift, i);
    }
    return RESULT_OK;
}

enum result drift_new(const struct predictor *predictor, struct drift **out)
{
    struct drift *drift = calloc(1, sizeof(*drift));
    enum result result;

    if (drift == NULL)
        return RESULT_NOMEM;
    drift->predictor = predictor;
    drift->baseline = image_baseline(predictor->image);
    if (image_text(predictor->image) == NULL)
        drift->n_features = image_n_features(predictor->image);
    drift->n_answers = count_answers(&predictor->output);
    result = make_room(drift);
    if (result == RESULT_OK)
        *out = drift;
    else
        drift_free(drift);
    return result;
}

void drift_free(struct drift *drift)
{
    if (drift == NULL)
        return;
    free(drift->counts);
    free(drift->numbers);
    free(drift);
}

static void add(struct drift *drift, uint32_t part, double value)
{
    const struct baseline_part *of = part_of(drift, part);

    drift->counts[part][of != NULL ? baseline_slot(drift->baseline, of, value) : 0]++;
}

void drift_add_row(struct drift *drift, const double *row)
{
    for (uint32_t i = 0; i < drift->n_features; i++)
        add(drift, i, row[i]);
}

void drift_add_answer(struct drift *drift, const uint32_t *classes, const double *answers)
{
    const struct output *output = &drift->predictor->output;
    uint32_t part = drift->n_features, t, k;

    for (t = 0; t < output->n_targets; t++) {
        if (output->classes[t] != 0)
            add(drift, part++, classes[t]);
        for (k = 0; k < output_count(output, t); k++)
            add(drift, part++, *answers++);
    }
}

/* ---- reading ---- */

uint32_t drift_parts(const struct drift *drift)
{
    return drift->n_features + drift->n_answers;
}

/* Which target and number an answer's part is of. */
static void tell_answer(const struct drift *drift, uint32_t answer, struct drift_part *out)
{
    const struct output *output = &drift->predictor->output;
    uint32_t t = 0, n;

    while (answer >= (n = output_count(output, t) + (output->classes[t] != 0))) {
        answer -= n;
        t++;
    }
    out->target = t;
    out->kind = output->classes[t] != 0 && answer == 0 ? DRIFT_CLASS : DRIFT_NUMBER;
    if (out->kind == DRIFT_NUMBER)
        out->class = answer - (output->classes[t] != 0);
}

static double share_of(uint64_t count, uint64_t rows)
{
    return fmax((double)count / (double)rows, DRIFT_LEAST);
}

/* The index, and how many slots have rows, here or there. */
static double measure(const struct drift *drift, const struct baseline_part *of,
                      const uint64_t *counts, uint64_t rows, uint32_t *filled)
{
    const uint64_t trained = baseline_rows(drift->baseline, of);
    double psi = 0;

    *filled = 0;
    for (uint32_t i = 0; i < baseline_slots(of); i++) {
        const uint64_t before = baseline_count(drift->baseline, of, i);
        const double e = share_of(before, trained), a = share_of(counts[i], rows);

        psi += (a - e) * log(a / e);
        *filled += before + counts[i] > 0;
    }
    return psi;
}

/*
 * The index times n m / (n + m) is about chi-square of one less than the slots, and that about
 * normal (B. Yurdakul, "Statistical Properties of Population Stability Index", 2018).
 */
static double chance_of(uint32_t filled, uint64_t rows, uint64_t trained)
{
    const double free = filled - 1.0;

    return (1 / (double)rows + 1 / (double)trained) * (free + 1.645 * sqrt(2 * free));
}

static enum drift_word word_of(const struct drift_part *part)
{
    if (part->rows < DRIFT_ROWS || (part->psi >= 0.1 && part->psi <= part->chance))
        return DRIFT_TOO_FEW;
    if (part->psi < 0.1)
        return DRIFT_STABLE;
    return part->psi <= 0.25 ? DRIFT_SHIFTED : DRIFT_DRIFTED;
}

void drift_read(const struct drift *drift, uint32_t part, struct drift_part *out)
{
    const struct baseline_part *of = part_of(drift, part);
    const uint64_t *counts = drift->counts[part];
    uint32_t filled;

    *out = (struct drift_part){.kind = DRIFT_FEATURE,
                               .feature = part,
                               .psi = NAN,
                               .chance = NAN,
                               .word = DRIFT_NO_BASELINE};
    if (part >= drift->n_features)
        tell_answer(drift, part - drift->n_features, out);
    for (uint32_t i = 0; i < slots_of(drift, part); i++)
        out->rows += counts[i];
    if (of == NULL)
        return;
    if (out->rows > 0) {
        out->psi = measure(drift, of, counts, out->rows, &filled);
        out->chance = chance_of(filled, out->rows, baseline_rows(drift->baseline, of));
    }
    out->word = word_of(out);
}

/* With the target's name, or number, where there are several. */
void drift_print_name(const struct drift *drift, const struct drift_part *part, char *out,
                      size_t size)
{
    const struct predictor *predictor = drift->predictor;
    const struct image *image = predictor->image;
    const char *target = image_target_name(image, part->target);
    const bool several = predictor->output.n_targets > 1, named = several && target != NULL;
    char of[16] = "", what[IMAGE_MAX_NAME + 32];

    if (part->kind == DRIFT_FEATURE) {
        text_print(out, size, "%s", image_feature_name(image, part->feature));
        return;
    }
    if (several && target == NULL)
        text_print(of, sizeof(of), "%u", (unsigned)part->target);
    if (part->kind == DRIFT_CLASS)
        text_print(what, sizeof(what), "class");
    else if (output_count(&predictor->output, part->target) == 1)
        text_print(what, sizeof(what), image_task(image) == SPEC_ANOMALY ? "score" : "value");
    else
        text_print(what, sizeof(what), "%s of %s",
                   output_has_probabilities(&predictor->output) ? "probability" : "score",
                   image_target_label(image, part->target, part->class));
    text_print(out, size, "%s%s%s", named ? target : of, several ? ": " : "", what);
}

const char *drift_word_text(enum drift_word word)
{
    static const char *const texts[DRIFT_WORD__MAX] = {
        [DRIFT_STABLE] = "stable",           [DRIFT_SHIFTED] = "shifted",
        [DRIFT_DRIFTED] = "drifted",         [DRIFT_TOO_FEW] = "too few rows",
        [DRIFT_NO_BASELINE] = "no baseline",
    };

    return texts[word];
}
