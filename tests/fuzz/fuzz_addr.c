/*
 * fuzz_addr.c: any text as an address, and any bytes as one.
 *
 * What is taken has nothing behind it, is written and read as the same again, and a range of
 * any length has it if and only if it has the bits of the range; a mapped address and the one
 * of IPv4 are the same, and equally special.
 */
#include "fuzz.h"

#include "base/addr.h"
#include "base/addr_special.h"

static const struct addr_list nobody;

/* An address is in its own range of any length whose bits behind are cut off. */
static void check_range(const struct addr *addr, unsigned bits)
{
    struct addr_list list = {.count = 1, .ranges = {{*addr, bits}}}, again;
    char text[ADDR_TEXT_MAX + 8];

    for (unsigned i = bits; i < 128; i++)
        list.ranges[0].base.bytes[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
    CHECK(addr_list_has(&list, addr) && !addr_list_has(&nobody, addr));
    CHECK(addr_list_print(text, sizeof(text), &list));
    CHECK(addr_list_parse(text, &again, NULL) == RESULT_OK);
    CHECK(memcmp(&again, &list, sizeof(list)) == 0);
    if (bits > 0) {
        list.ranges[0].base.bytes[(bits - 1) / 8] ^= (uint8_t)(0x80U >> (bits - 1) % 8);
        CHECK(!addr_list_has(&list, addr));
    }
}

/* The same address of IPv4, written mapped. */
static void check_mapped(const struct addr *addr, const char *text)
{
    char mapped[ADDR_TEXT_MAX];
    struct addr again;
    int len = snprintf(mapped, sizeof(mapped), "::FFFF:%s", text);

    CHECK(addr_parse(mapped, (size_t)len, &again));
    CHECK(memcmp(&again, addr, sizeof(again)) == 0);
}

static void check_addr(const struct addr *addr, unsigned bits)
{
    char text[ADDR_TEXT_MAX];
    struct addr again;
    size_t len = addr_print(text, addr);

    CHECK(len > 0 && len < sizeof(text) && strlen(text) == len);
    CHECK(addr_parse(text, len, &again));
    CHECK(memcmp(&again, addr, sizeof(again)) == 0);
    if (strchr(text, ':') == NULL)
        check_mapped(addr, text);
    check_range(addr, bits);
    CHECK(addr_special(addr) == NULL || addr_special(addr)[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct addr addr;
    char *text = fuzz_text(data, size);

    if (addr_parse(text, size, &addr)) {
        CHECK(text[strspn(text, "0123456789abcdefABCDEF.:")] == '\0' && strlen(text) == size);
        check_addr(&addr, (unsigned)size * 7 % 129);
    }
    if (size > sizeof(addr.bytes)) {
        memcpy(addr.bytes, data + 1, sizeof(addr.bytes));
        check_addr(&addr, data[0] % 129);
    }
    free(text);
    return 0;
}
