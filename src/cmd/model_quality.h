/* model_quality.h: forestgate model quality NAME: how good a model has been. */
#ifndef CMD_MODEL_QUALITY_H
#define CMD_MODEL_QUALITY_H

#include "cmd/cli.h"

extern const struct option_row model_quality_options[];

/* Returns the exit status. */
int model_quality_run(const struct option_set *set);

#endif
