/*
 * keep_inner.h: what the rooms of gate/keep.h share.
 */
#ifndef GATE_KEEP_INNER_H
#define GATE_KEEP_INNER_H

#include "gate/keep.h"

/* As keep_bring(), waiting so long for others; *left is what is left of so many bytes. */
enum result keep_bring_waiting(struct home *home, int64_t *left, int wait_ms,
                               struct reason *why);

/* The same, waiting as keep_bring() does. */
enum result keep_bring_most(struct home *home, int64_t *left, struct reason *why);

/* Bytes of the files that are not brought in yet, as far as they are known. */
int64_t keep_files_bytes(void);

/* How many bytes the truth of a part has, once it is known. */
size_t keep_truth_len(const struct kept_row *row);

#endif
