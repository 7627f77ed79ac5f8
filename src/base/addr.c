/*
 * addr.c: network addresses and lists of address ranges.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/num.h"

enum {
    MAPPED_AT = 12,
    MAPPED_BITS = 96,
    ALL_BITS = 128
};

static const uint8_t mapped_prefix[MAPPED_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const struct addr *addr)
{
    return memcmp(addr->bytes, mapped_prefix, MAPPED_AT) == 0;
}

bool addr_parse(const char *text, size_t len, struct addr *out)
{
    char copy[INET6_ADDRSTRLEN];

    if (len == 0 || len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (strlen(copy) != len)
        return false;
    memcpy(out->bytes, mapped_prefix, MAPPED_AT);
    if (inet_pton(AF_INET, copy, out->bytes + MAPPED_AT) == 1)
        return true;
    return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

bool addr_of_socket(const struct sockaddr_storage *from, struct addr *out)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;

    if (from->ss_family == AF_INET) {
        memcpy(out->bytes, mapped_prefix, MAPPED_AT);
        memcpy(out->bytes + MAPPED_AT, &four->sin_addr, sizeof(four->sin_addr));
    } else if (from->ss_family == AF_INET6) {
        memcpy(out->bytes, &six->sin6_addr, sizeof(out->bytes));
    }
    return from->ss_family == AF_INET || from->ss_family == AF_INET6;
}

/* By hand, since inet_ntop() goes through sprintf() and would be a part of every request. */
static size_t print_ipv4(char *out, const uint8_t bytes[4])
{
    char *at = out;

    for (int i = 0; i < 4; i++) {
        if (i > 0)
            *at++ = '.';
        at += num_print_u64(at, bytes[i]);
    }
    *at = '\0';
    return (size_t)(at - out);
}

size_t addr_print(char out[ADDR_TEXT_MAX], const struct addr *addr)
{
    if (is_mapped(addr))
        return print_ipv4(out, addr->bytes + MAPPED_AT);
    inet_ntop(AF_INET6, addr->bytes, out, ADDR_TEXT_MAX);
    return strlen(out);
}

/* The bits of mask that byte i of an address has under a prefix of so many bits. */
static uint8_t mask_at(unsigned bits, unsigned i)
{
    if (bits >= (i + 1) * 8)
        return 0xff;
    if (bits <= i * 8)
        return 0;
    return (uint8_t)(0xff << (8 - (bits - i * 8)));
}

static bool range_parse(const char *text, size_t len, struct addr_range *out)
{
    const char *slash = memchr(text, '/', len);
    size_t head = slash != NULL ? (size_t)(slash - text) : len;
    uint64_t bits;
    unsigned first;

    if (!addr_parse(text, head, &out->base))
        return false;
    first = memchr(text, ':', head) == NULL ? MAPPED_BITS : 0;
    bits = ALL_BITS - first;
    if (slash != NULL &&
        (!num_parse_u64(slash + 1, len - head - 1, &bits) || bits > ALL_BITS - first))
        return false;
    out->bits = first + (unsigned)bits;
    for (unsigned i = 0; i < sizeof(out->base.bytes); i++)
        if ((out->base.bytes[i] & ~mask_at(out->bits, i) & 0xff) != 0)
            return false;
    return true;
}

enum result addr_list_parse(const char *text, struct addr_list *out, struct reason *why)
{
    static const char separators[] = ", \t";
    size_t len;

    memset(out, 0, sizeof(*out));
    for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
        len = strcspn(text, separators);
        if (out->count == ADDR_RANGES_MAX)
            return reason_set(why, RESULT_TOO_BIG, "at most %d addresses or ranges",
                              ADDR_RANGES_MAX);
        if (!range_parse(text, len, &out->ranges[out->count]))
            return reason_set(why, RESULT_INVALID,
                              "\"%.*s\" is not an address or a range such as 10.0.0.0/8 or "
                              "2001:db8::/32",
                              len > 60 ? 60 : (int)len, text);
        out->count++;
        text += len;
    }
    return RESULT_OK;
}

bool addr_list_print(char *out, size_t size, const struct addr_list *list)
{
    char address[ADDR_TEXT_MAX];
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        const struct addr_range *range = &list->ranges[i];
        unsigned first =
            is_mapped(&range->base) && range->bits >= MAPPED_BITS ? MAPPED_BITS : 0;
        const char *comma = i > 0 ? "," : "";
        int len;

        addr_print(address, &range->base);
        if (range->bits == ALL_BITS)
            len = snprintf(out + used, size - used, "%s%s", comma, address);
        else
            len = snprintf(out + used, size - used, "%s%s/%u", comma, address,
                           range->bits - first);
        if (len < 0 || (size_t)len >= size - used)
            return false;
        used += (size_t)len;
    }
    return true;
}

bool addr_list_has(const struct addr_list *list, const struct addr *addr)
{
    for (size_t r = 0; r < list->count; r++) {
        const struct addr_range *range = &list->ranges[r];
        bool same = true;

        for (unsigned i = 0; i < sizeof(addr->bytes) && same; i++)
            same = ((addr->bytes[i] ^ range->base.bytes[i]) & mask_at(range->bits, i)) == 0;
        if (same)
            return true;
    }
    return false;
}
