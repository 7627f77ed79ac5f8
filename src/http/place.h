/*
 * place.h: whether the front gives out the directory in which the home is.
 */
#ifndef HTTP_PLACE_H
#define HTTP_PLACE_H

#include <stdbool.h>

#include "http/request.h"

/*
 * By what the front says that it serves, which is looked at anew when that changes.  False with
 * the refusal; the log says why.
 */
bool place_is_safe(struct service *service, struct reply *reply);

#endif
