/*
 * sealed.c: answers that are sealed for the caller's account.
 */
#include "http/sealed.h"

#include "base/secret.h"
#include "gate/seal.h"
#include "http/accept.h"

static const char jose_type[] = "application/jose";

/* The keys, looked at anew where something in the home has changed. */
static enum result keys_look(struct service *service, struct reason *why)
{
    uint64_t epoch = epoch_read(service->home.epoch);
    enum result result = RESULT_OK;

    if (epoch == service->seal_epoch && epoch_is_settled(epoch))
        return RESULT_OK;
    result = seal_refresh(service->seal, why);
    if (result == RESULT_OK)
        service->seal_epoch = epoch;
    return result == RESULT_DENIED ? RESULT_FAILED : result; /* which is not the caller's */
}

bool sealed_ready(struct service *service)
{
    struct reason why;

    service->seal_epoch = 0; /* as no epoch has it: the file is looked at */
    return keys_look(service, &why) == RESULT_OK;
}

enum result sealed_wrap(struct service *service, const struct request *request,
                        const struct buf *data, struct buf *out, struct reason *why)
{
    enum result result = keys_look(service, why);

    if (result == RESULT_OK)
        result =
            seal_wrap(service->seal, request->caller.account, data->data, data->len, out, why);
    if (result == RESULT_OK && buf_failed(out))
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    return result;
}

enum result sealed_unwrap(struct service *service, const struct request *request,
                          const char *text, size_t len, struct buf *out, struct reason *why)
{
    enum result result = keys_look(service, why);

    if (result == RESULT_OK)
        result = seal_unwrap(service->seal, request->caller.account, text, len, out, why);
    if (result == RESULT_OK && buf_failed(out))
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    return result;
}

bool sealed_is_wanted(const struct service *service, const char *rather)
{
    const char *accept = /* a job has no client at hand */
        service->fcgi != NULL ? fcgi_param(service->fcgi, FCGI_ACCEPT) : NULL;
    double jose = accept_named(accept, jose_type);

    return jose > 0 && jose >= accept_named(accept, rather);
}

void sealed_answer(struct service *service, const struct request *request, struct reply *reply)
{
    struct buf sealed = {0};
    enum result result;
    struct reason why;

    if (!reply_is_good(reply->status))
        return;
    reply_header(reply, "Vary", "Accept");
    if (!sealed_is_wanted(service, "application/json"))
        return;
    reply_unspool(reply);
    if (!reply_is_good(reply->status) || buf_failed(&reply->body))
        return;
    result = sealed_wrap(service, request, &reply->body, &sealed, &why);
    if (result == RESULT_OK) {
        secret_wipe(reply->body.data, reply->body.len);
        buf_free(&reply->body);
        reply->body = sealed;
        reply->type = jose_type;
    } else {
        buf_free(&sealed);
        reply_refuse_result(reply, result, &why);
    }
}
