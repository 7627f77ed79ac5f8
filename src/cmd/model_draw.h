/* model_draw.h: forestgate model draw and forestgate model importances. */
#ifndef CMD_MODEL_DRAW_H
#define CMD_MODEL_DRAW_H

#include "cmd/cli.h"

/* The commands' options, and what runs them and returns the exit status. */
extern const struct option_row model_draw_options[], model_importances_options[];
int model_draw_run(const struct option_set *set);
int model_importances_run(const struct option_set *set);

#endif
