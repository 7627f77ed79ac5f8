/*
 * sandbox.c: what a process of a home can still do.
 *
 * In this order: limits; files that have to be there, opened or made while that can be done;
 * the fence round files (base/fence.h); the filter of system calls (base/filter.h), which lets
 * no fence be built any more.
 *
 * Nothing is made in the home itself, and nothing taken away: so no file of its first level
 * can become another, forestgate.conf among them. What changes there is a file that exists and
 * is written by its inode, or lies in a directory of its own.
 */
#include "gate/sandbox.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fence.h"
#include "base/file.h"
#include "base/filter.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/home.h"
#include "gate/image_file.h"

/* The sanitizers' own calls are not on the list, and they map memory as they like. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define IN_THE_WAY true
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IN_THE_WAY true
#endif
#ifndef IN_THE_WAY
#define IN_THE_WAY false
#endif

/* Where a database of SQLite says whether it has a WAL (https://sqlite.org/fileformat2.html).
 */
enum {
    FORMAT_AT = 18,
    FORMAT_WAL = 2
};

enum {
    OPEN_FILES_MAX = 256,
    OPEN_FILES_COURIER = 1024,
    CHANGES = FENCE_READ | FENCE_WRITE | FENCE_CUT | FENCE_MAKE | FENCE_REMOVE,
    IN_PLACE = FENCE_READ | FENCE_WRITE | FENCE_CUT,
    CGI = 1 << SANDBOX_CGI,
    WORKERS = 1 << SANDBOX_WORKER | CGI,
    RUNNERS = 1 << SANDBOX_RUNNER,
    COURIERS = 1 << SANDBOX_COURIER,
    ALL = WORKERS | RUNNERS | COURIERS
};

/*
 * The places of a home. Its first level is read as a whole; secrets are replaced under their
 * names, so that they are read by their directory. What is a file and may be written is named
 * here one by one.
 */
static const struct place {
    const char *path;
    unsigned rights;
    unsigned whose;
    unsigned makers; /* by whom it is made where it is missing, as an empty file */
} places[] = {
    {".", FENCE_READ, ALL, 0},
    {"secrets", FENCE_READ, ALL, 0},
    {"models", FENCE_READ, RUNNERS, 0},
    {"models", FENCE_READ | FENCE_MAKE | FENCE_REMOVE | FENCE_DIRS | FENCE_MOVE, WORKERS, 0},
    {IMAGE_INCOMING, CHANGES | FENCE_MOVE, WORKERS, 0},
    {HOME_JOBS, CHANGES, WORKERS | RUNNERS, 0},
    {HOME_KEPT, CHANGES, WORKERS | RUNNERS, 0},
    {"logs", FENCE_READ | FENCE_WRITE | FENCE_MAKE, WORKERS, 0},
    {HOME_ACCESS_LOG, FENCE_WRITE, WORKERS, 0},
    {HOME_DATABASE, IN_PLACE, ALL, 0},
    {HOME_DATABASE "-wal", IN_PLACE, ALL, 0},
    {HOME_DATABASE "-shm", IN_PLACE, ALL, 0},
    {HOME_WORK, IN_PLACE, ALL, 0},
    {HOME_WORK "-wal", IN_PLACE, ALL, CGI},
    {HOME_WORK "-shm", IN_PLACE, ALL, CGI},
    {HOME_AUDIT_HEAD, IN_PLACE, WORKERS | RUNNERS, 0},
    {HOME_SEATS, IN_PLACE, ALL, ALL},
    {HOME_LOCK, IN_PLACE, WORKERS, WORKERS},
    {HOME_HASHING, IN_PLACE, WORKERS, WORKERS},
    {HOME_BULK, IN_PLACE, WORKERS, WORKERS},
    {HOME_TESTING, IN_PLACE, WORKERS, WORKERS},
    {HOME_COURIER, IN_PLACE, COURIERS, COURIERS},
};

enum {
    PLACES = sizeof(places) / sizeof(places[0])
};

/*
 * What is read of the system: by all, by the C library and SQLite, what random numbers and
 * times begin with; by a courier also names, certificates, and the libraries for both.
 */
