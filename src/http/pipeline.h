/*
 * pipeline.h: one request through the rooms, in one direction.
 */
#ifndef HTTP_PIPELINE_H
#define HTTP_PIPELINE_H

#include "base/result.h"
#include "gate/home.h"
#include "http/request.h"

/*
 * Opens all that a worker has, in the home that was entered and with its settings.
 * After a fork(), never before one.  The service is the caller's to give back with
 * service_close(), also after a failure.
 */
enum result service_open(struct service *service, const struct home *entered,
                         struct reason *why);
void service_close(struct service *service);

/*
 * What is left to do when the service could not be opened: plain CGI has one request
 * waiting, which is answered with 503; a FastCGI worker has none yet.
 */
void service_refuse(void);

/*
 * Serves requests until fcgi_stop().  False: it ended because it could not go on, which
 * was logged.
 */
bool service_run(struct service *service);

#endif
