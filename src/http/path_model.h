/*
 * path_model.h: the model that a path names, {name}, and perhaps its version, {version}.
 */
#ifndef HTTP_PATH_MODEL_H
#define HTTP_PATH_MODEL_H

#include <stdbool.h>

#include "http/reply.h"
#include "http/request.h"

/*
 * The version that the path names, whatever it does; or the one that serves.  False with the
 * refusal written: 404, there is no such model or version; 503, nobody knows now.  The model's
 * image may be NULL.  Valid until the next registry_refresh() or the next call of this.
 */
bool path_model_find(struct service *service, const struct request *request,
                     struct reply *reply, const struct model **model);

/* Whether the path has a version, which answers itself, and not a canary in its place. */
bool path_model_has_version(const struct request *request);

#endif
