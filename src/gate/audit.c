/*
 * audit.c: the audit trail: who changed what, from where and when.
 *
 * What holds always: the rows are numbered 1, 2, ... in the order of their commits, since
 * each is added under the database's write lock; and audit.head names a row that is
 * committed and synced, since it is looked up in the database before its number is written.
 * So after a kill at any instant the head may be behind, which is no fault, and never ahead.
 */
#include "gate/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

_Static_assert((int)SECRET_MAC_BYTES == (int)AUDIT_MAC_BYTES, "a row keeps a whole digest");
_Static_assert(sizeof(((struct actor *)0)->name) == AUDIT_ACTOR_MAX + 1, "an actor fits");
_Static_assert(sizeof(((struct actor *)0)->request_id) == AUDIT_REQUEST_ID_MAX + 1,
               "a request id fits");

enum {
    HEAD_MAGIC = 8,
    HEAD_NUMBER = 8,
    HEAD_BYTES = HEAD_MAGIC + HEAD_NUMBER + 2 * SECRET_MAC_BYTES,
    HEAD_WAIT_MS = 250, /* for its lock, which is held for a few reads and a write */
};

/* The labels keep digests under one key apart: none is of two kinds. */
static const char key_label[] = "forestgate audit trail: key 1";
static const char row_label[] = "forestgate audit trail: row 1";
static const char head_label[] = "forestgate audit trail: head 1";
static const char head_magic[HEAD_MAGIC] = {'f', 'g', 'a', 'u', 'd', 'i', 't', '1'};

/* The last row that was known to be committed; number 0 and zeros for none. */
struct head {
    int64_t seq;
    uint8_t mac[SECRET_MAC_BYTES];
};

enum result audit_mac_new(struct secret_mac *key_mac, struct secret_mac **out,
                          struct reason *why)
{
    return secret_mac_derive(key_mac, key_label, sizeof(key_label), out, why);
}

/* ---- the digest of a row ---- */

static void put_number(struct buf *out, int64_t number)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    buf_put(out, bytes, sizeof(bytes));
}

/* With its length before it, so that no two rows give the same bytes. */
static void put_text(struct buf *out, const char *text)
{
    size_t len = strlen(text);

    put_number(out, (int64_t)len);
    buf_put(out, text, len);
}

/* What a row's digest has to be behind a row of the digest `before`.  room is used. */
static enum result row_digest(struct secret_mac *mac, const uint8_t before[SECRET_MAC_BYTES],
                              const struct audit_row *row, struct buf *room,
                              uint8_t out[SECRET_MAC_BYTES])
{
    const char *const texts[] = {row->actor,  row->address, row->request_id, row->action,
                                 row->target, row->before,  row->after};

    buf_clear(room, SIZE_MAX);
    buf_put(room, row_label, sizeof(row_label));
    buf_put(room, before, SECRET_MAC_BYTES);
    put_number(room, row->seq);
    put_number(room, row->at_us);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        put_text(room, texts[i]);
    if (buf_failed(room))
        return RESULT_NOMEM;
    return secret_mac_digest(mac, room->data, room->len, out);
}

/* ---- adding ---- */

static enum result row_fill(const struct home *home, const struct audit_note *note,
                            struct audit_row *row, struct reason *why)
{
    const char *actor = home->actor.name[0] != '\0' ? home->actor.name : "unknown";
    int len;

    row->at_us = clock_wall_us();
    text_copy(row->actor, sizeof(row->actor), actor);
    text_copy(row->address, sizeof(row->address), home->actor.address);
    text_copy(row->request_id, sizeof(row->request_id), home->actor.request_id);
    len =
        snprintf(row->target, sizeof(row->target), "%s:%s", note->target_kind, note->target_id);
    if (len < 0 || (size_t)len >= sizeof(row->target) ||
        !text_copy(row->action, sizeof(row->action), note->action) ||
        !text_copy(row->before, sizeof(row->before),
                   note->before != NULL ? note->before : "{}") ||
        !text_copy(row->after, sizeof(row->after), note->after != NULL ? note->after : "{}"))
        return reason_set(why, RESULT_TOO_BIG, "%s: it is too long for the audit trail",
                          note->action);
    return RESULT_OK;
}

