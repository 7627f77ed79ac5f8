/*
 * job_tell.c: forestgate job tell: the courier alone, without runners.
 */
#include "cmd/job_tell.h"

#include <signal.h>

#include "cmd/courier.h"
#include "gate/hook.h"

static void stop(int signal_number)
{
    (void)signal_number;
    courier_stop();
}

int job_tell_run(const struct option_set *set)
{
    const struct sigaction action = {.sa_handler = stop};
    enum result result;
    struct reason why;
    struct home home;

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = hook_start(&home, &why);
    if (result == RESULT_OK)
        result = courier_run(&home, !option_given(set, "--stay"), &why);
    return cli_home_end(&home, result == RESULT_OK ? CLI_DONE : cli_fail(&why));
}
