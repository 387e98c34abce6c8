/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _UM_FAULT_H
#define _UM_FAULT_H

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

#endif /* _UM_FAULT_H */
