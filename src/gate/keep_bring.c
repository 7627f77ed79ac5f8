/*
 * keep_bring.c: lots from the files of those who answered into the database.
 *
 * One process at a time, under the lock of kept/lock.  How far a file was read is written in
 * the transaction that adds its rows, so whoever goes on after a crash begins behind them.  A
 * file is removed when it was read to its end and nobody holds its lock, since then its writer
 * is dead; and only then is it forgotten how far it was read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/keep.h"
#include "gate/keep_inner.h"
#include "gate/keep_lot.h"
#include "gate/keep_part.h"

enum {
    WORKER_WAIT_MS = 250,
    CLI_WAIT_MS = 5000,
    WINDOW_BYTES = 8 << 20,   /* of a file that are looked at at once */
    BATCH_BYTES = 256 << 10,  /* of lots in one transaction, */
    BATCH_CLI_BYTES = 4 << 20 /* where each is synced */
};

struct bring {
    struct home *home;
    struct db *work;
    struct keep_box *box;
    int64_t left; /* bytes that are still to be brought in */

    /* the file */
    const char *name;
    uint8_t salt[KEEP_SALT_BYTES];
    int fd;
    bool dead;      /* nobody writes to it any more */
    int64_t offset; /* read so far, */
    int64_t number; /* and the number that the next lot has at least */
    int64_t size;

    /* the transaction */
    struct keep_sealing sealing;
    struct kept_total total; /* of this model, to be added */
    char model[MODEL_NAME_MAX + 1];
    char account[KEY_ID_LEN + 1]; /* the last one that was looked for, */
    int64_t gone_us;              /* and up to when it is forgotten */

    struct buf window, lot, sealed;
};

static enum result total_flush(struct bring *bring, struct reason *why)
{
    static const struct kept_total none;
    enum result result = RESULT_OK;

    if (memcmp(&bring->total, &none, sizeof(none)) != 0)
        result = kept_total_add(bring->work, bring->model, &bring->total, why);
    bring->total = none;
    return result;
}

/* The sums of a model; those of another before are added to the database. */
static enum result total_of(struct bring *bring, const char *model, struct reason *why)
{
    enum result result = RESULT_OK;

    if (strcmp(bring->model, model) != 0)
        result = total_flush(bring, why);
    text_copy(bring->model, sizeof(bring->model), model);
    return result;
}

/* Whether the account was deleted after it asked. */
static enum result is_gone(struct bring *bring, const struct kept_row *row, bool *gone,
                           struct reason *why)
{
    enum result result = RESULT_OK;

    if (strcmp(bring->account, row->account) != 0)
        result = kept_forgotten(bring->work, row->account, &bring->gone_us, why);
    text_copy(bring->account, sizeof(bring->account), row->account);
    *gone = row->at_us <= bring->gone_us;
    return result;
}

static enum result entry_bring(struct bring *bring, struct keep_entry *entry,
                               struct reason *why)
{
    struct kept_row *row = &entry->row;
    bool gone = false;
    enum result result = total_of(bring, row->model, why);

    if (result == RESULT_OK && entry->lost) {
        bring->total.lost += row->rows;
        return result;
    }
    if (result == RESULT_OK)
        result = is_gone(bring, row, &gone, why);
    if (result != RESULT_OK || gone)
        return result;
    if (!keep_part_seal(bring->box, &bring->sealing, KEEP_FOR_ROWS, row, entry->numbers,
                        entry->len, &bring->sealed))
        return reason_set(why, RESULT_NOMEM, "what is kept could not be sealed");
    result = kept_row_insert(bring->work, row, bring->sealed.data, bring->sealed.len, why);
    if (result != RESULT_OK)
        return result == RESULT_EXISTS ? RESULT_OK : result;
    bring->total.requests += row->first == 0;
    bring->total.rows += row->rows;
    bring->total.bytes += (int64_t)bring->sealed.len;
    return result;
}

static enum result damage_note(struct bring *bring, struct reason *why)
{
    enum result result = total_of(bring, "", why);

    bring->total.damaged++;
    return result;
}

/* A lot that is there as a whole; one that does not open is counted. */
static enum result lot_bring(struct bring *bring, const struct keep_lot *lot, bool *opened,
                             struct reason *why)
{
    const uint8_t *bytes = (const uint8_t *)bring->window.data, *at;
    struct keep_entry entry;
    enum result result;
    size_t left;

