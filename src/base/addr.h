/*
 * addr.h: network addresses and lists of address ranges.
 *
 * IPv4 is kept as IPv6-mapped (::ffff:a.b.c.d, RFC 4291), so that one comparison
 * serves both and a mapped address is never mistaken for another caller.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum {
    ADDR_TEXT_MAX = 48,
    ADDR_RANGES_MAX = 32
};

struct sockaddr_storage;

struct addr {
    uint8_t bytes[16];
};

/* A range in CIDR notation; bits counts in the mapped form (0 to 128). */
struct addr_range {
    struct addr base;
    unsigned bits;
};

struct addr_list {
    struct addr_range ranges[ADDR_RANGES_MAX];
    size_t count;
};

/* Reads one address, with no port, zone or brackets.  False if it is not one. */
bool addr_parse(const char *text, size_t len, struct addr *out);

/* The address of a socket of IPv4 or IPv6.  False if it is of another family. */
bool addr_of_socket(const struct sockaddr_storage *from, struct addr *out);

/* Writes the usual text form (a mapped address as IPv4) and returns its length. */
size_t addr_print(char out[ADDR_TEXT_MAX], const struct addr *addr);

/*
 * Reads a list of addresses and ranges separated by commas or blanks; empty is an
 * empty list.  RESULT_INVALID names the item that is not one, or has bits set behind
 * its prefix; RESULT_TOO_BIG past ADDR_RANGES_MAX.
 */
enum result addr_list_parse(const char *text, struct addr_list *out, struct reason *why);

/*
 * Writes the list in the form that addr_list_parse() reads, separated by commas.  False if
 * it does not fit.
 */
bool addr_list_print(char *out, size_t size, const struct addr_list *list);

bool addr_list_has(const struct addr_list *list, const struct addr *addr);

#endif
