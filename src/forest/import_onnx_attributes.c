/*
 * import_onnx_attributes.c: what the node of an ONNX forest says of itself.
 *
 * An attribute has to be as long as the operator's others make it, and numbers are of the
 * rows' type.  Every refusal names the operator, and the attribute or the node of a tree.
 */
#include <math.h>
#include <stdio.h>

#include "forest/import_onnx.h"

const struct onnx_attribute *onnx_find(const struct onnx *in, const char *name)
{
    return onnx_attribute_find(in->trees, name);
}

enum result onnx_ints_need(const struct onnx *in, const char *name, uint64_t n,
                           const int64_t **out)
{
    const struct onnx_attribute *attribute = onnx_find(in, name);

    *out = attribute == NULL ? NULL : attribute->ints.items;
    if ((attribute == NULL ? 0 : attribute->ints.n) == n)
        return RESULT_OK;
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                               "%s: %s has %llu numbers, not %llu", in->trees->op.text, name,
                               (unsigned long long)(attribute == NULL ? 0 : attribute->ints.n),
                               (unsigned long long)n);
}

enum result onnx_numbers_find(const struct onnx *in, const char *name,
                              const struct onnx_attribute **out)
{
    char tensor[64];
    const struct onnx_attribute *plain = onnx_find(in, name), *other;

    snprintf(tensor, sizeof(tensor), "%s_as_tensor", name);
    other = onnx_find(in, tensor);
    *out = plain != NULL && plain->numbers.n != 0 ? plain : other != NULL ? other : plain;
    if (*out != NULL && (*out)->type == ONNX_DOUBLE && in->forest.f32)
        return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                   "%s: %s is of doubles, and the rows are of floats",
                                   in->trees->op.text, name);
    return RESULT_OK;
}

enum result onnx_numbers_need(const struct onnx *in, const char *name, uint64_t n,
                              const double **out)
{
    const struct onnx_attribute *found;
    enum result result = onnx_numbers_find(in, name, &found);
    uint64_t have = found == NULL ? 0 : found->numbers.n;

    *out = found == NULL ? NULL : found->numbers.items;
    if (result != RESULT_OK || have == n)
        return result;
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                               "%s: %s has %llu numbers, not %llu", in->trees->op.text, name,
                               (unsigned long long)have, (unsigned long long)n);
}

const char *onnx_text_find(const struct onnx *in, const char *name, const char *other)
{
    const struct onnx_attribute *attribute = onnx_find(in, name);

    return attribute == NULL || attribute->n_strings == 0 ? other : attribute->strings.data;
}

enum result onnx_split_check(const struct onnx *in, uint64_t i, const struct onnx_split *split,
                             int64_t feature)
{
    if (feature < 0 || feature >= IMAGE_MAX_FEATURES ||
        (in->columns != 0 && feature >= in->columns))
        return onnx_node_refuse(in, i, "its feature is not one of the input's");
    if (split->mode != ONNX_MEMBER &&
        (isnan(split->value) ||
         (split->mode != ONNX_LEQ && split->mode != ONNX_GT && !isfinite(split->value))))
        return onnx_node_refuse(in, i, "its value is no number to compare with");
    return RESULT_OK;
}
