/*
 * audit_help.h: what the tests of the audit trail share: a home with a trail, and an attacker
 * who has the database and sqlite3, and drops the triggers first, but not the secret of the
 * home.
 */
#ifndef TESTS_AUDIT_HELP_H
#define TESTS_AUDIT_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/file.h"
#include "fixture.h"
#include "gate/audit.h"
#include "gate/tier.h"

static struct home home;
static struct reason why;

static inline void done(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s", why.text);
}

/* ---- the attacker ---- */

static inline int sql_try(const char *text)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open(HOME_DATABASE, &db);

    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(db, 5000);
        code = sqlite3_exec(db, text, NULL, NULL, NULL);
    }
    sqlite3_close(db);
    return code;
}

static inline void sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void sql(const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (sql_try(text) != SQLITE_OK)
        fail_msg("%s", text);
}

static inline void keep(void)
{
    sql("DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete;"
        "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM audit");
}

static inline void put_back(void)
{
    sql("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept");
}

/* ---- the trail ---- */

static inline void tier_make(const char *name)
{
    struct tier_row row = {.limits = "5/60s", .price = TIER_PRICE_CALL};

    snprintf(row.name, sizeof(row.name), "%s", name);
    done(tier_set(&home, &row, &why));
}

/* One more row, of another kind of actor. */
static inline void more(void)
{
    static int count;
    char name[16];

    snprintf(name, sizeof(name), "t%d", ++count);
    tier_make(name);
}

static inline struct audit_proof prove(void)
{
    struct audit_proof proof;

    done(audit_prove(&home, &proof, &why));
    return proof;
}

static inline void assert_whole(int64_t rows)
{
    struct audit_proof proof = prove();

    if (proof.problem[0] != '\0' || proof.rows != rows || proof.wrong != 0 || proof.lost != 0)
        fail_msg("%s; rows %" PRId64, proof.problem, proof.rows);
}

static inline void assert_wrong(int64_t seq, const char *after)
{
    struct audit_proof proof = prove();

    if (proof.wrong != seq || proof.problem[0] == '\0')
        fail_msg("after %s: wrong is %" PRId64 " and not %" PRId64 ": %s", after, proof.wrong,
                 seq, proof.problem);
}

static inline void assert_lost(int64_t rows)
{
    struct audit_proof proof = prove();

    if (proof.lost != rows || proof.wrong != 0 || proof.problem[0] == '\0')
        fail_msg("lost is %" PRId64 " and not %" PRId64 ", wrong %" PRId64 ": %s", proof.lost,
                 rows, proof.wrong, proof.problem);
}

static inline struct audit_row last(void)
{
    struct audit_row row;

    done(audit_row_last(home.db, &row, &why));
    return row;
}

enum {
    ROWS = 4
};

static inline int setup_empty(void **state)
{
    (void)state;
    fixture_open(&home);
    return 0;
}

static inline int setup(void **state)
{
    setup_empty(state);
    strcpy(home.actor.name, "cli:anna");
    strcpy(home.actor.address, "192.0.2.7");
    strcpy(home.actor.request_id, "r-1");
    for (int i = 0; i < ROWS; i++)
        more();
    keep();
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    return 0;
}

#define FROM_EMPTY(name) cmocka_unit_test_setup_teardown(name, setup_empty, teardown)

#endif
