/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw system calls for host files.  No libc function is linked into the
 * kernel: libc's headers give the numbers, constants and structures.
 *
 * Return: what the host's kernel returns, a negative errno on failure.
 */
#ifndef _UM_HOST_SYSCALL_H
#define _UM_HOST_SYSCALL_H

#include <sys/syscall.h>

static inline long host_syscall6(long nr, long a, long b, long c, long d,
				 long e, long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a" (ret)
		     : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10),
		       "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return ret;
}

#define __host_syscall(nr, a, b, c, d, e, f, ...) \
	host_syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), \
		      (long)(e), (long)(f))

/* host_syscall(SYS_name, up to six arguments) */
#define host_syscall(...) \
	__host_syscall(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

#endif /* _UM_HOST_SYSCALL_H */
