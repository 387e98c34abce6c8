/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _UM_AHEAD_H
#define _UM_AHEAD_H

#include <linux/mm_types.h>

/**
 * um_fault_ahead() - map what will probably be asked for next
 * @vma:   where guest code has just had a fault, which was handled
 * @addr:  of which page
 * @flags: FAULT_FLAG_* of that fault
 *
 * Context: mmap_lock held; may sleep, but does not wait for a disk.
 */
void um_fault_ahead(struct vm_area_struct *vma, unsigned long addr,
		    unsigned int flags);

#endif /* _UM_AHEAD_H */
