/*
 * registry_audit.c: the rows of the audit trail that tell of models.
 */
#include "gate/registry_audit.h"

#include "gate/audit_change.h"

static const char *state_of(const struct model_row *row)
{
    return row != NULL ? model_state_name(row->state) : NULL;
}

static void places_write(struct audit_change *change, const struct model_places *before,
                         const struct model_places *after)
{
    audit_change_number(change, "serving", before->serving, after->serving);
    audit_change_number(change, "canary", before->canary, after->canary);
    audit_change_number(change, "share", before->share, after->share);
    audit_change_truth(change, "by_key", before->by_key, after->by_key);
    audit_change_number(change, "shadow", before->shadow, after->shadow);
    audit_change_truth(change, "withdrawn", before->withdrawn, after->withdrawn);
}

enum result registry_audit_places(struct home *home, const char *action,
                                  const struct line *line, int64_t version, struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_CHANGED);
    const struct model_row *row;
    enum result result;
    struct line now;

    result = line_read(home, line->name, &now, why);
    if (result == RESULT_OK) {
        row = line_find(&now, version);
        audit_about_number(&change, "version", version);
        audit_about_text(&change, "sha256", row != NULL ? row->sha256 : NULL);
        audit_change_text(&change, "state", state_of(line_find(line, version)), state_of(row));
        places_write(&change, &line->places, &now.places);
        result = audit_change_add(home, &change, action, "model", line->name, why);
    }
    line_free(&now);
    return result;
}

enum result registry_audit_delete(struct home *home, const struct model_row *row,
                                  struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_GONE);

    audit_about_number(&change, "version", row->version);
    audit_about_text(&change, "sha256", row->sha256);
    audit_about_text(&change, "state", state_of(row));
    return audit_change_add(home, &change, "model.delete", "model", row->name, why);
}
