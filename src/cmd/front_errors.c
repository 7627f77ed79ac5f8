/*
 * front_errors.c: the table of what a front answers itself, and files made of it.
 *
 * A file knows neither the request nor the time: those members are there and null.
 */
#include "cmd/front_errors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/front.h"
#include "cmd/front_texts.h"

enum {
    COLUMNS = 4
};

/* What stands in JSON, and between the quotes of any front's configuration, as it is. */
static bool is_plain(const char *text, const char *end)
{
    for (; text < end; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e ||
            strchr("\"'\\$%{}", *text) != NULL)
            return false;
    return true;
}

/* One line: status, error, title and detail, with tabs between. */
static bool row_read(const char *line, size_t len, struct front_error *out)
{
    const char *columns[COLUMNS];
    int lengths[COLUMNS], put;

    for (int i = 0; i < COLUMNS; i++) {
        const char *tab = i + 1 < COLUMNS ? memchr(line, '\t', len) : line + len;

        if (tab == NULL || tab == line || !is_plain(line, tab))
            return false;
        columns[i] = line;
        lengths[i] = (int)(tab - line);
        len -= (size_t)(tab - line) + (i + 1 < COLUMNS);
        line = tab + 1;
    }
    if (lengths[0] != sizeof(out->status) - 1)
        return false;
    memcpy(out->status, columns[0], sizeof(out->status) - 1);
    out->status[sizeof(out->status) - 1] = '\0';
    put = snprintf(
        out->body, sizeof(out->body),
        "{\"type\":\"about:blank\",\"title\":\"%.*s\",\"status\":%s,\"error\":\"%.*s\","
        "\"detail\":\"%.*s\",\"request_id\":null,\"timestamp\":null}",
        lengths[2], columns[2], out->status, lengths[1], columns[1], lengths[3], columns[3]);
    return put > 0 && (size_t)put < sizeof(out->body);
}

enum result front_errors_read(const char *table, struct front_error *out, size_t *count,
                              struct reason *why)
{
    *count = 0;
    for (size_t len; *table != '\0'; table += len + (table[len] == '\n')) {
        len = strcspn(table, "\n");
        if (len == 0 || table[0] == '#')
            continue;
        if (*count == FRONT_ERRORS_MAX || !row_read(table, len, &out[*count]))
            return reason_set(why, RESULT_MALFORMED, "errors.tsv: no row: %.40s", table);
        ++*count;
    }
    return RESULT_OK;
}

enum result front_errors_write(const char *directory, const char *suffix, struct reason *why)
{
    struct front_error *errors = calloc(FRONT_ERRORS_MAX, sizeof(*errors));
    enum result result;
    size_t count = 0;
    char path[PATH_MAX], text[FRONT_ERROR_BODY_MAX + 1];

    if (errors == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    result = front_errors_read(front_errors, errors, &count, why);
    if (result == RESULT_OK)
        result = file_make_dir(directory, 0755, why);
    for (size_t i = 0; result == RESULT_OK && i < count; i++) {
        int len = snprintf(text, sizeof(text), "%s\n", errors[i].body);

        text_print(path, sizeof(path), "%s/%s.%s", directory, errors[i].status, suffix);
        result = file_write_atomic(path, text, (size_t)len, 0644, why);
    }
    free(errors);
    return result;
}
