/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _UM_FORK_H
#define _UM_FORK_H

#include <linux/mm_types.h>

/**
 * um_fork_learn() - note a fault of guest code, if a fork was not long ago
 * @mm:    current->mm
 * @addr:  any address in the page
 * @write: it was written to
 */
void um_fork_learn(struct mm_struct *mm, unsigned long addr, bool write);

/** um_fork_forget() - the address space goes; may be called twice */
void um_fork_forget(struct mm_struct *mm);

#endif /* _UM_FORK_H */
