/*
 * compare_json.c: what two models made of the same rows, as JSON.
 */
#include "forest/compare.h"

/* What is written of a comparison. */
struct telling {
    const struct compare_options *options;
    const struct compare *compare;
    struct json_writer *writer;
};

static const char *label_of(const struct telling *telling, uint32_t k)
{
    return image_class_label(telling->options->models[0].image, k);
}

const char *compare_number_name(const struct compare *compare)
{
    bool probable = true;

    if (compare->n_classes == 0)
        return "value";
    for (int i = 0; i < 2; i++)
        probable &= output_has_probabilities(&compare->predictors[i].output);
    return probable ? "probability" : "score";
}

double compare_mean_apart(const struct compare *compare)
{
    return compare->sum / (double)compare->rows;
}

static void json_models(const struct telling *telling)
{
    static const char *const keys[] = {"a", "b"};

    for (int i = 0; i < 2; i++) {
        const struct compare_model *model = &telling->options->models[i];

        json_write_key(telling->writer, keys[i]);
        json_write_object(telling->writer);
        json_member_string(telling->writer, "model", model->name);
        json_member_string(telling->writer, "sha256", image_sha256_hex(model->image));
        json_write_object_end(telling->writer);
    }
}

/* How often the one answered this class and the other that one; what never was is left out. */
static void json_confusion(const struct telling *telling)
{
    const struct quality *between = telling->compare->between;
    const uint32_t n = telling->compare->n_classes;

    if (between == NULL || !quality_has_confusion(between))
        return;
    json_write_key(telling->writer, "confusion");
    json_write_array(telling->writer);
    for (uint32_t at = 0; at < n * n; at++) {
        const uint64_t rows = quality_confusion(between, at / n, at % n);

        if (rows == 0)
            continue;
        json_write_object(telling->writer);
        json_member_string(telling->writer, "a", label_of(telling, at / n));
        json_member_string(telling->writer, "b", label_of(telling, at % n));
        json_member_u64(telling->writer, "rows", rows);
        json_write_object_end(telling->writer);
    }
    json_write_array_end(telling->writer);
}

static void json_answer(const struct telling *telling, const char *key,
                        const struct compare_row *row, int i)
{
    const struct compare *compare = telling->compare;

    json_write_key(telling->writer, key);
    json_write_object(telling->writer);
    if (compare->n_classes == 0)
        json_member_double(telling->writer, "value", row->answers[i][0]);
    else
        json_member_string(telling->writer, "label", label_of(telling, row->classes[i]));
    if (compare->n_classes != 0) {
        json_write_key(telling->writer, compare->width > 1 ? "probabilities" : "scores");
        json_write_array(telling->writer);
        for (uint32_t k = 0; k < compare->width; k++)
            json_write_double(telling->writer, row->answers[i][k]);
        json_write_array_end(telling->writer);
    }
    json_write_object_end(telling->writer);
}

static void json_rows(const struct telling *telling)
{
    json_write_key(telling->writer, "rows_that_differ");
    json_write_array(telling->writer);
    for (uint64_t i = 0; i < telling->compare->n_differ; i++) {
        const struct compare_row *row = &telling->compare->differ[i];

        json_write_object(telling->writer);
        json_member_u64(telling->writer, "line", row->line);
        json_answer(telling, "a", row, 0);
        json_answer(telling, "b", row, 1);
        json_member_double(telling->writer, "apart", row->apart);
        json_write_object_end(telling->writer);
    }
    json_write_array_end(telling->writer);
}

/* The figures of both, and how often one alone was right. */
static void json_truth(const struct telling *telling)
{
    static const char *const keys[] = {"a", "b"};
    const struct compare *compare = telling->compare;
    struct json_writer *writer = telling->writer;
    struct quality_figures figures;

    if (compare->truths[0] == NULL)
        return;
    json_write_key(writer, "truth");
    json_write_object(writer);
    json_member_string(writer, "target", compare->target);
    json_member_u64(writer, "rows", compare->told);
    for (int i = 0; i < 2; i++) {
        quality_read(compare->truths[i], &figures);
        json_write_key(writer, keys[i]);
        json_write_object(writer);
        if (compare->n_classes != 0) {
            json_member_double(writer, "accuracy", figures.accuracy);
            json_member_double(writer, "f1_macro", figures.f1_macro);
            json_member_double(writer, "log_loss", figures.log_loss);
            json_member_u64(writer, "right_alone", compare->right[i]);
        } else {
            json_member_double(writer, "r2", figures.r2);
            json_member_double(writer, "mae", figures.mae);
            json_member_double(writer, "rmse", figures.rmse);
        }
        json_write_object_end(writer);
    }
    json_write_object_end(writer);
}

void compare_write(struct json_writer *writer, const struct compare_options *options,
                   const struct compare *compare)
{
    const struct telling telling = {options, compare, writer};

    json_write_object(writer);
    json_models(&telling);
    json_member_u64(writer, "rows", compare->rows);
    json_member_u64(writer, "agree", compare->agree);
    json_member_u64(writer, "differ", compare->rows - compare->agree);
    json_member_string(writer, "compared", compare_number_name(compare));
    json_member_double(writer, "apart_most", compare->most);
    json_member_double(writer, "apart_mean", compare_mean_apart(compare));
    json_confusion(&telling);
    json_truth(&telling);
    json_rows(&telling);
    json_write_object_end(writer);
}
