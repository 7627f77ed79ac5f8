/*
 * auth.c: who calls.
 *
 * All that is wrong with a credential gets the same answer; what it was stands in no
 * answer and in no log.
 */
#include "http/auth.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "http/route.h"

enum {
    MODEL_SHOWN_MAX = 96
};

/* The token of an Authorization header, or NULL if its scheme is not Bearer. */
static const char *bearer_token(const char *header)
{
    static const char scheme[] = "Bearer ";

    if (strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
        return NULL;
    header += sizeof(scheme) - 1;
    return header + strspn(header, " ");
}

/*
 * The one credential of the request, and whether it may be a token: not in X-API-Key.  NULL
 * if there is none, if a header came twice, or if the two ways carry different ones.
 */
static const char *credential_of(const struct service *service, bool *may_be_token)
{
    const char *key = fcgi_param(service->fcgi, FCGI_API_KEY);
    const char *header = fcgi_param(service->fcgi, FCGI_AUTHORIZATION);
    const char *bearer = NULL;

    *may_be_token = false;
    if (fcgi_param_doubled(service->fcgi, FCGI_API_KEY) ||
        fcgi_param_doubled(service->fcgi, FCGI_AUTHORIZATION))
        return NULL;
    if (header != NULL && header[0] != '\0') {
        bearer = bearer_token(header);
        if (bearer == NULL)
            return NULL;
    }
    if (key != NULL && key[0] == '\0')
        key = NULL;
    *may_be_token = key == NULL;
    if (key == NULL || bearer == NULL)
        return key != NULL ? key : bearer;
    return strcmp(key, bearer) == 0 ? key : NULL;
}

/* Keys begin in a way that no token does. */
static enum result credential_check(struct service *service, struct request *request,
                                    struct reason *why)
{
    static const char key_begin[] = "fg_";
    int64_t now = request->wall_us / 1000000;
    bool may_be_token;
    const char *text = credential_of(service, &may_be_token);

    if (text == NULL)
        return RESULT_DENIED;
    if (!may_be_token || strncmp(text, key_begin, sizeof(key_begin) - 1) == 0)
        return keyring_check(service->keyring, text, strlen(text), now, &request->caller, why);
    return keyring_check_token(service->keyring, text, strlen(text), now, &request->caller,
                               why);
}

bool auth_is_given(const struct service *service)
{
    static const enum fcgi_param ways[] = {FCGI_API_KEY, FCGI_AUTHORIZATION};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        const char *text = fcgi_param(service->fcgi, ways[i]);

        if (fcgi_param_doubled(service->fcgi, ways[i]) || (text != NULL && text[0] != '\0'))
            return true;
    }
    return false;
}

void auth_refuse(struct reply *reply)
{
    reply_refuse(reply, REPLY_UNAUTHORIZED,
                 "The API key or access token is missing or not valid.");
    reply->cause = COUNTER_REFUSED_CREDENTIAL;
}

bool auth_caller(struct service *service, struct request *request, struct reply *reply)
{
    struct reason why;
    enum result result = credential_check(service, request, &why);

    if (result == RESULT_OK)
        return true;
    if (result == RESULT_DENIED) {
        request->refused_credential = true;
        auth_refuse(reply);
    } else {
        reply_refuse_result(reply, result, &why);
    }
    return false;
}

/* A client whose address nobody knows is in no list. */
static bool address_is_listed(const struct request *request)
{
    const struct addr_list *list = request->caller.addresses;

    return list->count == 0 ||
           (request->address[0] != '\0' && addr_list_has(list, &request->from));
}

/* Whether the credential is of the kind that the route asks for. */
static bool is_of_kind(const struct request *request, struct reply *reply)
{
    enum route_credential asked = request->route->credential;

    if (asked == ROUTE_LOGIN && request->caller.way != CALLER_TOKEN)
        reply_refuse(reply, REPLY_FORBIDDEN,
                     "This route needs an access token from /auth/token; a key is not enough.");
    else if (asked == ROUTE_OWNER && request->caller.user[0] == '\0')
        reply_refuse(reply, REPLY_FORBIDDEN, "This route needs a user's key or access token.");
    else
        return true;
    reply->cause = COUNTER_REFUSED_KIND;
    return false;
}

/* Whether the caller has the route's scopes; of a token it is the role that lacks any. */
static bool has_scopes(const struct request *request, struct reply *reply)
{
    unsigned asked =
        (unsigned)request->route->scope | (request->later ? (unsigned)KEY_SCOPE_JOBS : 0U);
    unsigned missing = asked & ~request->caller.scopes;
    char scope[KEY_SCOPES_MAX + 1];

    if (missing == 0)
        return true;
    key_scopes_print(scope, missing);
    if (request->caller.way != CALLER_KEY)
        reply_refuse(reply, REPLY_FORBIDDEN, "This needs the role admin.");
    else
        reply_refuse(reply, REPLY_FORBIDDEN, "This key lacks the scope %s.", scope);
    reply->cause = COUNTER_REFUSED_SCOPE;
    return false;
}

bool auth_may_enter(const struct request *request, struct reply *reply)
{
    if (!address_is_listed(request)) {
        reply_refuse(reply, REPLY_FORBIDDEN, "This key may not be used from %s.",
                     request->address[0] != '\0' ? request->address : "an unknown address");
        reply->cause = COUNTER_REFUSED_ADDRESS;
        return false;
    }
    return is_of_kind(request, reply) && has_scopes(request, reply);
}

/*
 * The new caller takes the place of the old one, whose pointers the look-up may have made
 * stale; it is the same one, by the same credential.
 */
enum result auth_still_may(struct service *service, struct request *request, struct reason *why)
{
    struct reply refusal = {.status = REPLY_OK}; /* not that of the request */
    bool may;

    if (epoch_is_settled(request->caller.epoch) &&
        epoch_read(service->home.epoch) == request->caller.epoch)
        return RESULT_OK;
    may = auth_caller(service, request, &refusal) && auth_may_enter(request, &refusal);
    reply_free(&refusal);
    if (may)
        return RESULT_OK;
    request->lapsed = true;
    return reason_set(why, RESULT_DENIED, "who asks for this may no more");
}

void auth_refuse_lapsed(struct service *service, struct request *request, struct reply *reply)
{
    reply_start(reply);
    if (auth_caller(service, request, reply) && auth_may_enter(request, reply))
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "What you may was changed in the meantime. Try again.");
}

bool auth_may_use(const struct request *request, const char *model, size_t len,
                  struct reply *reply)
{
    char shown[MODEL_SHOWN_MAX];

    if (key_models_have(request->caller.models, model, len))
        return true;
    utf8_quote(shown, sizeof(shown), model, len);
    reply_refuse(reply, REPLY_FORBIDDEN, "%s may not use the model %s.",
                 request->caller.way == CALLER_KEY ? "This key" : "You", shown);
    reply->cause = COUNTER_REFUSED_MODEL;
    return false;
}
