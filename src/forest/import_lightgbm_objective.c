/*
 * import_lightgbm_objective.c: what becomes of the sums, by the objective of the file.
 *
 * LightGBM writes how it was trained, "binary sigmoid:1", and reads from that how margins
 * become predictions (ObjectiveFunction::ConvertOutput).  An objective of the user's own
 * leaves no line, or "custom"; then the margins are the answer, as they are in LightGBM,
 * and so they are for a name that is not known here.
 */
#include "forest/import_lightgbm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"

/* What a prediction of the objective is. */
enum shape {
    VALUE,
    TWO,  /* the margin of the second of two classes */
    MANY, /* a margin for each class */
};

static const struct objective {
    const char *name; /* as LightGBM writes it, or has written it */
    enum shape shape;
    enum spec_transform transform;
    bool root;    /* takes "sqrt" */
    bool sigmoid; /* needs "sigmoid:" */
} objectives[] = {
    {"regression", VALUE, SPEC_IDENTITY, true, false},
    {"regression_l2", VALUE, SPEC_IDENTITY, true, false},
    {"mean_squared_error", VALUE, SPEC_IDENTITY, true, false},
    {"mse", VALUE, SPEC_IDENTITY, true, false},
    {"l2", VALUE, SPEC_IDENTITY, true, false},
    {"l2_root", VALUE, SPEC_IDENTITY, true, false},
    {"root_mean_squared_error", VALUE, SPEC_IDENTITY, true, false},
    {"rmse", VALUE, SPEC_IDENTITY, true, false},
    {"regression_l1", VALUE, SPEC_IDENTITY, true, false},
    {"mean_absolute_error", VALUE, SPEC_IDENTITY, true, false},
    {"l1", VALUE, SPEC_IDENTITY, true, false},
    {"mae", VALUE, SPEC_IDENTITY, true, false},
    {"huber", VALUE, SPEC_IDENTITY, false, false},
    {"fair", VALUE, SPEC_IDENTITY, true, false},
    {"quantile", VALUE, SPEC_IDENTITY, true, false},
    {"mape", VALUE, SPEC_IDENTITY, true, false},
    {"mean_absolute_percentage_error", VALUE, SPEC_IDENTITY, true, false},
    {"poisson", VALUE, SPEC_EXP_F64, false, false},
    {"gamma", VALUE, SPEC_EXP_F64, false, false},
    {"tweedie", VALUE, SPEC_EXP_F64, false, false},
    {"binary", TWO, SPEC_SIGMOID_F64, false, true},
    {"multiclass", MANY, SPEC_SOFTMAX_F64, false, false},
    {"softmax", MANY, SPEC_SOFTMAX_F64, false, false},
    {"multiclassova", MANY, SPEC_SIGMOIDS_F64, false, true},
    {"multiclass_ova", MANY, SPEC_SIGMOIDS_F64, false, true},
    {"ova", MANY, SPEC_SIGMOIDS_F64, false, true},
    {"ovr", MANY, SPEC_SIGMOIDS_F64, false, true},
    {"cross_entropy", VALUE, SPEC_SIGMOID_F64, false, false},
    {"xentropy", VALUE, SPEC_SIGMOID_F64, false, false},
    {"cross_entropy_lambda", VALUE, SPEC_LOG1P_EXP, false, false},
    {"xentlambda", VALUE, SPEC_LOG1P_EXP, false, false},
    {"lambdarank", VALUE, SPEC_IDENTITY, false, false},
    {"rank_xendcg", VALUE, SPEC_IDENTITY, false, false},
    {"xendcg", VALUE, SPEC_IDENTITY, false, false},
    {"xe_ndcg", VALUE, SPEC_IDENTITY, false, false},
    {"xe_ndcg_mart", VALUE, SPEC_IDENTITY, false, false},
    {"xendcg_mart", VALUE, SPEC_IDENTITY, false, false},
};

/* The words of the objective's line. */
struct said {
    const struct objective *row; /* NULL: not known, or the user's own */
    double sigmoid;              /* 0 if not told */
    uint64_t n_classes;          /* 0 if not told */
    bool root;
};

/* The digits from *at on as a number, and how many they are. */
static double digits(const char **at, int *n)
{
    double value = 0;

    for (*n = 0; **at >= '0' && **at <= '9'; (*at)++, (*n)++)
        value = value * 10 + (**at - '0');
    return value;
}

