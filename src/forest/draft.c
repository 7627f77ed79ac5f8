/*
 * draft.c: a forest in memory: its end, and its way into a file.
 */
#include "forest/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static void tree_free(struct draft_tree *tree)
{
    uint32_t i;

    for (i = 0; i < tree->n_sets && tree->sets != NULL; i++)
        free(tree->sets[i].words);
    for (i = 0; i < tree->n_leaves && tree->linear != NULL; i++) {
        free(tree->linear[i].weights);
        free(tree->linear[i].features);
    }
    free(tree->nodes);
    free(tree->leaves);
    free(tree->sets);
    free(tree->linear);
}

static void names_free(char **names, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n && names != NULL; i++)
        free(names[i]);
    free(names);
}

void draft_free(struct draft *draft)
{
    uint32_t i;

    for (i = 0; i < draft->n_features && draft->features != NULL; i++) {
        free(draft->features[i].name);
        names_free(draft->features[i].values, draft->features[i].n_values);
    }
    for (i = 0; i < draft->n_targets && draft->targets != NULL; i++) {
        free(draft->targets[i].name);
        names_free(draft->targets[i].labels, draft->targets[i].n_classes);
    }
    for (i = 0; i < draft->n_trees && draft->trees != NULL; i++)
        tree_free(&draft->trees[i]);
    free(draft->features);
    free(draft->columns);
    free(draft->targets);
    free(draft->trees);
    free(draft->base);
    free(draft->thresholds);
    free(draft->text);
    free(draft->baseline);
    memset(draft, 0, sizeof(*draft));
}

enum result draft_columns_make(struct draft *draft)
{
    uint32_t i;

    draft->columns = calloc(draft->n_features, sizeof(*draft->columns));
    if (draft->columns == NULL)
        return RESULT_NOMEM;
    draft->n_columns = draft->n_features;
    for (i = 0; i < draft->n_features; i++)
        draft->columns[i] = (struct draft_column){i, DRAFT_KEEP};
    return RESULT_OK;
}

enum result draft_write(const struct draft *draft, const char *path, struct reason *why)
{
    void *bytes = NULL;
    size_t len = 0;
    enum result result = draft_pack(draft, &bytes, &len, why);

    if (result == RESULT_OK)
        result = file_write_atomic(path, bytes, len, 0644, why);
    free(bytes);
    return result;
}
