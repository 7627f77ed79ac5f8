/*
 * registry_change.c: what becomes of published versions: promoted, taken back, retired,
 * withdrawn, deleted.
 *
 * One change at a time, under the home's lock: so what was checked holds when it is
 * written, in one transaction that all workers count from its commit on.  A version comes
 * into a place only after its image was opened and proved.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"
#include "gate/image_file.h"
#include "gate/registry_audit.h"
#include "gate/registry_line.h"

enum {
    PERCENT = MODEL_SHARE_ALL / 100
};

static const struct registry_place serving = {.state = MODEL_SERVING};

bool registry_share_parse(const char *text, int64_t *share)
{
    size_t len = strlen(text), whole = strcspn(text, ".%"), digits;
    uint64_t percent, part = 0;

    if (len < 2 || len > 7 || text[len - 1] != '%' || !num_parse_u64(text, whole, &percent))
        return false;
    digits = text[whole] == '.' ? len - whole - 2 : 0;
    if (text[whole] == '.' &&
        (digits < 1 || digits > 2 || !num_parse_u64(text + whole + 1, digits, &part)))
        return false;
    if (text[whole] == '%' && whole != len - 1)
        return false;
    if (digits == 1)
        part *= 10;
    if (percent > 100 || percent * PERCENT + part > MODEL_SHARE_ALL || percent + part == 0)
        return false;
    *share = (int64_t)(percent * PERCENT + part);
    return true;
}

void registry_share_print(char out[REGISTRY_SHARE_TEXT], int64_t share)
{
    int64_t part = share % PERCENT;

    if (part == 0)
        snprintf(out, REGISTRY_SHARE_TEXT, "%" PRId64 "%%", share / PERCENT);
    else if (part % 10 == 0)
        snprintf(out, REGISTRY_SHARE_TEXT, "%" PRId64 ".%" PRId64 "%%", share / PERCENT,
                 part / 10);
    else
        snprintf(out, REGISTRY_SHARE_TEXT, "%" PRId64 ".%02" PRId64 "%%", share / PERCENT,
                 part);
}

/* Locks the home and reads a model that has to be there.  -1 with the result. */
static int begin(struct home *home, const char *name, struct line *line, enum result *result,
                 struct reason *why)
{
    int lock = -1;

    memset(line, 0, sizeof(*line));
    *result = registry_has(home, name, why);
    if (*result == RESULT_OK)
        *result = home_lock(home->role, &lock, why);
    if (*result == RESULT_OK)
        *result = line_read(home, name, line, why);
    return lock;
}

static enum result end(struct line *line, int lock, enum result result)
{
    line_free(line);
    if (lock >= 0)
        home_unlock(lock);
    return result;
}

/* What is asked of a model's versions: 0 and NULL where nothing is said. */
struct asked {
    const char *action; /* as the audit trail has it */
    int64_t version;
    const struct registry_place *place;
};

typedef enum result change_run(struct home *home, const struct line *line,
                               const struct asked *asked, struct registry_done *done,
                               struct reason *why);

/* Runs one change under the lock, on the model as it stands then. */
static enum result change(struct home *home, const char *name, change_run *run,
                          const struct asked *asked, struct registry_done *done,
                          struct reason *why)
{
    enum result result;
    struct line line;
    int lock;

    memset(done, 0, sizeof(*done));
    lock = begin(home, name, &line, &result, why);
    if (result == RESULT_OK)
        result = run(home, &line, asked, done, why);
    return end(&line, lock, result);
}

/* Gives a version that is there a place: its image is proved first. */
static enum result move(struct home *home, const struct line *line, const char *action,
                        const struct model_row *row, const struct registry_place *place,
                        struct registry_done *done, struct reason *why)
{
    struct image *image = NULL;
    enum result result = image_file_open(row, &image, why);

    if (result == RESULT_OK)
        result = line_fits(line, image, place, why);
    image_close(image);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    done->row = *row;
    result = line_place(home, line, row->version, place, done, why);
    if (result == RESULT_OK)
        result = registry_audit_places(home, action, line, row->version, why);
    return home_change_end(home, result, why);
}

