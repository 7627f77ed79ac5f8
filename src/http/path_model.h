/*
 * path_model.h: the model that a path names, {name}, and perhaps its version, {version}.
 */
#ifndef HTTP_PATH_MODEL_H
#define HTTP_PATH_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "http/reply.h"
#include "http/request.h"

/*
 * The version that the path names, whatever it does; or the one that serves.  RESULT_MISSING:
 * there is no such model or version; RESULT_BUSY and the like: nobody knows now.  The model's
 * image may be NULL.  Valid until the next registry_refresh() or the next call of this.
 */
enum result path_model_look(struct service *service, const struct request *request,
                            const struct model **model, struct reason *why);

/* The same; false with the refusal written: 404, 503. */
bool path_model_find(struct service *service, const struct request *request,
                     struct reply *reply, const struct model **model);

/* Whether a model can be asked, because its image was loaded; if not, the refusal: 503. */
bool path_model_serves(const struct model *model, struct reply *reply);

/* Whether the path has a version, which answers itself, and not a canary in its place. */
bool path_model_has_version(const struct request *request);

/* Its number, 0 where the path has none.  False: no version has what stands there. */
bool path_model_version(const struct request *request, int64_t *version);

#endif
