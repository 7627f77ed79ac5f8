/*
 * import_lightgbm.c: LightGBM's text models, v2 to v4, as drafts.
 *
 *     tree                       the word, on the first line
 *     version=v4                 and the other keys of the head, in any order
 *     (an empty line)
 *     Tree=0                     trees, each with an empty line behind it
 *     end of trees
 *     (importances, parameters)  of which one parameter is looked at
 *     pandas_categorical:[...]   the categories' names, as JSON; or null
 *
 * The sum begins at 0 and adds leaves in the file's order: what boosting began with is in
 * the leaves of the first trees, and so are DART's weights and the learning rate.
 */
#include "forest/import_lightgbm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "base/text.h"
#include "base/utf8.h"

/* Makes place for feature i; NULL when there can be no such feature, or no memory. */
static struct lgb_feature *feature_at(struct lgb_import *import, uint32_t i)
{
    struct lgb_head *head = &import->head;
    struct lgb_feature *grown;
    uint32_t cap = head->cap_features;

    if (i >= IMAGE_MAX_FEATURES) {
        lgb_fail(&import->text, RESULT_TOO_BIG, 0, "over %d features", IMAGE_MAX_FEATURES);
        return NULL;
    }
    if (i >= cap) {
        cap = cap == 0 ? 64 : 2 * cap;
        grown = realloc(head->features, cap * sizeof(*grown));
        if (grown == NULL) {
            lgb_no_memory(&import->text);
            return NULL;
        }
        memset(grown + head->cap_features, 0, (cap - head->cap_features) * sizeof(*grown));
        head->features = grown;
        head->cap_features = cap;
    }
    return &head->features[i];
}

static enum result read_names(struct lgb_import *import)
{
    struct lgb_feature *feature;

    while (lgb_word(&import->text)) {
        feature = feature_at(import, import->head.n_names);
        if (feature == NULL)
            break;
        feature->name = strdup(import->text.word.data);
        if (feature->name == NULL)
            return lgb_no_memory(&import->text);
        import->head.n_names++;
    }
    return import->text.result;
}

/* "[min:max]"; a range that is not of numbers is not known. */
static bool parse_range(const char *word, size_t len, struct lgb_feature *feature)
{
    const char *colon = memchr(word, ':', len);

    if (colon == NULL || word[len - 1] != ']' ||
        !lgb_number(word + 1, (size_t)(colon - word - 1), &feature->min) ||
        !lgb_number(colon + 1, (size_t)(word + len - 1 - (colon + 1)), &feature->max))
        return false;
    feature->kind = LGB_NUMBER;
    if (!isfinite(feature->min) || !isfinite(feature->max) || feature->min > feature->max) {
        feature->min = 1;
        feature->max = 0;
    }
    return true;
}