enum result audit_add(struct home *home, const struct audit_note *note, struct reason *why)
{
    struct audit_row last, row = {.seq = 0};
    struct buf room = {0};
    enum result result;

    if (!db_is_lasting(home->db))
        return reason_set(why, RESULT_FAILED, "%s: its transaction may be lost", note->action);
    result = audit_row_last(home->db, &last, why);
    if (result == RESULT_MISSING) /* and last is all zeros */
        result = RESULT_OK;
    if (result == RESULT_OK && last.seq == INT64_MAX)
        result = reason_set(why, RESULT_FULL, "somebody has used up the audit trail's numbers");
    if (result == RESULT_OK)
        result = row_fill(home, note, &row, why);
    if (result != RESULT_OK)
        return result;
    row.seq = last.seq + 1;
    if (row_digest(home->audit_mac, last.mac, &row, &room, row.mac) != RESULT_OK)
        result = reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
    else
        result = audit_row_insert(home->db, &row, why);
    if (result == RESULT_OK) {
        home->audited.seq = row.seq;
        memcpy(home->audited.mac, row.mac, sizeof(row.mac));
    }
    buf_free(&room);
    return result;
}

/* ---- audit.head ---- */

/* Opens and locks it; -1 with the result. */
static int head_open(int flags, enum result *result, struct reason *why)
{
    int fd = open(HOME_AUDIT_HEAD, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        *result = reason_errno(why, HOME_AUDIT_HEAD);
        return -1;
    }
    *result = file_lock(fd, HEAD_WAIT_MS, HOME_AUDIT_HEAD, why);
    if (*result == RESULT_OK)
        return fd;
    close(fd);
    return -1;
}

static void head_encode(const struct head *head, uint8_t out[HEAD_BYTES])
{
    memcpy(out, head_magic, HEAD_MAGIC);
    for (int i = 0; i < HEAD_NUMBER; i++)
        out[HEAD_MAGIC + i] = (uint8_t)((uint64_t)head->seq >> (56 - 8 * i));
    memcpy(out + HEAD_MAGIC + HEAD_NUMBER, head->mac, SECRET_MAC_BYTES);
}

/* Its last bytes prove the others: who reads the database alone could else write one. */
static enum result head_prove(struct secret_mac *mac, const uint8_t bytes[HEAD_BYTES],
                              uint8_t out[SECRET_MAC_BYTES])
{
    uint8_t text[sizeof(head_label) + HEAD_BYTES - SECRET_MAC_BYTES];

    memcpy(text, head_label, sizeof(head_label));
    memcpy(text + sizeof(head_label), bytes, HEAD_BYTES - SECRET_MAC_BYTES);
    return secret_mac_digest(mac, text, sizeof(text), out);
}

/* RESULT_MALFORMED if it is not as this home has written it. */
static enum result head_read(int fd, struct secret_mac *mac, struct head *head,
                             struct reason *why)
{
    uint8_t bytes[HEAD_BYTES + 1], proof[SECRET_MAC_BYTES];
    const uint8_t *number = bytes + HEAD_MAGIC;
    uint64_t seq = 0;
    ssize_t got = pread(fd, bytes, sizeof(bytes), 0);

