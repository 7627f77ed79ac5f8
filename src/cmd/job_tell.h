/* job_tell.h: forestgate job tell [--stay]: the courier alone, without runners. */
#ifndef CMD_JOB_TELL_H
#define CMD_JOB_TELL_H

#include "cmd/cli.h"

/* Returns the exit status. */
int job_tell_run(const struct option_set *set);

#define JOB_TELL_OPTIONS                                                       \
    {                                                                          \
        "--stay", NULL, "go on with what comes, until SIGTERM or SIGINT", NULL \
    }

#endif
