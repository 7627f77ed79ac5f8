/*
 * test_sandbox.c: what a process that was taken over tries, and is stopped at, each by the real
 * kernel; that the same can be done where there is no sandbox; and that the work can be.
 */
#include "sandbox_strikes.h"

enum stopped_by {
    BY_DEATH, /* SIGSYS */
    BY_REFUSAL,
    BY_FENCE,   /* refused, where the kernel has Landlock */
    BY_CUTTING, /* the same, where it has FENCE_CUTS */
};

/* ---- a child that tries ---- */

static int child(int (*strike)(void), int kind, bool shut)
{
    struct reason why;

    own = (struct home){.config = home.config, .origin = -1};
    if (shut) {
        if (home_open(&own, DB_WORKER, &why) != RESULT_OK ||
            sandbox_enter(&own, (enum sandbox_kind)kind, &why) != RESULT_OK)
            return SICK;
        if (sandbox_state()->off)
            return OFF;
    }
    return strike();
}

static int run(int (*strike)(void), int kind, bool shut)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child(strike, kind, shut));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

struct strike {
    const char *name;
    int (*strike)(void);
    enum sandbox_kind kind;
    enum stopped_by by;
};

#define W SANDBOX_WORKER
#define R SANDBOX_RUNNER
#define C SANDBOX_COURIER

