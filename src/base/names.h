/*
 * names.h: names of users and groups, in a program that may be linked statically.
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

/* Before the first look-up of one: see names_static.c. */
void names_prepare(void);

#endif
