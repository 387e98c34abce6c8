/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_SYSCALLS_H
#define _ASM_UM_SYSCALLS_H

#include <linux/linkage.h>
#include <linux/types.h>

asmlinkage long sys_arch_prctl(int option, unsigned long arg);
asmlinkage long sys_mmap(unsigned long addr, unsigned long len,
			 unsigned long prot, unsigned long flags,
			 unsigned long fd, unsigned long off);

#include <asm-generic/syscalls.h>

#endif /* _ASM_UM_SYSCALLS_H */