    result = lot->number < bring->number
                 ? RESULT_MALFORMED
                 : keep_lot_open(bring->box, bring->salt, bytes, lot, &bring->lot);
    *opened = result == RESULT_OK;
    if (result == RESULT_NOMEM)
        return reason_set(why, result, "no memory for what is kept");
    if (result != RESULT_OK)
        return damage_note(bring, why);
    bring->number = (int64_t)lot->number + 1;
    at = (const uint8_t *)bring->lot.data;
    left = bring->lot.len;
    while ((result = keep_entry_next(&at, &left, &entry)) == RESULT_OK)
        if ((result = entry_bring(bring, &entry, why)) != RESULT_OK)
            return result;
    return result == RESULT_MISSING ? RESULT_OK : damage_note(bring, why);
}

/*
 * Some lots of the window, from a place on, which is moved; *more says whether there are
 * others.  What is cut off stays where it is while somebody may be writing it.
 */
static enum result lots_bring(struct bring *bring, size_t *from, bool *more, struct reason *why)
{
    const uint8_t *bytes = (const uint8_t *)bring->window.data;
    size_t len = bring->window.len, begin = *from;
    bool at_end = bring->offset + (int64_t)(len - begin) >= bring->size, opened;
    enum keep_lot_state state = KEEP_LOT_WHOLE;
    enum result result = RESULT_OK;
    size_t most = bring->home->role == DB_WORKER ? BATCH_BYTES : BATCH_CLI_BYTES;
    struct keep_lot lot;
    bool passing = false; /* bytes behind a lot that is cut off, or that was counted */

    while (result == RESULT_OK && *from - begin < most) {
        state = keep_lot_find(bytes, len, *from, &lot);
        if (lot.begin > *from && !passing && state != KEEP_LOT_CUT)
            result = damage_note(bring, why);
        if (state == KEEP_LOT_WHOLE && result == RESULT_OK) {
            result = lot_bring(bring, &lot, &opened, why);
            *from = opened ? lot.end : lot.begin + 1;
            passing = !opened;
        } else if (state == KEEP_LOT_CUT && at_end && bring->dead) {
            passing = true;
            *from = lot.begin + 1; /* a lot that says too great a length hides what follows */
        } else {
            *from = state == KEEP_LOT_NONE ? len : lot.begin;
            break;
        }
    }
    *more = result == RESULT_OK && state == KEEP_LOT_WHOLE && *from < len;
    if (state == KEEP_LOT_CUT && at_end && bring->dead)
        *more = *from < len;
    return result;
}

/* One transaction: some lots, and how far the file is read then. */
static enum result batch_bring(struct bring *bring, size_t *from, bool *more,
                               struct reason *why)
{
    int64_t offset = bring->offset, number = bring->number;
    size_t before = *from;
    enum result result = db_begin(bring->work, why);

    memset(&bring->sealing, 0, sizeof(bring->sealing));
    memset(&bring->total, 0, sizeof(bring->total));
    bring->account[0] = bring->model[0] = '\0';
    bring->gone_us = INT64_MIN;
    if (result != RESULT_OK)
        return result;
    result = lots_bring(bring, from, more, why);
    bring->offset += (int64_t)(*from - before);
    if (result == RESULT_OK)
        result = total_flush(bring, why);
    if (result == RESULT_OK)
        result = kept_file_set(bring->work, bring->name, bring->offset, bring->number, why);
    if (result == RESULT_OK)
        result = db_commit(bring->work, why);
    else
        db_rollback(bring->work);
    if (result != RESULT_OK) {
        bring->offset = offset;
        bring->number = number;
    }
    bring->left -= (int64_t)(*from - before);
    return result;
}

/* The bytes from the offset on, as many as are looked at at once. */
static enum result window_read(struct bring *bring, struct reason *why)
{
    int64_t want = bring->size - bring->offset;
    ssize_t got;
    char *room;

