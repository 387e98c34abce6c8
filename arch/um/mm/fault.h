/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _UM_FAULT_H
#define _UM_FAULT_H

#include <linux/mm_types.h>
#include <linux/types.h>

/**
 * um_fault_in() - make a page of current->mm accessible to the kernel
 * @addr:  any address in it
 * @write: it is to be written
 *
 * Context: may sleep unless page faults are disabled.
 * Return: 0 (look again) or -EFAULT.
 */
int um_fault_in(unsigned long addr, bool write);

/**
 * um_fault_access_ok() - does an area allow an access?
 * @vma:   the area
 * @flags: FAULT_FLAG_WRITE, FAULT_FLAG_INSTRUCTION, or none: a read
 */
bool um_fault_access_ok(struct vm_area_struct *vma, unsigned int flags);

/**
 * um_fault_is_private() - can a page be written to ahead of the program?
 * @vma:  a private area
 * @addr: of the page
 *
 * Not if it still is the file's: what others write there would not be seen.
 *
 * Context: mmap_lock held.
 */
bool um_fault_is_private(struct vm_area_struct *vma, unsigned long addr);

#endif /* _UM_FAULT_H */
