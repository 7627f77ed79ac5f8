/* job_secret.h: forestgate job secret [--user ID | --key ID]: what webhooks are signed with. */
#ifndef CMD_JOB_SECRET_H
#define CMD_JOB_SECRET_H

#include "cmd/cli.h"

/* Returns the exit status. */
int job_secret_run(const struct option_set *set);

#define JOB_SECRET_OPTIONS                                                           \
    {"--user", "USER", "of what this user's jobs tell: an id or a username", NULL},  \
    {                                                                                \
        "--key", "ID", "of what the jobs of this key, which is nobody's, tell", NULL \
    }

#endif
