/*
 * without.c: without landlock|seccomp PROGRAM [ARGUMENT...]
 *
 * Runs a program as on a kernel that does not have that: its system calls are not known, to the
 * program and to all that it starts.  For the tests of what is done then.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <seccomp.h>

static int unknown(scmp_filter_ctx filter, int call)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
}

static int no_landlock(scmp_filter_ctx filter)
{
    int error = unknown(filter, SCMP_SYS(landlock_create_ruleset));

    if (error == 0)
        error = unknown(filter, SCMP_SYS(landlock_add_rule));
    return error == 0 ? unknown(filter, SCMP_SYS(landlock_restrict_self)) : error;
}

/* seccomp(2) came later than the two of prctl(2). */
static int no_seccomp(scmp_filter_ctx filter)
{
    static const int asked[] = {PR_GET_SECCOMP, PR_SET_SECCOMP};
    int error = unknown(filter, SCMP_SYS(seccomp));

    for (size_t i = 0; error == 0 && i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct scmp_arg_cmp is = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)asked[i], 0);

        error = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &is);
    }
    return error;
}

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int error = filter == NULL ? -ENOMEM : 0;

    if (argc < 3) {
        fputs("without landlock|seccomp PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    if (error == 0)
        error = strcmp(argv[1], "landlock") == 0 ? no_landlock(filter) : no_seccomp(filter);
    if (error == 0)
        error = seccomp_load(filter);
    if (error == 0)
        execv(argv[2], argv + 2);
    fprintf(stderr, "without: %s: %s\n", argv[2], strerror(error != 0 ? -error : errno));
    return 1;
}
