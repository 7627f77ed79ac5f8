/*
 * completion_texts.h: the scripts of etc/completion/, built into the program so that it needs
 * no other file.
 */
#ifndef CMD_COMPLETION_TEXTS_H
#define CMD_COMPLETION_TEXTS_H

/* Each with a NUL behind it. */
extern const char completion_bash[];
extern const char completion_zsh[];
extern const char completion_fish[];

#endif
