/*
 * handlers.h: what the routes do, each at the end of the pipeline: the caller is known,
 * the body is here and within its limit.
 */
#ifndef HTTP_HANDLERS_H
#define HTTP_HANDLERS_H

#include "http/reply.h"
#include "http/request.h"

/* handle_home.c */
void handle_welcome(struct service *service, struct request *request, struct reply *reply);
void handle_style(struct service *service, struct request *request, struct reply *reply);

/* handle_health.c */
void handle_health(struct service *service, struct request *request, struct reply *reply);
void handle_live(struct service *service, struct request *request, struct reply *reply);
void handle_ready(struct service *service, struct request *request, struct reply *reply);

/* handle_setup.c */
void handle_setup(struct service *service, struct request *request, struct reply *reply);
void handle_setup_script(struct service *service, struct request *request, struct reply *reply);

/* handle_auth.c, with what the bodies take */
extern const struct form form_create, form_token, form_login, form_logout;
void handle_create(struct service *service, struct request *request, struct reply *reply);
void handle_token(struct service *service, struct request *request, struct reply *reply);
void handle_login(struct service *service, struct request *request, struct reply *reply);
void handle_logout(struct service *service, struct request *request, struct reply *reply);

/* handle_models.c */
void handle_models(struct service *service, struct request *request, struct reply *reply);
void handle_model(struct service *service, struct request *request, struct reply *reply);

/* handle_predict.c */
void handle_predict(struct service *service, struct request *request, struct reply *reply);

/* handle_explain.c */
void handle_explain(struct service *service, struct request *request, struct reply *reply);

/* openapi.c */
void handle_openapi(struct service *service, struct request *request, struct reply *reply);

#endif