static const struct strike strikes[] = {
    {"a program is not executed", do_exec, W, BY_DEATH},
    {"nor by its descriptor", do_execveat, W, BY_DEATH},
    {"no process is begun", do_fork, W, BY_DEATH},
    {"nor one that shares memory", do_vfork, W, BY_DEATH},
    {"nor a thread", do_thread, W, BY_DEATH},
    {"no socket of the network", do_socket_inet, W, BY_DEATH},
    {"no socket of the system", do_socket_unix, W, BY_DEATH},
    {"no pair of sockets", do_socketpair, W, BY_DEATH},
    {"a socket that is there is not connected", do_connect, W, BY_DEATH},
    {"nor bound", do_bind, W, BY_DEATH},
    {"nor listened on", do_listen, W, BY_DEATH},
    {"the one that all share is not shut", do_shutdown_given, W, BY_REFUSAL},
    {"nor by a number that is it all the same", do_number_with_more, W, BY_REFUSAL},
    {"nor has it another number", do_duplicate_given, W, BY_REFUSAL},
    {"nor by another call", do_duplicate_given_otherwise, W, BY_REFUSAL},
    {"nor is a program laid on one", do_filter_given, W, BY_REFUSAL},
    {"what the front calls its log is not cut short", do_error_cut, W, BY_REFUSAL},
    {"nothing is traced", do_ptrace, W, BY_DEATH},
    {"no other process is read", do_vm_read, W, BY_DEATH},
    {"nor written", do_vm_write, W, BY_DEATH},
    {"no other process is signalled", do_kill, W, BY_DEATH},
    {"nor with a value", do_queue, W, BY_DEATH},
    {"nor by its thread", do_tgkill, W, BY_REFUSAL},
    {"nor asked for its limits", do_limits, W, BY_REFUSAL},
    {"nor by its descriptor", do_pidfd, W, BY_REFUSAL},
    {"nor by what it could read", do_own_by, W, BY_REFUSAL},
    {"nor with a signal of choice", do_own_by_signal, W, BY_REFUSAL},
    {"nor so by a device's ways", do_own_by_ioctl, W, BY_REFUSAL},
    {"nobody becomes another", do_setuid, W, BY_DEATH},
    {"nor goes elsewhere", do_unshare, W, BY_DEATH},
    {"no root is changed", do_chroot, W, BY_DEATH},
    {"no bpf", do_bpf, W, BY_DEATH},
    {"no keyring", do_keyctl, W, BY_DEATH},
    {"no io_uring", do_io_uring, W, BY_DEATH},
    {"no userfaultfd", do_userfaultfd, W, BY_DEATH},
    {"no mount", do_mount, W, BY_DEATH},
    {"no module of the kernel", do_module, W, BY_DEATH},
    {"no file in memory alone", do_memfd, W, BY_REFUSAL},
    {"no memory is mapped to be executed", do_map_exec, W, BY_REFUSAL},
    {"nor made so", do_protect_exec, W, BY_REFUSAL},
    {"files are open up to a limit", do_open_many, W, BY_REFUSAL},
    {"/etc/passwd is not read", do_passwd, W, BY_FENCE},
    {"nor what lies beside the home", do_beside, W, BY_FENCE},
    {"nor is that written", do_beside_write, W, BY_FENCE},
    {"nor what is above it listed", do_list, W, BY_FENCE},
    {"a link leads nowhere outside", do_link_out, W, BY_FENCE},
    {"its own program is not written", do_program, W, BY_FENCE},
    {"nor its memory as a file", do_own_memory, W, BY_FENCE},
    {"an image is not written", do_image_write, W, BY_FENCE},
    {"nor cut short", do_image_cut, W, BY_CUTTING},
    {"nor made in its place", do_image_make, W, BY_FENCE},
    {"nor taken back to where it could be written", do_image_back, W, BY_FENCE},
    {"nor given another name there", do_image_link, W, BY_FENCE},
    {"settings are not written", do_settings_write, W, BY_FENCE},
    {"nor taken away", do_settings_remove, W, BY_FENCE},
    {"nor replaced by a file that may be written", do_settings_replace, W, BY_FENCE},
    {"nor by one from where images come in", do_settings_move, W, BY_FENCE},
    {"a secret is not written", do_secret_write, W, BY_FENCE},
    {"nor taken away", do_secret_remove, W, BY_FENCE},
    {"nothing is made in the home itself", do_make, W, BY_FENCE},
    {"no pipe with a name is made", do_special, W, BY_REFUSAL},
    {"no link is made", do_symlink, W, BY_REFUSAL},
    {"the log is not cut short", do_log_cut, W, BY_CUTTING},
    {"nor taken away", do_log_remove, W, BY_FENCE},
    {"nor are holes made in it", do_log_hole, W, BY_REFUSAL},
    {"no program is made that others run as its owner", do_program_make, W, BY_REFUSAL},
    {"nor a file made one", do_program_mode, W, BY_REFUSAL},
    {"the home is not opened to others", do_home_mode, W, BY_REFUSAL},
    {"nor a secret", do_secret_mode, W, BY_REFUSAL},
    {"nor is a directory made that is", do_shared_directory, W, BY_REFUSAL},
    {"a runner executes nothing", do_exec, R, BY_DEATH},
    {"and has no socket", do_socket_inet, R, BY_DEATH},
    {"and takes no connection", do_accept, R, BY_REFUSAL},
    {"and signals nobody", do_pidfd, R, BY_REFUSAL},
    {"nor in the old way", do_kill, R, BY_DEATH},
    {"and publishes nothing", do_publish, R, BY_FENCE},
    {"and reads nothing outside", do_passwd, R, BY_FENCE},
    {"a courier executes nothing", do_exec, C, BY_DEATH},
    {"and begins no process", do_fork, C, BY_DEATH},
    {"and listens nowhere", do_listen, C, BY_DEATH},
    {"and takes no connection", do_accept, C, BY_REFUSAL},
    {"and traces nothing", do_ptrace, C, BY_DEATH},
    {"and maps nothing to be written and executed", do_map_exec, C, BY_REFUSAL},
    {"and makes nothing executable", do_protect_exec, C, BY_REFUSAL},
    {"and speaks with no program of this machine by its path", do_socket_unix, C, BY_REFUSAL},
    {"nor by half a pair that could be led there", do_pair_datagram, C, BY_REFUSAL},
    {"and signals nobody by what could be read", do_own_by_ioctl, C, BY_REFUSAL},
    {"and opens its home to nobody", do_home_mode, C, BY_REFUSAL},
    {"and writes nothing outside", do_beside_write, C, BY_FENCE},
    {"nor in jobs", do_jobs, C, BY_FENCE},
    {"nor settings", do_settings_write, C, BY_FENCE},
    {"nor an image", do_image_write, C, BY_FENCE},
};

static const struct strike deeds[] = {
    {"a worker reads settings, secrets and images", do_read, W, 0},
    {"and changes the databases", do_change, W, 0},
    {"and locks what is locked", do_place, W, 0},
    {"and makes, cuts and takes away jobs", do_jobs, W, 0},
    {"and publishes an image and takes it away", do_publish, W, 0},
    {"and begins a new log", do_log, W, 0},
    {"and takes connections", do_accept, W, 0},
    {"and sets their times, ends them, and lets go of the one that all share", do_answered, W,
     0},
    {"one of plain CGI does, too", do_publish, SANDBOX_CGI, 0},
    {"and changes the databases without having had both open", do_change, SANDBOX_CGI, 0},
    {"a runner makes results", do_jobs, R, 0},
    {"and changes the databases, too", do_change, R, 0},
    {"and may end who stands still", do_kill_child, R, 0},
    {"a courier connects", do_connect, C, 0},
    {"and has sockets", do_socket_inet, C, 0},
    {"and pairs that lead nowhere", do_socketpair, C, 0},
    {"and threads that look names up", do_thread, C, 0},
    {"and reads what that needs", do_passwd, C, 0},
    {"and says what became of it", do_change, C, 0},
};

