/*
 * registry.h: the published models, for those who publish and for the workers.
 *
 * A published image is a file of the home that is never changed: models/NAME/N.fgm.
 * The database says which version does what; a worker asks it only when the epoch has
 * changed, and maps new images before the first call to them.
 */
#ifndef GATE_REGISTRY_H
#define GATE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "forest/image.h"
#include "gate/home.h"
#include "store/models.h"

enum {
    REGISTRY_SHARE_TEXT = 24
};

/* Whether a name can be a model's: 1 to 64 of a-z 0-9 . _ - and no . _ - first. */
bool registry_name_valid(const char *name);

/* RESULT_INVALID, with what is published, if there is no model of this name. */
enum result registry_has(struct home *home, const char *name, struct reason *why);

/* By what a canary's share of the calls is drawn. */
enum registry_by {
    REGISTRY_BY_UNSAID, /* as it is; for a new canary by request */
    REGISTRY_BY_REQUEST,
    REGISTRY_BY_KEY,
};

/* What a version is to do. */
struct registry_place {
    enum model_state state; /* not MODEL_RETIRED */
    int64_t share;          /* of a canary, 1 to MODEL_SHARE_ALL - 1 */
    enum registry_by by;
};

/* A share as it is written: "10%", "0.25%"; more than 0% and at most 100%.  False if none. */
bool registry_share_parse(const char *text, int64_t *share);
void registry_share_print(char out[REGISTRY_SHARE_TEXT], int64_t share);

/* What a change came to. */
struct registry_done {
    struct model_row row;               /* the version that it was about, as it is now */
    int64_t serving;                    /* the version that serves now */
    int64_t canary_ended, shadow_ended; /* versions that are retired by it; 0 for none */
};

/*
 * Publishes the image that an open file holds as the next version of a model, and gives it
 * its place, from the return on.  file_name is for messages.  The image is proved; on
 * failure nothing is changed.  As registry_promote() for what is refused.
 */
enum result registry_publish(struct home *home, const char *name, int file,
                             const char *file_name, const struct registry_place *place,
                             struct registry_done *done, struct reason *why);

/*
 * Gives a version another place; version 0 is the canary or the shadow, if there is one of
 * the two.  RESULT_INVALID for a version that is not there or serves already, and for a
 * canary or shadow that has other features or classes than the version that serves;
 * RESULT_MALFORMED and the like for one whose image is not as it was published.
 */
enum result registry_promote(struct home *home, const char *name, int64_t version,
                             const struct registry_place *place, struct registry_done *done,
                             struct reason *why);

/*
 * Takes back: with to 0, a canary if there is one, which is retired; else the version that
 * serves, and the one that did before it serves again.  Another to has that version serve.
 * done->row is the version that serves.  RESULT_INVALID if there is none to go back to.
 */
enum result registry_rollback(struct home *home, const char *name, int64_t to,
                              struct registry_done *done, struct reason *why);

/*
 * Ends a canary or shadow, or with version 0 both.  done->row is the version that serves.
 * RESULT_INVALID if it is neither.
 */
enum result registry_retire(struct home *home, const char *name, int64_t version,
                            struct registry_done *done, struct reason *why);

/*
 * Withdraws a model: no version of it answers any more, canary and shadow are retired, and it
 * keeps its versions; to callers it is as if it were not published.  Nothing is changed of one
 * that is withdrawn already.  done->row is the version that would serve.
 */
enum result registry_withdraw(struct home *home, const char *name, struct registry_done *done,
                              struct reason *why);

/*
 * Has a model that is withdrawn serve again, by the version that did; so do publishing,
 * promoting a version to serve and taking one back.  Of one that serves it is proved that it
 * can, and nothing is changed.  RESULT_MALFORMED and the like for an image that is not as it
 * was published.
 */
enum result registry_restore(struct home *home, const char *name, struct registry_done *done,
                             struct reason *why);

/*
 * Deletes a retired version, with its image; or, with version 0, all retired ones but the
 * `keep` that were published last, and the one that a rollback would lead to.  Calls each
 * for each that is deleted.  RESULT_INVALID for one that is in use or not there.
 */
enum result registry_delete(struct home *home, const char *name, int64_t version, size_t keep,
                            void (*each)(void *arg, int64_t version), void *arg,
                            struct reason *why);

/* The same without the deletion: which would go. */
enum result registry_delete_look(struct home *home, const char *name, int64_t version,
                                 size_t keep, void (*each)(void *arg, int64_t version),
                                 void *arg, struct reason *why);

/*
 * Has a share of what a model is asked be kept (0: nothing any more), each request for so many
 * days; days 0 leaves those as they are.  *row is the version that serves, as it is now.
 * RESULT_INVALID for a model that is not published or takes texts.
 */
enum result registry_keep_set(struct home *home, const char *name, int64_t share, int64_t days,
                              struct model_row *row, struct reason *why);

/* Maps the served version of a model: image_close() is the caller's. */
enum result registry_open_image(struct home *home, const char *name, struct model_row *row,
                                struct image **out, struct reason *why);

/*
 * What a version is and does, or with version 0 the one that serves.  RESULT_INVALID if there
 * is none of this number.
 */
enum result registry_version_get(struct home *home, const char *name, int64_t version,
                                 struct model_row *row, struct reason *why);

/* The same as registry_open_image() of any version.  RESULT_INVALID if there is none. */
enum result registry_open_version(struct home *home, const char *name, int64_t version,
                                  struct model_row *row, struct image **out,
                                  struct reason *why);

/* A version of a model as a worker has it. */
struct model {
    struct model_row row;
    struct image *image; /* NULL: it could not be loaded, which was logged */

    /* of the version that serves: those beside it, NULL for none or if it was not loaded */
    const struct model *canary, *shadow;
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

/* The models, each as the version that serves. */
size_t registry_count(const struct registry *registry);
const struct model *registry_at(const struct registry *registry, size_t i);

/* The version that serves; NULL if there is none of this name. */
const struct model *registry_find(const struct registry *registry, const char *name,
                                  size_t len);

/*
 * A version by its number, whatever it does: one that is retired is mapped when it is asked
 * for, and some of those stay mapped.  Valid until the next registry_refresh() or the next call
 * of this.  Who names a version has it answer: registry_choose() is not asked then.
 * RESULT_MISSING if no model of this name is served, or it has no such version; the
 * model's image is NULL where it could not be loaded.  RESULT_BUSY and the like if the database
 * could not be read.
 */
enum result registry_version(struct registry *registry, const char *name, size_t len,
                             int64_t version, const struct model **out, struct reason *why);

/* Whether a version takes texts; false for an image that could not be loaded. */
bool registry_takes_texts(const struct model *model);

/*
 * The default model: the setting's, else the first that was published and does not take
 * texts, else the first; NULL without.
 */
const struct model *registry_default(const struct registry *registry);

/*
 * The default model for texts: the setting's, else the default model if that takes them,
 * else the first that was published of those; NULL without.
 */
const struct model *registry_default_text(const struct registry *registry);

/*
 * The version that answers a call: the one that serves, or its canary for the share that it
 * has.  The same key or request id always gets the same one, by the canary's rule, and one
 * that was within a share stays within it while it grows.
 */
const struct model *registry_choose(const struct model *serving, const char *key_id,
                                    const char *request_id);

/* Whether a request is one of those that the model's setting has kept; always the same. */
bool registry_keeps(const struct model *model, const char *request_id);

#endif