/* "2:0:-1:1": the codes that training has seen, -1 being a missing one. */
static bool parse_codes(const char *word, size_t len, struct lgb_feature *feature)
{
    const char *at = word, *end = word + len, *stop;
    int64_t code;

    feature->kind = LGB_CATEGORY;
    feature->min = INFINITY;
    feature->max = -INFINITY;
    for (; at <= end; at = stop + 1) {
        stop = memchr(at, ':', (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        if (!num_parse_i64(at, (size_t)(stop - at), &code) || code > INT32_MAX)
            return false;
        if (code >= 0) {
            feature->min = fmin(feature->min, (double)code);
            feature->max = fmax(feature->max, (double)code);
        }
    }
    if (feature->min > feature->max) {
        feature->min = 1;
        feature->max = 0;
    }
    return true;
}

static enum result read_infos(struct lgb_import *import)
{
    struct lgb_text *text = &import->text;
    struct lgb_feature *feature;
    char quoted[48];
    bool right;

    while (lgb_word(text)) {
        feature = feature_at(import, import->head.n_infos);
        if (feature == NULL)
            break;
        feature->kind = LGB_NONE;
        feature->min = 1;
        right = strcmp(text->word.data, "none") == 0 ||
                (text->word.data[0] == '[' ? parse_range : parse_codes)(
                    text->word.data, text->word.len, feature);
        if (!right) {
            utf8_quote(quoted, sizeof(quoted), text->word.data, text->word.len);
            return lgb_fail(text, RESULT_MALFORMED, 0,
                            "feature_infos: \"%s\" is no range, no list of codes and not none",
                            quoted);
        }
        import->head.n_infos++;
    }
    return text->result;
}

static enum result read_version(struct lgb_import *import)
{
    struct lgb_text *text = &import->text;
    char quoted[48];

    if (!lgb_rest(text))
        return text->result;
    if (text->word.len == 2 && text->word.data[0] == 'v' && text->word.data[1] >= '2' &&
        text->word.data[1] <= '4') {
        import->head.version = (unsigned)(text->word.data[1] - '0');
        return RESULT_OK;
    }
    utf8_quote(quoted, sizeof(quoted), text->word.data, text->word.len);
    return lgb_fail(text, RESULT_INVALID, 0, "version is \"%s\"; v2, v3 and v4 are known",
                    quoted);
}

static enum result read_objective(struct lgb_import *import)
{
    struct lgb_text *text = &import->text;

    if (!lgb_rest(text))
        return text->result;
    import->head.objective_line = text->line;
    if (text->word.len >= sizeof(import->head.objective))
        return lgb_fail(text, RESULT_TOO_BIG, 0, "objective is longer than %zu bytes",
                        sizeof(import->head.objective) - 1);
    memcpy(import->head.objective, text->word.data, text->word.len + 1);
    return RESULT_OK;
}

static enum result read_classes(struct lgb_import *import)
{
    uint64_t n = 0;
    enum result result = lgb_count(&import->text, "num_class", IMAGE_MAX_CLASSES, &n);

    import->head.n_classes = (uint32_t)n;
    return result;
}

static enum result read_per_round(struct lgb_import *import)
{
    uint64_t n = 0;
    enum result result =
        lgb_count(&import->text, "num_tree_per_iteration", IMAGE_MAX_CLASSES, &n);

    import->head.per_round = (uint32_t)n;
    return result;
}

static enum result read_n_features(struct lgb_import *import)
{
    uint64_t n = 0;
    enum result result =
        lgb_count(&import->text, "max_feature_idx", IMAGE_MAX_FEATURES - 1, &n);

    import->head.n_features = (uint32_t)n + 1;
    return result;
}

/* Where the trees are is of no use to who reads them all, but how many there are is. */
static enum result read_sizes(struct lgb_import *import)
{
    uint64_t size;

    import->head.sized = true;
    while (lgb_word(&import->text)) {
        if (!num_parse_u64(import->text.word.data, import->text.word.len, &size))
            return lgb_fail(&import->text, RESULT_MALFORMED, 0,
                            "tree_sizes has a word that is no number");
        import->head.n_sizes++;
    }
    return import->text.result;
}

static enum result read_average(struct lgb_import *import)
{
    import->head.average = true;
    return RESULT_OK;
}

enum key {
    KEY_VERSION,
    KEY_CLASSES,
    KEY_PER_ROUND,
    KEY_FEATURES,
    KEY_OBJECTIVE,
    KEY_AVERAGE,
    KEY_NAMES,
    KEY_INFOS,
    KEY_SIZES,
    KEY__MAX
};

static const struct {
    const char *name;
    enum result (*read)(struct lgb_import *import);
    bool needed;
} keys[KEY__MAX] = {
    [KEY_VERSION] = {"version", read_version, true},
    [KEY_CLASSES] = {"num_class", read_classes, true},
    [KEY_PER_ROUND] = {"num_tree_per_iteration", read_per_round, false},
    [KEY_FEATURES] = {"max_feature_idx", read_n_features, true},
    [KEY_OBJECTIVE] = {"objective", read_objective, false},
    [KEY_AVERAGE] = {"average_output", read_average, false},
    [KEY_NAMES] = {"feature_names", read_names, true},
    [KEY_INFOS] = {"feature_infos", read_infos, true},
    [KEY_SIZES] = {"tree_sizes", read_sizes, false},
};

/* What belongs together in the head. */
static enum result check_head(struct lgb_import *import, const bool seen[KEY__MAX])
{
    struct lgb_head *head = &import->head;
    int key;

    for (key = 0; key < KEY__MAX; key++)
        if (keys[key].needed && !seen[key])
            return lgb_fail(&import->text, RESULT_MALFORMED, 0, "the head above has no %s",
                            keys[key].name);
    if (!seen[KEY_PER_ROUND])
        head->per_round = head->n_classes;
    if (head->per_round == 0)
        return lgb_fail(&import->text, RESULT_MALFORMED, 0,
                        "the head above has no trees in a round");
    if (head->n_names != head->n_features || head->n_infos != head->n_features)
        return lgb_fail(&import->text, RESULT_MALFORMED, 0,
                        "the head above has %u feature_names and %u feature_infos, and by "
                        "max_feature_idx there are %u",
                        (unsigned)head->n_names, (unsigned)head->n_infos,
                        (unsigned)head->n_features);
    return RESULT_OK;
}

/* Goes to the next line that is not empty and reads its key; false at the file's end. */
static bool next_key(struct lgb_text *text, char *sign)
{
    while (lgb_next_line(text)) {
        *sign = lgb_key(text);
        if (text->result != RESULT_OK || *sign != 0 || text->word.len > 0)
            return text->result == RESULT_OK;
    }
    return false;
}

/* Reads up to the key of the first tree's line. */
static enum result read_head(struct lgb_import *import)
{
    struct lgb_text *text = &import->text;
    bool seen[KEY__MAX] = {false}, more;
    char sign;
    int key;

    if (!lgb_next_line(text) || !lgb_rest(text) || strcmp(text->word.data, "tree") != 0)
        return lgb_fail(text, RESULT_MALFORMED, 0,
                        "no text model of LightGBM: the first line is not \"tree\"");
    while ((more = next_key(text, &sign)) && strcmp(text->word.data, "Tree") != 0) {
        for (key = 0; key < KEY__MAX; key++)
            if (sign != ':' && strcmp(text->word.data, keys[key].name) == 0)
                break;
        if (key == KEY__MAX)
            continue;
        if (seen[key])
            return lgb_fail(text, RESULT_MALFORMED, 0, "%s is there twice", keys[key].name);
        seen[key] = true;
        if (keys[key].read(import) != RESULT_OK)
            return text->result;
    }
    if (!more)
        return lgb_fail(text, RESULT_MALFORMED, 0, "there are no trees");
    return check_head(import, seen);
}

/* Reads the trees, from the key of the first one's line to that of the line behind them. */
static enum result read_trees(struct lgb_import *import, char *sign)
{
    struct lgb_text *text = &import->text;
    const uint32_t per_round = import->head.per_round;
    bool more = true;
    uint32_t n;

    while (more && strcmp(text->word.data, "Tree") == 0) {
        if (lgb_tree_read(import) != RESULT_OK)
            return text->result;
        more = next_key(text, sign);
    }
    n = import->draft->n_trees;
    if (!more)
        return lgb_fail(text, RESULT_MALFORMED, 0, "the file ends within its trees");
    if (import->head.sized && n != import->head.n_sizes)
        return lgb_fail(text, RESULT_MALFORMED, 0,
                        "there are %u trees, and tree_sizes has %llu", (unsigned)n,
                        (unsigned long long)import->head.n_sizes);
    if (n % per_round != 0)
        return lgb_fail(text, RESULT_MALFORMED, 0,
                        "there are %u trees, which is no whole number of rounds of %u",
                        (unsigned)n, (unsigned)per_round);
    return RESULT_OK;
}

/* Reads what stands behind the trees, from the key of its first line on. */
static enum result read_tail(struct lgb_import *import, char sign)
{
    struct lgb_text *text = &import->text;
    bool pandas = false;

    do {
        const char *key = text->word.data;

        if (sign == 0 && strcmp(key, "end of parameters") == 0)
            import->parameters = true;
        if (sign == ':' && strcmp(key, "[refit_decay_rate") == 0)
            import->refit_decay = true;
        if (sign == ':' && strcmp(key, "pandas_categorical") == 0) {
            if (pandas)
                return lgb_fail(text, RESULT_MALFORMED, 0, "pandas_categorical is there twice");
            pandas = true;
            if (lgb_pandas_read(import) != RESULT_OK)
                break;
        }
    } while (next_key(text, &sign));
    return text->result;
}

/* The features as the draft has them; their names are the draft's then. */
static enum result make_features(struct lgb_import *import)
{
    struct draft *draft = import->draft;
    double total = 0;
    uint32_t i;

    draft->features = calloc(draft->n_features, sizeof(*draft->features));
    if (draft->features == NULL)
        return lgb_no_memory(&import->text);
    for (i = 0; i < draft->n_features; i++)
        total += import->head.features[i].gain;
    for (i = 0; i < draft->n_features; i++) {
        struct lgb_feature *from = &import->head.features[i];
        struct draft_feature *to = &draft->features[i];

        to->name = from->name;
        from->name = NULL;
        to->type = from->kind == LGB_CATEGORY ? IMAGE_CATEGORY : IMAGE_REAL;
        to->min = from->min;
        to->max = from->max;
        to->importance = total > 0 && isfinite(total) ? from->gain / total : 0;
        to->missing = from->missing || !from->split;
    }
    return lgb_pandas_apply(import);
}

/* What people ought to know; the first of what there is. */
static const char *note_of(const struct lgb_import *import)
{
    if (import->own_objective)
        return "the objective is none of LightGBM's own: the answer is the margin, as in "
               "LightGBM";
    if (import->predictions)
        return "a random forest of LightGBM before 2.2.3: its leaves are predictions, and "
               "their "
               "mean is the answer";
    if (import->unnamed && import->n_lists > 0)
        return "pandas_categorical does not fit the categorical features: categories are "
               "LightGBM's codes";
    if (import->head.average)
        return "a random forest: the margin is the mean of its trees, where LightGBM's raw "
               "score is their sum";
    return "";
}

static void tell_found(const struct lgb_import *import)
{
    struct import_found *found = import->found;

    if (found == NULL)
        return;
    text_print(found->format, sizeof(found->format), "LightGBM text");
    text_print(found->version, sizeof(found->version), "v%u", import->head.version);
    utf8_quote(found->objective, sizeof(found->objective), import->head.objective,
               strlen(import->head.objective));
    text_print(found->note, sizeof(found->note), "%s", note_of(import));
}

static enum result read_all(struct lgb_import *import)
{
    struct draft *draft = import->draft;
    char sign = 0;
    enum result result = read_head(import);

    if (result != RESULT_OK)
        return result;
    draft->n_features = import->head.n_features;
    import->cap_columns = draft->n_features;
    if (draft_columns_make(draft) != RESULT_OK)
        return lgb_no_memory(&import->text);
    result = read_trees(import, &sign);
    if (result == RESULT_OK)
        result = read_tail(import, sign);
    if (result == RESULT_OK)
        result = lgb_objective_apply(import);
    if (result == RESULT_OK)
        result = make_features(import);
    if (result == RESULT_OK)
        tell_found(import);
    return result;
}

static void import_free(struct lgb_import *import)
{
    uint32_t i;

    for (i = 0; i < import->head.cap_features; i++)
        free(import->head.features[i].name);
    free(import->head.features);
    for (i = 0; i < LGB_ARRAY__MAX; i++)
        free(import->arrays[i].values);
    lgb_pandas_free(import);
    lgb_close(&import->text);
}

enum result import_lightgbm(FILE *file, const char *name, const struct import_options *options,
                            struct draft *draft, struct reason *why)
{
    struct lgb_import import = {
        .draft = draft, .found = options->found, .least = INFINITY, .most = -INFINITY};
    enum result result = lgb_open(&import.text, file, name, why);

    if (result == RESULT_OK)
        result = read_all(&import);
    import_free(&import);
    return result;
}