/*
 * A number as LightGBM reads the sigmoid's: what is behind the point is divided by its
 * power of ten and added, and the exponent comes last, which rounds up to three times.
 * It writes six digits, for which no power rounds; other texts are read to the nearest.
 */
static bool parse_sigmoid(const char *text, size_t len, double *out)
{
    int whole, behind = 0, exponent, i;
    const char *at = text;
    double value, scale = 1;
    bool under;

    if (!num_parse_double_loose(text, len, out))
        return false;
    value = digits(&at, &whole);
    if (*at == '.') {
        const char *from = ++at;
        double fraction = digits(&at, &behind);

        for (i = 0; from + i < at && i < 22; i++)
            scale *= 10;
        value += fraction / scale;
    }
    scale = 1;
    if (*at == 'e') {
        under = *++at == '-';
        at += *at == '-' || *at == '+';
        exponent = (int)fmin(digits(&at, &i), 22);
        for (i = 0; i < exponent; i++)
            scale *= 10;
        value = under ? value / scale : value * scale;
    }
    if (whole + behind <= 15 && at == text + len && isfinite(value) &&
        fabs(value - *out) <= 1e-12 * *out)
        *out = value;
    return true;
}

static enum result read_word(struct lgb_import *import, char *word, struct said *said)
{
    char *colon = strchr(word, ':');
    bool right = true;

    if (colon == NULL) {
        said->root = said->root || strcmp(word, "sqrt") == 0;
    } else if (strncmp(word, "num_class:", 10) == 0) {
        right = num_parse_u64(colon + 1, strlen(colon + 1), &said->n_classes);
    } else if (strncmp(word, "sigmoid:", 8) == 0) {
        right =
            parse_sigmoid(colon + 1, strlen(colon + 1), &said->sigmoid) && said->sigmoid > 0;
    }
    if (right)
        return RESULT_OK;
    return lgb_fail(&import->text, RESULT_MALFORMED, import->head.objective_line,
                    "objective: a bad number in the words behind the name");
}

static enum result read_line(struct lgb_import *import, struct said *said)
{
    enum result result = RESULT_OK;
    char *word, *rest = NULL, line[sizeof(import->head.objective)];
    size_t i;

    memcpy(line, import->head.objective, sizeof(line));
    word = strtok_r(line, " ", &rest);
    for (i = 0; word != NULL && i < sizeof(objectives) / sizeof(objectives[0]); i++)
        if (strcmp(word, objectives[i].name) == 0)
            said->row = &objectives[i];
    while (result == RESULT_OK && said->row != NULL &&
           (word = strtok_r(NULL, " ", &rest)) != NULL)
        result = read_word(import, word, said);
    return result;
}

/* That the objective's numbers are there and fit the number of trees in a round. */
static enum result check(struct lgb_import *import, const struct said *said)
{
    const uint32_t per_round = import->head.per_round;
    const uint64_t line = import->head.objective_line;

    if (said->row == NULL)
        return RESULT_OK;
    if (said->row->shape != MANY && per_round != 1)
        return lgb_fail(&import->text, RESULT_INVALID, line,
                        "objective: %s has one tree in a round, and num_tree_per_iteration is "
                        "%u",
                        said->row->name, (unsigned)per_round);
    if (said->row->shape == MANY && (said->n_classes != per_round || per_round < 2))
        return lgb_fail(&import->text, RESULT_MALFORMED, line,
                        "objective: num_class is %llu, and num_tree_per_iteration is %u; they "
                        "are the same, from 2 on",
                        (unsigned long long)said->n_classes, (unsigned)per_round);
    if (said->row->sigmoid && said->sigmoid <= 0)
        return lgb_fail(&import->text, RESULT_MALFORMED, line,
                        "objective: %s has no sigmoid:", said->row->name);
    return RESULT_OK;
}

/*
 * Whether a random forest's trees give predictions and not margins: so it was before
 * LightGBM 2.2.3, whose files say v2 like those of 2.2.3 itself.  A file without
 * refit_decay_rate among its parameters is from before 2.2.0; a leaf that no prediction
 * can be is a margin.  Where neither tells there is no right answer.
 */
