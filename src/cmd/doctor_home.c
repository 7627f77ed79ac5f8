/*
 * doctor_home.c: whether a home is all there, its owner's alone, and set.
 */
#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/secret.h"
#include "base/text.h"
#include "cmd/doctor.h"
#include "gate/image_file.h"
#include "gate/seal.h"
#include "gate/token.h"

static const char incoming_name[] = "incoming.";

static const char *user_name(uid_t uid, char out[64])
{
    const struct passwd *user = getpwuid(uid);

    text_print(out, 64, "%s", user != NULL ? user->pw_name : "nobody known");
    return out;
}

/*
 * Calls each for every copy of an image that a publication has begun; without them being
 * published, if the home's lock is held.
 */
static size_t each_incoming(bool unlink_them)
{
    static char root[] = "models";
    char *const roots[] = {root, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    const FTSENT *entry;
    size_t count = 0;

    while (tree != NULL && (entry = fts_read(tree)) != NULL)
        if (entry->fts_info == FTS_F && entry->fts_level == 2 &&
            strncmp(entry->fts_name, incoming_name, sizeof(incoming_name) - 1) == 0) {
            count++;
            if (unlink_them)
                unlink(entry->fts_accpath);
        }
    if (tree != NULL)
        fts_close(tree);
    return count;
}

/* A front that starts workers as the owner has no other way in than to walk. */
static void check_way(const struct doctor *doctor, struct finding *finding)
{
    char path[DOCTOR_PATH_MAX], owner[64];

    if (getcwd(path, sizeof(path)) == NULL || euidaccess(path, X_OK) == 0)
        return;
    if (finding_set(finding, FINDING_WARNING,
                    "its owner, %s, may not walk the path to it, and so may a front that "
                    "starts workers as %s not; some directory before it needs chmod o+x",
                    user_name(geteuid(), owner), owner))
        finding_mend(finding, "namei -l %s", doctor_word(doctor, NULL, path));
}

void doctor_check_home(struct doctor *doctor, struct finding *finding)
{
    char home[DOCTOR_PATH_MAX], owner[64];
    const char *missing;
    struct stat st;

    doctor_word(doctor, NULL, home);
    if (!doctor->entered) {
        finding_set(finding, FINDING_FAILED, "%s", doctor->entering.text);
        if (doctor->how == RESULT_DENIED)
            finding_mend(finding, "sudo forestgate --home %s doctor", home);
        else if (doctor->how == RESULT_MISSING)
            finding_mend(finding, "forestgate --home %s init", home);
        return;
    }
    if (stat(".", &st) == 0 && st.st_uid != geteuid()) {
        finding_set(finding, FINDING_FAILED, "it belongs to %s, who has to run this, or root",
                    user_name(st.st_uid, owner));
        finding_mend(finding, "sudo forestgate --home %s doctor", home);
    }
    missing = home_part_missing();
    if (missing != NULL &&
        finding_set(finding,
                    strcmp(missing, HOME_CONFIG) == 0 ? FINDING_WARNING : FINDING_FAILED,
                    "%s is not there, or not what it has to be", missing))
        finding_mend(finding, "forestgate --home %s init", home);
    if (each_incoming(false) > 0 &&
        finding_set(finding, FINDING_WARNING,
                    "copies of images are left from publications that were cut off, or one "
                    "is under way"))
        finding_mend(finding, "forestgate --home %s doctor --fix", home);
    check_way(doctor, finding);
    finding_set(finding, FINDING_OK, "%s is whole", doctor->path);
}

/* Under the lock nobody publishes, so that what is left is nobody's. */
enum result doctor_fix_home(struct doctor *doctor, struct reason *why)
{
    enum result result, locked;
    int lock;

    if (!doctor->entered)
        return reason_set(why, RESULT_MISSING, "a home is made with forestgate init");
    result = home_make(why);
    locked = home_lock(DB_CLI, &lock, why);
    if (locked != RESULT_OK)
        return locked;
    each_incoming(true);
    home_unlock(lock);
    return result;
}

/* What one file or directory has to be. */
struct rights {
    uid_t owner;
    const FTSENT *entry;
    const char *name; /* below the home; "." for it */
    mode_t needs;     /* bits that the owner must have */
    bool secret;
};

/* False for what has no rights of its own: a link, the second visit to a directory. */
static bool rights_of(const FTSENT *entry, uid_t owner, struct rights *out)
{
    const char *name = strcmp(entry->fts_path, ".") == 0 ? "." : entry->fts_path + 2;
    bool directory = entry->fts_info == FTS_D || entry->fts_info == FTS_DNR;

    if (!directory && entry->fts_info != FTS_F && entry->fts_info != FTS_DEFAULT)
        return false;
    *out = (struct rights){.owner = owner, .entry = entry, .name = name};
    out->secret = strncmp(name, "secrets", 7) == 0 && (name[7] == '\0' || name[7] == '/');
    if (directory)
        out->needs = 0700;
    else if (out->secret || strncmp(name, "models/", 7) == 0)
        out->needs = 0400; /* published images are never written again */
    else
        out->needs = 0600;
    return true;
}

static void judge_owner(const struct doctor *doctor, const struct rights *rights,
                        struct finding *finding)
{
    char home[DOCTOR_PATH_MAX], is[64], should[64];
    const struct stat *st = rights->entry->fts_statp;

    if (st->st_uid == rights->owner && st->st_uid != 0)
        return;
    doctor_word(doctor, NULL, home);
    if (rights->owner == 0) {
        if (finding_set(finding, FINDING_FAILED,
                        "the home belongs to root, and a worker never runs as root"))
            finding_mend(finding, "chown -R www-data: %s", home);
    } else if (finding_set(finding, FINDING_FAILED, "%s belongs to %s, and the home to %s",
                           rights->name, user_name(st->st_uid, is),
                           user_name(rights->owner, should))) {
        finding_mend(finding, "chown -R %s: %s", should, home);
    }
}

/* SQLite gives the files beside a database its mode. */
static void mend_needs(const struct doctor *doctor, const struct rights *rights,
                       struct finding *finding)
{
    char word[DOCTOR_PATH_MAX];

    if (strncmp(rights->name, HOME_DATABASE, sizeof(HOME_DATABASE) - 1) == 0)
        finding_mend(finding, "chmod u+rw %s/" HOME_DATABASE "*",
                     doctor_word(doctor, NULL, word));
    else
        finding_mend(
            finding, "chmod u+rw%s %s", (rights->needs & 0100) != 0 ? "x" : "",
            doctor_word(doctor, strcmp(rights->name, ".") == 0 ? NULL : rights->name, word));
}

static void judge_mode(const struct doctor *doctor, const struct rights *rights,
                       struct finding *finding)
{
    mode_t mode = rights->entry->fts_statp->st_mode & 07777;
    bool home = strcmp(rights->name, ".") == 0;
    char word[DOCTOR_PATH_MAX];
    enum finding_state state;

    if ((mode & rights->needs) != rights->needs &&
        finding_set(finding, FINDING_FAILED, "%s has mode %04o, and its owner needs %04o",
                    home ? "the home" : rights->name, (unsigned)mode, (unsigned)rights->needs))
        mend_needs(doctor, rights, finding);
    if ((mode & 077) == 0)
        return;
    /* Others come no further than a home that is shut, unless they may change what it is. */
    state = home || rights->secret || (mode & 022) != 0 ? FINDING_FAILED : FINDING_WARNING;
    if (finding_set(finding, state, "%s has mode %04o: it is to be its owner's alone",
                    home ? "the home" : rights->name, (unsigned)mode))
        finding_mend(finding, "chmod -R go= %s", doctor_word(doctor, NULL, word));
}

/* Visits everything in the home with what rights it has; 0, or the errno. */
static int each_rights(void (*each)(void *arg, const struct rights *rights), void *arg)
{
    static char root[] = ".";
    char *const roots[] = {root, NULL};
    struct rights rights;
    const FTSENT *entry;
    struct stat st;
    FTS *tree;

    if (stat(".", &st) != 0)
        return errno;
    tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    if (tree == NULL)
        return errno;
    while ((entry = fts_read(tree)) != NULL)
        if (rights_of(entry, st.st_uid, &rights))
            each(arg, &rights);
    fts_close(tree);
    return 0;
}

struct judging {
    const struct doctor *doctor;
    struct finding *finding;
};

static void judge(void *arg, const struct rights *rights)
{
    struct judging *judging = arg;

    judge_owner(judging->doctor, rights, judging->finding);
    judge_mode(judging->doctor, rights, judging->finding);
}

void doctor_check_rights(struct doctor *doctor, struct finding *finding)
{
    struct judging judging = {doctor, finding};
    int error;

    if (!doctor_has_home(doctor, finding))
        return;
    error = each_rights(judge, &judging);
    if (error != 0)
        finding_set(finding, FINDING_FAILED, "the home cannot be read: %s", strerror(error));
    finding_set(finding, FINDING_OK, "everything is the owner's alone");
}

static void mend_rights(void *arg, const struct rights *rights)
{
    mode_t mode = rights->entry->fts_statp->st_mode & 07777;
    mode_t wanted = (mode & ~(mode_t)077) | rights->needs;
    int *error = arg;

    if (wanted != mode && chmod(rights->entry->fts_accpath, wanted) != 0 && *error == 0)
        *error = errno;
}

/*
 * Opens a directory that was shut to its owner on the way, so that what is in it comes in
 * the next round only.
 */
enum result doctor_fix_rights(struct doctor *doctor, struct reason *why)
{
    int error = 0;

    if (!doctor->entered)
        return reason_set(why, RESULT_MISSING, "there is no home");
    for (int round = 0; round < 4; round++) {
        error = 0;
        each_rights(mend_rights, &error);
    }
    errno = error;
    return error == 0 ? RESULT_OK : reason_errno(why, "changing modes");
}

void doctor_check_settings(struct doctor *doctor, struct finding *finding)
{
    static const char prefix[] = "FORESTGATE_";
    char file[DOCTOR_PATH_MAX];
    struct reason why;

    doctor->settled = false;
    if (!doctor_has_home(doctor, finding))
        return;
    if (home_load_config(&doctor->home, environ, &why) == RESULT_OK) {
        doctor->settled = true;
        finding_set(finding, FINDING_OK, "the settings are good");
        return;
    }
    finding_set(finding, FINDING_FAILED, "%s", why.text);
    if (strncmp(why.text, prefix, sizeof(prefix) - 1) == 0)
        finding_mend(finding, "unset %.*s", (int)strcspn(why.text, ": "), why.text);
    else
        finding_mend(finding, "editor %s", doctor_word(doctor, HOME_CONFIG, file));
}

/* A secret of which every byte is the same was never written. */
static bool is_blank(const uint8_t secret[SECRET_BYTES])
{
    size_t same = 1;

    while (same < SECRET_BYTES && secret[same] == secret[0])
        same++;
    return same == SECRET_BYTES;
}

/* What is wrong with a secret, without what mends it, which is told in its place. */
static bool set_fault(struct finding *finding, const struct reason *why)
{
    const char *mend = strstr(why->text, "; mend it");

    return finding_set(finding, FINDING_FAILED, "%.*s",
                       (int)(mend != NULL ? (size_t)(mend - why->text) : strlen(why->text)),
                       why->text);
}

static void check_key_secret(struct doctor *doctor, struct finding *finding)
{
    char word[DOCTOR_PATH_MAX];
    uint8_t secret[SECRET_BYTES];
    enum result result;
    struct reason why;

    result = secret_file_read(HOME_KEY_SECRET, secret, &why);
    if (result == RESULT_OK && is_blank(secret))
        result =
            reason_set(&why, RESULT_INVALID,
                       HOME_KEY_SECRET ": its bytes are all the same: it was never written");
    secret_wipe(secret, sizeof(secret));
    if (result == RESULT_OK || !set_fault(finding, &why))
        return;
    doctor_word(doctor, HOME_KEY_SECRET, word);
    if (result == RESULT_DENIED)
        finding_mend(finding, "chmod 600 %s", word);
    else if (result == RESULT_MISSING && access(HOME_DATABASE, F_OK) != 0)
        finding_mend(finding, "forestgate --home %s init", doctor_word(doctor, NULL, word));
    else
        finding_mend(finding, "cp -p BACKUP/" HOME_KEY_SECRET " %s", word);
}

/* Takes away what others may do with the file that the reason begins with. */
static void mend_mode(const struct doctor *doctor, const struct reason *why,
                      struct finding *finding)
{
    char name[DOCTOR_PATH_MAX], word[DOCTOR_PATH_MAX];

    text_print(name, sizeof(name), "%.*s", (int)strcspn(why->text, ":"), why->text);
    finding_mend(finding, "chmod %s %s",
                 strstr(why->text, "chmod go-w") != NULL ? "go-w" : "600",
                 doctor_word(doctor, name, word));
}

/* Only where the settings are good: they say what the key has to be. */
static void check_token_key(struct doctor *doctor, struct finding *finding)
{
    bool own = doctor->home.config.token_key[0] == '\0';
    char word[DOCTOR_PATH_MAX];
    struct tokens *tokens = NULL;
    enum result result;
    struct reason why;

    if (!doctor->settled)
        return;
    result = tokens_open(&doctor->home.config, &tokens, &why);
    tokens_close(tokens);
    if (result == RESULT_OK || !set_fault(finding, &why))
        return;
    if (result == RESULT_DENIED)
        mend_mode(doctor, &why, finding);
    else if (own && strncmp(why.text, HOME_TOKEN_SECRET, strlen(HOME_TOKEN_SECRET)) == 0)
        finding_mend(finding, "forestgate --home %s init%s", doctor_word(doctor, NULL, word),
                     result == RESULT_MISSING ? "" : " --rotate token");
    else
        finding_mend(finding, "editor %s", doctor_word(doctor, HOME_CONFIG, word));
}

static void check_seal_keys(struct doctor *doctor, struct finding *finding)
{
    char word[DOCTOR_PATH_MAX];
    struct seal *seal = NULL;
    enum result result;
    struct reason why;

    result = seal_open(HOME_SEAL_KEYS, &seal, &why);
    seal_close(seal);
    if (result == RESULT_OK || !set_fault(finding, &why))
        return;
    if (result == RESULT_DENIED)
        mend_mode(doctor, &why, finding);
    else if (result == RESULT_MISSING)
        finding_mend(finding, "forestgate --home %s init", doctor_word(doctor, NULL, word));
    else
        finding_mend(finding, "cp -p BACKUP/" HOME_SEAL_KEYS " %s",
                     doctor_word(doctor, HOME_SEAL_KEYS, word));
}

void doctor_check_secrets(struct doctor *doctor, struct finding *finding)
{
    if (!doctor_has_home(doctor, finding))
        return;
    check_key_secret(doctor, finding);
    check_token_key(doctor, finding);
    check_seal_keys(doctor, finding);
    finding_set(finding, FINDING_OK, "there, and as they have to be");
}
