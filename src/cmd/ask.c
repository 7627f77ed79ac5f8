/*
 * ask.c: whether something is meant that cannot be taken back.
 */
#include "cmd/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum {
    SENTENCE_MAX = 400,
    ANSWER_MAX = 16
};

static int would_print(const struct option_set *set, const char *sentence)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_bool(&writer, "dry_run", true);
        json_member_string(&writer, "would", sentence);
        json_write_object_end(&writer);
    } else {
        buf_printf(&text, "would %s", sentence);
    }
    return cli_print(&text);
}

/* y or yes; an end of the input is a no. */
static bool answer_read(void)
{
    char answer[ANSWER_MAX];

    if (fgets(answer, sizeof(answer), stdin) == NULL) {
        fputc('\n', stderr);
        return false;
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    for (char *at = answer; *at != '\0'; at++)
        *at = text_lower(*at);
    return strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0;
}

bool ask_meant(const struct option_set *set, int *status, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    text_print_list(sentence, sizeof(sentence), format, args);
    va_end(args);
    for (char *at = sentence; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    if (option_given(set, "--dry-run")) {
        *status = would_print(set, sentence);
        return false;
    }
    if (option_given(set, "--yes") || isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
        return true;
    fprintf(stderr, "This will %s.\nGo on? [y/N] ", sentence);
    if (answer_read())
        return true;
    fputs("forestgate: nothing was done\n", stderr);
    *status = CLI_FAILED;
    return false;
}