/* Leaves the serving version as it is and writes who stands beside it. */
static enum result set_beside(struct home *home, const struct line *line, const char *action,
                              int64_t canary, int64_t shadow, struct registry_done *done,
                              struct reason *why)
{
    const struct model_row *row = line_find(line, line->places.serving);
    int64_t about = canary != line->places.canary ? line->places.canary : line->places.shadow;
    struct model_places places = line->places;
    enum result result;

    places.canary = canary;
    places.shadow = shadow;
    if (canary == 0) {
        places.share = 0;
        places.by_key = false;
    }
    result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    if (row != NULL)
        done->row = *row;
    done->serving = places.serving;
    done->canary_ended = canary == 0 ? line->places.canary : 0;
    done->shadow_ended = shadow == 0 ? line->places.shadow : 0;
    result = model_places_set(home->db, line->name, &places, why);
    if (result == RESULT_OK)
        result = registry_audit_places(home, action, line, about, why);
    return home_change_end(home, result, why);
}

/* ---- promote ---- */

/* Which version is meant where none is named. */
static enum result version_meant(const struct line *line, int64_t *version, struct reason *why)
{
    int64_t canary = line->places.canary, shadow = line->places.shadow;

    if (*version != 0)
        return RESULT_OK;
    if (canary != 0 && shadow != 0)
        return reason_set(why, RESULT_INVALID,
                          "%s has version %" PRId64 " as its canary and %" PRId64
                          " as its shadow: say which version",
                          line->name, canary, shadow);
    if (canary == 0 && shadow == 0)
        return reason_set(why, RESULT_INVALID,
                          "%s has no canary and no shadow: say which version", line->name);
    *version = canary != 0 ? canary : shadow;
    return RESULT_OK;
}

static enum result promote(struct home *home, const struct line *line,
                           const struct asked *asked, struct registry_done *done,
                           struct reason *why)
{
    const struct model_row *row = NULL;
    int64_t version = asked->version;
    enum result result = version_meant(line, &version, why);

    if (result == RESULT_OK)
        result = line_need(line, version, &row, why);
    if (result == RESULT_OK && row->state == MODEL_SERVING)
        result = reason_set(why, RESULT_INVALID, "version %" PRId64 " of %s serves already",
                            version, line->name);
    return result == RESULT_OK ? move(home, line, asked->action, row, asked->place, done, why)
                               : result;
}

enum result registry_promote(struct home *home, const char *name, int64_t version,
                             const struct registry_place *place, struct registry_done *done,
                             struct reason *why)
{
    return change(home, name, promote, &(struct asked){"model.promote", version, place}, done,
                  why);
}

/* ---- rollback ---- */

static enum result back_need(const struct line *line, int64_t *to, struct reason *why)
{
    const struct model_row *row = line_find(line, line->places.serving);

    *to = row != NULL ? row->back : 0;
    if (*to != 0)
        return RESULT_OK;
    return reason_set(why, RESULT_INVALID,
                      "%s serves version %" PRId64
                      ", before which none did that is still there: say which one is to",
                      line->name, line->places.serving);
}

static enum result rollback(struct home *home, const struct line *line,
                            const struct asked *asked, struct registry_done *done,
                            struct reason *why)
{
    const struct model_row *row = NULL;
    int64_t to = asked->version;
    enum result result = RESULT_OK;

    if (to == 0 && line->places.canary != 0)
        return set_beside(home, line, asked->action, 0, line->places.shadow, done, why);
    if (to == 0)
        result = back_need(line, &to, why);
    if (result == RESULT_OK)
        result = line_need(line, to, &row, why);
    if (result != RESULT_OK)
        return result;
    if (row->state == MODEL_SERVING)
        return reason_set(why, RESULT_INVALID, "version %" PRId64 " of %s serves already", to,
                          line->name);
    if (row->state != MODEL_RETIRED && row->state != MODEL_WITHDRAWN)
        return reason_set(why, RESULT_INVALID,
                          "version %" PRId64 " of %s is its %s, and never served: promote it",
                          to, line->name, model_state_name(row->state));
    return move(home, line, asked->action, row, &serving, done, why);
}

