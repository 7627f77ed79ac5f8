/*
 * cells.c: the cells of a CSV file as names, labels and numbers.
 */
#include "forest/cells.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "forest/image.h"
#include "forest/walk.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

const char *cells_text(const struct csv *csv, size_t i, size_t *len)
{
    const char *text = csv_cell(csv, i, len);

    while (*len > 0 && is_space(text[*len - 1]))
        --*len;
    while (*len > 0 && is_space(*text)) {
        text++;
        --*len;
    }
    return text;
}

enum result cells_name(const struct csv *csv, size_t i, char **out, struct reason *why)
{
    size_t k, len;
    const char *text = cells_text(csv, i, &len);

    if (len == 0)
        return csv_refuse_cell(csv, i, RESULT_INVALID, "is empty", why);
    if (len > IMAGE_MAX_NAME)
        return csv_refuse_cell(csv, i, RESULT_INVALID, "is over 1024 bytes long", why);
    for (k = 0; k < len; k++)
        if ((unsigned char)text[k] < ' ' || text[k] == 127)
            return csv_refuse_cell(csv, i, RESULT_INVALID, "has a control character", why);
    *out = strndup(text, len);
    return *out != NULL ? RESULT_OK : reason_set(why, RESULT_NOMEM, "out of memory");
}

enum result cells_number(const struct csv *csv, size_t i, double *out, struct reason *why)
{
    size_t len, used;
    const char *text = cells_text(csv, i, &len);

    if (len == 0)
        return csv_refuse_cell(csv, i, RESULT_INVALID, "is empty, must be a number", why);
    if (num_parse_double_loose(text, len, out)) {
        if (walk_value_fits(*out))
            return RESULT_OK;
    } else if (num_scan_double(text, len, &used, out) != RESULT_TOO_BIG) {
        return csv_refuse_cell(csv, i, RESULT_INVALID, "is not a number", why);
    }
    return csv_refuse_cell(csv, i, RESULT_INVALID, "is past the largest float32, 3.4028235e+38",
                           why);
}
