/*
 * large: an image of about a gigabyte, as a worker has it.
 *
 *   build/bench/large [megabytes]
 *
 * Makes a forest of deep trees of chance, packs and writes it, and says what that took;
 * then how soon after it is mapped the first row is answered, with the file in memory and
 * without; what a row takes; and what WORKERS processes have of it for themselves.
 */
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "forest/draft.h"
#include "forest/layout.h"
#include "forest/rng.h"
#include "forest/walk.h"
#include "gate/registry.h"

enum {
    FEATURES = 28,
    SAMPLES = 80000, /* that a tree was grown on, down to one in a leaf */
    TREE_KB = 3465,  /* what such a tree takes in an image, nearly */
    WORKERS = 4,
    ROWS = 2000,
    TRIES = 5
};

static uint32_t n_trees;

static double seconds_since(uint64_t began)
{
    return (double)(clock_mono_ns() - began) / 1e9;
}

static double uniform(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

static void fail(const char *what, const struct reason *why)
{
    fprintf(stderr, "large: %s: %s\n", what, why != NULL ? why->text : "failed");
    exit(1);
}

static void *must(void *memory)
{
    if (memory == NULL)
        fail("memory", NULL);
    return memory;
}

/* A node whose turn will come: how many samples it has, and whose right child it is. */
struct turn {
    uint32_t samples, parent;
};

/* A tree in the order in which the libraries number it: the left part before the right. */
static void make_tree(struct draft_tree *tree, struct rng *rng)
{
    struct turn *stack = must(malloc(SAMPLES * sizeof(*stack))), turn = {SAMPLES, 0};
    uint32_t height = 0;

    tree->width = 1;
    tree->nodes = must(calloc(2 * SAMPLES, sizeof(*tree->nodes)));
    tree->leaves = must(calloc(SAMPLES, sizeof(*tree->leaves)));
    stack[height++] = turn;
    while (height != 0) {
        const uint32_t at = tree->n_nodes++;
        struct draft_node *node = &tree->nodes[at];

        turn = stack[--height];
        if (turn.parent != 0)
            tree->nodes[turn.parent - 1].right = at;
        node->cover = turn.samples;
        node->id = at;
        if (turn.samples == 1) {
            node->leaf = tree->n_leaves++;
            tree->leaves[node->leaf] = (double)(float)uniform(rng);
            continue;
        }
        const uint32_t left = 1 + (uint32_t)rng_below(rng, turn.samples - 1);

        node->column = (uint32_t)rng_below(rng, FEATURES);
        node->threshold = (double)((float)left / (float)turn.samples);
        node->left = at + 1;
        stack[height++] = (struct turn){turn.samples - left, at + 1};
        stack[height++] = (struct turn){left, 0};
    }
    free(stack);
}

static void make_draft(struct draft *draft)
{
    struct rng rng = {1};
    char name[16];
    uint32_t i;

    draft->spec = (struct spec){.task = SPEC_REGRESS,
                                .compare = SPEC_COMPARE_F32,
                                .sum = SPEC_SUM_F32,
                                .fold = SPEC_FOLD_SUM,
                                .transform = SPEC_IDENTITY,
                                .label = SPEC_LABEL_ARGMAX,
                                .category = SPEC_CATEGORY_SIGN,
                                .n_outputs = 1,
                                .divisor = 1,
                                .parameter = 1};
    draft->facts.source = "large";
    draft->n_features = FEATURES;
    draft->features = must(calloc(FEATURES, sizeof(*draft->features)));
    for (i = 0; i < FEATURES; i++) {
        snprintf(name, sizeof(name), "f%u", (unsigned)i);
        draft->features[i].name = must(strdup(name));
        draft->features[i].type = IMAGE_REAL;
        draft->features[i].max = 1;
    }
    if (draft_columns_make(draft) != RESULT_OK)
        fail("columns", NULL);
    draft->n_targets = 1;
    draft->targets = must(calloc(1, sizeof(*draft->targets)));
    draft->base = must(calloc(1, sizeof(*draft->base)));
    draft->n_trees = n_trees;
    draft->trees = must(calloc(n_trees, sizeof(*draft->trees)));
    for (i = 0; i < n_trees; i++)
        make_tree(&draft->trees[i], &rng);
}

/* ---- what a worker does ---- */

/* Sums a field of the mapping that begins at an address, in kB; -1 if it is not there. */
static long mapping_kb(const void *begin, const char *field)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    unsigned long from;
    char line[512], dash;
    long found = -1, kb;
    bool inside = false;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%lx%c", &from, &dash) == 2 && dash == '-')
            inside = from == (unsigned long)(uintptr_t)begin;
        else if (inside && strncmp(line, field, strlen(field)) == 0 &&
                 sscanf(line + strlen(field), ": %ld", &kb) == 1)
            found = kb;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

static void open_home(struct home *home)
{
    struct reason why = {""};

    if (home_load_config(home, environ, &why) != RESULT_OK ||
        home_open(home, DB_CLI, &why) != RESULT_OK)
        fail("home", &why);
}

static const struct image *serve(struct home *home, double *opening)
{
    struct registry *registry;
    struct reason why = {""};
    uint64_t began;

    open_home(home);
    began = clock_mono_ns();
    if (registry_new(home, &registry, &why) != RESULT_OK ||
        registry_refresh(registry, &why) != RESULT_OK)
        fail("registry", &why);
    *opening = seconds_since(began);
    if (registry_count(registry) != 1 || registry_at(registry, 0)->image == NULL)
        fail("no image", NULL);
    return registry_at(registry, 0)->image;
}

static void make_rows(double *rows, uint64_t seed)
{
    struct rng rng = {seed};
    uint32_t i;

    for (i = 0; i < ROWS * FEATURES; i++)
        rows[i] = (double)(float)uniform(&rng);
}

/* Microseconds a row, one by one. */
static double walk_rows(const struct image *image, const double *rows, double *sum)
{
    const uint64_t began = clock_mono_ns();
    double out;
    uint32_t i;

    for (i = 0; i < ROWS; i++) {
        walk_predict(image, rows + (size_t)i * FEATURES, 1, &out);
        *sum += out;
    }
    return seconds_since(began) * 1e6 / ROWS;
}

/* One worker: opens, answers one row, then many. */
static void work(const char *name)
{
    static double rows[ROWS * FEATURES];
    struct home home = {0};
    double opening, first, out = 0, sum = 0, once, again, best = INFINITY;
    const struct image *image;
    uint64_t began;
    int i;

    make_rows(rows, 2);
    image = serve(&home, &opening);
    began = clock_mono_ns();
    walk_predict(image, rows, 1, &out);
    first = seconds_since(began);
    once = walk_rows(image, rows, &sum);
    for (i = 0; i < TRIES; i++) {
        make_rows(rows, 4 + (uint64_t)i);
        again = walk_rows(image, rows, &sum);
        best = again < best ? again : best;
    }
    printf("%s: list read and image mapped in %.2f ms, first row %.2f ms after (%.6f);\n"
           "  %.1f us a row for the first %d, %.1f us then; huge pages %ld of %ld MB\n",
           name, opening * 1e3, first * 1e3, out, once, ROWS, best,
           mapping_kb(image->bytes, "FilePmdMapped") / 1024,
           mapping_kb(image->bytes, "Rss") / 1024);
}

static void in_a_child(void (*what)(const char *), const char *name)
{
    int status;
    pid_t pid;

    fflush(stdout);
    if ((pid = fork()) == 0) {
        what(name);
        fflush(stdout);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        fail(name, NULL);
}

/* The pipes between the workers and who started them. */
struct gates {
    int ready[2], look[2], end[2];
};

/* Takes n bytes from a pipe, or its end. */
static void await(int fd, int n)
{
    char byte;

    while (n-- > 0 && read(fd, &byte, 1) == 1)
        ;
}

static void tell(int fd, int n)
{
    while (n-- > 0)
        if (write(fd, "", 1) != 1)
            fail("pipe", NULL);
}

static void share_one(const struct gates *gates)
{
    static double rows[ROWS * FEATURES];
    struct home home = {0};
    double opening, sum = 0;
    const struct image *image = serve(&home, &opening);

    close(gates->end[1]);
    make_rows(rows, 2);
    walk_rows(image, rows, &sum);
    tell(gates->ready[1], 1);
    await(gates->look[0], 1);
    printf("worker: Rss %ld kB, Pss %ld kB, its own %ld kB\n", mapping_kb(image->bytes, "Rss"),
           mapping_kb(image->bytes, "Pss"),
           mapping_kb(image->bytes, "Private_Dirty") +
               mapping_kb(image->bytes, "Private_Clean"));
    fflush(stdout);
    tell(gates->ready[1], 1);
    await(gates->end[0], 1);
    _exit(0);
}

/* What each worker has of the image, while all have it. */
static void share(void)
{
    struct gates gates;
    int i;

    if (pipe(gates.ready) != 0 || pipe(gates.look) != 0 || pipe(gates.end) != 0)
        fail("pipe", NULL);
    fflush(stdout);
    for (i = 0; i < WORKERS; i++)
        if (fork() == 0)
            share_one(&gates);
    await(gates.ready[0], WORKERS);
    tell(gates.look[1], WORKERS);
    await(gates.ready[0], WORKERS);
    close(gates.end[1]);
    while (wait(NULL) > 0)
        ;
}

/* ---- the image ---- */

/* Makes, packs, writes and publishes it, in a child, so that its memory can be told. */
static void publish(const char *name)
{
    const struct registry_place place = {.state = MODEL_SERVING};
    struct registry_done done;
    struct draft draft = {0};
    struct reason why = {""};
    struct home home = {0};
    struct rusage usage;
    clock_t cpu;
    void *bytes;
    size_t len;
    uint64_t began = clock_mono_ns();
    int fd;

    make_draft(&draft);
    getrusage(RUSAGE_SELF, &usage);
    printf("draft: %u trees, %.1f s, %ld MB\n", n_trees, seconds_since(began),
           usage.ru_maxrss / 1024);
    began = clock_mono_ns();
    cpu = clock();
    if (draft_pack(&draft, &bytes, &len, &why) != RESULT_OK)
        fail("pack", &why);
    getrusage(RUSAGE_SELF, &usage);
    printf("packed and proved: %.2f s, of the processor %.2f s; %zu MB, at most %ld MB of "
           "memory\n",
           seconds_since(began), (double)(clock() - cpu) / CLOCKS_PER_SEC, len >> 20,
           usage.ru_maxrss / 1024);
    began = clock_mono_ns();
    if (file_write_atomic(name, bytes, len, 0644, &why) != RESULT_OK)
        fail("write", &why);
    printf("written: %.2f s\n", seconds_since(began));
    free(bytes);
    draft_free(&draft);
    open_home(&home);
    began = clock_mono_ns();
    fd = open(name, O_RDONLY);
    if (registry_publish(&home, "large", fd, name, &place, &done, &why) != RESULT_OK)
        fail("publish", &why);
    printf("proved and published: %.2f s\n", seconds_since(began));
    unlink(name);
}

/* Out of the page cache. */
static void forget(void)
{
    int fd = open("models/large/1.fgm", O_RDONLY);

    if (fd < 0 || fdatasync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        fail("the page cache", NULL);
    close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int main(int argc, char **argv)
{
    const unsigned long megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1024;
    char directory[] = "/var/tmp/forestgate-large.XXXXXX";
    struct home home = {0};
    struct reason why = {""};

    n_trees = (uint32_t)(megabytes * 1024 / TREE_KB) + 1;
    if (mkdtemp(directory) == NULL || home_enter(&home, directory, DB_CLI, &why) != RESULT_OK ||
        home_make(&why) != RESULT_OK)
        fail(directory, &why);
    in_a_child(publish, "large.fgm");
    in_a_child(work, "in memory");
    share();
    forget();
    in_a_child(work, "not in memory");
    home_leave(&home);
    return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : 1;
}
