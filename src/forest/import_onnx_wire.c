/*
 * import_onnx_wire.c: the bytes of an ONNX file as a graph.
 *
 * A reader of the wire format of Protocol Buffers, for the messages that a forest needs:
 * ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto and what tells the type
 * of an input.  Everything else is passed over.  Messages in messages are read where they
 * lie; what counts is the byte where each ends.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "forest/image.h"
#include "forest/import.h"
#include "forest/import_onnx.h"

enum wire {
    VARINT = 0,
    FIXED64 = 1,
    BYTES = 2,
    FIXED32 = 5
};

/* A field: its number, how it is written, and its value or length. */
struct field {
    uint32_t number;
    enum wire wire;
    uint64_t value; /* of a VARINT; of BYTES the length */
    uint64_t end;   /* of BYTES: the byte where they end */
};

static enum result malformed(const struct import_bytes *in, const char *what)
{
    return import_bytes_refuse(in, RESULT_MALFORMED, "%s", what);
}

static enum result take_varint(struct import_bytes *in, uint64_t end, uint64_t *out)
{
    unsigned shift;
    int byte = 0x80;

    *out = 0;
    for (shift = 0; shift < 64 && (byte & 0x80) != 0; shift += 7) {
        if (in->offset >= end)
            return malformed(in, "a number goes past the end of its message");
        byte = getc_unlocked(in->file);
        if (byte == EOF)
            return malformed(in, "the file ends here");
        in->offset++;
        *out |= (uint64_t)(byte & 0x7f) << shift;
    }
    return (byte & 0x80) == 0 ? RESULT_OK : malformed(in, "a number of more than 64 bits");
}

/* Whether anything is left of a message; the file's own end is that of the outermost. */
static bool is_left(struct import_bytes *in, uint64_t end)
{
    int next;

    if (end != UINT64_MAX)
        return in->offset < end;
    next = getc_unlocked(in->file);
    if (next == EOF)
        return false;
    ungetc(next, in->file);
    return true;
}

static enum result take_field(struct import_bytes *in, uint64_t end, struct field *field)
{
    uint64_t key = 0;
    enum result result = take_varint(in, end, &key);

    if (result != RESULT_OK)
        return result;
    field->number = (uint32_t)(key >> 3);
    field->wire = (enum wire)(key & 7);
    field->value = 0;
    if (key >> 3 == 0 || key >> 3 > UINT32_MAX)
        return malformed(in, "this is no field of an ONNX file");
    if (field->wire == VARINT)
        return take_varint(in, end, &field->value);
    if (field->wire == FIXED64 || field->wire == FIXED32)
        return RESULT_OK;
    if (field->wire != BYTES)
        return malformed(in, "this is no field of an ONNX file");
    result = take_varint(in, end, &field->value);
    if (result == RESULT_OK && field->value > end - in->offset)
        return malformed(in, "a field goes past the end of its message");
    field->end = in->offset + field->value;
    return result;
}

/* Goes past a field that was begun. */
static enum result skip(struct import_bytes *in, const struct field *field)
{
    if (field->wire == VARINT)
        return RESULT_OK;
    return import_bytes_skip(in, field->wire == FIXED64   ? 8
                                 : field->wire == FIXED32 ? 4
                                                          : field->end - in->offset);
}

static enum result take_name(struct import_bytes *in, const struct field *field,
                             struct onnx_name *name)
{
    size_t len = field->value < ONNX_NAME_MAX - 1 ? field->value : ONNX_NAME_MAX - 1;
    enum result result = import_bytes_take(in, name->text, len);

    name->text[len] = '\0';
    return result == RESULT_OK ? skip(in, field) : result;
}

/* Appends the number that `number` points to, of whichever kind the list is. */
static enum result append(struct import_bytes *in, struct onnx_list *list, const void *number)
{
    void *grown;

    if (list->n >= list->room) {
        if (list->n >= UINT32_MAX)
            return import_bytes_refuse(in, RESULT_TOO_BIG, "more than 4294967295 numbers");
        list->room = list->room == 0 ? 16 : list->room * 2;
        grown = realloc(list->items, list->room * ONNX_NUMBER_BYTES);
        if (grown == NULL)
            return import_bytes_refuse(in, RESULT_NOMEM, "no memory for a list of numbers");
        list->items = grown;
    }
    memcpy((char *)list->items + list->n * ONNX_NUMBER_BYTES, number, ONNX_NUMBER_BYTES);
    list->n++;
    return RESULT_OK;
}

