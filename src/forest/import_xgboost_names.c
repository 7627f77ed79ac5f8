/*
 * import_xgboost_names.c: names of features in an XGBoost model, and of categories.
 *
 * Categories have names since 3.1, in "cats": for each feature texts, as the bytes of all
 * and where each begins, or numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "forest/import_xgboost.h"

/* The categories of a feature (3.1): texts, or numbers. */
struct categories {
    struct xgb_integers values, offsets;
    bool texts;
};

bool xgb_read_names(struct xgb_import *import, struct xgb_names *names)
{
    struct xgb_reader *reader = &import->reader;
    enum xgb_token token;
    char **more;

    if (!xgb_enter(reader, XGB_ARRAY))
        return false;
    while ((token = xgb_next(reader)) == XGB_STRING) {
        if (names->n == IMAGE_MAX_FEATURES)
            return xgb_fail(import, RESULT_TOO_BIG, "too many names");
        if (strlen(reader->text.data) != reader->text.len)
            return xgb_fail(import, RESULT_MALFORMED, "a name with a NUL in it");
        more = realloc(names->names, (names->n + (size_t)1) * sizeof(*more));
        if (more == NULL)
            return xgb_no_memory(import);
        names->names = more;
        more[names->n] = strdup(reader->text.data);
        if (more[names->n++] == NULL)
            return xgb_no_memory(import);
    }
    if (token != XGB_ARRAY_END)
        xgb_bad(reader, "not a text");
    return token == XGB_ARRAY_END;
}

void xgb_names_free(struct xgb_names *names)
{
    uint32_t i;

    for (i = 0; i < names->n; i++)
        free(names->names[i]);
    free(names->names);
}

static bool read_category_values(struct xgb_reader *reader, void *arg)
{
    return xgb_read_integers(reader, &((struct categories *)arg)->values);
}

static bool read_category_offsets(struct xgb_reader *reader, void *arg)
{
    struct categories *categories = arg;

    categories->texts = true;
    return xgb_read_integers(reader, &categories->offsets);
}

/* Category i: its bytes of the list, or its number as text.  NULL if there is none. */
static char *category_name(const struct categories *categories, size_t i)
{
    const int64_t *offsets = categories->offsets.values;
    char number[NUM_DOUBLE_MAX], *name;
    size_t k, len;

    if (!categories->texts) {
        num_print_i64(number, categories->values.values[i]);
        return strdup(number);
    }
    if (offsets[i] < 0 || offsets[i + 1] < offsets[i] ||
        (uint64_t)offsets[i + 1] > categories->values.n ||
        offsets[i + 1] - offsets[i] > IMAGE_MAX_NAME)
        return NULL;
    len = (size_t)(offsets[i + 1] - offsets[i]);
    name = malloc(len + 1);
    for (k = 0; k < len && name != NULL; k++)
        name[k] = (char)categories->values.values[(size_t)offsets[i] + k];
    if (name != NULL)
        name[len] = '\0';
    return name;
}

static bool categories_name(struct xgb_import *import, const struct categories *categories,
                            struct draft_feature *feature)
{
    size_t n = categories->texts ? categories->offsets.n : categories->values.n, i;

    n -= categories->texts && n != 0;
    if (n == 0)
        return true;
    feature->values = calloc(n, sizeof(*feature->values));
    if (feature->values == NULL)
        return xgb_no_memory(import);
    feature->n_values = (uint32_t)n;
    for (i = 0; i < n; i++) {
        feature->values[i] = category_name(categories, i);
        if (feature->values[i] == NULL)
            return xgb_fail(import, RESULT_MALFORMED, "the name of a category is not there");
    }
    return true;
}

static bool read_encodings(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {
        {"offsets", read_category_offsets}, {"values", read_category_values}, {0}};
    struct xgb_import *import = arg;
    struct categories categories = {0};
    struct draft_feature *more;
    bool good = xgb_enter(reader, XGB_ARRAY);

    while (good && xgb_more(reader)) {
        categories.values.n = categories.offsets.n = 0;
        categories.texts = false;
        more = import->n_categories == IMAGE_MAX_FEATURES
                   ? NULL
                   : realloc(import->categories,
                             (import->n_categories + (size_t)1) * sizeof(*more));
        if (more == NULL) {
            good = xgb_fail(import, RESULT_TOO_BIG, "too many features with categories");
            break;
        }
        import->categories = more;
        more += import->n_categories++;
        memset(more, 0, sizeof(*more));
        good = xgb_read_object(reader, members, &categories) &&
               categories_name(import, &categories, more);
    }
    free(categories.values.values);
    free(categories.offsets.values);
    return good && reader->result == RESULT_OK;
}

bool xgb_read_categories(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"enc", read_encodings}, {0}};

    return xgb_read_object(reader, members, arg);
}
