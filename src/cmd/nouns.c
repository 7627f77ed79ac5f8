/*
 * nouns.c: all the commands, as help and completion have them.
 */
#include "cmd/nouns.h"

#include <string.h>

#include "base/near.h"

const struct noun nouns[] = {
    {"Begin", cmd_init_commands},      {NULL, cmd_doctor_commands},
    {NULL, cmd_config_commands},       {"Models", cmd_model_commands},
    {NULL, cmd_predict_commands},      {"Access", cmd_key_commands},
    {NULL, cmd_tier_commands},         {NULL, cmd_user_commands},
    {NULL, cmd_invitation_commands},   {"Use", cmd_top_commands},
    {NULL, cmd_call_commands},         {NULL, cmd_audit_commands},
    {"Jobs", cmd_job_commands},        {NULL, cmd_work_commands},
    {"Operation", cmd_front_commands}, {NULL, cmd_backup_commands},
    {NULL, cmd_completion_commands},
};

const size_t nouns_count = sizeof(nouns) / sizeof(nouns[0]);

/* What other programs call it; the first that a noun has is meant. */
static const struct {
    const char *typed, *verb;
} others[] = {
    {"ls", "list"},         {"rm", "delete"},     {"rm", "revoke"},       {"remove", "delete"},
    {"remove", "revoke"},   {"delete", "revoke"}, {"del", "delete"},      {"new", "create"},
    {"add", "create"},      {"create", "set"},    {"add", "set"},         {"new", "set"},
    {"create", "train"},    {"add", "import"},    {"get", "show"},        {"info", "show"},
    {"describe", "show"},   {"inspect", "show"},  {"update", "set"},      {"edit", "set"},
    {"change", "set"},      {"modify", "set"},    {"deploy", "publish"},  {"push", "publish"},
    {"validate", "check"},  {"verify", "check"},  {"diff", "compare"},    {"plot", "draw"},
    {"password", "passwd"}, {"usage", "stats"},   {"revert", "rollback"},
};

const struct cli_command *noun_find(const char *noun)
{
    for (size_t i = 0; i < nouns_count; i++)
        if (strcmp(nouns[i].commands[0].noun, noun) == 0)
            return nouns[i].commands;
    return NULL;
}

const struct cli_command *noun_verb(const struct cli_command *commands, const char *verb)
{
    for (; commands->noun != NULL; commands++)
        if (commands->verb != NULL && strcmp(commands->verb, verb) == 0)
            return commands;
    return NULL;
}

const char *noun_near(const char *typed)
{
    struct near near;
    const char *word;

    near_begin(&near, typed);
    for (size_t i = 0; i < nouns_count; i++)
        near_try(&near, nouns[i].commands[0].noun);
    word = near_word(&near);
    return word != NULL ? noun_find(word)[0].noun : NULL;
}

const char *noun_verb_near(const struct cli_command *commands, const char *typed)
{
    const struct cli_command *command;
    struct near near;
    const char *word;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        command = noun_verb(commands, others[i].verb);
        if (command != NULL && strcmp(others[i].typed, typed) == 0)
            return command->verb;
    }
    near_begin(&near, typed);
    for (command = commands; command->noun != NULL; command++)
        if (command->verb != NULL)
            near_try(&near, command->verb);
    word = near_word(&near);
    return word != NULL ? noun_verb(commands, word)->verb : NULL;
}
