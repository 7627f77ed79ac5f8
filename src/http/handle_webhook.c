/*
 * handle_webhook.c: the secret that what is told of the caller's jobs is signed with.
 */
#include "base/json_write.h"
#include "base/secret.h"
#include "gate/hook.h"
#include "http/handlers.h"
#include "http/route.h"

void handle_webhook_secret(struct service *service, struct request *request,
                           struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    char secret[HOOK_SECRET_TEXT_MAX];
    struct reason why;
    enum result result = hook_secret_print(request->caller.account, secret, &why);

    (void)service;
    if (result != RESULT_OK) {
        reply_refuse_result(reply, result, &why);
        return;
    }
    json_write_object(&writer);
    json_member_string(&writer, "secret", secret);
    json_write_object_end(&writer);
    secret_wipe(secret, sizeof(secret));
}