/* The next number as it lies in the file. */
static enum result add_raw(struct import_bytes *in, struct onnx_attribute *to,
                           enum onnx_type type)
{
    union {
        float f;
        double d;
        int64_t l;
        int32_t i;
        uint8_t b;
    } raw;
    static const uint8_t sizes[ONNX_DOUBLE + 1] = {[ONNX_FLOAT] = 4,
                                                   [ONNX_UINT8] = 1,
                                                   [ONNX_INT32] = 4,
                                                   [ONNX_INT64] = 8,
                                                   [ONNX_DOUBLE] = 8};
    enum result result = import_bytes_take(in, &raw, sizes[type]);
    double number;
    int64_t whole;

    if (result != RESULT_OK)
        return result;
    if (type == ONNX_FLOAT || type == ONNX_DOUBLE) {
        number = type == ONNX_FLOAT ? (double)raw.f : raw.d;
        return append(in, &to->numbers, &number);
    }
    whole = type == ONNX_INT64 ? raw.l : type == ONNX_INT32 ? raw.i : raw.b;
    return append(in, &to->ints, &whole);
}

/* A list of fixed numbers, packed or one by one. */
static enum result take_fixed(struct import_bytes *in, const struct field *field,
                              enum onnx_type type, struct onnx_attribute *to)
{
    enum result result = RESULT_OK;

    if (field->wire == VARINT || (field->wire == FIXED64) != (type == ONNX_DOUBLE))
        if (field->wire != BYTES)
            return malformed(in, "a number is not of its field's type");
    if (field->wire != BYTES)
        return add_raw(in, to, type);
    while (in->offset < field->end && result == RESULT_OK)
        result = add_raw(in, to, type);
    if (result == RESULT_OK && in->offset != field->end)
        result = malformed(in, "a list ends within a number");
    return result;
}

/* A list of whole numbers, packed or one by one. */
static enum result take_ints(struct import_bytes *in, const struct field *field,
                             struct onnx_attribute *to)
{
    enum result result = RESULT_OK;
    uint64_t value;

    if (field->wire == VARINT)
        return append(in, &to->ints, &field->value);
    if (field->wire != BYTES)
        return malformed(in, "a number is not of its field's type");
    while (in->offset < field->end && result == RESULT_OK) {
        result = take_varint(in, field->end, &value);
        if (result == RESULT_OK)
            result = append(in, &to->ints, &value);
    }
    return result;
}

static enum result take_string(struct import_bytes *in, const struct field *field,
                               struct onnx_attribute *to)
{
    char text[IMAGE_MAX_NAME + 1];
    enum result result;

    if (field->wire != BYTES || field->value > IMAGE_MAX_NAME)
        return malformed(in, "a text is longer than 1024 bytes");
    result = import_bytes_take(in, text, field->value);
    if (result != RESULT_OK)
        return result;
    if (memchr(text, '\0', field->value) != NULL)
        return malformed(in, "a text has a NUL in it");
    text[field->value] = '\0';
    buf_put(&to->strings, text, field->value + 1);
    to->n_strings++;
    return buf_failed(&to->strings) ? import_bytes_refuse(in, RESULT_NOMEM, "no memory")
                                    : RESULT_OK;
}

/* TensorProto: its numbers become the attribute's.  Its type stands before them. */
static enum result take_tensor(struct import_bytes *in, uint64_t end, struct onnx_attribute *to)
{
    enum result result = RESULT_OK;
    struct field field;

