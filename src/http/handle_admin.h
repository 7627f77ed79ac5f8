/*
 * handle_admin.h: what the routes of the administration do, as in handlers.h, with what
 * their bodies (form) and queries take.
 *
 * Who calls has the scope admin, and is an administrator or a key of nobody's: auth.h.
 */
#ifndef HTTP_HANDLE_ADMIN_H
#define HTTP_HANDLE_ADMIN_H

#include "http/form.h"
#include "http/reply.h"
#include "http/request.h"

/* handle_admin_users.c */
extern const struct form form_admin_users, form_admin_user_create, form_admin_user_set,
    form_admin_password;
void handle_admin_users(struct service *service, struct request *request, struct reply *reply);
void handle_admin_user_create(struct service *service, struct request *request,
                              struct reply *reply);
void handle_admin_user(struct service *service, struct request *request, struct reply *reply);
void handle_admin_user_set(struct service *service, struct request *request,
                           struct reply *reply);
void handle_admin_user_delete(struct service *service, struct request *request,
                              struct reply *reply);
void handle_admin_user_password(struct service *service, struct request *request,
                                struct reply *reply);
void handle_admin_user_logout(struct service *service, struct request *request,
                              struct reply *reply);

/* handle_admin_invitations.c */
extern const struct form form_admin_invite;
void handle_admin_invite(struct service *service, struct request *request, struct reply *reply);
void handle_admin_invitations(struct service *service, struct request *request,
                              struct reply *reply);
void handle_admin_invitation_revoke(struct service *service, struct request *request,
                                    struct reply *reply);

/* handle_admin_keys.c */
extern const struct form form_admin_keys, form_admin_key_create, form_admin_key_set,
    form_admin_key_rotate;
void handle_admin_keys(struct service *service, struct request *request, struct reply *reply);
void handle_admin_key_create(struct service *service, struct request *request,
                             struct reply *reply);
void handle_admin_key(struct service *service, struct request *request, struct reply *reply);
void handle_admin_key_set(struct service *service, struct request *request,
                          struct reply *reply);
void handle_admin_key_revoke(struct service *service, struct request *request,
                             struct reply *reply);
void handle_admin_key_rotate(struct service *service, struct request *request,
                             struct reply *reply);

/* handle_admin_tiers.c */
extern const struct form form_admin_tier;
void handle_admin_tiers(struct service *service, struct request *request, struct reply *reply);
void handle_admin_tier_set(struct service *service, struct request *request,
                           struct reply *reply);
void handle_admin_tier_delete(struct service *service, struct request *request,
                              struct reply *reply);

/* handle_admin_models.c */
extern const struct form form_admin_models, form_admin_publish, form_admin_promote,
    form_admin_rollback, form_admin_retire, form_admin_keep;
void handle_admin_models(struct service *service, struct request *request, struct reply *reply);
void handle_admin_publish(struct service *service, struct request *request,
                          struct reply *reply);
void handle_admin_promote(struct service *service, struct request *request,
                          struct reply *reply);
void handle_admin_rollback(struct service *service, struct request *request,
                           struct reply *reply);
void handle_admin_retire(struct service *service, struct request *request, struct reply *reply);
void handle_admin_keep(struct service *service, struct request *request, struct reply *reply);
void handle_admin_version_delete(struct service *service, struct request *request,
                                 struct reply *reply);

/* handle_admin_compare.c */
extern const struct form form_admin_compare;
void handle_admin_compare(struct service *service, struct request *request,
                          struct reply *reply);

/* handle_feedback.c */
extern const struct form form_admin_kept;
void handle_admin_kept(struct service *service, struct request *request, struct reply *reply);

/* handle_admin_calls.c */
extern const struct form form_admin_calls, form_admin_usage, form_admin_audit;
void handle_admin_calls(struct service *service, struct request *request, struct reply *reply);
void handle_admin_usage(struct service *service, struct request *request, struct reply *reply);
void handle_admin_audit(struct service *service, struct request *request, struct reply *reply);
void handle_admin_audit_check(struct service *service, struct request *request,
                              struct reply *reply);

/* handle_admin_trends.c */
extern const struct form form_admin_latency, form_admin_outcomes;
void handle_admin_latency(struct service *service, struct request *request,
                          struct reply *reply);
void handle_admin_outcomes(struct service *service, struct request *request,
                           struct reply *reply);

#endif
