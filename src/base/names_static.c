/*
 * names_static.c: the same in a program that is linked statically.
 *
 * The C library's files are in it.  For any other source that /etc/nsswitch.conf names it would
 * load a module of whatever C library the host has, and end there.
 */
#include "base/names.h"

#include <nss.h>

/* Fails for databases that there are not, alone. */
void names_prepare(void)
{
    __nss_configure_lookup("passwd", "files");
    __nss_configure_lookup("group", "files");
    __nss_configure_lookup("hosts", "files dns");
}
