/*
 * registry_line.c: a model with all its versions.
 */
#include "gate/registry_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "gate/image_file.h"

static void add_row(void *arg, const struct model_row *row)
{
    struct line *line = arg;
    struct model_row *more;

    if (strcmp(row->name, line->name) != 0 || line->no_memory)
        return;
    more = reallocarray(line->rows, line->count + 1, sizeof(*more));
    if (more == NULL) {
        line->no_memory = true;
        return;
    }
    line->rows = more;
    more[line->count++] = *row;
    if (row->state == MODEL_SERVING || row->state == MODEL_WITHDRAWN) {
        line->places.serving = row->version;
        line->places.withdrawn = row->state == MODEL_WITHDRAWN;
    } else if (row->state == MODEL_CANARY) {
        line->places.canary = row->version;
        line->places.share = row->share;
        line->places.by_key = row->by_key;
    } else if (row->state == MODEL_SHADOW) {
        line->places.shadow = row->version;
    }
}

enum result line_read(struct home *home, const char *name, struct line *line,
                      struct reason *why)
{
    enum result result;

    memset(line, 0, sizeof(*line));
    line->name = name;
    result = model_version_list(home->db, add_row, line, why);
    if (result == RESULT_OK && line->no_memory)
        result = reason_set(why, RESULT_NOMEM, "no memory for the versions of %s", name);
    return result;
}

void line_free(struct line *line)
{
    free(line->rows);
    line->rows = NULL;
    line->count = 0;
}

const struct model_row *line_find(const struct line *line, int64_t version)
{
    for (size_t i = 0; i < line->count; i++)
        if (line->rows[i].version == version)
            return &line->rows[i];
    return NULL;
}

enum result line_need(const struct line *line, int64_t version, const struct model_row **row,
                      struct reason *why)
{
    struct buf numbers = {0};
    enum result result;

    *row = line_find(line, version);
    if (*row != NULL)
        return RESULT_OK;
    for (size_t i = 0; i < line->count; i++)
        buf_printf(&numbers, "%s%" PRId64, i == 0 ? "" : ", ", line->rows[i].version);
    result = reason_set(why, RESULT_INVALID, "%s has no version %" PRId64 "; it has: %s",
                        line->name, version, numbers.data != NULL ? numbers.data : "none");
    buf_free(&numbers);
    return result;
}

/* ---- whether two images may stand beside each other ---- */

/* Numbers are numbers, whatever those were that training saw. */
static bool is_category(const struct image *image, uint32_t feature)
{
    return image_feature_type(image, feature) == IMAGE_CATEGORY;
}

static enum result features_alike(const struct image *image, const struct image *serving,
                                  const char *who, struct reason *why)
{
    uint32_t count = image_n_features(serving);

    if (image_n_features(image) != count)
        return reason_set(why, RESULT_INVALID, "%s: it has %u features and not %u", who,
                          (unsigned)image_n_features(image), (unsigned)count);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(image_feature_name(image, i), image_feature_name(serving, i)) != 0)
            return reason_set(
                why, RESULT_INVALID, "%s: its feature %u is \"%.80s\" and not \"%.80s\"", who,
                (unsigned)i + 1, image_feature_name(image, i), image_feature_name(serving, i));
        if (is_category(image, i) != is_category(serving, i))
            return reason_set(why, RESULT_INVALID, "%s: its feature \"%.80s\" is %s and not %s",
                              who, image_feature_name(image, i),
                              image_type_name(image_feature_type(image, i)),
                              image_type_name(image_feature_type(serving, i)));
    }
    return RESULT_OK;
}

static enum result outputs_alike(const struct image *image, const struct image *serving,
                                 const char *who, struct reason *why)
{
    uint32_t count = image_n_classes(serving);

    if (image_task(image) != image_task(serving))
        return reason_set(why, RESULT_INVALID, "%s: its task is to %s and not to %s", who,
                          image_task_name(image_task(image)),
                          image_task_name(image_task(serving)));
    if (image_n_classes(image) != count)
        return reason_set(why, RESULT_INVALID, "%s: it has %u classes and not %u", who,
                          (unsigned)image_n_classes(image), (unsigned)count);
    if (image_n_outputs(image) != image_n_outputs(serving))
        return reason_set(why, RESULT_INVALID, "%s: it answers %u numbers and not %u", who,
                          (unsigned)image_n_outputs(image), (unsigned)image_n_outputs(serving));
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(image_class_label(image, i), image_class_label(serving, i)) != 0)
            return reason_set(
                why, RESULT_INVALID, "%s: its class %u is \"%.80s\" and not \"%.80s\"", who,
                (unsigned)i, image_class_label(image, i), image_class_label(serving, i));
    return RESULT_OK;
}

