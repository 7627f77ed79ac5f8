/*
 * doctor_sandbox.c: whether a worker of this home would be shut in on this machine.
 *
 * It is tried: for each thing that none is to be able to do a child becomes as a worker is, and
 * does it.  Nothing that one of them can do changes anything.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fence.h"
#include "base/text.h"
#include "cmd/doctor.h"
#include "cmd/process.h"
#include "gate/image_file.h"
#include "gate/sandbox.h"

/* What a child ends with. */
enum {
    COULD = 10,
    COULD_NOT,
    NO_CALLS = 1 << 4, /* beside one of these: system calls are not filtered, */
    NO_FILES = 1 << 5, /* files not fenced in, */
    ALL_HOME = 1 << 6  /* or all of the home may be written */
};

static bool can_execute(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno == ENOENT; /* it would have been */
}

static bool can_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool can_connect(void)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    return connect(-1, &nowhere, sizeof(nowhere)) == 0 || errno == EBADF;
}

static bool can_trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool can_read_outside(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool can_write_settings(void)
{
    return open(HOME_CONFIG, O_WRONLY | O_CLOEXEC) >= 0;
}

/* To its own name, which changes nothing: who may do that may put another in its place. */
static bool can_replace_itself(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (len <= 0)
        return false;
    path[len] = '\0';
    return rename(path, path) == 0;
}

/*
 * Its mode lets nobody write it, but its owner may change that; it is put back.  The file is
 * opened to be written and no byte of it is.
 */
static bool can_write(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), other = -1;
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && fchmod(fd, (st.st_mode & 07777) | S_IWUSR) == 0) {
        other = open(path, O_WRONLY | O_CLOEXEC);
        fchmod(fd, st.st_mode & 07777);
    }
    if (fd >= 0)
        close(fd);
    if (other >= 0)
        close(other);
    return other >= 0;
}

/* The first version of any model. */
static bool can_write_image(void)
{
    char path[IMAGE_FILE_MAX + NAME_MAX + 1];
    bool can = false;
    DIR *models = opendir("models");
    const struct dirent *entry;

    while (!can && models != NULL && (entry = readdir(models)) != NULL)
        if (entry->d_name[0] != '.') {
            text_print(path, sizeof(path), "models/%s/1.fgm", entry->d_name);
            can = can_write(path);
        }
    if (models != NULL)
        closedir(models);
    return can;
}

/* Each with what is to stop it. */
static const struct strike {
    const char *name;
    bool (*can)(void);
    int without; /* NO_CALLS or NO_FILES: if that is so, that it can is told by that */
} strikes[] = {
    {"execute a program", can_execute, NO_CALLS},
    {"have a socket", can_socket, NO_CALLS},
    {"connect", can_connect, NO_CALLS},
    {"trace a process", can_trace, NO_CALLS},
    {"read /etc/passwd", can_read_outside, NO_FILES},
    {"write forestgate.conf", can_write_settings, NO_FILES | ALL_HOME},
    {"write an image", can_write_image, NO_FILES | ALL_HOME},
    {"replace its own program", can_replace_itself, NO_FILES},
};

enum {
    STRIKES = sizeof(strikes) / sizeof(strikes[0])
};

/* As a worker is: nobody else any more, and shut in. What it lacks goes to the parent first. */
static int child(const struct doctor *doctor, const struct strike *strike, int tell)
{
    struct home home = {.config = doctor->home.config, .origin = -1};
    const struct sandbox_state *state = sandbox_state();
    struct reason why;
    int lacks;
    char said;

    if (freopen("/dev/null", "w", stderr) == NULL) /* what is wrong is told by the finding */
        return EXIT_FAILURE;
    home.config.sandbox = CONFIG_SANDBOX_ON;
    if (setresgid(getegid(), getegid(), getegid()) != 0 ||
        setresuid(geteuid(), geteuid(), geteuid()) != 0)
        return EXIT_FAILURE;
    process_shut_memory();
    if (sandbox_enter(&home, SANDBOX_CGI, &why) != RESULT_OK)
        return EXIT_FAILURE;
    lacks = (state->calls ? 0 : NO_CALLS) | (state->files ? 0 : NO_FILES) |
            (state->whole_home ? ALL_HOME : 0);
    said = (char)lacks;
    if (write(tell, &said, 1) != 1)
        return EXIT_FAILURE;
    return strike->can() ? COULD : COULD_NOT;
}

/* Whether it can; *lacks as the child has it. False where that was not found out. */
static bool try_one(const struct doctor *doctor, const struct strike *strike, bool *can,
                    int *lacks)
{
    int ends[2], status = 0;
    unsigned char said = 0;
    ssize_t got;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid = fork();
    if (pid == 0)
        _exit(child(doctor, strike, ends[1]));
    close(ends[1]);
    got = pid > 0 ? read(ends[0], &said, 1) : -1;
    close(ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    *lacks = said;
    *can = WIFEXITED(status) && WEXITSTATUS(status) != COULD_NOT;
    return got == 1;
}

/* What the kernel does not have is a warning, unless it is required. */
static void tell_lacks(const struct doctor *doctor, struct finding *finding, int lacks)
{
    bool required = doctor->home.config.sandbox == CONFIG_SANDBOX_REQUIRE;
    enum finding_state state = required ? FINDING_FAILED : FINDING_WARNING;

    if ((lacks & NO_CALLS) != 0)
        finding_set(finding, state, "this kernel does not filter system calls (seccomp)%s",
                    required ? ", which sandbox = require asks for" : "");
    if ((lacks & NO_FILES) != 0 && fence_version() == FENCE_NONE)
        finding_set(finding, state,
                    "this kernel fences no files in (Landlock, of Linux 5.13): whoever takes a "
                    "worker over has the files of its user%s",
                    required ? ", and sandbox = require asks for it" : "");
    else if ((lacks & NO_FILES) != 0)
        finding_set(finding, state, "the fence round files could not be made");
    if ((lacks & ALL_HOME) != 0)
        finding_set(finding, state,
                    "the database has no WAL, so that a worker may write all of the home%s",
                    required ? ", and sandbox = require asks for less" : "");
}

static void try_all(const struct doctor *doctor, struct finding *finding)
{
    int lacks = 0, any = 0, stopped = 0;
    bool can;

    for (size_t i = 0; i < STRIKES; i++) {
        if (!try_one(doctor, &strikes[i], &can, &lacks)) {
            finding_set(finding, FINDING_WARNING, "it could not be tried");
            return;
        }
        any |= lacks;
        stopped += !can;
        if (can && (lacks & strikes[i].without) == 0)
            finding_set(finding, FINDING_FAILED, "a worker is shut in, and yet it could %s",
                        strikes[i].name);
    }
    tell_lacks(doctor, finding, any);
    finding_set(
        finding, FINDING_OK,
        "a process shut in as a worker is was stopped at all of %d things that it tried",
        stopped);
}

void doctor_check_sandbox(struct doctor *doctor, struct finding *finding)
{
    struct reason lack, why;

    if (!doctor_has_home(doctor, finding))
        return;
    if (!doctor->settled) {
        finding_set(finding, FINDING_NOT_ASKED, "not asked: the settings cannot be read");
        return;
    }
    if (sandbox_is_off(&doctor->home)) {
        sandbox_try(&doctor->home, &lack, &why);
        finding_set(finding, FINDING_WARNING, "%s", lack.text);
        return;
    }
    try_all(doctor, finding);
}
