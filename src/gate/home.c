/*
 * home.c: the directory that holds the state of one Forestgate.
 */
#include "gate/certificate.h"
#include "gate/home.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "gate/audit.h"
#include "gate/sandbox.h"
#include "gate/seal.h"

enum {
    WORKER_WAIT_MS = 250, /* for the home's lock; see enum db_role */
    TEST_WAIT_MS = 50,    /* as long as most tests take */
    NONE_KEPT = -1
};

static enum result make_config(const char *path, struct reason *why)
{
    struct buf text = {0};
    enum result result;

    if (access(path, F_OK) == 0)
        return RESULT_OK;
    config_print_example(&text);
    if (buf_failed(&text))
        result = reason_set(why, RESULT_NOMEM, "no memory for %s", path);
    else
        result = file_write_atomic(path, text.data, text.len, 0600, why);
    buf_free(&text);
    return result;
}

/*
 * A new secret in a home that has keys already would end every one of them without a
 * word.
 */
static enum result make_key_secret(const char *path, struct reason *why)
{
    if (access(path, F_OK) != 0 && access(HOME_DATABASE, F_OK) == 0)
        return reason_set(why, RESULT_MISSING,
                          "%s is missing, without which no key of this home is valid: put it "
                          "back from a backup, or take " HOME_DATABASE " away to begin anew",
                          path);
    return secret_file_make(path, why);
}

static enum result make_directory(const char *path, struct reason *why)
{
    return file_make_dir(path, 0700, why);
}

static enum result make_database(const char *path, struct reason *why)
{
    return db_migrate(path, DB_HOME, why);
}

static enum result make_work_database(const char *path, struct reason *why)
{
    return db_migrate(path, DB_WORK, why);
}

static enum result make_certificate(const char *path, struct reason *why)
{
    (void)path; /* the two belong together */
    return certificate_make(HOME_TLS_CERTIFICATE, HOME_TLS_KEY, why);
}

/*
 * What a new token.secret ends are sessions, and what a new seal.jwks ends is what was
 * sealed: so these two are made again where they are missing.
 */
static const struct {
    const char *name;
    enum result (*make)(const char *path, struct reason *why);
} parts[] = {
    {"secrets", make_directory},
    {"models", make_directory},
    {"logs", make_directory},
    {HOME_JOBS, make_directory},
    {HOME_KEPT, make_directory},
    {HOME_CONFIG, make_config},
    {HOME_KEY_SECRET, make_key_secret},
    {HOME_EPOCH, epoch_make},
    {HOME_DATABASE, make_database},
    {HOME_WORK, make_work_database},
    {HOME_TOKEN_SECRET, secret_file_make},
    {HOME_SEAL_KEYS, seal_file_make},
    {HOME_WEBHOOK_SECRET, secret_file_make},
    {"tls", make_directory},
    {HOME_TLS_CERTIFICATE, make_certificate},
    {HOME_TLS_KEY, make_certificate},
};

enum {
    PARTS = sizeof(parts) / sizeof(parts[0])
};

/* audit.head is no part: a home works without, and only the audit trail is not proved. */
static enum result make_parts(struct reason *why)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; result == RESULT_OK && i < PARTS; i++)
        result = parts[i].make(parts[i].name, why);
    if (result == RESULT_OK)
        result = audit_head_make(HOME_AUDIT_HEAD, why);
    return result;
}

const char *home_part_missing(void)
{
    struct stat st;

    for (size_t i = 0; i < PARTS; i++)
        if (stat(parts[i].name, &st) != 0 ||
            (parts[i].make == make_directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)))
            return parts[i].name;
    return NULL;
}

/* By names that nothing else has: others have logs, too. */
bool home_is_begun(void)
{
    return access(HOME_CONFIG, F_OK) == 0 || access(HOME_DATABASE, F_OK) == 0 ||
           access(HOME_KEY_SECRET, F_OK) == 0;
}