/*
 * A text model reads texts by words of its own.  A canary does too; but a shadow is given
 * the rows that the serving version made.
 */
static enum result inputs_alike(const struct image *image, const struct image *serving,
                                enum model_state state, const char *who, struct reason *why)
{
    bool texts = image_text(image) != NULL;

    if (texts != (image_text(serving) != NULL))
        return reason_set(why, RESULT_INVALID, "%s: it takes %s and not %s", who,
                          texts ? "texts" : "features", texts ? "features" : "texts");
    if (!texts)
        return features_alike(image, serving, who, why);
    if (state == MODEL_SHADOW)
        return reason_set(why, RESULT_INVALID,
                          "%s: it takes texts, which each version reads by words of its own; "
                          "a canary can be had",
                          who);
    return RESULT_OK;
}

enum result line_fits(const struct line *line, const struct image *image,
                      const struct registry_place *place, struct reason *why)
{
    const struct model_row *row = line_find(line, line->places.serving);
    struct image *serving = NULL;
    enum result result;
    char who[MODEL_NAME_MAX + 80];

    if (place->state == MODEL_SERVING)
        return RESULT_OK;
    if (row == NULL)
        return reason_set(why, RESULT_INVALID,
                          "%s has no version that serves, which a %s would stand beside: "
                          "publish one first, without --%s",
                          line->name, model_state_name(place->state),
                          model_state_name(place->state));
    if (line->places.withdrawn)
        return reason_set(why, RESULT_INVALID,
                          "%s is withdrawn, and has no version that serves, which a %s would "
                          "stand beside: restore it first",
                          line->name, model_state_name(place->state));
    snprintf(who, sizeof(who), "it cannot be a %s beside version %" PRId64 " of %s",
             model_state_name(place->state), row->version, line->name);
    result = image_file_open(row, &serving, why);
    if (result == RESULT_OK)
        result = outputs_alike(image, serving, who, why);
    if (result == RESULT_OK)
        result = inputs_alike(image, serving, place->state, who, why);
    image_close(serving);
    return result;
}

/* ---- places ---- */

void line_move(struct model_places *places, int64_t version, const struct registry_place *place,
               struct registry_done *done)
{
    struct model_places before = *places;
    bool was_canary = before.canary == version;

    if (before.canary == version)
        places->canary = 0;
    if (before.shadow == version)
        places->shadow = 0;
    if (place->state == MODEL_SERVING)
        *places = (struct model_places){.serving = version};
    else if (place->state == MODEL_CANARY)
        places->canary = version;
    else
        places->shadow = version;
    if (place->state == MODEL_CANARY) {
        places->share = place->share;
        places->by_key = place->by == REGISTRY_BY_KEY ||
                         (place->by == REGISTRY_BY_UNSAID && was_canary && before.by_key);
    }
    if (places->canary == 0) {
        places->share = 0;
        places->by_key = false;
    }
    if (before.canary != version && before.canary != places->canary)
        done->canary_ended = before.canary;
    if (before.shadow != version && before.shadow != places->shadow)
        done->shadow_ended = before.shadow;
}

int64_t line_back(const struct line *line, int64_t version)
{
    const struct model_row *row = line_find(line, line->places.serving);

    for (size_t i = 0; row != NULL && i < line->count; i++) {
        if (row->version == version)
            return row->back;
        row = line_find(line, row->back);
    }
    return line->places.serving;
}

enum result line_place(struct home *home, const struct line *line, int64_t version,
                       const struct registry_place *place, struct registry_done *done,
                       struct reason *why)
{
    struct model_places places = line->places;
    enum result result = RESULT_OK;

    line_move(&places, version, place, done);
    if (place->state == MODEL_SERVING)
        result = model_back_set(home->db, line->name, version, line_back(line, version), why);
    if (result == RESULT_OK)
        result = model_places_set(home->db, line->name, &places, why);
    done->row.state = place->state;
    done->row.share = places.canary == version ? places.share : 0;
    done->row.by_key = places.canary == version && places.by_key;
    done->serving = places.serving;
    return result;
}
