/*
 * import_lightgbm_pandas.c: the names of categories.
 *
 * LightGBM knows codes alone.  Its Python package makes them from a data frame's
 * categorical columns, and writes what they stood for behind the model, as one line of
 * JSON: a list for each of those columns, of texts, numbers or truths; or null.
 */
#include "forest/import_lightgbm.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static ssize_t fill(void *context, char *to, size_t room)
{
    struct lgb_text *text = context;
    size_t n = 0;
    int byte;

    while (n < room && (byte = lgb_byte(text)) != -1)
        to[n++] = (char)byte;
    return text->result == RESULT_OK ? (ssize_t)n : -1;
}

static enum result bad(struct lgb_import *import, const char *what)
{
    return lgb_fail(&import->text, RESULT_MALFORMED, 0, "pandas_categorical: %s", what);
}

static struct lgb_names *add_list(struct lgb_import *import)
{
    struct lgb_names *grown = import->lists;
    uint32_t cap;

    if (import->n_lists == IMAGE_MAX_FEATURES) {
        bad(import, "more lists than there can be features");
        return NULL;
    }
    if (import->n_lists == import->cap_lists) {
        cap = import->cap_lists == 0 ? 16 : 2 * import->cap_lists;
        grown = realloc(import->lists, cap * sizeof(*grown));
        if (grown == NULL) {
            lgb_no_memory(&import->text);
            return NULL;
        }
        import->lists = grown;
        import->cap_lists = cap;
    }
    grown += import->n_lists++;
    *grown = (struct lgb_names){0};
    return grown;
}

static enum result add_name(struct lgb_import *import, struct lgb_names *names,
                            const char *text, size_t len)
{
    char **grown;
    uint32_t cap;

    if (memchr(text, '\0', len) != NULL)
        return bad(import, "a name with a NUL in it");
    if (names->n == names->cap) {
        cap = names->cap == 0 ? 16 : 2 * names->cap;
        grown = cap > names->cap ? realloc(names->values, cap * sizeof(*grown)) : NULL;
        if (grown == NULL)
            return lgb_no_memory(&import->text);
        names->values = grown;
        names->cap = cap;
    }
    names->values[names->n] = strndup(text, len);
    if (names->values[names->n] == NULL)
        return lgb_no_memory(&import->text);
    names->n++;
    return RESULT_OK;
}

/* One category, by its token.  Python calls its truths True and False. */
static enum result read_name(struct lgb_import *import, struct json_reader *reader,
                             enum json_token token, struct lgb_names *names)
{
    size_t len = 0;
    const char *text;

    switch (token) {
    case JSON_STRING:
    case JSON_NUMBER:
        text = json_text(reader, &len);
        return add_name(import, names, text, len);
    case JSON_TRUE:
        return add_name(import, names, "True", 4);
    case JSON_FALSE:
        return add_name(import, names, "False", 5);
    case JSON_BAD:
        return bad(import, json_problem(reader));
    default:
        return bad(import, "a category is a text, a number or a truth");
    }
}

static enum result read_lists(struct lgb_import *import, struct json_reader *reader)
{
    enum json_token token = json_next(reader);
    enum result result = RESULT_OK;
    struct lgb_names *names;

    if (token == JSON_NULL)
        return json_next(reader) == JSON_END ? RESULT_OK : bad(import, json_problem(reader));
    if (token != JSON_ARRAY)
        return bad(import, "it is a list of lists, or null");
    while (result == RESULT_OK && (token = json_next(reader)) == JSON_ARRAY) {
        names = add_list(import);
        if (names == NULL)
            return import->text.result;
        while (result == RESULT_OK && (token = json_next(reader)) != JSON_ARRAY_END)
            result = read_name(import, reader, token, names);
    }
    if (result != RESULT_OK)
        return result;
    if (token == JSON_BAD)
        return bad(import, json_problem(reader));
    if (token != JSON_ARRAY_END)
        return bad(import, "it is a list of lists, or null");
    return json_next(reader) == JSON_END ? RESULT_OK : bad(import, json_problem(reader));
}

enum result lgb_pandas_read(struct lgb_import *import)
{
    struct json_reader *reader = calloc(1, sizeof(*reader));
    enum result result;

    if (reader == NULL)
        return lgb_no_memory(&import->text);
    json_reader_start_stream(reader, fill, &import->text);
    result = read_lists(import, reader);
    json_reader_free(reader);
    free(reader);
    return result;
}

/* Whether the lists can be those of the categorical features, one by one. */
static bool lists_fit(const struct lgb_import *import)
{
    const struct draft *draft = import->draft;
    uint32_t i, list = 0;

    for (i = 0; i < draft->n_features; i++) {
        if (draft->features[i].type != IMAGE_CATEGORY)
            continue;
        if (list == import->n_lists || import->lists[list].n == 0 ||
            draft->features[i].max >= import->lists[list].n)
            return false;
        list++;
    }
    return list == import->n_lists;
}

enum result lgb_pandas_apply(struct lgb_import *import)
{
    struct draft *draft = import->draft;
    uint32_t i, list = 0;

    import->unnamed = !lists_fit(import);
    if (import->unnamed)
        return RESULT_OK;
    for (i = 0; i < draft->n_features; i++) {
        struct draft_feature *feature = &draft->features[i];

        if (feature->type != IMAGE_CATEGORY)
            continue;
        feature->values = import->lists[list].values;
        feature->n_values = import->lists[list].n;
        feature->min = 0;
        feature->max = feature->n_values - 1;
        import->lists[list++].values = NULL;
    }
    return RESULT_OK;
}

void lgb_pandas_free(struct lgb_import *import)
{
    uint32_t i, k;

    for (i = 0; i < import->n_lists; i++) {
        for (k = 0; k < import->lists[i].n && import->lists[i].values != NULL; k++)
            free(import->lists[i].values[k]);
        free(import->lists[i].values);
    }
    free(import->lists);
}
