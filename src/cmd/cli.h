/*
 * cli.h: what the commands of forestgate share.
 *
 * Each noun has a file, cmd_NOUN.c, with a table of its verbs; forestgate.c has the
 * table of nouns.  Data goes to standard output, messages to standard error.
 */
#ifndef CMD_CLI_H
#define CMD_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/json_write.h"
#include "base/result.h"
#include "cmd/option.h"
#include "forest/image.h"
#include "gate/home.h"
#include "gate/limits.h"
#include "store/models.h"

/* Exit statuses. */
enum {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2
};

/* What every command takes. */
#define CLI_COMMON_OPTIONS                                                               \
    {"--home", "DIR", "the home; else FORESTGATE_HOME, else /var/lib/forestgate", NULL}, \
        {"--json", NULL, "print JSON", NULL},                                            \
        {"--quiet", NULL, "no messages, no progress: data and errors alone", NULL},      \
        {"--color", NULL, "colours, wherever it goes", NULL},                            \
        {"--no-color", NULL, "none; nor with NO_COLOR set", NULL},                       \
        {"--help", NULL, "print this", NULL},                                            \
    {                                                                                    \
        0                                                                                \
    }

struct cli_command {
    const char *noun, *verb; /* verb is NULL where the noun is all */
    const char *operands;    /* for help: "NAME FILE", or "[FILE]" if it may be left out */
    size_t operand_count;
    const struct option_row *options; /* ends with CLI_COMMON_OPTIONS */
    int (*run)(const struct option_set *set);
    const char *summary;
    const char *examples; /* whole lines */
};

/* Tells what went wrong and returns CLI_FAILED, or CLI_USAGE for what was asked wrongly. */
int cli_fail(const struct reason *why);
int cli_misuse(const struct reason *why);

/* A message to standard error, whole lines of it; not with --quiet. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Enters and opens the home that the options name.  Until cli_home_close(), which is the
 * caller's also after a failure, relative names are the home's and root is its owner: so
 * files of the user's own must be open before.
 */
enum result cli_home_open(const struct option_set *set, struct home *home, struct reason *why);
void cli_home_close(struct home *home);

/* The end of a command: closes the home, and hands on its exit status. */
int cli_home_end(struct home *home, int status);

/*
 * Has every call that has ended in the database, before it is asked for calls: the ledger's
 * journal is brought into it.
 */
enum result cli_calls_bring_in(struct home *home, struct reason *why);

/* Says to the audit trail who changes a home that was entered: cli:LOGINNAME. */
void cli_actor_set(struct home *home);

/* The directory that the options name. */
const char *cli_home_path(const struct option_set *set);

/*
 * Opens an image by what a person calls it: a file, if it ends in .fgm or has a / in
 * it, else the served version of a published model, or with ":VERSION" behind its name that
 * one, whose row is filled in.
 */
enum result cli_image_open(const struct option_set *set, const char *name_or_file,
                           struct model_row *row, struct image **out, struct reason *why);

/* Prints the text of a buffer and a newline, and frees it. */
int cli_print(struct buf *text);

/* The same if this is RESULT_OK; else frees it, and tells why. */
int cli_answer(struct buf *text, enum result result, const struct reason *why);

/*
 * As cli_print() and cli_answer(), of a sentence that tells what was done, or with --json of
 * the object that says so: --quiet leaves the sentence out.
 */
int cli_tell(const struct option_set *set, struct buf *text);
int cli_told(const struct option_set *set, struct buf *text, enum result result,
             const struct reason *why);

/*
 * A list while it is printed: a table with a head line, or a JSON array.  What does not fit
 * in memory is flushed after each row; an error of the output is told once, at the end.
 */
struct cli_list {
    struct buf text;
    struct json_writer writer;
    const char *hint; /* what to do next where a table has no row; NULL: nothing is said */
    bool json;
    bool flushed; /* some of it is printed */
    int error;    /* errno of the output, once it failed */
};

/* Begins a list; head is the table's first line. */
void cli_list_start(struct cli_list *list, const struct option_set *set, const char *head);

/* Prints what has come together, once it is much.  False when the output has failed. */
bool cli_list_flush(struct cli_list *list);

/* Ends and prints it, or tells why it could not be had; returns the exit status. */
int cli_list_end(struct cli_list *list, enum result result, const struct reason *why);

/* "2026-01-31 12:00", or "-" for 0. */
void cli_time_print(char out[20], int64_t seconds);

/*
 * Limits as JSON members: "limits", as they are written on a command line, and "policies",
 * an array of objects with name, kind, count and, of a rate, seconds.
 */
void cli_json_limits(struct json_writer *writer, const struct limits *limits);

/*
 * All values of an option that may be given several times, joined by commas in the buffer,
 * which the caller frees; NULL if it was not given.
 */
const char *cli_option_join(const struct option_set *set, const char *name, struct buf *out);

/* The commands; each table ends with a NULL noun. */
extern const struct cli_command cmd_audit_commands[], cmd_backup_commands[],
    cmd_call_commands[], cmd_completion_commands[], cmd_config_commands[],
    cmd_doctor_commands[], cmd_front_commands[], cmd_init_commands[], cmd_invitation_commands[],
    cmd_job_commands[], cmd_key_commands[], cmd_model_commands[], cmd_predict_commands[],
    cmd_tier_commands[], cmd_top_commands[], cmd_user_commands[], cmd_work_commands[];

#endif