    buf_clear(&bring->window, WINDOW_BYTES);
    want = want < WINDOW_BYTES ? want : WINDOW_BYTES;
    room = buf_reserve(&bring->window, (size_t)want);
    if (room == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for what is kept");
    got = pread(bring->fd, room, (size_t)want, (off_t)bring->offset);
    if (got < 0)
        return reason_errno(why, KEEP_DIRECTORY "/%s", bring->name);
    buf_advance(&bring->window, (size_t)got);
    return RESULT_OK;
}

/* Brings in what is there of the file, as far as that is to be done now. */
static enum result bytes_bring(struct bring *bring, struct reason *why)
{
    enum result result = RESULT_OK;
    int64_t before = -1;
    bool more;
    size_t from;

    while (result == RESULT_OK && bring->offset < bring->size && bring->offset != before &&
           bring->left > 0) {
        before = bring->offset;
        result = window_read(bring, why);
        from = 0;
        more = bring->window.len > 0;
        while (result == RESULT_OK && more && bring->left > 0)
            result = batch_bring(bring, &from, &more, why);
    }
    return result;
}

/*
 * The file of a dead process, of which nothing is left to bring in.  It has to be gone for good
 * before it is forgotten how far it was read.
 */
static enum result file_end(struct bring *bring, const char *path, struct reason *why)
{
    enum result result;

    if (unlink(path) != 0 && errno != ENOENT)
        return reason_errno(why, "%s", path);
    result = file_sync_parent(path, why);
    if (result != RESULT_OK)
        return result;
    return kept_file_forget(bring->work, bring->name, why);
}

static enum result file_bring(struct bring *bring, const char *name, struct reason *why)
{
    char path[KEEP_PATH_MAX];
    enum result result;
    struct stat st;

    keep_lot_path(bring->salt, path);
    bring->name = name;
    bring->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (bring->fd < 0)
        return errno == ENOENT ? RESULT_OK : reason_errno(why, "%s", path);
    bring->dead = flock(bring->fd, LOCK_EX | LOCK_NB) == 0;
    if (fstat(bring->fd, &st) != 0)
        result = reason_errno(why, "%s", path);
    else
        result = kept_file_get(bring->work, name, &bring->offset, &bring->number, why);
    bring->size = st.st_size;
    if (result == RESULT_OK)
        result = bytes_bring(bring, why);
    if (result == RESULT_OK && bring->dead && bring->offset >= bring->size)
        result = file_end(bring, path, why);
    close(bring->fd);
    return result;
}

/* All files, one after the other; a file that cannot be read keeps nobody from the others. */
static enum result files_bring(struct bring *bring, struct reason *why)
{
    DIR *directory = opendir(KEEP_DIRECTORY);
    enum result result = RESULT_OK, one;
    const struct dirent *entry;

    if (directory == NULL)
        return errno == ENOENT ? RESULT_OK : reason_errno(why, KEEP_DIRECTORY);
    while (bring->left > 0 && (entry = readdir(directory)) != NULL) {
        if (!keep_lot_salt(entry->d_name, bring->salt))
            continue;
        one = file_bring(bring, entry->d_name, why);
        if (result == RESULT_OK)
            result = one;
        if (one == RESULT_BUSY || one == RESULT_FULL || one == RESULT_READONLY)
            break;
    }
    closedir(directory);
    return result;
}

enum result keep_bring_waiting(struct home *home, int64_t *left, int wait_ms,
                               struct reason *why)
{
    struct bring bring = {.home = home, .left = *left};
    enum result result;
    int lock = open(KEEP_DIRECTORY "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (lock < 0) /* nothing was ever kept */
        return errno == ENOENT ? RESULT_OK : reason_errno(why, KEEP_DIRECTORY "/lock");
    result = file_lock(lock, wait_ms, "what is kept", why);
    if (result == RESULT_OK)
        result = home_work(home, &bring.work, why);
    if (result == RESULT_OK)
        result = keep_box_new(home, &bring.box, why);
    if (result == RESULT_OK)
        result = files_bring(&bring, why);
    *left = bring.left;
    keep_box_free(bring.box);
    buf_free(&bring.window);
    buf_free(&bring.lot);
    buf_free(&bring.sealed);
    close(lock);
    return result;
}

enum result keep_bring_most(struct home *home, int64_t *left, struct reason *why)
{
    return keep_bring_waiting(home, left,
                              home->role == DB_WORKER ? WORKER_WAIT_MS : CLI_WAIT_MS, why);
}

enum result keep_bring(struct home *home, int64_t most, struct reason *why)
{
    int64_t left = most > 0 ? most : INT64_MAX;

    return keep_bring_most(home, &left, why);
}
