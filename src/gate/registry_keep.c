/*
 * registry_keep.c: how much is kept of what a model is asked.
 *
 * The setting is the model's and not a version's: it stays when another version comes to serve.
 * Workers have it from the commit on.
 */
#include "gate/audit_change.h"
#include "gate/image_file.h"
#include "gate/registry.h"

/* A text cannot be told from the words that the model has found in it: see keeper_begin(). */
static enum result image_check(const struct model_row *row, struct reason *why)
{
    struct image *image = NULL;
    enum result result = image_file_serve(row, &image, why);

    if (result == RESULT_OK && image_text(image) != NULL)
        result = reason_set(why, RESULT_INVALID,
                            "%s takes texts, and texts are not kept; allowed: a model that "
                            "takes features",
                            row->name);
    image_close(image);
    return result;
}

static enum result keep_write(struct home *home, const char *name, int64_t share, int64_t days,
                              struct model_row *row, struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_CHANGED);
    struct model_row before;
    enum result result = registry_version_get(home, name, 0, &before, why);

    *row = before;
    row->keep_share = share;
    row->keep_days = days > 0 ? days : before.keep_days;
    if (result == RESULT_OK)
        result = model_keep_set(home->db, name, row->keep_share, row->keep_days, why);
    if (result != RESULT_OK)
        return result;
    audit_change_number(&change, "keep_share", before.keep_share, row->keep_share);
    audit_change_number(&change, "keep_days", before.keep_days, row->keep_days);
    return audit_change_add(home, &change, "model.keep", "model", name, why);
}

enum result registry_keep_set(struct home *home, const char *name, int64_t share, int64_t days,
                              struct model_row *row, struct reason *why)
{
    struct model_row before;
    enum result result = registry_version_get(home, name, 0, &before, why);

    if (result == RESULT_OK && share > 0)
        result = image_check(&before, why);
    *row = before;
    if (result == RESULT_OK && share == before.keep_share &&
        (days == 0 || days == before.keep_days))
        return RESULT_OK; /* a change that changes nothing troubles nobody */
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    return home_change_end(home, keep_write(home, name, share, days, row, why), why);
}
