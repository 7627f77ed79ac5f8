/* model_compare.h: forestgate model compare A B --data ROWS. */
#ifndef CMD_MODEL_COMPARE_H
#define CMD_MODEL_COMPARE_H

#include "cmd/cli.h"

extern const struct option_row model_compare_options[];

/* Returns the exit status. */
int model_compare_run(const struct option_set *set);

#endif