    while (result == RESULT_OK && in->offset < end) {
        result = take_field(in, end, &field);
        if (result != RESULT_OK)
            break;
        if (field.number == 2 && field.wire == VARINT) {
            to->type = (enum onnx_type)(field.value <= ONNX_DOUBLE ? field.value : 0);
        } else if (field.number == 4) {
            result = take_fixed(in, &field, ONNX_FLOAT, to);
        } else if (field.number == 10) {
            result = take_fixed(in, &field, ONNX_DOUBLE, to);
        } else if (field.number == 5 || field.number == 7) {
            result = take_ints(in, &field, to);
        } else if (field.number == 9 && field.wire == BYTES) {
            if (to->type != ONNX_FLOAT && to->type != ONNX_DOUBLE && to->type != ONNX_UINT8 &&
                to->type != ONNX_INT64 && to->type != ONNX_INT32)
                return malformed(in, "a tensor of a type that is not read");
            while (in->offset < field.end && result == RESULT_OK)
                result = add_raw(in, to, to->type);
            if (result == RESULT_OK && in->offset != field.end)
                result = malformed(in, "a tensor ends within a number");
        } else if (field.number == 13 || field.number == 14) {
            return import_bytes_refuse(in, RESULT_INVALID,
                                       "a tensor that lies in another file");
        } else {
            result = skip(in, &field);
        }
    }
    return result;
}

static enum result take_attribute(struct import_bytes *in, uint64_t end,
                                  struct onnx_attribute *to)
{
    enum result result = RESULT_OK;
    struct field field;

    while (result == RESULT_OK && in->offset < end) {
        result = take_field(in, end, &field);
        if (result != RESULT_OK)
            break;
        if (field.number == 1 && field.wire == BYTES) {
            result = take_name(in, &field, &to->name);
        } else if (field.number == 3 && field.wire == VARINT) {
            to->i = (int64_t)field.value;
            to->has_i = true;
        } else if (field.number == 4 || field.number == 9) {
            result = take_string(in, &field, to);
        } else if (field.number == 5 && field.wire == BYTES) {
            result = take_tensor(in, field.end, to);
        } else if (field.number == 7) {
            to->type = ONNX_FLOAT;
            result = take_fixed(in, &field, ONNX_FLOAT, to);
        } else if (field.number == 8) {
            result = take_ints(in, &field, to);
        } else {
            result = skip(in, &field);
        }
    }
    return result;
}

/* One more of the list, zeroed. */
static enum result add_attribute(struct import_bytes *in, struct onnx_node *node)
{
    if (node->attributes == NULL)
        node->attributes = calloc(ONNX_ATTRIBUTES_MAX, sizeof(*node->attributes));
    if (node->attributes == NULL)
        return import_bytes_refuse(in, RESULT_NOMEM, "no memory for attributes");
    if (node->n_attributes == ONNX_ATTRIBUTES_MAX)
        return import_bytes_refuse(in, RESULT_TOO_BIG, "a node of more than %d attributes",
                                   ONNX_ATTRIBUTES_MAX);
    node->n_attributes++;
    return RESULT_OK;
}

static enum result take_port(struct import_bytes *in, const struct field *field,
                             struct onnx_name *ports, uint32_t *n)
{
    if (*n == ONNX_PORTS_MAX)
        return import_bytes_refuse(in, RESULT_TOO_BIG, "more than %d inputs or outputs",
                                   ONNX_PORTS_MAX);
    return take_name(in, field, &ports[(*n)++]);
}

static enum result take_node(struct import_bytes *in, uint64_t end, struct onnx_node *node)
{
    enum result result = RESULT_OK;
    struct field field;

    while (result == RESULT_OK && in->offset < end) {
        result = take_field(in, end, &field);
        if (result != RESULT_OK)
            break;
        switch (field.wire == BYTES ? field.number : 0) {
        case 1:
            result = take_port(in, &field, node->inputs, &node->n_inputs);
            break;
        case 2:
            result = take_port(in, &field, node->outputs, &node->n_outputs);
            break;
        case 4:
            result = take_name(in, &field, &node->op);
            break;
        case 5:
            result = add_attribute(in, node);
            if (result == RESULT_OK)
                result =
                    take_attribute(in, field.end, &node->attributes[node->n_attributes - 1]);
            break;
        case 7:
            result = take_name(in, &field, &node->domain);
            break;
        default:
            result = skip(in, &field);
        }
    }
    return result;
}

/*
 * An input's type: ValueInfoProto has a TypeProto, that a Tensor, that a
 * TensorShapeProto, that Dimensions; the numbers of the fields tell one from the other.
 */
enum shape {
    VALUE,
    TYPE,
    TENSOR,
    SHAPE,
    DIMENSION
};

static enum result take_shape(struct import_bytes *in, uint64_t end, struct onnx_input *input)
{
    enum result result = RESULT_OK;
    enum shape in_what = VALUE;
    uint64_t ends[DIMENSION + 1] = {end};
    uint32_t dimension = 0;
    struct field field;