/* A file, and not the directory: over a network a lock needs one that can be written. */
enum result home_lock(enum db_role role, int *lock, struct reason *why)
{
    enum result result;
    int fd = open(HOME_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    *lock = -1;
    if (fd < 0 && errno == EACCES)
        return reason_set(why, RESULT_DENIED,
                          "its owner may not open files of the home: forestgate doctor tells "
                          "which, and what mends it");
    if (fd < 0)
        return reason_errno(why, "locking the home");
    result =
        file_lock(fd, role == DB_WORKER ? WORKER_WAIT_MS : FILE_LOCK_FOREVER, "the home", why);
    if (result != RESULT_OK)
        close(fd);
    else
        *lock = fd;
    return result;
}

enum result home_test_begin(int *place, struct reason *why)
{
    enum result result;
    int fd = open(HOME_TESTING, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    *place = -1;
    if (fd < 0)
        return reason_errno(why, HOME_TESTING);
    result = file_lock(fd, TEST_WAIT_MS, "the place for a test", why);
    if (result != RESULT_OK)
        close(fd);
    else
        *place = fd;
    return result;
}

void home_unlock(int lock)
{
    close(lock);
}

/* One at a time: two that fill a home at once could each make a secret. */
enum result home_make(struct reason *why)
{
    int lock;
    enum result result = home_lock(DB_CLI, &lock, why);

    if (result != RESULT_OK)
        return result;
    result = make_parts(why);
    home_unlock(lock);
    return result;
}

enum result home_certificate(struct reason *why)
{
    int lock;
    enum result result = home_lock(DB_CLI, &lock, why);

    if (result != RESULT_OK)
        return result;
    result = make_directory("tls", why);
    if (result == RESULT_OK)
        result = make_certificate(HOME_TLS_CERTIFICATE, why);
    home_unlock(lock);
    return result;
}

/* By its descriptor: the name could have become another's by now. */
static enum result give_to(const char *path, const char *user, struct reason *why)
{
    enum result result = RESULT_OK;
    const struct passwd *owner;
    int fd;

    if (geteuid() != 0 || user == NULL)
        return RESULT_OK;
    owner = getpwnam(user);
    if (owner == NULL)
        return reason_set(why, RESULT_INVALID, "there is no user %s on this system", user);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchown(fd, owner->pw_uid, owner->pw_gid) != 0)
        result = reason_errno(why, "giving %s to %s", path, user);
    if (fd >= 0)
        close(fd);
    return result;
}

/*
 * Gives a directory its name unless that is taken.  File systems over a network do not
 * know RENAME_NOREPLACE; a plain rename() takes the place of an empty directory only.
 */
static int rename_new(const char *from, const char *to)
{
    int status = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

    if (status != 0 && (errno == EINVAL || errno == ENOSYS))
        status = rename(from, to);
    return status != 0 && (errno == EEXIST || errno == ENOTEMPTY) ? 0 : status;
}

/* Made under another name, so that whoever finds it finds it with its owner. */
enum result home_make_directory(const char *path, const char *user, struct reason *why)
{
    char made[PATH_MAX];
    enum result result;

    if (access(path, F_OK) == 0)
        return RESULT_OK;
    if (!text_copy(made, sizeof(made) - 8, path))
        return reason_set(why, RESULT_TOO_BIG, "%s: the path is too long", path);
    for (size_t len = strlen(made); len > 1 && made[len - 1] == '/'; len--)
        made[len - 1] = '\0';
    memcpy(made + strlen(made), ".XXXXXX", 8);
    if (mkdtemp(made) == NULL)
        return reason_errno(why, "%s", path);
    result = give_to(made, user, why);
    if (result == RESULT_OK && rename_new(made, path) != 0)
        result = reason_errno(why, "%s", path);
    rmdir(made); /* there only if it did not become the home */
    return result;
}

/* Root's further groups, which the owner is not in, for as long as the CLI is the owner. */
static struct {
    gid_t *list;
    int count; /* NONE_KEPT: they are what they were */
} kept_groups = {.count = NONE_KEPT};

static bool groups_keep(void)
{
    int count = getgroups(0, NULL);

    if (kept_groups.count != NONE_KEPT)
        return true;
    kept_groups.list = calloc(count > 0 ? (size_t)count : 1, sizeof(gid_t));
    if (count < 0 || kept_groups.list == NULL || getgroups(count, kept_groups.list) != count)
        return false;
    kept_groups.count = count;
    return setgroups(0, NULL) == 0;
}

static bool groups_back(void)
{
    bool good = kept_groups.count == NONE_KEPT ||
                setgroups((size_t)kept_groups.count, kept_groups.list) == 0;

    free(kept_groups.list);
    kept_groups.list = NULL;
    kept_groups.count = NONE_KEPT;
    return good;
}

static enum result become(const struct passwd *owner, enum db_role role)
{
    if (role == DB_CLI)
        return groups_keep() && setegid(owner->pw_gid) == 0 && seteuid(owner->pw_uid) == 0
                   ? RESULT_OK
                   : RESULT_DENIED;
    if (setgroups(0, NULL) != 0 || setgid(owner->pw_gid) != 0 || setuid(owner->pw_uid) != 0)
        return RESULT_DENIED;
    return setuid(0) == 0 ? RESULT_FAILED : RESULT_OK; /* it must not be able to go back */
}

/* Root takes the owner's own group: the directory's may be root's. */
static enum result become_owner(const char *path, enum db_role role, struct reason *why)
{
    const struct passwd *owner;
    enum result result;
    struct stat st;