static void is_stopped(void **state)
{
    const struct strike *strike = *state;
    int status;

    if ((strike->by == BY_FENCE && fence_version() == FENCE_NONE) ||
        (strike->by == BY_CUTTING && fence_version() < FENCE_CUTS) || !filter_is_there())
        skip();
    status = run(strike->strike, strike->kind, true);
    if (WIFEXITED(status) && WEXITSTATUS(status) == OFF)
        skip();
    if (strike->by == BY_DEATH) {
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    } else {
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), REFUSED);
    }
    /* Last, since it may well succeed: or the test would say nothing. */
    status = run(strike->strike, strike->kind, false);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DONE);
}

static void is_done(void **state)
{
    const struct strike *deed = *state;
    int status = run(deed->strike, deed->kind, true);

    if (WIFEXITED(status) && WEXITSTATUS(status) == OFF)
        skip();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DONE);
}

/* ---- as a whole ---- */

static void abort_is_seen_as_what_it_is(void **state)
{
    int status = run(do_abort, SANDBOX_WORKER, true);

    (void)state;
    if (WIFEXITED(status) && WEXITSTATUS(status) == OFF)
        skip();
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* In a child, since what is entered is never left. */
static void in_child(int (*look)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(look());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == OFF)
        skip();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DONE);
}

static int look_off(void)
{
    struct reason why, lack;

    own = (struct home){.config = home.config, .origin = -1};
    own.config.sandbox = CONFIG_SANDBOX_OFF;
    return home_open(&own, DB_WORKER, &why) == RESULT_OK &&
                   sandbox_try(&own, &lack, &why) == RESULT_OK && lack.text[0] != '\0' &&
                   sandbox_enter(&own, SANDBOX_WORKER, &why) == RESULT_OK &&
                   sandbox_state()->off && !sandbox_state()->calls && do_passwd() == DONE
               ? DONE
               : SICK;
}

static void off_is_off_and_said(void **state)
{
    (void)state;
    in_child(look_off);
}

/* The number that the next descriptor will have. */
static int next_number(void)
{
    int fd = open(".", O_RDONLY | O_DIRECTORY);

    close(fd);
    return fd;
}

static int look_log(void)
{
    struct log *log = NULL;
    struct reason why;
    int before, after;

    own = (struct home){.config = home.config, .origin = -1};
    before = next_number();
    if (log_open("logs/access.log", CONFIG_LOG_TEXT, &log, &why) != RESULT_OK ||
        home_open(&own, DB_WORKER, &why) != RESULT_OK ||
        sandbox_enter(&own, SANDBOX_WORKER, &why) != RESULT_OK)
        return SICK;
    if (sandbox_state()->off || sandbox_state()->landlock < FENCE_CUTS)
        return OFF;
    after = next_number();
    log_renew(log);
    return ftruncate(before, 0) != 0 && errno == EBADF && ftruncate(after, 0) != 0 &&
                   errno == EACCES && write(after, "x", 1) == 1
               ? DONE
               : SICK;
}

static void a_log_that_was_open_before_is_not_cut_short_either(void **state)
{
    (void)state;
    in_child(look_log);
}

/* ---- what somebody who is not shut in does to files ---- */

/* A new file in the place of one, with another inode. */
static bool file_replace(const char *path)
{
    char next[64];

    snprintf(next, sizeof(next), "%s.next", path);
    return close(open(next, O_CREAT | O_RDWR, 0600)) == 0 && rename(next, path) == 0;
}

static bool bulk_replace(void)
{
    return file_replace("bulk");
}

static bool bulk_remove(void)
{
    return unlink("bulk") == 0;
}

static bool elsewhere_replace(void)
{
    return file_replace(outside);
}

static bool elsewhere_remove(void)
{
    return unlink(outside) == 0;
}

static bool elsewhere_remake(void)
{
    return close(open(outside, O_CREAT | O_RDWR, 0600)) == 0;
}

static bool log_rotate(void)
{
    return file_replace("logs/access.log");
}

static bool jwks_replace(void)
{
    return file_replace("jwks.json");
}

struct change {
    const char *link;      /* of the home, made to a file elsewhere before; NULL: none */
    const char *jwks_file; /* the setting */
    bool (*make)(void);
    bool stale; /* who is shut in is, by then */
};

