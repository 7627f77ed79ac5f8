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
 * The one credential of the request.  NULL if there is none, if a header came twice, or
 * if the two ways carry different ones.
 */
static const char *credential_of(const struct service *service)
{
    const char *key = fcgi_param(service->fcgi, FCGI_API_KEY);
    const char *header = fcgi_param(service->fcgi, FCGI_AUTHORIZATION);
    const char *token = NULL;

    if (fcgi_param_doubled(service->fcgi, FCGI_API_KEY) ||
        fcgi_param_doubled(service->fcgi, FCGI_AUTHORIZATION))
        return NULL;
    if (header != NULL && header[0] != '\0') {
        token = bearer_token(header);
        if (token == NULL)
            return NULL;
    }
    if (key != NULL && key[0] == '\0')
        key = NULL;
    if (key == NULL || token == NULL)
        return key != NULL ? key : token;
    return strcmp(key, token) == 0 ? key : NULL;
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

bool auth_caller(struct service *service, struct request *request, struct reply *reply)
{
    const char *credential = credential_of(service);
    enum result result = RESULT_DENIED;
    struct reason why;

    if (credential != NULL)
        result = keyring_check(service->keyring, credential, strlen(credential),
                               request->wall_us / 1000000, &request->caller, &why);
    if (result == RESULT_OK)
        return true;
    if (result == RESULT_DENIED) {
        request->refused_credential = true;
        reply_refuse(reply, REPLY_UNAUTHORIZED, "The API key is missing or not valid.");
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

bool auth_may_enter(const struct request *request, struct reply *reply)
{
    unsigned missing = (unsigned)request->route->scope & ~request->caller.scopes;
    char scope[KEY_SCOPES_MAX + 1];

    if (!address_is_listed(request)) {
        reply_refuse(reply, REPLY_FORBIDDEN, "This key may not be used from %s.",
                     request->address[0] != '\0' ? request->address : "an unknown address");
        return false;
    }
    if (request->route->credential == ROUTE_OWNER ||
        request->route->credential == ROUTE_LOGIN) {
        reply_refuse(reply, REPLY_FORBIDDEN, "This route is for users, and this key has none.");
        return false;
    }
    if (missing != 0) {
        key_scopes_print(scope, missing);
        reply_refuse(reply, REPLY_FORBIDDEN, "This key lacks the scope %s.", scope);
        return false;
    }
    return true;
}

bool auth_may_use(const struct request *request, const char *model, size_t len,
                  struct reply *reply)
{
    char shown[MODEL_SHOWN_MAX];

    if (key_models_have(request->caller.models, model, len))
        return true;
    utf8_quote(shown, sizeof(shown), model, len);
    reply_refuse(reply, REPLY_FORBIDDEN, "This key may not use the model %s.", shown);
    return false;
}
