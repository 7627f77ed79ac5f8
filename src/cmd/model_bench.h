/* model_bench.h: forestgate model bench NAME|FILE --in ROWS. */
#ifndef CMD_MODEL_BENCH_H
#define CMD_MODEL_BENCH_H

#include "cmd/cli.h"

/* Returns the exit status. */
int model_bench_run(const struct option_set *set);

#endif