static const struct change changes[] = {
    {NULL, "", bulk_replace, true},
    {NULL, "", bulk_remove, true},
    {NULL, "", log_rotate, false},
    {NULL, "jwks.json", jwks_replace, false},
    {"logs/access.log", "", elsewhere_replace, true},
    {"logs/access.log", "", elsewhere_remove, false},
    {"jwks.json", "jwks.json", elsewhere_replace, true},
    {"jwks.json", "jwks.json", elsewhere_remove, false},
    {"jwks.json", "", elsewhere_replace, false},
};

static const struct change *changed;

/* A child that makes the change when it is told to, and tells when it is made. */
static bool changer_begin(int tell[2], int told_of[2])
{
    char byte;
    pid_t pid = pipe(tell) == 0 && pipe(told_of) == 0 ? fork() : -1;

    if (pid == 0) {
        close(tell[1]); /* or it would wait for itself, if it is never told */
        _exit(read(tell[0], &byte, 1) == 1 && changed->make() &&
                      write(told_of[1], &byte, 1) == 1
                  ? 0
                  : 1);
    }
    if (pid > 0)
        close(told_of[1]); /* so that its end is seen */
    return pid > 0;
}

/* SICK, or what was expected of it; OFF where there is no fence. */
static int look_stale(void)
{
    int tell[2], told_of[2];
    struct reason why;
    char byte;

    own = (struct home){.config = home.config, .origin = -1};
    strcpy(own.config.jwks_file, changed->jwks_file);
    if (!changer_begin(tell, told_of) || home_open(&own, DB_WORKER, &why) != RESULT_OK ||
        sandbox_enter(&own, SANDBOX_WORKER, &why) != RESULT_OK)
        return SICK;
    if (sandbox_state()->off || !sandbox_state()->files)
        return OFF;
    if (sandbox_is_stale() || home_is_orphan(&own) || write(tell[1], "x", 1) != 1 ||
        read(told_of[0], &byte, 1) != 1)
        return SICK;
    return sandbox_is_stale() == changed->stale && home_is_orphan(&own) == changed->stale
               ? DONE
               : SICK;
}

static void a_file_that_it_was_not_let_at_makes_it_stale(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        changed = &changes[i];
        assert_true(elsewhere_remake());
        if (changed->link != NULL) {
            unlink(changed->link);
            assert_int_equal(symlink(outside, changed->link), 0);
        } else {
            close(open("jwks.json", O_CREAT | O_RDWR, 0600));
        }
        in_child(look_stale);
        if (changed->link != NULL)
            unlink(changed->link);
        unlink("jwks.json");
        close(open("logs/access.log", O_CREAT | O_WRONLY, 0600));
    }
}

static int look_setting(void)
{
    struct reason why;

    own = (struct home){.config = home.config, .origin = -1};
    strcpy(own.config.token_key, "nothing.pem");
    strcpy(own.config.jwks_file, "jwks.json");
    if (home_open(&own, DB_WORKER, &why) != RESULT_OK ||
        sandbox_enter(&own, SANDBOX_WORKER, &why) != RESULT_OK)
        return SICK;
    return sandbox_state()->off ? OFF : opened("jwks.json", O_RDONLY);
}

static void a_file_that_is_missing_keeps_no_other_out(void **state)
{
    (void)state;
    unlink("jwks.json"); /* of a test that was left out */
    assert_int_equal(symlink(outside, "jwks.json"), 0);
    in_child(look_setting);
    unlink("jwks.json");
}

/* In a /run of its own, as on a machine where resolvconf makes what /etc/resolv.conf leads to.
 */
static int look_resolver(void)
{
    static const char settings[] = "/run/resolvconf/resolv.conf";
    struct reason why;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/run", "tmpfs", 0, NULL) != 0)
        return OFF;
    own = (struct home){.config = home.config, .origin = -1};
    if (mkdir("/run/resolvconf", 0755) != 0 ||
        close(open(settings, O_CREAT | O_WRONLY, 0644)) != 0 ||
        home_open(&own, DB_WORKER, &why) != RESULT_OK ||
        sandbox_enter(&own, SANDBOX_COURIER, &why) != RESULT_OK)
        return SICK;
    return sandbox_state()->off ? OFF : opened(settings, O_RDONLY);
}

static void a_courier_reads_what_the_resolver_has_in_run(void **state)
{
    (void)state;
    in_child(look_resolver);
}

static int look_without_wal(void)
{
    struct reason why;

    own = (struct home){.config = home.config, .origin = -1};
    if (home_open(&own, DB_WORKER, &why) != RESULT_OK ||
        sandbox_enter(&own, SANDBOX_CGI, &why) != RESULT_OK)
        return SICK;
    if (sandbox_state()->off || !sandbox_state()->files)
        return OFF;
    return sandbox_state()->whole_home && do_make() == DONE && do_passwd() == REFUSED ? DONE
                                                                                      : SICK;
}