enum result registry_rollback(struct home *home, const char *name, int64_t to,
                              struct registry_done *done, struct reason *why)
{
    return change(home, name, rollback, &(struct asked){"model.rollback", to, NULL}, done, why);
}

/* ---- retire ---- */

static enum result retire(struct home *home, const struct line *line, const struct asked *asked,
                          struct registry_done *done, struct reason *why)
{
    const int64_t version = asked->version;
    int64_t canary = line->places.canary, shadow = line->places.shadow;
    const struct model_row *row = NULL;
    enum result result = version != 0 ? line_need(line, version, &row, why) : RESULT_OK;

    if (result != RESULT_OK)
        return result;
    if (row == NULL && canary == 0 && shadow == 0)
        return reason_set(why, RESULT_INVALID, "%s has no canary and no shadow", line->name);
    if (row != NULL && row->state == MODEL_SERVING)
        return reason_set(why, RESULT_INVALID,
                          "version %" PRId64 " of %s serves: publish or promote another, or "
                          "take it back",
                          version, line->name);
    if (row != NULL && (row->state == MODEL_RETIRED || row->state == MODEL_WITHDRAWN))
        return reason_set(why, RESULT_INVALID, "version %" PRId64 " of %s is retired already",
                          version, line->name);
    return set_beside(home, line, asked->action, row == NULL || version == canary ? 0 : canary,
                      row == NULL || version == shadow ? 0 : shadow, done, why);
}

enum result registry_retire(struct home *home, const char *name, int64_t version,
                            struct registry_done *done, struct reason *why)
{
    return change(home, name, retire, &(struct asked){"model.retire", version, NULL}, done,
                  why);
}

/* ---- withdraw and restore ---- */

static enum result withdraw(struct home *home, const struct line *line,
                            const struct asked *asked, struct registry_done *done,
                            struct reason *why)
{
    const struct model_row *row = line_find(line, line->places.serving);
    struct model_places places = {.serving = line->places.serving, .withdrawn = true};
    enum result result;

    if (row != NULL)
        done->row = *row;
    done->row.state = MODEL_WITHDRAWN;
    if (line->places.withdrawn)
        return RESULT_OK;
    result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    done->canary_ended = line->places.canary;
    done->shadow_ended = line->places.shadow;
    result = model_places_set(home->db, line->name, &places, why);
    if (result == RESULT_OK)
        result = registry_audit_places(home, asked->action, line, places.serving, why);
    return home_change_end(home, result, why);
}

enum result registry_withdraw(struct home *home, const char *name, struct registry_done *done,
                              struct reason *why)
{
    return change(home, name, withdraw, &(struct asked){"model.withdraw", 0, NULL}, done, why);
}

static enum result restore(struct home *home, const struct line *line,
                           const struct asked *asked, struct registry_done *done,
                           struct reason *why)
{
    const struct model_row *row = NULL;
    struct image *image = NULL;
    enum result result = line_need(line, line->places.serving, &row, why);

    if (result != RESULT_OK)
        return result;
    if (line->places.withdrawn)
        return move(home, line, asked->action, row, &serving, done, why);
    done->row = *row;
    done->serving = row->version;
    result = image_file_open(row, &image, why);
    image_close(image);
    return result;
}

enum result registry_restore(struct home *home, const char *name, struct registry_done *done,
                             struct reason *why)
{
    return change(home, name, restore, &(struct asked){"model.restore", 0, NULL}, done, why);
}

/* ---- delete ---- */

/*
 * Removes the images whose version is not there: those just deleted, and what somebody who
 * was killed between a commit and this has left.
 */
static void sweep(const struct line *line)
{
    char path[IMAGE_FILE_MAX];
    const struct dirent *entry;
    struct model_row row = {.version = 0};
    uint64_t version;
    DIR *dir;

    image_file_directory(line->name, path);
    dir = opendir(path);
    if (dir == NULL)
        return;
    text_copy(row.name, sizeof(row.name), line->name);
    while ((entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);

        if (len < 5 || strcmp(entry->d_name + len - 4, ".fgm") != 0 ||
            !num_parse_u64(entry->d_name, len - 4, &version) || version > INT64_MAX ||
            line_find(line, (int64_t)version) != NULL)
            continue;
        row.version = (int64_t)version;
        image_file_path(&row, path);
        unlink(path);
    }
    closedir(dir);
}

