/*
 * registry.c: publishing models.  What becomes of their versions afterwards is in
 * registry_change.c, what a worker has of them in registry_worker.c.
 */
#include "gate/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/near.h"
#include "base/text.h"
#include "gate/image_file.h"
#include "gate/registry_audit.h"
#include "gate/registry_line.h"

bool registry_name_valid(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(name);

    return len >= 1 && len <= MODEL_NAME_MAX && strchr(first, name[0]) != NULL &&
           strspn(name, others) == len;
}

/* Looks for one name in the list of models, and keeps the list for the message. */
struct search {
    const char *name;
    struct model_row found;
    struct buf others;
    struct near near; /* the one that may have been meant */
};

static void search_row(void *arg, const struct model_row *row)
{
    struct search *search = arg;

    if (row->state != MODEL_SERVING && row->state != MODEL_WITHDRAWN)
        return;
    if (strcmp(row->name, search->name) == 0)
        search->found = *row;
    buf_printf(&search->others, "%s%s", search->others.len == 0 ? "" : ", ", row->name);
    near_try(&search->near, row->name);
}

static enum result find_row(struct home *home, const char *name, struct model_row *out,
                            struct reason *why)
{
    struct search search = {.name = name};
    enum result result;
    const char *meant;

    near_begin(&search.near, name);
    result = model_row_list(home->db, search_row, &search, why);
    meant = near_word(&search.near);
    if (result == RESULT_OK && search.found.version == 0 && meant != NULL)
        result =
            reason_set(why, RESULT_INVALID,
                       "no model \"%.80s\" is published; did you mean \"%s\"?", name, meant);
    else if (result == RESULT_OK && search.found.version == 0)
        result = reason_set(why, RESULT_INVALID, "no model \"%.80s\" is published; there %s %s",
                            name, search.others.len == 0 ? "is" : "are:",
                            search.others.len == 0 ? "none" : search.others.data);
    *out = search.found;
    buf_free(&search.others);
    return result;
}

enum result registry_has(struct home *home, const char *name, struct reason *why)
{
    struct model_row row;

    return find_row(home, name, &row, why);
}

enum result registry_open_image(struct home *home, const char *name, struct model_row *row,
                                struct image **out, struct reason *why)
{
    enum result result = find_row(home, name, row, why);

    *out = NULL;
    if (result == RESULT_OK)
        result = image_file_open(row, out, why);
    return result;
}

/* Looks for one version of a model. */
struct version_search {
    const char *name;
    int64_t version;
    struct model_row found;
};

static void search_version(void *arg, const struct model_row *row)
{
    struct version_search *search = arg;

    if (row->version == search->version && strcmp(row->name, search->name) == 0)
        search->found = *row;
}

enum result registry_version_get(struct home *home, const char *name, int64_t version,
                                 struct model_row *row, struct reason *why)
{
    struct version_search search = {.name = name, .version = version};
    enum result result;

    if (version == 0)
        return find_row(home, name, row, why);
    result = model_version_list(home->db, search_version, &search, why);
    if (result == RESULT_OK && search.found.version == 0)
        result =
            reason_set(why, RESULT_INVALID, "%s has no version %lld", name, (long long)version);
    *row = search.found;
    return result;
}

enum result registry_open_version(struct home *home, const char *name, int64_t version,
                                  struct model_row *row, struct image **out, struct reason *why)
{
    enum result result = registry_has(home, name, why);

    *out = NULL;
    if (result == RESULT_OK)
        result = registry_version_get(home, name, version, row, why);
    if (result == RESULT_OK)
        result = image_file_open(row, out, why);
    return result;
}

/* Copies an image into the home under a temporary name, and proves the copy. */
static enum result take_in(const struct line *line, const char *incoming, int file,
                           const char *file_name, const struct registry_place *place,
                           struct model_row *row, struct reason *why)
{
    struct image *image = NULL;
    enum result result;
    struct stat st;

    if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode))
        return reason_set(why, RESULT_INVALID, "%s: not a regular file", file_name);
    result = file_copy_atomic(file, incoming, 0400, why);
    if (result != RESULT_OK)
        return result;
    result = image_open(incoming, &image, why);
    if (result != RESULT_OK) { /* the reason speaks of the copy; say it of the file */
        size_t prefix = strlen(incoming);
        struct reason told = *why;
        bool named = strncmp(told.text, incoming, prefix) == 0;

        return reason_set(why, result, "%s%s", file_name,
                          named ? told.text + prefix : told.text);
    }
    text_copy(row->sha256, sizeof(row->sha256), image_sha256_hex(image));
    result = line_fits(line, image, place, why);
    image_close(image);
    return result;
}

