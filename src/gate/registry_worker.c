/*
 * registry_worker.c: the published models as a worker has them.
 *
 * An image that is in use is mapped once and kept as long as its version is; what could
 * not be loaded is tried again, at most once a second.
 */
#include "gate/registry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/image_file.h"

static const uint64_t retry_ns = 1000000000;

enum {
    REREADS = 3, /* of a list that was out of date before its images were opened */
    NAMED = 4,   /* versions out of use that are kept mapped since somebody named them */
};

/* A model's versions that are in use, by their state; version 0 where there is none. */
struct entry {
    struct model versions[MODEL_RETIRED];
};

struct registry {
    struct home *home;
    uint64_t epoch;
    bool loaded;    /* whether the list below was read under that epoch */
    bool damaged;   /* an image could not be loaded */
    uint64_t tried; /* when that was, by the monotonic clock */
    struct entry *entries;
    size_t count;
    struct model named[NAMED]; /* version 0 where there is none */
    size_t named_next;         /* whose place the next one takes */
};

enum result registry_new(struct home *home, struct registry **out, struct reason *why)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the models");
    (*out)->home = home;
    return RESULT_OK;
}

static void entries_free(struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t state = 0; state < MODEL_RETIRED; state++)
            image_close(entries[i].versions[state].image);
    free(entries);
}

static void named_forget(struct registry *registry)
{
    for (size_t i = 0; i < NAMED; i++)
        image_close(registry->named[i].image);
    memset(registry->named, 0, sizeof(registry->named));
}

void registry_free(struct registry *registry)
{
    if (registry == NULL)
        return;
    named_forget(registry);
    entries_free(registry->entries, registry->count);
    free(registry);
}

/* The list of models while it is being read. */
struct fresh {
    struct entry *entries;
    size_t count;
    bool failed;
};

/* The serving version comes first of its model. */
static void fresh_row(void *arg, const struct model_row *row)
{
    struct fresh *fresh = arg;
    struct entry *more;

    if (row->state == MODEL_SERVING) {
        more = reallocarray(fresh->entries, fresh->count + 1, sizeof(*more));
        if (more == NULL) {
            fresh->failed = true;
            return;
        }
        fresh->entries = more;
        memset(&more[fresh->count++], 0, sizeof(*more));
    }
    if (fresh->count == 0 || row->state >= MODEL_RETIRED)
        return;
    more = &fresh->entries[fresh->count - 1];
    if (row->state == MODEL_SERVING || strcmp(more->versions[0].row.name, row->name) == 0)
        more->versions[row->state].row = *row;
}

/* A version as it was known before, whatever its state was then; NULL if it was not. */
static struct model *known(struct registry *registry, const struct model_row *row)
{
    for (size_t i = 0; i < registry->count; i++) {
        struct model *versions = registry->entries[i].versions;

        if (strcmp(versions[0].row.name, row->name) != 0)
            continue;
        for (size_t state = 0; state < MODEL_RETIRED; state++)
            if (versions[state].row.version == row->version &&
                strcmp(versions[state].row.sha256, row->sha256) == 0)
                return &versions[state];
    }
    return NULL;
}

/*
 * Takes over the mapping of a version that was there before, or makes one.  One that is
 * known not to load is let be while it is too soon to try again.  False: it did not load.
 */
static bool load(struct registry *registry, struct model *model)
{
    struct model *old = known(registry, &model->row);
    struct reason why;

    if (old != NULL && old->image != NULL) {
        model->image = old->image;
        old->image = NULL;
        return true;
    }
    if (old != NULL && registry->damaged && clock_mono_ns() - registry->tried <= retry_ns)
        return false;
    if (image_file_serve(&model->row, &model->image, &why) == RESULT_OK)
        return true;
    registry->tried = clock_mono_ns();
    log_message("model %s version %" PRId64 " cannot be used: %s", model->row.name,
                model->row.version, why.text);
    return false;
}

/* In the place of what was there. */
static void load_all(struct registry *registry, struct fresh *fresh)
{
    bool damaged = false;

    for (size_t i = 0; i < fresh->count; i++) {
        struct model *versions = fresh->entries[i].versions;

        for (size_t state = 0; state < MODEL_RETIRED; state++)
            if (versions[state].row.version != 0 && !load(registry, &versions[state]))
                damaged = true;
        if (versions[MODEL_CANARY].image != NULL)
            versions[MODEL_SERVING].canary = &versions[MODEL_CANARY];
        if (versions[MODEL_SHADOW].image != NULL)
            versions[MODEL_SERVING].shadow = &versions[MODEL_SHADOW];
    }
    entries_free(registry->entries, registry->count);
    registry->damaged = damaged;
    registry->entries = fresh->entries;
    registry->count = fresh->count;
}

static enum result read_again(struct registry *registry, struct reason *why)
{
    uint64_t epoch = epoch_read(registry->home->epoch); /* before the database: see epoch.h */
    struct fresh fresh = {0};
    enum result result;

    result = model_row_list(registry->home->db, fresh_row, &fresh, why);
    if (result == RESULT_OK && fresh.failed)
        result = reason_set(why, RESULT_NOMEM, "no memory for the models");
    if (result != RESULT_OK) {
        free(fresh.entries);
        registry->loaded = false;
        return result;
    }
    named_forget(registry); /* one may be in use now, or deleted */
    load_all(registry, &fresh);
    registry->epoch = epoch;
    registry->loaded = true;
    return RESULT_OK;
}

/* Whether a damaged image is to be tried again. */
static bool is_due(const struct registry *registry)
{
    return registry->damaged && clock_mono_ns() - registry->tried > retry_ns;
}