/* Says of each row whether it goes, and how many do. */
static size_t choose_old(const struct line *line, size_t keep, bool *goes)
{
    const struct model_row *now = line_find(line, line->places.serving);
    size_t kept = 0, count = 0;

    for (size_t i = line->count; i-- > 0;) {
        const struct model_row *row = &line->rows[i];

        goes[i] = row->state == MODEL_RETIRED && kept >= keep &&
                  !(now != NULL && now->back == row->version);
        kept += row->state == MODEL_RETIRED && kept < keep;
        count += goes[i];
    }
    return count;
}

static enum result choose_one(const struct line *line, int64_t version, bool *goes,
                              struct reason *why)
{
    const struct model_row *row;
    enum result result = line_need(line, version, &row, why);

    if (result != RESULT_OK)
        return result;
    goes[row - line->rows] = true;
    if (row->state == MODEL_SERVING || row->state == MODEL_WITHDRAWN)
        return reason_set(why, RESULT_INVALID,
                          "version %" PRId64 " of %s serves%s, and stays until another does",
                          version, line->name,
                          row->state == MODEL_SERVING ? "" : " once it is restored");
    if (row->state != MODEL_RETIRED)
        return reason_set(why, RESULT_INVALID,
                          "version %" PRId64 " of %s is its %s: end that first, by retiring it",
                          version, line->name, model_state_name(row->state));
    return RESULT_OK;
}

static enum result delete_rows(struct home *home, const struct line *line, const bool *goes,
                               struct reason *why)
{
    enum result result = home_change_begin(home, why);

    if (result != RESULT_OK)
        return result;
    for (size_t i = 0; result == RESULT_OK && i < line->count; i++) {
        if (!goes[i])
            continue;
        result = model_version_delete(home->db, line->name, line->rows[i].version, why);
        if (result == RESULT_OK)
            result = registry_audit_delete(home, &line->rows[i], why);
    }
    return home_change_end(home, result, why);
}

/* Which are to go, and in earnest they do. */
static enum result delete_some(struct home *home, const struct line *line, int64_t version,
                               size_t keep, bool earnest, bool *goes, struct reason *why)
{
    enum result result = RESULT_OK;
    struct line left;

    if (version != 0)
        result = choose_one(line, version, goes, why);
    else if (choose_old(line, keep, goes) == 0)
        return RESULT_OK;
    if (!earnest)
        return result;
    if (result == RESULT_OK)
        result = delete_rows(home, line, goes, why);
    if (result != RESULT_OK)
        return result;
    result = line_read(home, line->name, &left, why);
    if (result == RESULT_OK)
        sweep(&left);
    line_free(&left);
    return result;
}

static enum result delete_or_look(struct home *home, const char *name, int64_t version,
                                  size_t keep, bool earnest,
                                  void (*each)(void *arg, int64_t version), void *arg,
                                  struct reason *why)
{
    enum result result;
    struct line line;
    bool *goes;
    int lock;

    lock = begin(home, name, &line, &result, why);
    if (result != RESULT_OK)
        return end(&line, lock, result);
    goes = calloc(line.count + 1, sizeof(*goes));
    if (goes == NULL)
        return end(&line, lock,
                   reason_set(why, RESULT_NOMEM, "no memory for the versions of %s", name));
    result = delete_some(home, &line, version, keep, earnest, goes, why);
    for (size_t i = 0; result == RESULT_OK && i < line.count; i++)
        if (goes[i])
            each(arg, line.rows[i].version);
    free(goes);
    return end(&line, lock, result);
}

enum result registry_delete(struct home *home, const char *name, int64_t version, size_t keep,
                            void (*each)(void *arg, int64_t version), void *arg,
                            struct reason *why)
{
    return delete_or_look(home, name, version, keep, true, each, arg, why);
}

enum result registry_delete_look(struct home *home, const char *name, int64_t version,
                                 size_t keep, void (*each)(void *arg, int64_t version),
                                 void *arg, struct reason *why)
{
    return delete_or_look(home, name, version, keep, false, each, arg, why);
}
