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

/* handle_metrics.c */
void handle_metrics(struct service *service, struct request *request, struct reply *reply);

/* handle_health.c */
void handle_health(struct service *service, struct request *request, struct reply *reply);
void handle_live(struct service *service, struct request *request, struct reply *reply);
void handle_ready(struct service *service, struct request *request, struct reply *reply);

/* handle_draw.c; the form is of its query */
extern const struct form form_draw;
void handle_draw(struct service *service, struct request *request, struct reply *reply);

/* handle_reference.c */
void handle_reference(struct service *service, struct request *request, struct reply *reply);

/* handle_docs.c */
void handle_docs(struct service *service, struct request *request, struct reply *reply);

/* handle_page.c */
void handle_page(struct service *service, struct request *request, struct reply *reply);

/* handle_auth.c, with what the bodies take */
extern const struct form form_create, form_token, form_login, form_logout;
void handle_create(struct service *service, struct request *request, struct reply *reply);
void handle_token(struct service *service, struct request *request, struct reply *reply);
void handle_login(struct service *service, struct request *request, struct reply *reply);
void handle_logout(struct service *service, struct request *request, struct reply *reply);

/* handle_me.c */
extern const struct form form_profile, form_password;
void handle_me(struct service *service, struct request *request, struct reply *reply);
void handle_me_set(struct service *service, struct request *request, struct reply *reply);
void handle_me_password(struct service *service, struct request *request, struct reply *reply);
void handle_me_sessions(struct service *service, struct request *request, struct reply *reply);
void handle_me_session_end(struct service *service, struct request *request,
                           struct reply *reply);

/* handle_me_calls.c; the forms are of queries */
extern const struct form form_my_calls, form_my_usage;
void handle_me_calls(struct service *service, struct request *request, struct reply *reply);
void handle_me_usage(struct service *service, struct request *request, struct reply *reply);

/* handle_me_keys.c; form_my_keys is of a query */
extern const struct form form_my_keys, form_my_key, form_rotate;
void handle_me_keys(struct service *service, struct request *request, struct reply *reply);
void handle_me_key(struct service *service, struct request *request, struct reply *reply);
void handle_me_key_create(struct service *service, struct request *request,
                          struct reply *reply);
void handle_me_key_revoke(struct service *service, struct request *request,
                          struct reply *reply);
void handle_me_key_rotate(struct service *service, struct request *request,
                          struct reply *reply);

/* handle_sealed.c */
extern const struct form form_decrypt;
void handle_secure_data(struct service *service, struct request *request, struct reply *reply);
void handle_decrypt(struct service *service, struct request *request, struct reply *reply);

/* handle_status.c */
void handle_protected(struct service *service, struct request *request, struct reply *reply);
void handle_status(struct service *service, struct request *request, struct reply *reply);
void handle_health_detailed(struct service *service, struct request *request,
                            struct reply *reply);

/* handle_test.c */
extern const struct form form_test;
void handle_test(struct service *service, struct request *request, struct reply *reply);

/* handle_models.c; handle_model_names() as both KServe's protocols have the list */
void handle_models(struct service *service, struct request *request, struct reply *reply);
void handle_model_names(struct service *service, struct request *request, struct reply *reply);
void handle_model(struct service *service, struct request *request, struct reply *reply);

/* handle_predict.c */
void handle_predict(struct service *service, struct request *request, struct reply *reply);

/*
 * handle_predict_large.c: the same, of rows that are not in memory together; for a job, or
 * where that is NULL for who asks.
 */
struct input_rows;
struct large_job {
    const char *uuid;
    bool (*go_on)(void *arg, uint64_t rows_done); /* after each block; false: it is given up, */
    void *arg;                                    /* and nothing is answered */
};
void handle_predict_large(struct service *service, struct request *request, struct reply *reply,
                          const struct input_rows *rows, const struct large_job *job);

/* handle_bulk.c: where the body is a file of rows; form_bulk is of its query */
extern const struct form form_bulk;
void handle_bulk(struct service *service, struct request *request, struct reply *reply);

/* handle_job_create.c */
void handle_job_create(struct service *service, struct request *request, struct reply *reply);

/* handle_jobs.c; the form is of a query */
extern const struct form form_jobs;
void handle_jobs(struct service *service, struct request *request, struct reply *reply);
void handle_job(struct service *service, struct request *request, struct reply *reply);
void handle_job_result(struct service *service, struct request *request, struct reply *reply);
void handle_job_cancel(struct service *service, struct request *request, struct reply *reply);

/* handle_explain.c */
void handle_explain(struct service *service, struct request *request, struct reply *reply);

/* handle_v1.c */
void handle_v1_model(struct service *service, struct request *request, struct reply *reply);
void handle_v1_metadata(struct service *service, struct request *request, struct reply *reply);

/* handle_invocations.c; the form is of a query */
extern const struct form form_invocations;
void handle_ping(struct service *service, struct request *request, struct reply *reply);
void handle_version(struct service *service, struct request *request, struct reply *reply);

/* handle_feedback.c */
void handle_feedback(struct service *service, struct request *request, struct reply *reply);

/* handle_quality.c; the form is of a query */
extern const struct form form_quality;
void handle_quality(struct service *service, struct request *request, struct reply *reply);

/* handle_v2.c: the Open Inference Protocol */
void handle_v2_server(struct service *service, struct request *request, struct reply *reply);
void handle_v2_live(struct service *service, struct request *request, struct reply *reply);
void handle_v2_ready(struct service *service, struct request *request, struct reply *reply);
void handle_v2_model(struct service *service, struct request *request, struct reply *reply);
void handle_v2_model_ready(struct service *service, struct request *request,
                           struct reply *reply);
void handle_v2_config(struct service *service, struct request *request, struct reply *reply);

/* handle_v2_infer.c */
void handle_v2_infer(struct service *service, struct request *request, struct reply *reply);

/* handle_v2_repository.c */
extern const struct form form_v2_index, form_v2_change;
void handle_v2_index(struct service *service, struct request *request, struct reply *reply);
void handle_v2_load(struct service *service, struct request *request, struct reply *reply);
void handle_v2_unload(struct service *service, struct request *request, struct reply *reply);
void handle_v2_stats(struct service *service, struct request *request, struct reply *reply);

/* handle_webhook.c */
void handle_webhook_secret(struct service *service, struct request *request,
                           struct reply *reply);

/* openapi.c */
void handle_openapi(struct service *service, struct request *request, struct reply *reply);

#endif
