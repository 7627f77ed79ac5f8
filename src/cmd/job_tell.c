/*
 * job_tell.c: forestgate job tell: the courier alone, without runners.
 */
#include "cmd/job_tell.h"

#include <signal.h>
#include <unistd.h>

#include "cmd/courier.h"
#include "cmd/process.h"
#include "gate/hook.h"

static void stop(int signal_number)
{
    (void)signal_number;
    courier_stop();
}

/* As the runners' courier, for good: who serves for long locks itself in. */
static int stay(const struct option_set *set)
{
    struct home home;
    struct reason why;
    enum result result;

    process_close_others();
    result = home_enter(&home, cli_home_path(set), DB_WORKER, &why);
    process_shut_memory();
    process_signals(stop);
    if (result == RESULT_OK)
        result = home_load_config(&home, environ, &why);
    if (result == RESULT_OK)
        result = process_try_sandbox(&home, true, &why);
    if (result == RESULT_OK)
        result = home_open(&home, DB_WORKER, &why);
    if (result == RESULT_OK)
        result = hook_start(&home, &why);
    if (result == RESULT_OK)
        result = courier_run(&home, false, &why);
    home_close(&home);
    return result == RESULT_OK ? CLI_DONE : cli_fail(&why);
}

int job_tell_run(const struct option_set *set)
{
    const struct sigaction action = {.sa_handler = stop};
    enum result result;
    struct reason why;
    struct home home;

    if (option_given(set, "--stay"))
        return stay(set);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = hook_start(&home, &why);
    if (result == RESULT_OK)
        result = courier_run(&home, true, &why);
    return cli_home_end(&home, result == RESULT_OK ? CLI_DONE : cli_fail(&why));
}
