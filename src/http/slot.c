/*
 * slot.c: requests that keep a worker for long.
 */
#include "http/slot.h"

#include "gate/slots.h"

bool slot_take(struct service *service, struct request *request, const char *what,
               struct reply *reply)
{
    enum result result = RESULT_OK;
    struct reason why;

    if (request->slot < 0)
        result = slots_take(&service->home, HOME_BULK, service->home.config.bulk_requests, what,
                            &request->slot, &why);
    if (result == RESULT_BUSY)
        reply_refuse(reply, REPLY_UNAVAILABLE, "Too many %s just now. Try again.", what);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}