static const char *const system_places[] = {
    "/dev/urandom",
    "/etc/localtime",
    "/etc",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/usr/share",
    "/usr/local/share/ca-certificates",
    "/var/lib/ca-certificates",
    "/etc/resolv.conf", /* wherever it leads, and where it may lead to another file later: */
    "/run/systemd",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/run/connman",
    "/run/netconfig",
};

enum {
    SYSTEM_FOR_ALL = 2 /* the first of them; from there on they are a courier's */
};

static struct sandbox_state own;
static enum sandbox_kind own_kind;

/* Files that settings name: each in the home, or a link from there. */
enum setting_file {
    FILE_TOKEN_KEY,
    FILE_JWKS,
    FILE__MAX
};

/* What each was when it was fenced in; none for what is not looked at. */
static struct found {
    bool watched;
    dev_t device;
    ino_t inode;
} founds[PLACES], linked[FILE__MAX];

static const struct config *own_config; /* lives as long as the home that was shut in */

static const char no_filter[] = "this kernel does not filter system calls (seccomp)";
static const char no_fence[] = "this kernel does not fence files in (Landlock), or not for us";
static const char no_wal[] = "the database has no WAL, so that all of the home can be written";

static void limit(int which, rlim_t most)
{
    struct rlimit now;

    if (getrlimit(which, &now) != 0 || now.rlim_max < most)
        return;
    now.rlim_max = most;
    if (now.rlim_cur > most)
        now.rlim_cur = most;
    setrlimit(which, &now);
}

/*
 * No bound for the size of a file, as the log and the database have none that is known here,
 * and none for addresses, of which a mapped model takes as many as it has bytes.
 */
static void limits_set(enum sandbox_kind kind)
{
    bool courier = kind == SANDBOX_COURIER;

    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MEMLOCK, 0);
    limit(RLIMIT_MSGQUEUE, 0);
    limit(RLIMIT_NOFILE, courier ? OPEN_FILES_COURIER : OPEN_FILES_MAX);
    if (!courier) /* it looks names up in threads, which count */
        limit(RLIMIT_NPROC, 0);
}

/* ---- files ---- */

static bool is_whose(const struct place *place, enum sandbox_kind kind)
{
    return (place->whose & 1U << kind) != 0;
}

/*
 * Without a WAL each transaction makes a file beside the database, and takes it away. So it is
 * over a network; and the database of jobs is like the other.
 */
static bool has_wal(const struct home *home)
{
    unsigned char versions[2] = {0}; /* of the file's format, to be written and read */
    bool has;
    int fd;

    if (home->db != NULL) /* to open and close its file here would give its locks back */
        return db_has_log(home->db);
    fd = open(HOME_DATABASE, O_RDONLY | O_CLOEXEC);
    has = fd >= 0 && pread(fd, versions, sizeof(versions), FORMAT_AT) == sizeof(versions);
    if (fd >= 0)
        close(fd);
    return has && versions[0] == FORMAT_WAL && versions[1] == FORMAT_WAL;
}

static bool is_of_work(const struct place *place)
{
    return strncmp(place->path, HOME_WORK, sizeof(HOME_WORK) - 1) == 0;
}

/*
 * Whether this one makes it.  A file of a database that is open here is never opened and closed
 * beside it, which would give its locks back.
 */
static bool is_maker(const struct home *home, enum sandbox_kind kind, const struct place *place)
{
    if ((place->makers & 1U << kind) == 0)
        return false;
    return !is_of_work(place) ||
           (home->work == NULL && has_wal(home) && access(HOME_WORK, F_OK) == 0);
}

