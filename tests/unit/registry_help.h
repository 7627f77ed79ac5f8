/*
 * registry_help.h: what the tests of the registry share: a home of its own for each test,
 * and a registry as a worker has it.
 */
#ifndef TESTS_REGISTRY_HELP_H
#define TESTS_REGISTRY_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "gate/registry.h"

static struct home home;
static struct registry *registry;
static struct reason why;

static inline int help_setup(void **state)
{
    (void)state;
    fixture_open(&home);
    assert_int_equal(registry_new(&home, &registry, &why), RESULT_OK);
    return 0;
}

static inline int help_teardown(void **state)
{
    (void)state;
    registry_free(registry);
    fixture_close(&home);
    return 0;
}

/* The model as it is published now. */
static inline const struct model *help_find(const char *name)
{
    if (registry_refresh(registry, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return registry_find(registry, name, strlen(name));
}

#endif
