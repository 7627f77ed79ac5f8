/*
 * names.c: names of users and groups: nothing to prepare, the C library is the host's.
 */
#include "base/names.h"

void names_prepare(void)
{
}
