/*
 * model_keep.c: forestgate model keep and kept: what is kept of what a model is asked.
 *
 * Rows go to a file that has its name when it is whole, or to standard output; what there is to
 * say about them goes to standard error.
 */
#include "cmd/model_keep.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_part.h"
#include "cmd/ask.h"
#include "cmd/progress.h"
#include "cmd/time_option.h"
#include "gate/keep.h"
#include "gate/keep_csv.h"
#include "gate/registry.h"
#include "http/show.h"

/* ---- keep ---- */

static enum result keep_read(const struct option_set *set, int64_t *share, int64_t *days,
                             struct reason *why)
{
    const char *rate = option_value(set, "--rate");
    unsigned long long number = 0;
    enum result result = option_u64(set, "--days", 1, KEEP_DAYS_MAX, &number, why);

    *share = 0;
    *days = (int64_t)number;
    if (result != RESULT_OK)
        return result;
    if ((rate != NULL) == option_given(set, "--off"))
        return reason_set(why, RESULT_INVALID,
                          "one of the two is needed: --rate, such as --rate 10%%, or --off");
    if (rate != NULL && !registry_share_parse(rate, share))
        return reason_set(why, RESULT_INVALID,
                          "--rate: \"%.40s\" is not allowed; allowed: 0.01%% to 100%%, such "
                          "as 10%%",
                          rate);
    return RESULT_OK;
}

static int keep_print(const struct option_set *set, const struct model_row *row)
{
    char share[REGISTRY_SHARE_TEXT];
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "name", row->name);
        show_keep(&writer, row);
        json_write_object_end(&writer);
    } else if (row->keep_share == 0) {
        buf_printf(&text,
                   "%s: nothing is kept any more; what was expires after %" PRId64 " days",
                   row->name, row->keep_days);
    } else {
        registry_share_print(share, row->keep_share);
        buf_printf(&text, "%s: %s of the requests are kept, for %" PRId64 " days", row->name,
                   share, row->keep_days);
    }
    return cli_tell(set, &text);
}

int model_keep(const struct option_set *set)
{
    int64_t share, days;
    struct model_row row;
    enum result result;
    struct reason why;
    struct home home;

    if (keep_read(set, &share, &days, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = registry_keep_set(&home, set->operands[0], share, days, &row, &why);
    return cli_home_end(&home, result == RESULT_OK ? keep_print(set, &row) : cli_fail(&why));
}

/* ---- kept ---- */

struct output {
    const char *name;
    FILE *file;
    struct file_part part;
    struct progress progress;
    const struct keep_csv_done *done; /* how many rows were written */
};

/* Before root becomes the home's owner. */
static enum result output_open(struct output *output, const char *name, struct reason *why)
{
    enum result result;
    int file;

    output->part.fd = -1;
    output->name = name != NULL ? name : "standard output";
    output->file = stdout;
    if (name == NULL)
        return RESULT_OK;
    output->file = NULL;
    result = file_part_open(name, &output->part, why);
    if (result != RESULT_OK)
        return result;
    file = dup(output->part.fd);
    output->file = file >= 0 ? fdopen(file, "w") : NULL;
    return output->file != NULL ? RESULT_OK : reason_errno(why, "%s", name);
}

/* Rows are somebody's: the file is its owner's alone. */
static enum result output_close(struct output *output, enum result result, struct reason *why)
{
    if (output->file != NULL && fflush(output->file) != 0 && result == RESULT_OK)
        result = reason_errno(why, "%s", output->name);
    if (output->file != NULL && output->file != stdout && fclose(output->file) != 0 &&
        result == RESULT_OK)
        result = reason_errno(why, "%s", output->name);
    return file_part_end(&output->part, result, 0600, why);
}

static enum result output_put(void *arg, const void *bytes, size_t len, struct reason *why)
{
    struct output *output = arg;

    progress_draw_rate(&output->progress, 0, 0, (uint64_t)output->done->rows);

    if (fwrite(bytes, 1, len, output->file) != len)
        return reason_errno(why, "%s", output->name);
    return RESULT_OK;
}

static enum result kept_read(const struct option_set *set, struct keep_filter *filter,
                             enum keep_csv_kind *kind, struct reason *why)
{
    unsigned long long version = 0;
    struct reason of;
    enum result result = option_u64(set, "--version", 1, INT64_MAX, &version, why);

    memset(filter, 0, sizeof(*filter));
    filter->model = set->operands[0];
    filter->version = (int64_t)version;
    filter->with_truth = option_given(set, "--with-truth");
    if (result == RESULT_OK)
        result = time_option_read(set, "--since", &filter->since_us, why);
    if (result == RESULT_OK)
        result = time_option_read(set, "--until", &filter->until_us, why);
    if (result == RESULT_OK &&
        (result = keep_csv_kind_read(option_value(set, "--columns"), kind, &of)) != RESULT_OK)
        reason_set(why, result, "--columns: %s", of.text);
    if (result == RESULT_OK && option_given(set, "--delete") &&
        (filter->since_us != 0 || filter->until_us != 0 || filter->with_truth ||
         option_given(set, "--out")))
        result = reason_set(why, RESULT_INVALID,
                            "--delete takes all that is kept, or with --version what is kept "
                            "of that version, and writes nothing");
    return result;
}

static int kept_tell(enum result result, const struct keep_csv_done *done, bool truths_alone,
                     const struct reason *why)
{
    if (result != RESULT_OK)
        return cli_fail(why);
    cli_note("forestgate: %" PRId64 " rows\n", done->rows);
    if (truths_alone && done->rows == 0 && done->others == 0)
        cli_note("forestgate: no such row that is kept has its truth; see POST /feedback\n");
    if (done->others > 0)
        cli_note("forestgate: %" PRId64
                 " rows are of versions with other columns, or deleted ones; see --version\n",
                 done->others);
    if (done->damaged > 0)
        cli_note("forestgate: %" PRId64 " requests could not be opened: they were changed, or "
                 "sealed under another secrets/key.secret\n",
                 done->damaged);
    return CLI_DONE;
}

static int kept_delete(const struct option_set *set, const struct keep_filter *filter)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct reason why;
    struct home home;
    int status;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = registry_has(&home, filter->model, &why);
    if (result == RESULT_OK &&
        !ask_meant(set, &status, "delete what is kept of %s", filter->model))
        return cli_home_end(&home, status);
    if (result == RESULT_OK)
        result = keep_delete(&home, filter->model, filter->version, &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "name", filter->model);
        json_member_bool(&writer, "deleted", true);
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_printf(&text, "what was kept of %s is deleted", filter->model);
    }
    return cli_home_end(&home, cli_told(set, &text, result, &why));
}

