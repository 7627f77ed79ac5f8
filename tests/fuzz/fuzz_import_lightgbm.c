/*
 * fuzz_import_lightgbm.c: any bytes as LightGBM's text.
 *
 * What is refused is refused with its place, in UTF-8.  What is taken has all that the
 * check of drafts does not look at: outputs in turn, names, leaves that are linear.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/utf8.h"
#include "forest/import.h"

static void look_at_linear(const struct draft *draft, const struct draft_tree *tree)
{
    uint32_t i, k;

    for (i = 0; i < tree->n_leaves; i++) {
        CHECK(isfinite(tree->linear[i].constant));
        for (k = 0; k < tree->linear[i].n; k++) {
            CHECK(tree->linear[i].features[k] < draft->n_features);
            CHECK(isfinite(tree->linear[i].weights[k]));
        }
    }
}

static void look_at(const struct draft *draft)
{
    uint32_t t;

    CHECK(draft->spec.n_outputs > 0 && draft->n_trees % draft->spec.n_outputs == 0);
    CHECK(draft->n_targets > 0 && strlen(draft->facts.source) > 0);
    for (t = 0; t < draft->n_trees; t++) {
        CHECK(draft->trees[t].output == t % draft->spec.n_outputs);
        CHECK(draft->trees[t].n_nodes == 2 * draft->trees[t].n_leaves - 1);
        if (draft->trees[t].linear != NULL)
            look_at_linear(draft, &draft->trees[t]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import_found found;
    const struct import_options options = {.found = &found};
    struct draft draft = {0};
    struct reason why = {""};
    FILE *file;

    if (size == 0)
        return 0;
    file = fmemopen((void *)data, size, "r");
    CHECK(file != NULL);
    if (import_lightgbm(file, "m.txt", &options, &draft, &why) == RESULT_OK) {
        look_at(&draft);
        CHECK(utf8_valid(found.objective, strlen(found.objective)));
        draft_check(&draft, &why);
    } else {
        CHECK(strncmp(why.text, "m.txt:", 6) == 0);
        CHECK(utf8_valid(why.text, strlen(why.text)));
    }
    draft_free(&draft);
    fclose(file);
    return 0;
}
