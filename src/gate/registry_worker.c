/*
 * registry_worker.c: the published models as a worker has them.
 *
 * An image that is served is mapped once and kept as long as its version is; what
 * could not be loaded is tried again, at most once a second.
 */
#include "gate/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/image_file.h"

static const uint64_t retry_ns = 1000000000;

struct registry {
    struct home *home;
    uint64_t epoch;
    bool loaded;    /* whether the list below was read under that epoch */
    bool damaged;   /* an image could not be loaded */
    uint64_t tried; /* when that was, by the monotonic clock */
    struct model *models;
    size_t count;
};

enum result registry_new(struct home *home, struct registry **out, struct reason *why)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the models");
    (*out)->home = home;
    return RESULT_OK;
}

static void models_free(struct model *models, size_t count)
{
    for (size_t i = 0; i < count; i++)
        image_close(models[i].image);
    free(models);
}

void registry_free(struct registry *registry)
{
    if (registry == NULL)
        return;
    models_free(registry->models, registry->count);
    free(registry);
}

/* The list of models while it is being read. */
struct fresh {
    struct model *models;
    size_t count;
    bool failed;
};

static void fresh_row(void *arg, const struct model_row *row)
{
    struct fresh *fresh = arg;
    struct model *more;

    more = reallocarray(fresh->models, fresh->count + 1, sizeof(*more));
    if (more == NULL) {
        fresh->failed = true;
        return;
    }
    fresh->models = more;
    more[fresh->count++] = (struct model){.row = *row};
}

/* Takes over the mapping of a version that was served before. */
static struct image *take_over(struct registry *registry, const struct model_row *row)
{
    for (size_t i = 0; i < registry->count; i++) {
        struct model *old = &registry->models[i];
        struct image *image = old->image;

        if (image == NULL || old->row.version != row->version ||
            strcmp(old->row.name, row->name) != 0 || strcmp(old->row.sha256, row->sha256) != 0)
            continue;
        old->image = NULL;
        return image;
    }
    return NULL;
}

/* Whether a version is known not to load, and it is too soon to try again. */
static bool is_damaged(const struct registry *registry, const struct model_row *row)
{
    if (!registry->damaged || clock_mono_ns() - registry->tried > retry_ns)
        return false;
    for (size_t i = 0; i < registry->count; i++) {
        const struct model *old = &registry->models[i];

        if (old->image == NULL && old->row.version == row->version &&
            strcmp(old->row.name, row->name) == 0 && strcmp(old->row.sha256, row->sha256) == 0)
            return true;
    }
    return false;
}

static void load(struct registry *registry, struct fresh *fresh)
{
    struct reason why;
    bool damaged = false;

    for (size_t i = 0; i < fresh->count; i++) {
        struct model *model = &fresh->models[i];

        if (is_damaged(registry, &model->row)) {
            damaged = true;
            continue;
        }
        model->image = take_over(registry, &model->row);
        if (model->image != NULL ||
            image_file_serve(&model->row, &model->image, &why) == RESULT_OK)
            continue;
        damaged = true;
        registry->tried = clock_mono_ns();
        log_message("model %s cannot be served: %s", model->row.name, why.text);
    }
    models_free(registry->models, registry->count);
    registry->damaged = damaged;
    registry->models = fresh->models;
    registry->count = fresh->count;
}

enum result registry_refresh(struct registry *registry, struct reason *why)
{
    uint64_t epoch = epoch_read(registry->home->epoch); /* before the database: see epoch.h */
    struct fresh fresh = {0};
    enum result result;

    if (registry->loaded && registry->epoch == epoch && epoch_is_settled(epoch) &&
        !(registry->damaged && clock_mono_ns() - registry->tried > retry_ns))
        return RESULT_OK;
    result = model_row_list(registry->home->db, fresh_row, &fresh, why);
    if (result == RESULT_OK && fresh.failed)
        result = reason_set(why, RESULT_NOMEM, "no memory for the models");
    if (result != RESULT_OK) {
        free(fresh.models);
        registry->loaded = false;
        return result;
    }
    load(registry, &fresh);
    registry->epoch = epoch;
    registry->loaded = true;
    return RESULT_OK;
}

size_t registry_count(const struct registry *registry)
{
    return registry->count;
}

const struct model *registry_at(const struct registry *registry, size_t i)
{
    return &registry->models[i];
}

const struct model *registry_find(const struct registry *registry, const char *name, size_t len)
{
    for (size_t i = 0; i < registry->count; i++) {
        const char *known = registry->models[i].row.name;

        if (strlen(known) == len && memcmp(known, name, len) == 0)
            return &registry->models[i];
    }
    return NULL;
}

const struct model *registry_default(const struct registry *registry)
{
    const char *chosen = registry->home->config.default_model;

    if (chosen[0] != '\0')
        return registry_find(registry, chosen, strlen(chosen));
    return registry->count > 0 ? &registry->models[0] : NULL;
}