static int look_required(void)
{
    struct reason why, lack;

    own = (struct home){.config = home.config, .origin = -1};
    if (sandbox_is_off(&own) || fence_version() == FENCE_NONE || !filter_is_there())
        return OFF;
    own.config.sandbox = CONFIG_SANDBOX_ON;
    if (sandbox_try(&own, &lack, &why) != RESULT_OK || strstr(lack.text, "WAL") == NULL)
        return SICK;
    own.config.sandbox = CONFIG_SANDBOX_REQUIRE;
    if (sandbox_try(&own, &lack, &why) != RESULT_DENIED || strstr(why.text, "WAL") == NULL ||
        home_open(&own, DB_WORKER, &why) != RESULT_OK)
        return SICK;
    return sandbox_enter(&own, SANDBOX_CGI, &why) == RESULT_DENIED &&
                   strstr(why.text, "WAL") != NULL
               ? DONE
               : SICK;
}

static void without_a_wal_all_of_the_home_is_written_and_said_to_be(void **state)
{
    const char versions[] = {1, 1};
    int fd;

    (void)state;
    home_close(&home);
    fd = open("forestgate.db", O_WRONLY);
    assert_int_equal(pwrite(fd, versions, 2, 18), 2); /* as over a network */
    close(fd);
    in_child(look_required); /* and refused where all of it is required */
    in_child(look_without_wal);
}

/* ---- the home ---- */

/* One home for all: who is stopped leaves it as it was, and who is not puts it back. */
static int setup(void **state)
{
    const struct sockaddr_in any = {.sin_family = AF_INET,
                                    .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(there);
    ssize_t got;
    int fd;

    (void)state;
    strcpy(outside + strlen(outside) - 6, "XXXXXX");
    fd = mkstemp(outside);
    got = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (fd < 0 || close(fd) != 0 || got <= 0)
        return -1;
    program[got] = '\0';
    fixture_open(&home);
    fixture_publish(&home, "iris", 1);
    listening = socket(AF_INET, SOCK_STREAM, 0);
    connecting = socket(AF_INET, SOCK_STREAM, 0);
    binding = socket(AF_INET, SOCK_STREAM, 0);
    bound = socket(AF_INET, SOCK_STREAM, 0);
    if (symlink("/etc/passwd", "jobs/out") != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, shared) != 0 ||
        bind(listening, (const struct sockaddr *)&any, sizeof(any)) != 0 ||
        listen(listening, CONNECTIONS) != 0 ||
        getsockname(listening, (struct sockaddr *)&there, &len) != 0 ||
        bind(bound, (const struct sockaddr *)&any, sizeof(any)) != 0)
        return -1;
    for (int i = 0; i < CONNECTIONS; i++) { /* which wait to be taken */
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&there, sizeof(there)) != 0 || close(fd) != 0)
            return -1;
    }
    close(open("logs/access.log", O_CREAT | O_WRONLY, 0600));
    file_make_dir("models/.incoming", 0700, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(listening);
    close(connecting);
    close(binding);
    close(bound);
    close(shared[0]);
    close(shared[1]);
    unlink(outside);
    fixture_close(&home);
    return 0;
}

int main(void)
{
    enum {
        STRIKES = sizeof(strikes) / sizeof(strikes[0]),
        DEEDS = sizeof(deeds) / sizeof(deeds[0]),
    };
    static struct CMUnitTest each[STRIKES + DEEDS];
    const struct CMUnitTest whole[] = {
        cmocka_unit_test(abort_is_seen_as_what_it_is),
        cmocka_unit_test(off_is_off_and_said),
        cmocka_unit_test(a_log_that_was_open_before_is_not_cut_short_either),
        cmocka_unit_test(a_file_that_it_was_not_let_at_makes_it_stale),
        cmocka_unit_test(a_file_that_is_missing_keeps_no_other_out),
        cmocka_unit_test(a_courier_reads_what_the_resolver_has_in_run),
        cmocka_unit_test(without_a_wal_all_of_the_home_is_written_and_said_to_be),
    };
    int failed;

    for (size_t i = 0; i < STRIKES + DEEDS; i++) {
        const struct strike *row = i < STRIKES ? &strikes[i] : &deeds[i - STRIKES];

        each[i] = (struct CMUnitTest){row->name, i < STRIKES ? is_stopped : is_done, NULL, NULL,
                                      (void *)(uintptr_t)row};
    }
    failed =
        _cmocka_run_group_tests("strikes and deeds", each, STRIKES + DEEDS, setup, teardown);
    return failed + cmocka_run_group_tests(whole, setup, teardown);
}
