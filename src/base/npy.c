/*
 * npy.c: arrays of numbers in NumPy's file format, as a stream of rows.
 */
#include "base/npy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum npy_type {
    TYPE_FLOAT,
    TYPE_SIGNED,
    TYPE_UNSIGNED
};

struct npy {
    FILE *file;
    const char *name;
    enum npy_type type;
    unsigned size; /* bytes of a number */
    bool swapped;  /* big-endian */
    bool fortran;
    uint64_t n_rows, n_columns, row;
    uint8_t *bytes; /* of one row */
};

static enum result refuse(const struct npy *npy, enum result result, struct reason *why,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum result refuse(const struct npy *npy, enum result result, struct reason *why,
                          const char *format, ...)
{
    char fault[256];
    va_list args;

    va_start(args, format);
    vsnprintf(fault, sizeof(fault), format, args);
    va_end(args);
    return reason_set(why, result, "%s: %s", npy->name, fault);
}

/* Exactly len bytes. */
static enum result read_exactly(const struct npy *npy, void *bytes, size_t len,
                                struct reason *why)
{
    if (fread(bytes, 1, len, npy->file) == len)
        return RESULT_OK;
    if (ferror(npy->file))
        return reason_errno(why, "%s", npy->name);
    return refuse(npy, RESULT_MALFORMED, why, "cut short within its header");
}

/* ---- the header: the literal of a Python dictionary with three members ---- */

struct header {
    const char *at;
    char descr[8];
    unsigned dimensions;
    bool has_descr, has_order, has_shape;
};

static void skip_space(struct header *header)
{
    while (*header->at == ' ' || *header->at == '\n')
        header->at++;
}

static bool take(struct header *header, const char *text)
{
    size_t len = strlen(text);

    skip_space(header);
    if (strncmp(header->at, text, len) != 0)
        return false;
    header->at += len;
    return true;
}

/* A string in either kind of quotes, without escapes; what is too long is cut. */
static bool take_string(struct header *header, char *out, size_t size)
{
    const char *end;
    size_t len;
    char quote;

    skip_space(header);
    quote = *header->at;
    if (quote != '\'' && quote != '"')
        return false;
    end = strchr(header->at + 1, quote);
    if (end == NULL)
        return false;
    len = (size_t)(end - header->at - 1);
    len = len < size ? len : size - 1;
    memcpy(out, header->at + 1, len);
    out[len] = '\0';
    header->at = end + 1;
    return true;
}

static bool take_u64(struct header *header, uint64_t *out)
{
    uint64_t value = 0;
    const char *begin;

    skip_space(header);
    for (begin = header->at; *header->at >= '0' && *header->at <= '9'; header->at++) {
        if (value > UINT64_MAX / 16)
            return false;
        value = value * 10 + (uint64_t)(*header->at - '0');
    }
    *out = value;
    return header->at > begin;
}

/* "(150, 4)", "(150,)" or "()": dimensions past the second are counted, not kept. */
static bool take_shape(struct header *header, struct npy *npy)
{
    uint64_t sizes[2] = {0, 0}, size;

    if (!take(header, "("))
        return false;
    while (!take(header, ")")) {
        if (!take_u64(header, &size))
            return false;
        if (header->dimensions < 2)
            sizes[header->dimensions] = size;
        header->dimensions++;
        if (!take(header, ",") && *header->at != ')')
            return false;
    }
    npy->n_rows = sizes[0];
    npy->n_columns = sizes[1];
    return true;
}

static bool take_member(struct header *header, struct npy *npy)
{
    char key[16];

    if (!take_string(header, key, sizeof(key)) || !take(header, ":"))
        return false;
    if (strcmp(key, "descr") == 0) {
        if (take(header, "[")) { /* a structure's fields: a kind that is refused */
            strcpy(header->descr, "[");
            header->has_descr = true;
            header->at = strchr(header->at, '\0');
            return true;
        }
        header->has_descr = take_string(header, header->descr, sizeof(header->descr));
        return header->has_descr;
    }
    if (strcmp(key, "fortran_order") == 0) {
        npy->fortran = take(header, "True");
        header->has_order = npy->fortran || take(header, "False");
        return header->has_order;
    }
    header->has_shape = strcmp(key, "shape") == 0 && take_shape(header, npy);
    return header->has_shape;
}

static bool header_parse(struct header *header, struct npy *npy)
{
    if (!take(header, "{"))
        return false;
    while (!take(header, "}")) {
        if (!take_member(header, npy))
            return false;
        if (strcmp(header->descr, "[") == 0)
            return true;
        if (!take(header, ",") && *header->at != '}')
            return false;
    }
    skip_space(header);
    return *header->at == '\0' && header->has_descr && header->has_order && header->has_shape;
}

/* "<f4": the byte order, the kind, the size. */
static enum result type_take(struct npy *npy, const char *descr, struct reason *why)
{
    static const char kinds[] = "fiub";
    const char *kind = descr[0] != '\0' && descr[1] != '\0' ? strchr(kinds, descr[1]) : NULL;
    unsigned size = kind != NULL && strlen(descr) == 3 ? (unsigned)(descr[2] - '0') : 0;
    bool right = kind != NULL && strchr("<>|=", descr[0]) != NULL &&
                 (*kind == 'f'   ? size == 4 || size == 8
                  : *kind == 'b' ? size == 1
                                 : size == 1 || size == 2 || size == 4 || size == 8);

    if (!right)
        return refuse(npy, RESULT_INVALID, why,
                      "an array of dtype %s; floats of 4 and 8 bytes, integers and booleans "
                      "are read: save it with .astype('float32') or .astype('float64')",
                      descr[0] == '[' ? "with fields" : descr);
    npy->type = *kind == 'f' ? TYPE_FLOAT : *kind == 'i' ? TYPE_SIGNED : TYPE_UNSIGNED;
    npy->size = size;
    npy->swapped = descr[0] == '>';
    return RESULT_OK;
}

static enum result shape_check(const struct npy *npy, unsigned dimensions, struct reason *why)
{
    if (dimensions != 2)
        return refuse(npy, RESULT_INVALID, why,
                      "an array of %u dimensions, must be 2, rows and columns: "
                      "save it with .reshape(rows, columns)",
                      dimensions);
    if (npy->fortran && npy->n_rows > 1 && npy->n_columns > 1)
        return refuse(npy, RESULT_INVALID, why,
                      "an array in Fortran order, which cannot be read row by row: "
                      "save it with numpy.ascontiguousarray()");
    if (npy->n_columns == 0 || npy->n_columns > NPY_MAX_COLUMNS)
        return refuse(npy, RESULT_INVALID, why,
                      "an array of %" PRIu64 " columns, must be from 1 to %d", npy->n_columns,
                      NPY_MAX_COLUMNS);
    return RESULT_OK;
}

static enum result header_read(struct npy *npy, char **text, struct reason *why)
{
    uint8_t start[8], length[4] = {0};
    enum result result = read_exactly(npy, start, sizeof(start), why);
    unsigned wide;
    size_t len;

    if (result != RESULT_OK)
        return result;
    if (memcmp(start, NPY_MAGIC, NPY_MAGIC_LEN) != 0)
        return refuse(npy, RESULT_MALFORMED, why, "not an array of NumPy's (.npy)");
    if (start[6] < 1 || start[6] > 3 || start[7] != 0)
        return refuse(npy, RESULT_INVALID, why, "version %u.%u; 1.0, 2.0 and 3.0 are read",
                      start[6], start[7]);
    wide = start[6] == 1 ? 2 : 4;
    if ((result = read_exactly(npy, length, wide, why)) != RESULT_OK)
        return result;
    len = (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 |
          (size_t)length[3] << 24;
    if (len > NPY_MAX_HEADER)
        return refuse(npy, RESULT_TOO_BIG, why, "a header of %zu bytes, at most %d are read",
                      len, NPY_MAX_HEADER);
    *text = calloc(1, len + 1);
    if (*text == NULL)
        return refuse(npy, RESULT_NOMEM, why, "out of memory");
    return read_exactly(npy, *text, len, why);
}

static enum result npy_begin(struct npy *npy, struct reason *why)
{
    struct header header = {0};
    char *text = NULL;
    enum result result = header_read(npy, &text, why);

    if (result != RESULT_OK || text == NULL)
        goto out;
    header.at = text;
    if (!header_parse(&header, npy)) {
        result = refuse(npy, RESULT_MALFORMED, why,
                        "its header is not a dictionary of descr, fortran_order and shape");
        goto out;
    }
    if ((result = type_take(npy, header.descr, why)) != RESULT_OK ||
        (result = shape_check(npy, header.dimensions, why)) != RESULT_OK)
        goto out;
    npy->bytes = reallocarray(NULL, (size_t)npy->n_columns, npy->size);
    if (npy->bytes == NULL)
        result = refuse(npy, RESULT_NOMEM, why, "out of memory");
out:
    free(text);
    return result;
}

enum result npy_open(FILE *file, const char *name, struct npy **out, struct reason *why)
{
    struct npy *npy = calloc(1, sizeof(*npy));
    enum result result;

    if (npy == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", name);
    npy->file = file;
    npy->name = name;
    result = npy_begin(npy, why);
    if (result != RESULT_OK) {
        npy_close(npy);
        npy = NULL;
    }
    *out = npy;
    return result;
}

void npy_close(struct npy *npy)
{
    if (npy == NULL)
        return;
    free(npy->bytes);
    free(npy);
}

uint64_t npy_rows(const struct npy *npy)
{
    return npy->n_rows;
}

uint64_t npy_columns(const struct npy *npy)
{
    return npy->n_columns;
}

uint64_t npy_row(const struct npy *npy)
{
    return npy->row;
}

/* The bits of a number, in the order of this machine, which is little-endian (layout.h). */
static uint64_t bits_of(const struct npy *npy, const uint8_t *bytes)
{
    uint64_t bits = 0;

    memcpy(&bits, bytes, npy->size);
    return npy->swapped ? __builtin_bswap64(bits) >> (64 - 8 * npy->size) : bits;
}

static double float_of(uint64_t bits, unsigned size)
{
    const uint32_t half = (uint32_t)bits;
    double wide;
    float narrow;

    if (size == 4) {
        memcpy(&narrow, &half, sizeof(narrow));
        return narrow;
    }
    memcpy(&wide, &bits, sizeof(wide));
    return wide;
}

/* False for an integer that no float64 holds exactly. */
static bool number_of(const struct npy *npy, const uint8_t *bytes, double *out)
{
    uint64_t bits = bits_of(npy, bytes), size;
    const unsigned shift = 64 - 8 * npy->size;
    bool negative;

    if (npy->type == TYPE_FLOAT) {
        *out = float_of(bits, npy->size);
        return true;
    }
    negative = npy->type == TYPE_SIGNED && (bits << shift) >> 63 != 0;
    size = negative ? -(uint64_t)((int64_t)(bits << shift) >> shift) : bits;
    *out = negative ? -(double)size : (double)size;
    return size <= UINT64_C(1) << 53;
}

/* Behind the last row there is nothing. */
static enum result end_check(const struct npy *npy, struct reason *why)
{
    if (getc(npy->file) != EOF)
        return refuse(npy, RESULT_MALFORMED, why, "goes on behind its last row");
    return ferror(npy->file) ? reason_errno(why, "%s", npy->name) : RESULT_MISSING;
}

enum result npy_next(struct npy *npy, double *row, struct reason *why)
{
    size_t len = (size_t)npy->n_columns * npy->size;
    uint64_t i;

    if (npy->row == npy->n_rows)
        return end_check(npy, why);
    if (fread(npy->bytes, 1, len, npy->file) != len)
        return ferror(npy->file)
                   ? reason_errno(why, "%s", npy->name)
                   : refuse(npy, RESULT_MALFORMED, why,
                            "cut short: it ends within row %" PRIu64 " of %" PRIu64,
                            npy->row + 1, npy->n_rows);
    npy->row++;
    for (i = 0; i < npy->n_columns; i++)
        if (!number_of(npy, npy->bytes + i * npy->size, &row[i]))
            return refuse(npy, RESULT_INVALID, why,
                          "row %" PRIu64 ", column %" PRIu64
                          ": an integer past 2^53, which is not exact as a float",
                          npy->row, i + 1);
    return RESULT_OK;
}

void npy_header_print(char out[NPY_WRITE_HEADER], enum npy_kind kind, uint64_t rows,
                      uint64_t columns)
{
    char text[NPY_WRITE_HEADER], second[24] = "";
    int len;

    if (columns > 0)
        snprintf(second, sizeof(second), " %" PRIu64, columns);
    len = snprintf(text, sizeof(text),
                   "{'descr': '%s', 'fortran_order': False, 'shape': (%" PRIu64 ",%s), }",
                   kind == NPY_F64 ? "<f8" : "<i8", rows, second);
    memcpy(out, NPY_MAGIC "\x01\x00\x76\x00", 10); /* 118 bytes follow */
    memset(out + 10, ' ', NPY_WRITE_HEADER - 11);
    memcpy(out + 10, text, (size_t)len);
    out[NPY_WRITE_HEADER - 1] = '\n';
}