    memset(head, 0, sizeof(*head));
    if (got < 0)
        return reason_errno(why, HOME_AUDIT_HEAD);
    if (got == HEAD_BYTES && head_prove(mac, bytes, proof) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
    if (got != HEAD_BYTES ||
        !secret_equal(proof, bytes + HEAD_BYTES - SECRET_MAC_BYTES, SECRET_MAC_BYTES))
        return reason_set(why, RESULT_MALFORMED,
                          HOME_AUDIT_HEAD " is not as this home has written it");
    for (int i = 0; i < HEAD_NUMBER; i++)
        seq = seq << 8 | number[i];
    head->seq = (int64_t)seq;
    memcpy(head->mac, number + HEAD_NUMBER, SECRET_MAC_BYTES);
    return RESULT_OK;
}

static enum result head_bytes(struct secret_mac *mac, const struct head *head,
                              uint8_t out[HEAD_BYTES], struct reason *why)
{
    head_encode(head, out);
    if (head_prove(mac, out, out + HEAD_BYTES - SECRET_MAC_BYTES) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
    return RESULT_OK;
}

/* In one write of less than a page, so that a kill leaves the old or the new one. */
static enum result head_write(int fd, struct secret_mac *mac, const struct head *head,
                              struct reason *why)
{
    uint8_t bytes[HEAD_BYTES];
    enum result result = head_bytes(mac, head, bytes, why);
    ssize_t put;

    if (result != RESULT_OK)
        return result;
    put = pwrite(fd, bytes, sizeof(bytes), 0);
    if (put < 0)
        return reason_errno(why, HOME_AUDIT_HEAD);
    if (put != (ssize_t)sizeof(bytes) || ftruncate(fd, sizeof(bytes)) != 0)
        return reason_set(why, RESULT_IO, HOME_AUDIT_HEAD " was not written whole");
    return RESULT_OK;
}

/* Whether the database has, committed, the row that a head names. */
static enum result head_is_there(struct home *home, const struct head *head, struct reason *why)
{
    struct audit_row row;
    enum result result;

    if (head->seq == 0)
        return RESULT_OK;
    result = audit_row_get(home->db, head->seq, &row, why);
    if (result == RESULT_MISSING ||
        (result == RESULT_OK && !secret_equal(row.mac, head->mac, sizeof(row.mac))))
        result = reason_set(why, RESULT_MISSING,
                            "the audit trail has no such row %" PRId64
                            ": see forestgate audit check",
                            head->seq);
    return result;
}

/*
 * Only forward, and only from a row that is still there: else rows that were lost would be
 * forgotten as soon as as many others have been added.
 */
static enum result head_advance(struct home *home, const struct head *to, struct reason *why)
{
    enum result result;
    struct head now;
    int fd = head_open(O_RDWR, &result, why);

    if (fd < 0)
        return result;
    result = head_read(fd, home->audit_mac, &now, why);
    if (result == RESULT_OK && now.seq < to->seq) {
        result = head_is_there(home, &now, why);
        if (result == RESULT_OK)
            result = head_is_there(home, to, why);
        if (result == RESULT_OK)
            result = head_write(fd, home->audit_mac, to, why);
    }
    close(fd);
    return result;
}

void audit_settle(struct home *home)
{
    struct head to = {.seq = home->audited.seq};
    struct reason why;

    if (to.seq == 0)
        return;
    memcpy(to.mac, home->audited.mac, sizeof(to.mac));
    memset(&home->audited, 0, sizeof(home->audited));
    if (head_advance(home, &to, &why) != RESULT_OK)
        log_message(HOME_AUDIT_HEAD " stays behind: %s", why.text);
}

/* ---- making and accepting ---- */

enum result audit_mac_read(struct secret_mac **out, struct reason *why)
{
    struct secret_mac *key_mac = NULL;
    uint8_t secret[SECRET_BYTES];
    enum result result = secret_file_read(HOME_KEY_SECRET, secret, why);

    *out = NULL;
    if (result == RESULT_OK)
        result = secret_mac_new(secret, sizeof(secret), &key_mac, why);
    if (result == RESULT_OK)
        result = audit_mac_new(key_mac, out, why);
    secret_mac_free(key_mac);
    secret_wipe(secret, sizeof(secret));
    return result;
}

/* RESULT_EXISTS if the trail of the home that was entered has rows. */
static enum result trail_is_empty(struct reason *why)
{
    struct audit_row last;
    struct db *db = NULL;
    enum result result = db_open(HOME_DATABASE, DB_HOME, DB_CLI, &db, why);

    if (result == RESULT_OK)
        result = audit_row_last(db, &last, why);
    if (result == RESULT_OK)
        result = reason_set(why, RESULT_EXISTS,
                            HOME_AUDIT_HEAD
                            " is missing, which tells whether rows are missing at the end of "
                            "the audit trail: put it back from where the database came from, "
                            "or take the end as it is with: forestgate audit accept");
    db_close(db);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result audit_head_make(const char *path, struct reason *why)
{
    const struct head none = {.seq = 0};
    struct secret_mac *mac = NULL;
    uint8_t bytes[HEAD_BYTES];
    enum result result;

    if (access(path, F_OK) == 0)
        return RESULT_OK;
    result = trail_is_empty(why);
    if (result == RESULT_OK)
        result = audit_mac_read(&mac, why);
    if (result == RESULT_OK)
        result = head_bytes(mac, &none, bytes, why);
    if (result == RESULT_OK)
        result = file_write_atomic(path, bytes, sizeof(bytes), 0600, why);
    secret_mac_free(mac);
    return result;
}

/* What the head says now, as JSON; one that cannot be read is null. */
static void head_tell(const struct home *home, char *out, size_t size)
{
    enum result result = RESULT_MISSING;
    struct head head = {.seq = 0};
    int fd = head_open(O_RDONLY, &result, NULL);

    if (fd >= 0) {
        result = head_read(fd, home->audit_mac, &head, NULL);
        close(fd);
    }
    if (result == RESULT_OK)
        text_print(out, size, "{\"head\":%" PRId64 "}", head.seq);
    else
        text_print(out, size, "{\"head\":null}");
}

/* That the end was accepted is itself a row, so that nobody can do it unseen. */
static enum result accept_note(struct home *home, struct reason *why)
{
    char before[64], after[64], id[24];
    struct audit_row last;
    enum result result = audit_row_last(home->db, &last, why);

    if (result != RESULT_OK && result != RESULT_MISSING)
        return result;
    head_tell(home, before, sizeof(before));
    text_print(after, sizeof(after), "{\"head\":%" PRId64 "}", last.seq);
    text_print(id, sizeof(id), "%" PRId64, last.seq);
    return audit_add(home,
                     &(struct audit_note){.action = "audit.accept",
                                          .target_kind = "audit",
                                          .target_id = id,
                                          .before = before,
                                          .after = after},
                     why);
}

void audit_proof_write(struct json_writer *writer, const struct audit_proof *proof)
{
    json_write_object(writer);
    json_member_bool(writer, "proved", proof->problem[0] == '\0');
    json_member_i64(writer, "rows", proof->rows);
    json_member_i64(writer, "wrong", proof->wrong);
    json_member_i64(writer, "lost", proof->lost);
    json_member_string(writer, "problem", proof->problem[0] != '\0' ? proof->problem : NULL);
    json_write_object_end(writer);
}

enum result audit_accept(struct home *home, int64_t *seq, struct reason *why)
{
    enum result result = db_begin_lasting(home->db, why);
    struct head to;
    int fd;

    if (result != RESULT_OK)
        return result;
    result = accept_note(home, why);
    if (result == RESULT_OK)
        result = db_commit(home->db, why);
    else
        db_rollback(home->db);
    to.seq = *seq = home->audited.seq;
    memcpy(to.mac, home->audited.mac, sizeof(to.mac));
    memset(&home->audited, 0, sizeof(home->audited));
    if (result != RESULT_OK)
        return result;
    fd = head_open(O_RDWR | O_CREAT, &result, why);
    if (fd < 0)
        return result;
    result = head_write(fd, home->audit_mac, &to, why);
    if (result == RESULT_OK && fsync(fd) != 0)
        result = reason_errno(why, HOME_AUDIT_HEAD);
    close(fd);
    return result;
}

/* ---- proving ---- */

struct proving {
    struct secret_mac *mac;
    struct audit_proof *proof;
    struct head head; /* -1: there is none that can be believed */
    struct head last; /* the row before */
    struct buf room;
    enum result result; /* of the digests */
};

static bool wrong(struct proving *proving, const struct audit_row *row, const char *what)
{
    proving->proof->wrong = row->seq;
    text_print(proving->proof->problem, sizeof(proving->proof->problem), "row %" PRId64 " %s",
               row->seq, what);
    return false;
}

/* One that does not follow on the row before it, or on none. */
static bool gap(struct proving *proving, const struct audit_row *row)
{
    int64_t first = proving->last.seq + 1;

    proving->proof->wrong = row->seq;
    if (row->seq < first)
        return wrong(proving, row, "was put in: the trail begins with row 1");
    text_print(proving->proof->problem, sizeof(proving->proof->problem),
               "%" PRId64 " row%s missing before row %" PRId64, row->seq - first,
               row->seq - first == 1 ? " is" : "s are", row->seq);
    return false;
}

/* The rows fit together, but are not those that were there when audit.head was written. */
static void other_end(struct proving *proving, int64_t seq)
{
    struct audit_proof *proof = proving->proof;

    proof->lost = 1; /* or more: nobody knows where the ways part */
    text_print(proof->problem, sizeof(proof->problem),
               "rows were lost at the end, and others added since: row %" PRId64
               " is another one in " HOME_AUDIT_HEAD,
               seq);
}

static bool prove_row(void *arg, const struct audit_row *row)
{
    struct proving *proving = arg;
    uint8_t mac[SECRET_MAC_BYTES];

    if (row->seq != proving->last.seq + 1)
        return gap(proving, row);
    if (row->damaged)
        return wrong(proving, row, "has a value that no row can have");
    proving->result = row_digest(proving->mac, proving->last.mac, row, &proving->room, mac);
    if (proving->result != RESULT_OK)
        return false;
    if (!secret_equal(mac, row->mac, sizeof(mac)))
        return wrong(proving, row,
                     "is not as it was written here, or not behind the row that is before it");
    if (row->seq == proving->head.seq && !secret_equal(mac, proving->head.mac, sizeof(mac)))
        other_end(proving, row->seq);
    proving->last.seq = row->seq;
    memcpy(proving->last.mac, mac, sizeof(mac));
    proving->proof->rows++;
    return true;
}

/* After the walk over rows that are all right. */
static void prove_end(struct proving *proving)
{
    struct audit_proof *proof = proving->proof;

    if (proving->head.seq <= proving->last.seq)
        return;
    proof->lost = proving->head.seq - proving->last.seq;
    text_print(proof->problem, sizeof(proof->problem),
               "%" PRId64 " row%s missing at the end, behind row %" PRId64, proof->lost,
               proof->lost == 1 ? " is" : "s are", proving->last.seq);
}

/* The head is read first: what it names is committed by then, and in what is walked over. */
static enum result prove_head(struct home *home, struct proving *proving, struct reason *why)
{
    enum result result;
    int fd = head_open(O_RDONLY, &result, why);

    if (fd >= 0) {
        result = head_read(fd, home->audit_mac, &proving->head, why);
        close(fd);
    }
    if (result != RESULT_MISSING && result != RESULT_MALFORMED)
        return result;
    proving->head.seq = -1;
    text_copy(proving->proof->problem, sizeof(proving->proof->problem),
              result == RESULT_MISSING ? HOME_AUDIT_HEAD
                  " is missing: rows may be lost at the end"
                                       : HOME_AUDIT_HEAD
                  " is not as it was written here: rows may be lost at the end");
    return RESULT_OK;
}

enum result audit_prove(struct home *home, struct audit_proof *proof, struct reason *why)
{
    struct proving proving = {.mac = home->audit_mac, .proof = proof};
    enum result result;

    memset(proof, 0, sizeof(*proof));
    result = prove_head(home, &proving, why);
    if (result == RESULT_OK)
        result = audit_row_walk(home->db, prove_row, &proving, why);
    if (result == RESULT_OK && proving.result != RESULT_OK)
        result = reason_set(why, proving.result, "libcrypto could not make a digest");
    if (result == RESULT_OK && proof->problem[0] == '\0')
        prove_end(&proving);
    buf_free(&proving.room);
    return result;
}