    if (geteuid() != 0)
        return RESULT_OK;
    if (stat(".", &st) != 0)
        return reason_errno(why, "the home %s", path);
    if (st.st_uid == 0 && role == DB_WORKER)
        return reason_set(why, RESULT_DENIED,
                          "the home %s belongs to root, and a worker never runs as root: give "
                          "it to another user with: chown -R www-data: %s",
                          path, path);
    if (st.st_uid == 0)
        return RESULT_OK;
    owner = getpwuid(st.st_uid);
    if (owner == NULL)
        return reason_set(why, RESULT_INVALID,
                          "the home %s belongs to user %u, who is not known", path,
                          (unsigned)st.st_uid);
    result = become(owner, role);
    if (result != RESULT_OK)
        reason_set(why, result, "root could not become the owner of %s", path);
    return result;
}

enum result home_enter(struct home *home, const char *path, enum db_role role,
                       struct reason *why)
{
    enum result result;

    memset(home, 0, sizeof(*home));
    home->mask = umask(077);
    home->origin = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (chdir(path) == 0) {
        result = become_owner(path, role, why);
        return result == RESULT_OK && role == DB_WORKER ? file_dir_own(".", why) : result;
    }
    if (errno == ENOENT)
        return reason_set(
            why, RESULT_MISSING,
            "there is no home at %s: name yours with --home DIR, or make one with: "
            "forestgate --home %s init",
            path, path);
    return reason_errno(why, "the home %s", path);
}

void home_leave(struct home *home)
{
    uid_t real = getuid();

    umask(home->mask);
    if ((real != geteuid() && (seteuid(real) != 0 || setegid(getgid()) != 0)) || !groups_back())
        abort(); /* root that is not root again: nothing is as it should be */
    if (home->origin < 0)
        return;
    if (fchdir(home->origin) != 0)
        abort();
    close(home->origin);
    home->origin = -1;
}

enum result home_load_config(struct home *home, char *const *environment, struct reason *why)
{
    enum result result;

    config_defaults(&home->config);
    result = config_load_file(&home->config, HOME_CONFIG, why);
    if (result == RESULT_OK)
        result = config_load_environment(&home->config, environment, why);
    return result;
}

static enum result open_macs(struct home *home, struct reason *why)
{
    uint8_t secret[SECRET_BYTES];
    enum result result;

    result = secret_file_read(HOME_KEY_SECRET, secret, why);
    if (result == RESULT_OK)
        result = secret_mac_new(secret, sizeof(secret), &home->key_mac, why);
    if (result == RESULT_OK)
        result = audit_mac_new(home->key_mac, &home->audit_mac, why);
    secret_wipe(secret, sizeof(secret));
    return result;
}

/* No label is a key: so no derived key is a digest that the database has. */
enum result home_mac_derive(const struct home *home, const char *label, struct secret_mac **out,
                            struct reason *why)
{
    return secret_mac_derive(home->key_mac, label, strlen(label), out, why);
}

/* The CLI's connection always writes through to the disk. */
static enum result open_database(const struct home *home, const char *path, enum db_kind kind,
                                 enum db_role role, struct db **out, struct reason *why)
{
    enum result result = db_open(path, kind, role, out, why);

