/*
 * addr_special.c: addresses that are not those of a host somewhere in the internet.
 */
#include "base/addr_special.h"

#include <string.h>

struct special {
    const char *range; /* in CIDR notation */
    const char *what;
};

/* The first that fits; so what is within a larger range stands before it. */
static const struct special specials[] = {
    {"0.0.0.0/32", "unspecified"},
    {"0.0.0.0/8", "of this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared by a carrier"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"}, /* clouds tell their secrets at 169.254.169.254 */
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "of a protocol"},
    {"192.0.2.0/24", "for documentation"},
    {"192.31.196.0/24", "of a protocol"}, /* AS112 */
    {"192.52.193.0/24", "of a protocol"}, /* AMT */
    {"192.88.99.0/24", "of a tunnel"},    /* relays of 6to4 */
    {"192.168.0.0/16", "private"},
    {"192.175.48.0/24", "of a protocol"}, /* AS112 */
    {"198.18.0.0/15", "for benchmarks"},
    {"198.51.100.0/24", "for documentation"},
    {"203.0.113.0/24", "for documentation"},
    {"224.0.0.0/4", "multicast"},
    {"255.255.255.255/32", "broadcast"},
    {"240.0.0.0/4", "reserved"},

    {"::/128", "unspecified"},
    {"::1/128", "loopback"},
    {"::/96", "IPv4 within IPv6"},
    {"64:ff9b::/96", "IPv4 within IPv6"},   /* NAT64 */
    {"64:ff9b:1::/48", "IPv4 within IPv6"}, /* NAT64 of a network's own */
    {"100::/64", "discarded"},
    {"100:0:0:1::/64", "of a protocol"}, /* dummy prefix */
    {"2001::/32", "of a tunnel"},        /* Teredo */
    {"2001:db8::/32", "for documentation"},
    {"2001::/23", "of a protocol"},
    {"2002::/16", "IPv4 within IPv6"},      /* 6to4 */
    {"2620:4f:8000::/48", "of a protocol"}, /* AS112 */
    {"3fff::/20", "for documentation"},
    {"5f00::/16", "of a protocol"}, /* segment routing */
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "private"}, /* site-local, as it once was */
    {"ff00::/8", "multicast"},
};

static bool is_in(const char *range, const struct addr *addr)
{
    struct addr_list list;

    return addr_list_parse(range, &list, NULL) == RESULT_OK && addr_list_has(&list, addr);
}

/* 2000::/3 is all of IPv6 that was ever given to somebody. */
const char *addr_special(const struct addr *addr)
{
    for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
        if (is_in(specials[i].range, addr))
            return specials[i].what;
    return is_in("::ffff:0:0/96", addr) || is_in("2000::/3", addr) ? NULL : "reserved";
}