/* How many rows there will be nobody knows before they are read.  Rows on a terminal show how
 * far they are by themselves. */
static enum result kept_write(struct output *output, struct home *home,
                              const struct keep_filter *filter, enum keep_csv_kind kind,
                              struct keep_csv_done *done, struct reason *why)
{
    enum result result;

    output->done = done;
    if (output->file != stdout || isatty(STDOUT_FILENO) == 0)
        progress_start(&output->progress, "exporting", "rows");
    result = keep_csv_write(home, filter, kind, output_put, output, done, why);
    progress_end(&output->progress);
    return result;
}

int model_kept(const struct option_set *set)
{
    struct output output = {.file = NULL};
    struct keep_csv_done done = {0};
    struct home home = {.origin = -1};
    struct keep_filter filter;
    enum keep_csv_kind kind;
    enum result result;
    struct reason why;

    if (kept_read(set, &filter, &kind, &why) != RESULT_OK)
        return cli_misuse(&why);
    if (option_given(set, "--delete"))
        return kept_delete(set, &filter);
    result = output_open(&output, option_value(set, "--out"), &why);
    if (result != RESULT_OK) {
        output_close(&output, result, &why);
        return cli_fail(&why);
    }
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = kept_write(&output, &home, &filter, kind, &done, &why);
    cli_home_close(&home); /* so that the file is named where it was begun */
    result = output_close(&output, result, &why);
    return kept_tell(result, &done, kind == KEEP_CSV_TRAINING || filter.with_truth, &why);
}

const struct option_row model_keep_options[] = {
    {"--rate", "SHARE", "how many of the requests are kept: 10%", NULL},
    {"--days", "N", "for how long; as it was, and 30 at first", NULL},
    {"--off", NULL, "keep nothing any more", NULL},
    CLI_COMMON_OPTIONS,
};

const struct option_row model_kept_options[] = {
    {"--out", "FILE", "where to write the rows; else standard output", NULL},
    {"--columns", "all|training", "training: the features and the truth, where it is known",
     "all"},
    {"--version", "N", "of this version alone", NULL},
    {"--since", "TIME", "from then on: 2026-11-21, or a time, or how long ago: 30d", NULL},
    {"--until", "TIME", "before then", NULL},
    {"--with-truth", NULL, "rows alone whose truth is known", NULL},
    {"--delete", NULL, "delete what is kept instead", NULL},
    ASK_OPTIONS,
    CLI_COMMON_OPTIONS,
};
