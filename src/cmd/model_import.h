/*
 * model_import.h: forestgate model import: the verb that is too long for its noun's file.
 */
#ifndef CMD_MODEL_IMPORT_H
#define CMD_MODEL_IMPORT_H

#include "cmd/option.h"

extern const struct option_row model_import_options[];

/* FILE is the first operand.  Returns the exit status. */
int model_import_run(const struct option_set *set);

#endif