static void place_make(const struct place *place)
{
    int fd = open(place->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
}

/*
 * What cannot be made later. With a connection to the database of jobs nobody's end of another
 * takes its -wal and -shm away; where it has none, that is told who asks for jobs. For one
 * request it is not worth while, and the two are made empty: another that takes them away in
 * that moment is a 503.
 */
static void places_make(struct home *home, enum sandbox_kind kind)
{
    struct db *work;

    if (kind != SANDBOX_CGI && home->db != NULL)
        home_work(home, &work, NULL);
    if ((1U << kind & WORKERS) != 0)
        file_make_dir(IMAGE_INCOMING, 0700, NULL);
    for (size_t i = 0; i < PLACES; i++)
        if (is_maker(home, kind, &places[i]))
            place_make(&places[i]);
}

/*
 * What is fenced in by its inode must stay the same.  links: a file is not looked at, as the
 * directory that it lies in is fenced in and it comes and goes there by name; a link leads to a
 * file, which may become another elsewhere.
 */
static void file_find(const char *path, bool links, struct found *found)
{
    struct stat st;

    *found = (struct found){0};
    if (links && (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode)))
        return;
    if (stat(path, &st) == 0)
        *found = (struct found){.watched = true, .device = st.st_dev, .inode = st.st_ino};
}

static bool is_log(const struct place *place)
{
    return strcmp(place->path, HOME_ACCESS_LOG) == 0;
}

static void place_find(size_t at, struct found *found)
{
    file_find(places[at].path, is_log(&places[at]), found);
}

/* The file of a setting; empty where it is not set. */
static const char *setting_file(const struct config *config, enum setting_file file)
{
    return file == FILE_TOKEN_KEY ? config->token_key : config->jwks_file;
}

/* Of an old kernel, which moves nothing, an image is written where it stays. */
static unsigned rights_of(const struct fence *fence, const struct place *place)
{
    if (fence->version < FENCE_MOVES && strcmp(place->path, "models") == 0)
        return place->rights | FENCE_WRITE;
    if (own.whole_home && strcmp(place->path, ".") == 0)
        return CHANGES;
    return place->rights;
}

static enum result settings_allow(struct fence *fence, const struct config *config,
                                  struct reason *why)
{
    enum result result = RESULT_OK;

    own_config = config;
    for (enum setting_file i = 0; result == RESULT_OK && i < FILE__MAX; i++) {
        const char *path = setting_file(config, i);

        file_find(path, true, &linked[i]);
        if (path[0] != '\0')
            result = fence_allow(fence, path, FENCE_READ, why);
        if (result == RESULT_MISSING)
            result = RESULT_OK;
    }
    return result;
}

static enum result places_allow(struct fence *fence, enum sandbox_kind kind, struct reason *why)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; result == RESULT_OK && i < PLACES; i++) {
        if (!is_whose(&places[i], kind))
            continue;
        place_find(i, &founds[i]);
        result = fence_allow(fence, places[i].path, rights_of(fence, &places[i]), why);
        if (result == RESULT_MISSING || is_log(&places[i]))
            result = RESULT_OK; /* the log may be a link to what is no file */
    }
    return result;
}

static enum result system_allow(struct fence *fence, enum sandbox_kind kind, struct reason *why)
{
    enum result result;

    for (size_t i = 0; i < sizeof(system_places) / sizeof(system_places[0]); i++) {
        if (kind != SANDBOX_COURIER && i >= SYSTEM_FOR_ALL)
            break;
        result = fence_allow(fence, system_places[i], FENCE_READ, why);
        if (result != RESULT_OK && result != RESULT_MISSING)
            return result;
    }
    return RESULT_OK;
}

/*
 * A runner has to be able to end one that stands still, which is outside of its own fence.
 */
static enum result files_fence(struct home *home, enum sandbox_kind kind, struct reason *why)
{
    const struct fence_plan plan = {
        .connects = kind == SANDBOX_COURIER,
        .signals = kind == SANDBOX_RUNNER,
    };
    struct fence fence;
    enum result result = fence_begin(&plan, &fence, why);

    if (result != RESULT_OK)
        return result;
    own.whole_home = !has_wal(home);
    result = places_allow(&fence, kind, why);
    if (result == RESULT_OK)
        result = settings_allow(&fence, &home->config, why);
    if (result == RESULT_OK)
        result = system_allow(&fence, kind, why);
    if (result == RESULT_OK)
        result = fence_close(&fence, why);
    own.landlock = fence.version;
    own.files = result == RESULT_OK;
    if (own.files && home->db != NULL) {
        home_keep_files(home);
        db_temporary_files_in(HOME_JOBS);
    }
    fence_drop(&fence);
    return result;
}

