/*
 * registry.h: the published models, for those who publish and for the workers.
 *
 * A published image is a file of the home that is never changed: models/NAME/N.fgm.
 * The database says which version is served; a worker asks it only when the epoch has
 * changed, and maps the new image before the first call to it.
 */
#ifndef GATE_REGISTRY_H
#define GATE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "forest/image.h"
#include "gate/home.h"
#include "store/models.h"

/* Whether a name can be a model's: 1 to 64 of a-z 0-9 . _ - and no . _ - first. */
bool registry_name_valid(const char *name);

/* RESULT_INVALID, with what is published, if there is no model of this name. */
enum result registry_has(struct home *home, const char *name, struct reason *why);

/*
 * Publishes the image that an open file holds as the next version of a model, and has
 * it served from the return on.  file_name is for messages.  The image is proved; on
 * failure nothing is changed.
 */
enum result registry_publish(struct home *home, const char *name, int file,
                             const char *file_name, struct model_row *out, struct reason *why);

/* Maps the served version of a model: image_close() is the caller's. */
enum result registry_open_image(struct home *home, const char *name, struct model_row *row,
                                struct image **out, struct reason *why);

/* A model as a worker has it. */
struct model {
    struct model_row row;
    struct image *image; /* NULL: it could not be loaded, which was logged */
};

/* The models of a worker. */
struct registry;

enum result registry_new(struct home *home, struct registry **out, struct reason *why);
void registry_free(struct registry *registry);

/*
 * Brings it up to date.  What the functions below gave before is no longer valid.
 * RESULT_BUSY and the like if the database could not be read: then nobody knows what
 * is to be served.
 */
enum result registry_refresh(struct registry *registry, struct reason *why);

size_t registry_count(const struct registry *registry);
const struct model *registry_at(const struct registry *registry, size_t i);

/* NULL if there is none. */
const struct model *registry_find(const struct registry *registry, const char *name,
                                  size_t len);

/* The default model: the setting's, else the first that was published; NULL without. */
const struct model *registry_default(const struct registry *registry);

#endif
