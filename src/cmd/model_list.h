/*
 * model_list.h: forestgate model list.
 */
#ifndef CMD_MODEL_LIST_H
#define CMD_MODEL_LIST_H

#include "cmd/cli.h"

extern const struct option_row model_list_options[];

int model_list(const struct option_set *set);

#endif
