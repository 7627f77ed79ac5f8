/*
 * place.c: whether the front gives out the directory in which the home is.
 *
 * On a shared host nobody but the front knows what is served, and it says so with each request.
 */
#include "http/place.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "gate/home_place.h"

static const enum fcgi_param said[PLACE_ROOTS] = {FCGI_DOCUMENT_ROOT, FCGI_CONTEXT_ROOT};

/* Whether the front says the same as last time.  A text that is too long never is the same. */
static bool is_known(const struct place *place, const struct fcgi *fcgi)
{
    for (size_t i = 0; i < PLACE_ROOTS; i++) {
        const char *root = fcgi_param(fcgi, said[i]);

        if (strcmp(place->roots[i], root != NULL ? root : "") != 0)
            return false;
    }
    return place->looked;
}

static enum result look(struct place *place, const struct fcgi *fcgi, struct reason *why)
{
    enum result result = RESULT_OK;
    char home[PATH_MAX];

    if (getcwd(home, sizeof(home)) == NULL)
        home[0] = '\0'; /* which is in no directory */
    place->looked = true;
    for (size_t i = 0; i < PLACE_ROOTS; i++) {
        const char *root = fcgi_param(fcgi, said[i]);

        text_copy(place->roots[i], sizeof(place->roots[i]), root != NULL ? root : "");
        if (result == RESULT_OK)
            result = home_place_serves(home, root, why);
    }
    return result;
}

bool place_is_safe(struct service *service, struct reply *reply)
{
    struct place *place = &service->place;
    struct reason why;

    if (!is_known(place, service->fcgi)) {
        place->served = look(place, service->fcgi, &why) != RESULT_OK;
        if (place->served)
            log_message("%s", why.text);
    }
    if (place->served)
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "The service is not set up safely and answers nothing; its log says why.");
    return !place->served;
}
