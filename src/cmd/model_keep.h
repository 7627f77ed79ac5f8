/*
 * model_keep.h: forestgate model keep and kept: what is kept of what a model is asked.
 */
#ifndef CMD_MODEL_KEEP_H
#define CMD_MODEL_KEEP_H

#include "cmd/cli.h"

extern const struct option_row model_keep_options[], model_kept_options[];

int model_keep(const struct option_set *set);
int model_kept(const struct option_set *set);

#endif