    while (result == RESULT_OK && in->offset < end) {
        while (in->offset >= ends[in_what])
            in_what--;
        result = take_field(in, ends[in_what], &field);
        if (result != RESULT_OK)
            break;
        if (in_what == VALUE && field.number == 1 && field.wire == BYTES) {
            result = take_name(in, &field, &input->name);
        } else if (in_what == TENSOR && field.number == 1 && field.wire == VARINT) {
            input->type = (enum onnx_type)(field.value <= ONNX_DOUBLE ? field.value : 0);
        } else if (in_what == DIMENSION && field.number == 1 && field.wire == VARINT) {
            input->columns = dimension == 2 ? (int64_t)field.value : input->columns;
        } else if (field.wire == BYTES && ((in_what == VALUE && field.number == 2) ||
                                           (in_what == TYPE && field.number == 1) ||
                                           (in_what == TENSOR && field.number == 2) ||
                                           (in_what == SHAPE && field.number == 1))) {
            in_what++;
            ends[in_what] = field.end;
            dimension += in_what == DIMENSION;
        } else {
            result = skip(in, &field);
        }
    }
    return result;
}

static enum result take_graph(struct import_bytes *in, uint64_t end, struct onnx_graph *graph)
{
    enum result result = RESULT_OK;
    struct field field;

    while (result == RESULT_OK && in->offset < end) {
        import_bytes_place(in, "the graph, node %u", (unsigned)graph->n_nodes);
        result = take_field(in, end, &field);
        if (result != RESULT_OK)
            break;
        if (field.number == 1 && field.wire == BYTES) {
            if (graph->n_nodes == ONNX_NODES_MAX)
                return import_bytes_refuse(
                    in, RESULT_INVALID, "more than %d nodes: no forest alone", ONNX_NODES_MAX);
            result = take_node(in, field.end, &graph->nodes[graph->n_nodes++]);
        } else if (field.number == 11 && field.wire == BYTES) {
            if (graph->n_inputs == ONNX_PORTS_MAX)
                return import_bytes_refuse(in, RESULT_INVALID,
                                           "more than %d inputs: columns have to come as one",
                                           ONNX_PORTS_MAX);
            result = take_shape(in, field.end, &graph->inputs[graph->n_inputs++]);
        } else {
            result = skip(in, &field);
        }
    }
    return result;
}

enum result onnx_graph_read(struct import_bytes *in, struct onnx_graph *graph)
{
    enum result result = RESULT_OK;
    bool found = false;
    struct field field;

    graph->nodes = calloc(ONNX_NODES_MAX, sizeof(*graph->nodes));
    if (graph->nodes == NULL)
        return import_bytes_refuse(in, RESULT_NOMEM, "no memory for a graph");
    while (result == RESULT_OK && is_left(in, UINT64_MAX)) {
        result = take_field(in, UINT64_MAX, &field);
        if (result != RESULT_OK)
            break;
        if (field.number == 7 && field.wire == BYTES && found)
            result = malformed(in, "a second graph");
        else if (field.number == 7 && field.wire == BYTES)
            result = take_graph(in, field.end, graph);
        else
            result = skip(in, &field);
        found = found || field.number == 7;
        import_bytes_place(in, "%s", "");
    }
    if (result == RESULT_OK && ferror(in->file))
        result = reason_errno(in->why, "%s: reading", in->name);
    if (result == RESULT_OK && !found)
        result = malformed(in, "there is no graph: not an ONNX model");
    return result;
}

void onnx_graph_free(struct onnx_graph *graph)
{
    uint32_t i, k;

    for (i = 0; i < graph->n_nodes; i++) {
        for (k = 0; k < graph->nodes[i].n_attributes; k++) {
            struct onnx_attribute *attribute = &graph->nodes[i].attributes[k];

            free(attribute->ints.items);
            free(attribute->numbers.items);
            buf_free(&attribute->strings);
        }
        free(graph->nodes[i].attributes);
    }
    free(graph->nodes);
}

const struct onnx_attribute *onnx_attribute_find(const struct onnx_node *node, const char *name)
{
    uint32_t i;

    for (i = 0; i < node->n_attributes; i++)
        if (strcmp(node->attributes[i].name.text, name) == 0)
            return &node->attributes[i];
    return NULL;
}
