/*
 * model_publish.h: the verbs of forestgate model that change what is served.
 */
#ifndef CMD_MODEL_PUBLISH_H
#define CMD_MODEL_PUBLISH_H

#include "cmd/cli.h"

extern const struct option_row model_publish_options[], model_promote_options[],
    model_rollback_options[], model_retire_options[], model_withdraw_options[],
    model_restore_options[], model_delete_options[];

int model_publish(const struct option_set *set);
int model_promote(const struct option_set *set);
int model_rollback(const struct option_set *set);
int model_retire(const struct option_set *set);
int model_withdraw(const struct option_set *set);
int model_restore(const struct option_set *set);
int model_delete(const struct option_set *set);

#endif