    if (result == RESULT_OK && home->config.durability == CONFIG_DURABILITY_POWER)
        result = db_outlast_power_cuts(*out, why);
    if (result != RESULT_OK) { /* or it would be found open, and taken for one that does */
        db_close(*out);
        *out = NULL;
    }
    return result;
}

enum result home_open(struct home *home, enum db_role role, struct reason *why)
{
    enum result result;

    if (access(HOME_DATABASE, F_OK) != 0)
        return reason_set(why, RESULT_MISSING,
                          "the home has no " HOME_DATABASE
                          ": complete it with forestgate init, and "
                          "the same --home");
    result = open_database(home, HOME_DATABASE, DB_HOME, role, &home->db, why);
    if (result == RESULT_OK)
        result = epoch_open(HOME_EPOCH, true, &home->epoch, why);
    if (result == RESULT_OK)
        result = open_macs(home, why);
    home->role = role;
    return result;
}

static enum result work_open(struct home *home, struct reason *why)
{
    enum result result = open_database(home, HOME_WORK, DB_WORK, home->role, &home->work, why);

    if (result == RESULT_OK && home->keeps_files)
        db_keep_files(home->work);
    return result;
}

enum result home_work(struct home *home, struct db **out, struct reason *why)
{
    enum result result = RESULT_OK;

    if (home->work == NULL && access(HOME_WORK, F_OK) != 0)
        result = reason_set(why, RESULT_MISSING,
                            "the home has no " HOME_WORK
                            ": complete it with forestgate init, and the same --home");
    else if (home->work == NULL)
        result = work_open(home, why);
    else if (db_is_read_only(home->work)) /* it may have become writable */
        result = db_reopen(home->work, HOME_WORK, why);
    *out = home->work;
    return result;
}

enum result home_seats(struct home *home, struct seats **out, struct reason *why)
{
    enum result result = RESULT_OK;

    if (home->seats == NULL)
        result = seats_open(HOME_SEATS, &home->seats, why);
    *out = home->seats;
    return result;
}

void home_keep_files(struct home *home)
{
    home->keeps_files = true;
    db_keep_files(home->db);
    if (home->work != NULL)
        db_keep_files(home->work);
}

bool home_is_orphan(struct home *home)
{
    return epoch_is_orphan(home->epoch) || db_is_orphan(home->db) ||
           (home->work != NULL && db_is_orphan(home->work)) ||
           (home->seats != NULL && seats_is_orphan(home->seats)) || sandbox_is_stale();
}

enum result home_reopen_database(struct home *home, struct reason *why)
{
    return db_reopen(home->db, HOME_DATABASE, why);
}

void home_close(struct home *home)
{
    db_close(home->db);
    db_close(home->work);
    seats_close(home->seats);
    epoch_close(home->epoch);
    secret_mac_free(home->key_mac);
    secret_mac_free(home->audit_mac);
    home->db = NULL;
    home->work = NULL;
    home->seats = NULL;
    home->epoch = NULL;
    home->key_mac = NULL;
    home->audit_mac = NULL;
}

enum result home_change_begin(struct home *home, struct reason *why)
{
    enum result result = db_begin_lasting(home->db, why);

    memset(&home->audited, 0, sizeof(home->audited));
    if (result != RESULT_OK)
        return result;
    if (home->may_change.ask != NULL)
        result = home->may_change.ask(home->may_change.arg, why);
    if (result == RESULT_OK)
        epoch_begin(home->epoch);
    else
        db_rollback(home->db);
    return result;
}

enum result home_change_end(struct home *home, enum result result, struct reason *why)
{
    if (result == RESULT_OK)
        result = db_commit(home->db, why);
    else
        db_rollback(home->db);
    epoch_end(home->epoch);
    if (result == RESULT_OK)
        audit_settle(home);
    memset(&home->audited, 0, sizeof(home->audited));
    return result;
}