/*
 * An image that did not load may have been deleted after the list was read, and its version
 * be out of use since: then the list is read again before anybody is refused.
 */
enum result registry_refresh(struct registry *registry, struct reason *why)
{
    uint64_t epoch = epoch_read(registry->home->epoch);
    enum result result;

    if (registry->loaded && registry->epoch == epoch && epoch_is_settled(epoch) &&
        !is_due(registry))
        return RESULT_OK;
    result = read_again(registry, why);
    for (int i = 0; i < REREADS && result == RESULT_OK && registry->damaged; i++) {
        if (epoch_read(registry->home->epoch) == registry->epoch)
            break;
        result = read_again(registry, why);
    }
    return result;
}

size_t registry_count(const struct registry *registry)
{
    return registry->count;
}

const struct model *registry_at(const struct registry *registry, size_t i)
{
    return &registry->entries[i].versions[MODEL_SERVING];
}

const struct model *registry_find(const struct registry *registry, const char *name, size_t len)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct model *model = registry_at(registry, i);

        if (strlen(model->row.name) == len && memcmp(model->row.name, name, len) == 0)
            return model;
    }
    return NULL;
}

/* A version of a model that is in use; NULL if it is not. */
static const struct model *in_use(const struct registry *registry, const char *name,
                                  int64_t version)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct model *versions = registry->entries[i].versions;

        if (strcmp(versions[MODEL_SERVING].row.name, name) != 0)
            continue;
        for (size_t state = 0; state < MODEL_RETIRED; state++)
            if (versions[state].row.version == version)
                return &versions[state];
    }
    return NULL;
}

static const struct model *named_find(const struct registry *registry, const char *name,
                                      int64_t version)
{
    for (size_t i = 0; i < NAMED; i++)
        if (registry->named[i].image != NULL && registry->named[i].row.version == version &&
            strcmp(registry->named[i].row.name, name) == 0)
            return &registry->named[i];
    return NULL;
}

/* Maps a version in the place of another one that was named. */
static const struct model *named_load(struct registry *registry, const struct model_row *row)
{
    struct model *model = &registry->named[registry->named_next];
    struct reason why;

    registry->named_next = (registry->named_next + 1) % NAMED;
    image_close(model->image);
    *model = (struct model){.row = *row};
    if (image_file_serve(row, &model->image, &why) != RESULT_OK)
        log_message("model %s version %" PRId64 " cannot be used: %s", row->name, row->version,
                    why.text);
    return model;
}

enum result registry_version(struct registry *registry, const char *name, size_t len,
                             int64_t version, const struct model **out, struct reason *why)
{
    const struct model *serving = registry_find(registry, name, len);
    enum result result = RESULT_OK;
    const struct model *model;
    struct model_row row;

    *out = NULL;
    if (serving == NULL || version <= 0)
        return reason_set(why, RESULT_MISSING, "there is no such version");
    model = in_use(registry, serving->row.name, version);
    if (model == NULL)
        model = named_find(registry, serving->row.name, version);
    if (model == NULL) {
        result = model_version_get(registry->home->db, serving->row.name, version, &row, why);
        if (result == RESULT_OK)
            model = named_load(registry, &row);
    }
    *out = model;
    return result;
}

bool registry_takes_texts(const struct model *model)
{
    return model->image != NULL && image_text(model->image) != NULL;
}

/* The first model that takes texts, or that does not. */
static const struct model *first_of(const struct registry *registry, bool texts)
{
    for (size_t i = 0; i < registry->count; i++)
        if (registry_takes_texts(registry_at(registry, i)) == texts)
            return registry_at(registry, i);
    return NULL;
}

const struct model *registry_default(const struct registry *registry)
{
    const char *chosen = registry->home->config.default_model;
    const struct model *first;

    if (chosen[0] != '\0')
        return registry_find(registry, chosen, strlen(chosen));
    first = first_of(registry, false);
    return first != NULL ? first : first_of(registry, true);
}

const struct model *registry_default_text(const struct registry *registry)
{
    const char *chosen = registry->home->config.default_text_model;
    const struct model *model = registry_default(registry);

    if (chosen[0] != '\0')
        return registry_find(registry, chosen, strlen(chosen));
    return model != NULL && registry_takes_texts(model) ? model : first_of(registry, true);
}

/* FNV-1a over a text and its NUL. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++ != '\0');
    return hash;
}

/* Each bit of the hash from all bits of it: Stafford's variant 13 of the MurmurHash3 mixer. */
static uint64_t hash_mix(uint64_t hash)
{
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

/*
 * The canary's number is hashed with the text, so that it is not always the same keys on
 * which new versions are tried.
 */
const struct model *registry_choose(const struct model *serving, const char *key_id,
                                    const char *request_id)
{
    const struct model *canary = serving->canary;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    if (canary == NULL)
        return serving;
    hash = hash_text(hash, canary->row.name) ^ (uint64_t)canary->row.version;
    hash = hash_mix(hash_text(hash, canary->row.by_key ? key_id : request_id));
    return hash % MODEL_SHARE_ALL < (uint64_t)canary->row.share ? canary : serving;
}

/* Another hash than that which draws for a canary: what is kept is of all versions. */
bool registry_keeps(const struct model *model, const char *request_id)
{
    uint64_t hash = hash_text(UINT64_C(0x9e3779b97f4a7c15), request_id);

    return hash_mix(hash) % MODEL_SHARE_ALL < (uint64_t)model->row.keep_share;
}
