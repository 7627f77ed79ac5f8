/*
 * addr_special.h: addresses that are not those of a host somewhere in the internet.
 *
 * After the registries of IANA: "IPv4 Special-Purpose Address Space" and "IPv6
 * Special-Purpose Address Space" (RFC 6890), "IPv4 Multicast", "IPv6 Address Space".
 */
#ifndef BASE_ADDR_SPECIAL_H
#define BASE_ADDR_SPECIAL_H

#include "base/addr.h"

/*
 * What is special about an address, in a word or three ("private", "loopback"); NULL if it is
 * an ordinary one.  One of IPv4 that stands in one of IPv6 is judged as itself if it is mapped
 * (::ffff:0:0/96), since that is the same; all others that have one in them (NAT64, 6to4,
 * Teredo, the compatible ones) are special whatever it is.
 */
const char *addr_special(const struct addr *addr);

#endif
