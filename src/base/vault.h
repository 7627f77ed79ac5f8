/*
 * vault.h: memory for keys that a process keeps as long as it lives.
 *
 * It stands apart from all other memory, between pages that nobody may touch, and is left out
 * of core dumps and, where the process may lock so much, never written to a disk.  libcrypto
 * keeps private keys in the same place.
 */
#ifndef BASE_VAULT_H
#define BASE_VAULT_H

#include <stddef.h>

/*
 * Has this process have such memory from here on.  To be called after the last fork(), since
 * a child has no lock of its parent's, and before any key is read.  Where it is not to be had,
 * or was not asked for, keys are in memory as any other.
 */
void vault_open(void);

/* Zeroed memory, or NULL; what is freed is overwritten. */
void *vault_alloc(size_t len);
void vault_free(void *bytes, size_t len);

#endif
