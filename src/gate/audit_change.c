/*
 * audit_change.c: what a change has changed, as the two JSON objects of a row of the trail.
 */
#include "gate/audit_change.h"

#include <string.h>

#include "base/text.h"
#include "gate/audit.h"

struct audit_change audit_change_of(enum audit_kind kind)
{
    return (struct audit_change){.kind = kind};
}

/* Begins a member of a side; the value follows. */
static struct json_writer member(struct audit_side *side, const char *name)
{
    struct json_writer writer = json_writer_on(&side->text);

    if (side->any)
        writer.comma = true;
    else
        json_write_object(&writer);
    side->any = true;
    json_write_key(&writer, name);
    return writer;
}

static void put_text(struct audit_side *side, const char *name, const char *text)
{
    struct json_writer writer = member(side, name);

    json_write_string(&writer, text);
}

static void put_number(struct audit_side *side, const char *name, int64_t number)
{
    struct json_writer writer = member(side, name);

    if (number == 0)
        json_write_null(&writer);
    else
        json_write_i64(&writer, number);
}

static void put_truth(struct audit_side *side, const char *name, bool truth)
{
    struct json_writer writer = member(side, name);

    json_write_bool(&writer, truth);
}

static bool texts_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void audit_change_text(struct audit_change *change, const char *name, const char *before,
                       const char *after)
{
    if (change->kind == AUDIT_CHANGED && texts_equal(before, after))
        return;
    if (change->kind != AUDIT_MADE)
        put_text(&change->before, name, before);
    if (change->kind != AUDIT_GONE)
        put_text(&change->after, name, after);
}

void audit_change_number(struct audit_change *change, const char *name, int64_t before,
                         int64_t after)
{
    if (change->kind == AUDIT_CHANGED && before == after)
        return;
    if (change->kind != AUDIT_MADE)
        put_number(&change->before, name, before);
    if (change->kind != AUDIT_GONE)
        put_number(&change->after, name, after);
}

void audit_change_truth(struct audit_change *change, const char *name, bool before, bool after)
{
    if (change->kind == AUDIT_CHANGED && before == after)
        return;
    if (change->kind != AUDIT_MADE)
        put_truth(&change->before, name, before);
    if (change->kind != AUDIT_GONE)
        put_truth(&change->after, name, after);
}

static struct audit_side *about(struct audit_change *change)
{
    return change->kind == AUDIT_GONE ? &change->before : &change->after;
}

void audit_about_text(struct audit_change *change, const char *name, const char *text)
{
    put_text(about(change), name, text);
}

void audit_about_number(struct audit_change *change, const char *name, int64_t number)
{
    put_number(about(change), name, number);
}

void audit_change_hidden(struct audit_change *change, const char *name, bool changed)
{
    char with[64];

    text_print(with, sizeof(with), "%s_changed", name);
    if (changed)
        put_truth(&change->after, with, true);
}

static const char *side_end(struct audit_side *side)
{
    if (!side->any)
        return NULL;
    buf_putc(&side->text, '}');
    return side->text.data;
}

enum result audit_change_add(struct home *home, struct audit_change *change, const char *action,
                             const char *target_kind, const char *target_id, struct reason *why)
{
    struct audit_note note = {.action = action,
                              .target_kind = target_kind,
                              .target_id = target_id,
                              .before = side_end(&change->before),
                              .after = side_end(&change->after)};
    enum result result;

    if (buf_failed(&change->before.text) || buf_failed(&change->after.text))
        result = reason_set(why, RESULT_NOMEM, "no memory for the audit trail");
    else
        result = audit_add(home, &note, why);
    audit_change_free(change);
    return result;
}

void audit_change_free(struct audit_change *change)
{
    buf_free(&change->before.text);
    buf_free(&change->after.text);
}
