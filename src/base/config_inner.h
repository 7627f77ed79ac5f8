/*
 * config_inner.h: the table of the settings, for config.c, config_table.c and config_print.c.
 */
#ifndef BASE_CONFIG_INNER_H
#define BASE_CONFIG_INNER_H

#include <stddef.h>
#include <stdint.h>

#include "base/config.h"

enum setting_type {
    SETTING_INT,
    SETTING_SIZE,    /* bytes: a whole number, K or M or G behind it */
    SETTING_CHOICE,  /* one of a few words */
    SETTING_NAME,    /* empty, or a model's name */
    SETTING_RATE,    /* off, or so many in so long */
    SETTING_PERIOD,  /* seconds: off for 0, or a duration */
    SETTING_ADDRS,   /* addresses and ranges */
    SETTING_SPAN,    /* seconds: a duration */
    SETTING_FILE,    /* empty, or a file of the home */
    SETTING_TEXT,    /* one line of ASCII */
    SETTING_WORDS,   /* words separated by commas */
    SETTING_URL,     /* empty, or a URL of http or https */
    SETTING_PATH,    /* empty, or a file by its whole path */
    SETTING_LISTEN,  /* * or an address */
    SETTING_HOSTS,   /* hosts as requests name them, separated by commas */
    SETTING_ORIGINS, /* origins as browsers say them, separated by commas */
    SETTING__MAX
};

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;
    int64_t min, max;
    const char *const *choices;
    const char *fallback;
    const char *help;
};

enum {
    CONFIG_SETTINGS_MAX = 96 /* room for more than there are */
};

extern const struct setting config_settings[];
extern const size_t config_settings_count;

/* Appends what a setting takes, in words. */
void config_allowed_print(struct buf *out, const struct setting *setting);

#endif