static enum result judge_old_forest(struct lgb_import *import, enum spec_transform transform,
                                    bool *predictions)
{
    const bool probability = transform == SPEC_SIGMOID_F64 || transform == SPEC_SOFTMAX_F64 ||
                             transform == SPEC_SIGMOIDS_F64;
    const bool positive = transform == SPEC_EXP_F64 || transform == SPEC_LOG1P_EXP;

    *predictions = false;
    if (!import->head.average || import->head.version != 2 || transform == SPEC_IDENTITY)
        return RESULT_OK;
    *predictions = import->parameters && !import->refit_decay;
    if (*predictions || (probability && import->most > 1) ||
        ((probability || positive) && import->least < 0))
        return RESULT_OK;
    return lgb_fail(&import->text, RESULT_INVALID, import->head.objective_line,
                    "a random forest of LightGBM 2.2 whose leaves may be predictions or "
                    "margins, which nothing in the file tells: load and save it with the "
                    "LightGBM that it is used with, if that is 2.3 or later");
}

/* What takes the transform's place where the trees give predictions. */
static enum spec_transform without_transform(const struct objective *row)
{
    switch (row->shape) {
    case TWO:
        return SPEC_COMPLEMENT_F64;
    case MANY:
        return SPEC_FRACTIONS;
    default:
        return SPEC_IDENTITY;
    }
}

static enum result make_targets(struct lgb_import *import, uint32_t n_targets,
                                uint32_t n_classes)
{
    struct draft *draft = import->draft;
    char label[NUM_DOUBLE_MAX];
    uint32_t t, k;

    draft->targets = calloc(n_targets, sizeof(*draft->targets));
    draft->base = calloc(draft->spec.n_outputs, sizeof(*draft->base));
    if (draft->targets == NULL || draft->base == NULL)
        return lgb_no_memory(&import->text);
    draft->n_targets = n_targets;
    for (t = 0; t < n_targets && n_classes > 0; t++) {
        struct draft_target *target = &draft->targets[t];

        target->labels = calloc(n_classes, sizeof(*target->labels));
        if (target->labels == NULL)
            return lgb_no_memory(&import->text);
        target->n_classes = n_classes;
        for (k = 0; k < n_classes; k++) {
            num_print_u64(label, k);
            if ((target->labels[k] = strdup(label)) == NULL)
                return lgb_no_memory(&import->text);
        }
    }
    return RESULT_OK;
}

enum result lgb_objective_apply(struct lgb_import *import)
{
    struct draft *draft = import->draft;
    struct said said = {0};
    enum shape shape;
    enum spec_transform transform;
    bool predictions = false;
    enum result result = read_line(import, &said);

    if (result == RESULT_OK)
        result = check(import, &said);
    if (result != RESULT_OK)
        return result;
    shape = said.row != NULL ? said.row->shape : VALUE;
    transform = said.row != NULL ? said.row->transform : SPEC_IDENTITY;
    if (said.row != NULL && said.row->root && said.root)
        transform = SPEC_SIGNED_SQUARE;
    result = judge_old_forest(import, transform, &predictions);
    if (result != RESULT_OK)
        return result;
    draft->spec = (struct spec){
        .task = shape == VALUE ? SPEC_REGRESS : SPEC_CLASSIFY,
        .compare = SPEC_COMPARE_F64,
        .sum = SPEC_SUM_F64,
        .fold = import->head.average ? SPEC_FOLD_MEAN : SPEC_FOLD_SUM,
        .transform = predictions ? without_transform(said.row) : transform,
        .label = shape == TWO ? SPEC_LABEL_ABOVE_HALF : SPEC_LABEL_ARGMAX,
        .category = SPEC_CATEGORY_TRUNCATE,
        .n_outputs = import->head.per_round,
        .divisor = import->head.average ? draft->n_trees / import->head.per_round : 1,
        .parameter = said.row != NULL && said.row->sigmoid ? said.sigmoid : 1,
    };
    draft->facts.source = "lightgbm";
    draft->facts.trees = draft->n_trees;
    import->own_objective = said.row == NULL;
    import->predictions = predictions;
    return make_targets(import, shape == VALUE ? import->head.per_round : 1,
                        shape == TWO ? 2 : (shape == MANY ? import->head.per_round : 0));
}