/*
 * Moved, or where a worker's fence lets nothing be moved to another directory, copied: see
 * FENCE_MOVES.
 */
static enum result put_in_place(const char *incoming, const char *path, struct reason *why)
{
    enum result result;
    int fd;

    if (rename(incoming, path) == 0)
        return RESULT_OK;
    if (errno != EXDEV)
        return reason_errno(why, "%s", path);
    fd = open(incoming, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return reason_errno(why, "%s", path);
    result = file_copy_atomic(fd, path, 0400, why);
    close(fd);
    unlink(incoming);
    return result;
}

/* In the transaction: gives the copy its number, its name and its place. */
static enum result give_version(struct home *home, const struct line *line,
                                const char *incoming, const struct registry_place *place,
                                struct registry_done *done, struct reason *why)
{
    char path[IMAGE_FILE_MAX];
    enum result result;

    result = model_row_add(home->db, &done->row, why);
    if (result != RESULT_OK)
        return result;
    image_file_path(&done->row, path);
    result = put_in_place(incoming, path, why);
    if (result == RESULT_OK)
        result = file_sync_parent(path, why);
    if (result == RESULT_OK)
        result = line_place(home, line, done->row.version, place, done, why);
    if (result == RESULT_OK)
        result = registry_audit_places(home, "model.publish", line, done->row.version, why);
    return result;
}

/* What a publication that failed may have left. */
static void clear_away(const char *directory, const char *incoming, const struct model_row *row)
{
    char path[IMAGE_FILE_MAX];

    unlink(incoming);
    if (row->version != 0) {
        image_file_path(row, path);
        unlink(path);
    }
    rmdir(directory); /* refused unless it is empty */
}

/* Removes the copies of those who were killed at it: under the lock none is at work. */
static void sweep_incoming(void)
{
    static const char begin[] = "incoming.";
    char path[IMAGE_FILE_MAX + NAME_MAX + 1];
    const struct dirent *entry;
    DIR *dir = opendir(IMAGE_INCOMING);

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, begin, sizeof(begin) - 1) != 0)
            continue;
        snprintf(path, sizeof(path), IMAGE_INCOMING "/%s", entry->d_name);
        unlink(path);
    }
    closedir(dir);
}

/* Under the lock of all publications: a number that is given back is nobody else's yet. */
static enum result publish(struct home *home, const struct line *line, int file,
                           const char *file_name, const struct registry_place *place,
                           struct registry_done *done, struct reason *why)
{
    char directory[IMAGE_FILE_MAX], incoming[IMAGE_FILE_MAX + 32];
    enum result result;

    image_file_directory(line->name, directory);
    snprintf(incoming, sizeof(incoming), IMAGE_INCOMING "/incoming.%d", (int)getpid());
    result = file_make_dir(directory, 0700, why);
    if (result == RESULT_OK)
        result = file_make_dir(IMAGE_INCOMING, 0700, why);
    sweep_incoming();
    if (result == RESULT_OK)
        result = take_in(line, incoming, file, file_name, place, &done->row, why);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result == RESULT_OK)
        result =
            home_change_end(home, give_version(home, line, incoming, place, done, why), why);
    if (result != RESULT_OK)
        clear_away(directory, incoming, &done->row);
    return result;
}

enum result registry_publish(struct home *home, const char *name, int file,
                             const char *file_name, const struct registry_place *place,
                             struct registry_done *done, struct reason *why)
{
    struct line line = {0};
    enum result result;
    int lock;

    memset(done, 0, sizeof(*done));
    if (!registry_name_valid(name))
        return reason_set(why, RESULT_INVALID,
                          "\"%.80s\" cannot be a model's name: 1 to %d of a-z 0-9 . _ - and no "
                          "sign first",
                          name, MODEL_NAME_MAX);
    text_copy(done->row.name, sizeof(done->row.name), name);
    done->row.published_at = clock_wall_s();
    result = home_lock(home->role, &lock, why);
    if (result != RESULT_OK)
        return result;
    result = line_read(home, name, &line, why);
    if (result == RESULT_OK)
        result = publish(home, &line, file, file_name, place, done, why);
    line_free(&line);
    home_unlock(lock);
    return result;
}
