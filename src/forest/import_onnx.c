/*
 * import_onnx.c: an ONNX model that is one forest, as a draft: the graph round the forest.
 *
 * One TreeEnsembleClassifier or TreeEnsembleRegressor (ai.onnx.ml 1 to 4) or TreeEnsemble
 * (5), with what converters put around it: Cast, Identity, ZipMap, ArgMax.  Every other
 * node is refused by its name, for it would change what is answered.
 */
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "forest/import.h"
#include "forest/import_onnx.h"

/* What a named value of the graph is. */
enum kind {
    NONE = 0,
    ROWS,   /* the rows, as they are or cast */
    SCORES, /* what the trees make of them */
    LABELS, /* the class of each */
    OTHER
};

/* The graph --------------------------------------------------------------------------- */

struct value {
    const char *name;
    enum kind kind;
};

/* Cast of the rows: to float32 it is what the comparison does; other types are not exact. */
static enum result cast_rows(struct onnx *in, const struct onnx_node *node)
{
    const struct onnx_attribute *to = onnx_attribute_find(node, "to");
    int64_t type = to == NULL ? 0 : to->i;

    if (type == ONNX_DOUBLE && in->type == ONNX_FLOAT)
        return onnx_refuse(in, RESULT_INVALID, "a Cast of rows from float to double");
    if (type != ONNX_FLOAT && type != ONNX_DOUBLE && type != (int64_t)in->type)
        return onnx_refuse(in, RESULT_INVALID, "a Cast of rows to another type than float");
    in->type = (enum onnx_type)type;
    return RESULT_OK;
}

/* What comes out of a node that is not the trees. */
static enum result pass_node(struct onnx *in, const struct onnx_node *node, enum kind kind,
                             enum kind *out)
{
    const struct onnx_attribute *last = onnx_attribute_find(node, "select_last_index");
    const struct onnx_attribute *axis = onnx_attribute_find(node, "axis");

    *out = kind;
    if (strcmp(node->op.text, "Identity") == 0)
        return RESULT_OK;
    if (strcmp(node->op.text, "Cast") == 0)
        return kind == ROWS ? cast_rows(in, node) : RESULT_OK;
    if (strcmp(node->op.text, "ZipMap") == 0 && kind == SCORES) {
        *out = OTHER;
        return RESULT_OK;
    }
    if (strcmp(node->op.text, "ArgMax") == 0 && kind == SCORES &&
        (last == NULL || last->i == 0) && axis != NULL && (axis->i == 1 || axis->i == -1)) {
        in->argmax = true;
        *out = LABELS;
        return RESULT_OK;
    }
    return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                               "the graph: the node %.60s is none that may stand %s the trees",
                               node->op.text, kind == ROWS ? "before" : "behind");
}

static enum kind kind_of(const struct value *values, uint32_t n, const char *name)
{
    uint32_t i;

    for (i = 0; i < n; i++)
        if (strcmp(values[i].name, name) == 0)
            return values[i].kind;
    return NONE;
}

static bool is_trees(const struct onnx_node *node)
{
    return strncmp(node->op.text, "TreeEnsemble", 12) == 0;
}

/* The trees' node: once, with the rows as its input. */
static enum result find_trees(struct onnx *in, const struct onnx_node *node, enum kind kind)
{
    if (in->trees != NULL)
        return onnx_refuse(in, RESULT_INVALID, "more than one node of trees");
    in->trees = node;
    if (kind != ROWS)
        return onnx_refuse(in, RESULT_INVALID, "its input is not the graph's");
    if (strcmp(node->domain.text, "ai.onnx.ml") != 0)
        return onnx_refuse(in, RESULT_INVALID, "it is not of ai.onnx.ml");
    return RESULT_OK;
}

/* Follows the rows through the nodes, which stand in the order in which they run. */
static enum result read_graph(struct onnx *in)
{
    struct value values[ONNX_NODES_MAX * ONNX_PORTS_MAX + 1];
    enum result result = RESULT_OK;
    uint32_t n = 0, i, k;
    enum kind out = NONE;

    if (in->graph.n_inputs != 1)
        return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                   "the graph has %u inputs; all columns have to come as one",
                                   (unsigned)in->graph.n_inputs);
    in->given = in->type = in->graph.inputs[0].type;
    in->columns = in->graph.inputs[0].columns;
    values[n++] = (struct value){in->graph.inputs[0].name.text, ROWS};
    for (i = 0; i < in->graph.n_nodes && result == RESULT_OK; i++) {
        const struct onnx_node *node = &in->graph.nodes[i];
        const bool trees = is_trees(node);
        enum kind kind = node->n_inputs == 1 ? kind_of(values, n, node->inputs[0].text) : NONE;

        result = trees ? find_trees(in, node, kind) : pass_node(in, node, kind, &out);
        for (k = 0; k < node->n_outputs && result == RESULT_OK; k++) {
            bool labels = trees && node->n_outputs > 1 && k == 0;

            values[n++] = (struct value){node->outputs[k].text, !trees   ? out
                                                                : labels ? LABELS
                                                                         : SCORES};
        }
    }
    if (result == RESULT_OK && in->trees == NULL)
        result = onnx_refuse(in, RESULT_INVALID, "there is no TreeEnsemble in it");
    return result;
}

/* The model --------------------------------------------------------------------------- */

static const struct {
    const char *op;
    enum result (*read)(struct onnx *in);
} operators[] = {{"TreeEnsembleClassifier", onnx_classifier_read},
                 {"TreeEnsembleRegressor", onnx_regressor_read},
                 {"TreeEnsemble", onnx_ensemble_read}};

static enum result read_trees(struct onnx *in)
{
    struct spec *spec = &in->draft->spec;
    size_t i;

    if (in->type != ONNX_FLOAT && in->type != ONNX_DOUBLE && in->type != ONNX_INT64 &&
        in->type != ONNX_INT32)
        return onnx_refuse(in, RESULT_INVALID, "rows that are not numbers");
    in->forest.f32 = in->type != ONNX_DOUBLE;
    spec->compare = in->forest.f32 ? SPEC_COMPARE_F32 : SPEC_COMPARE_F64;
    spec->sum = in->forest.f32 ? SPEC_SUM_F32 : SPEC_SUM_F64;
    for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (strcmp(in->trees->op.text, operators[i].op) == 0)
            return operators[i].read(in);
    return onnx_refuse(in, RESULT_INVALID, "an operator that is not known");
}

enum result import_onnx(FILE *file, const char *name, const struct import_options *options,
                        struct draft *draft, struct reason *why)
{
    struct onnx in = {.bytes = {.file = file, .name = name, .why = why}, .draft = draft};
    enum result result;

    draft->facts.source = "onnx";
    draft->spec.category = SPEC_CATEGORY_SIGN;
    draft->spec.divisor = draft->spec.parameter = 1;
    result = onnx_graph_read(&in.bytes, &in.graph);
    if (result == RESULT_OK)
        result = read_graph(&in);
    if (result == RESULT_OK && options->found != NULL) {
        text_print(options->found->format, sizeof(options->found->format), "ONNX");
        utf8_quote(options->found->objective, sizeof(options->found->objective),
                   in.trees->op.text, strlen(in.trees->op.text));
    }
    if (result == RESULT_OK)
        result = read_trees(&in);
    onnx_forest_free(&in.forest);
    onnx_graph_free(&in.graph);
    return result;
}
