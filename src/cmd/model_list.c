/*
 * model_list.c: forestgate model list: every version of every model, and what it does.
 *
 * As JSON one object a model, whose name, version, sha256 and published_at are those of the
 * version that serves, with all its versions in it; as a table one line a version.
 */
#include "cmd/model_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gate/image_file.h"
#include "gate/registry.h"
#include "http/show.h"

enum {
    STATE_TEXT = 40
};

/* The list while it is made: it is read whole, since each version is asked about again. */
struct listing {
    struct model_row *rows;
    size_t count;
    const char *only; /* the model to list; NULL for all */
    bool no_memory;
};

static void row_keep(void *arg, const struct model_row *row)
{
    struct listing *listing = arg;
    struct model_row *more;

    if (listing->only != NULL && strcmp(listing->only, row->name) != 0)
        return;
    more = reallocarray(listing->rows, listing->count + 1, sizeof(*more));
    if (more == NULL) {
        listing->no_memory = true;
        return;
    }
    listing->rows = more;
    more[listing->count++] = *row;
}

/* Bytes of a version's image; -1 if it is not there. */
static int64_t image_bytes(const struct model_row *row)
{
    char path[IMAGE_FILE_MAX];
    struct stat st;

    image_file_path(row, path);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* ---- the table ---- */

static void state_print(char out[STATE_TEXT], const struct model_row *row)
{
    char share[REGISTRY_SHARE_TEXT];

    registry_share_print(share, row->share);
    if (row->state == MODEL_CANARY)
        snprintf(out, STATE_TEXT, "canary %s%s", share, row->by_key ? " of keys" : "");
    else
        snprintf(out, STATE_TEXT, "%s", model_state_name(row->state));
}

static void compared_line(void *arg, const struct model_compared *compared)
{
    struct buf *text = arg;
    double rows = compared->rows > 0 ? (double)compared->rows : 1;

    buf_printf(text,
               "\n%-24s %7s  as %" PRId64 " in %" PRId64 " of %" PRId64
               " rows; apart by %.3g on average, %.3g at most",
               "", "", compared->against, compared->agreed, compared->rows,
               compared->apart / rows, compared->most);
}

/* How much of what a model is asked is kept, behind the version that serves. */
static void keep_line(struct buf *text, const struct model_row *row)
{
    char share[REGISTRY_SHARE_TEXT];

    if (row->state != MODEL_SERVING || row->keep_share == 0)
        return;
    registry_share_print(share, row->keep_share);
    buf_printf(text, "\n%-24s %7s  keeps %s of the requests for %" PRId64 " days", "", "",
               share, row->keep_days);
}

static enum result table_row(struct cli_list *list, struct home *home,
                             const struct model_row *row, struct reason *why)
{
    char published[20], state[STATE_TEXT], size[24] = "-";
    int64_t bytes = image_bytes(row);

    cli_time_print(published, row->published_at);
    state_print(state, row);
    if (bytes >= 0)
        snprintf(size, sizeof(size), "%" PRId64, bytes);
    buf_printf(&list->text, "\n%-24s %7" PRId64 "  %-16s  %-18s %12s  %.12s", row->name,
               row->version, published, state, size, row->sha256);
    keep_line(&list->text, row);
    return model_compared_list(home->db, row->name, row->version, compared_line, &list->text,
                               why);
}

/* ---- JSON ---- */

static void compared_json(void *arg, const struct model_compared *compared)
{
    struct json_writer *writer = arg;
    double rows = compared->rows > 0 ? (double)compared->rows : 1;

    json_write_object(writer);
    json_member_i64(writer, "with", compared->against);
    json_member_i64(writer, "rows", compared->rows);
    json_member_i64(writer, "agreed", compared->agreed);
    json_member_i64(writer, "differed", compared->rows - compared->agreed);
    json_member_double(writer, "mean_difference", compared->apart / rows);
    json_member_double(writer, "max_difference", compared->most);
    json_write_object_end(writer);
}

/* The members that a model has from the version that serves, and the version has as well. */
static void facts_json(struct json_writer *writer, const struct model_row *row)
{
    json_member_i64(writer, "version", row->version);
    json_member_string(writer, "sha256", row->sha256);
    show_time(writer, "published_at", row->published_at);
}

static enum result version_json(struct json_writer *writer, struct home *home,
                                const struct model_row *row, struct reason *why)
{
    int64_t bytes = image_bytes(row);
    char share[REGISTRY_SHARE_TEXT];
    enum result result;

    json_write_object(writer);
    facts_json(writer, row);
    json_member_string(writer, "state", model_state_name(row->state));
    if (row->state == MODEL_CANARY) {
        registry_share_print(share, row->share);
        json_member_string(writer, "share", share);
        json_member_string(writer, "by", row->by_key ? "key" : "request");
    }
    json_write_key(writer, "size");
    if (bytes >= 0)
        json_write_i64(writer, bytes);
    else
        json_write_null(writer);
    json_write_key(writer, "compared");
    json_write_array(writer);
    result = model_compared_list(home->db, row->name, row->version, compared_json, writer, why);
    json_write_array_end(writer);
    json_write_object_end(writer);
    return result;
}

/* A model, whose versions are count rows. */
static enum result model_json(struct json_writer *writer, struct home *home,
                              const struct model_row *rows, size_t count, struct reason *why)
{
    enum result result = RESULT_OK;

    json_write_object(writer);
    json_member_string(writer, "name", rows[0].name);
    for (size_t i = 0; i < count; i++)
        if (rows[i].state == MODEL_SERVING)
            facts_json(writer, &rows[i]);
    show_keep(writer, &rows[0]);
    json_write_key(writer, "versions");
    json_write_array(writer);
    for (size_t i = 0; result == RESULT_OK && i < count; i++)
        result = version_json(writer, home, &rows[i], why);
    json_write_array_end(writer);
    json_write_object_end(writer);
    return result;
}

/* ---- both ---- */

static enum result print_rows(struct cli_list *list, struct home *home,
                              const struct listing *listing, struct reason *why)
{
    const struct model_row *rows = listing->rows;
    enum result result = RESULT_OK;
    size_t count;

    for (size_t i = 0; result == RESULT_OK && i < listing->count; i += count) {
        for (count = 1; i + count < listing->count; count++)
            if (strcmp(rows[i].name, rows[i + count].name) != 0)
                break;
        if (list->json)
            result = model_json(&list->writer, home, rows + i, count, why);
        for (size_t k = 0; !list->json && result == RESULT_OK && k < count; k++)
            result = table_row(list, home, rows + i + k, why);
    }
    return result;
}

static enum result read_all(struct home *home, struct listing *listing, struct reason *why)
{
    enum result result = RESULT_OK;

    if (listing->only != NULL)
        result = registry_has(home, listing->only, why);
    if (result == RESULT_OK)
        result = model_version_list(home->db, row_keep, listing, why);
    if (result == RESULT_OK && listing->no_memory)
        result = reason_set(why, RESULT_NOMEM, "no memory for the list");
    return result;
}

int model_list(const struct option_set *set)
{
    struct listing listing = {.only = option_value(set, "--model")};
    struct cli_list list;
    enum result result;
    struct reason why;
    struct home home;
    int status;

    cli_list_start(&list, set,
                   "MODEL                    VERSION  PUBLISHED         STATE              "
                   "       BYTES  SHA256");
    list.hint = "no model is published; publish one with: forestgate model publish NAME FILE";
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = read_all(&home, &listing, &why);
    if (result == RESULT_OK)
        result = print_rows(&list, &home, &listing, &why);
    status = cli_list_end(&list, result, &why);
    free(listing.rows);
    cli_home_close(&home);
    return status;
}

const struct option_row model_list_options[] = {
    {"--model", "NAME", "the versions of this model alone", NULL},
    CLI_COMMON_OPTIONS,
};
