/*
 * cmd_job.c: forestgate job: what the ends of jobs are told with.
 */
#include "cmd/cli.h"
#include "cmd/job_secret.h"
#include "cmd/job_tell.h"

static const struct option_row secret_options[] = {JOB_SECRET_OPTIONS, CLI_COMMON_OPTIONS};
static const struct option_row tell_options[] = {JOB_TELL_OPTIONS, CLI_COMMON_OPTIONS};

const struct cli_command cmd_job_commands[] = {
    {"job", "secret", "", 0, secret_options, job_secret_run,
     "show what webhooks are signed with",
     "  forestgate job secret\n"
     "  forestgate job secret --user ann@example.org\n"},
    {"job", "tell", "", 0, tell_options, job_tell_run, "send the webhooks that are due",
     "  forestgate job tell\n"},
    {0},
};
