// SPDX-License-Identifier: GPL-2.0-only
/* The table, generated from arch/x86/entry/syscalls/syscall_64.tbl. */
#include <linux/linkage.h>
#include <linux/cache.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#undef __SYSCALL
#define __SYSCALL(nr, sym) extern long sym(unsigned long, unsigned long, \
					   unsigned long, unsigned long, \
					   unsigned long, unsigned long);
#define __SYSCALL_NORETURN(nr, sym) __SYSCALL(nr, sym)
#include <asm/syscalls_64.h>

long sys_ni_syscall(unsigned long, unsigned long, unsigned long,
		    unsigned long, unsigned long, unsigned long);

#undef __SYSCALL
#define __SYSCALL(nr, sym) \
	[nr] = sym,
const sys_call_ptr_t sys_call_table[NR_syscalls] = {
	[0 ... NR_syscalls - 1] = sys_ni_syscall,
#include <asm/syscalls_64.h>
};