/* Whether there is another file now, or one where there was none. */
static bool is_another(const struct found *now, const struct found *before)
{
    return now->watched &&
           (!before->watched || now->device != before->device || now->inode != before->inode);
}

/*
 * Also where one has gone that could not be made again in here.  What a link leads to may be
 * gone while another is written; it is another then.
 */
static bool place_is_stale(size_t at)
{
    struct found now;

    if (!is_whose(&places[at], own_kind))
        return false;
    place_find(at, &now);
    return is_another(&now, &founds[at]) ||
           (!now.watched && founds[at].watched && !is_log(&places[at]));
}

static bool setting_is_stale(enum setting_file file)
{
    struct found now;

    file_find(setting_file(own_config, file), true, &now);
    return is_another(&now, &linked[file]);
}

bool sandbox_is_stale(void)
{
    const char *other = NULL;

    if (!own.files)
        return false;
    for (size_t i = 0; other == NULL && i < PLACES; i++)
        if (place_is_stale(i))
            other = places[i].path;
    for (enum setting_file i = 0; other == NULL && i < FILE__MAX; i++)
        if (setting_is_stale(i))
            other = setting_file(own_config, i);
    if (other != NULL)
        log_message("%s is gone or another file now, which this process may not open", other);
    return other != NULL;
}

/* ---- as a whole ---- */

bool sandbox_is_off(const struct home *home)
{
    return IN_THE_WAY || home->config.sandbox == CONFIG_SANDBOX_OFF;
}

static bool is_required(const struct home *home)
{
    return home->config.sandbox == CONFIG_SANDBOX_REQUIRE;
}

enum result sandbox_try(const struct home *home, struct reason *lack, struct reason *why)
{
    lack->text[0] = '\0';
    if (IN_THE_WAY)
        text_copy(lack->text, sizeof(lack->text), "this build has a sanitizer in its way");
    else if (sandbox_is_off(home))
        text_copy(lack->text, sizeof(lack->text), "it is off by the setting sandbox");
    else if (!filter_is_there())
        text_copy(lack->text, sizeof(lack->text), no_filter);
    else if (fence_version() == FENCE_NONE)
        text_copy(lack->text, sizeof(lack->text), no_fence);
    else if (!has_wal(home))
        text_copy(lack->text, sizeof(lack->text), no_wal);
    if (lack->text[0] == '\0' || !is_required(home))
        return RESULT_OK;
    return reason_set(why, RESULT_DENIED, "sandbox = require: %s", lack->text);
}

/* What could not be had is fatal only where it is required; what can, is had in any case. */
enum result sandbox_enter(struct home *home, enum sandbox_kind kind, struct reason *why)
{
    static const enum filter_kind filters[SANDBOX__MAX] = {
        [SANDBOX_WORKER] = FILTER_WORKER,
        [SANDBOX_CGI] = FILTER_WORKER,
        [SANDBOX_RUNNER] = FILTER_RUNNER,
        [SANDBOX_COURIER] = FILTER_COURIER,
    };
    enum result fenced, filtered;
    struct reason said;

    own = (struct sandbox_state){.off = sandbox_is_off(home)};
    own_kind = kind;
    if (own.off)
        return is_required(home) ? reason_set(why, RESULT_DENIED, "there is no sandbox here")
                                 : RESULT_OK;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    limits_set(kind);
    places_make(home, kind);
    fenced = files_fence(home, kind, why);
    if (fenced != RESULT_OK && fenced != RESULT_MISSING)
        log_message("sandbox: %s", why->text);
    filtered = filter_enter(filters[kind], fenced == RESULT_OK ? why : &said);
    if (filtered != RESULT_OK && filtered != RESULT_MISSING)
        log_message("sandbox: %s", fenced == RESULT_OK ? why->text : said.text);
    own.calls = filtered == RESULT_OK;
    if (!is_required(home) || (own.files && own.calls && !own.whole_home))
        return RESULT_OK;
    if (own.files && own.calls)
        return reason_set(why, RESULT_DENIED, "sandbox = require: %s", no_wal);
    return fenced != RESULT_OK ? fenced : filtered;
}

const struct sandbox_state *sandbox_state(void)
{
    return &own;
}
