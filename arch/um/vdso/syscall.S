/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest code: the system calls for what can't be told without the kernel. */
#include <linux/linkage.h>
#include <asm/unistd.h>

.macro VDSO_SYSCALL name, number
SYM_FUNC_START(\name)
	.cfi_startproc
	movl	$\number, %eax
	syscall
	ret
	.cfi_endproc
SYM_FUNC_END(\name)
	.hidden	\name
.endm

	.text
VDSO_SYSCALL clock_gettime_fallback, __NR_clock_gettime
VDSO_SYSCALL clock_getres_fallback, __NR_clock_getres
VDSO_SYSCALL gettimeofday_fallback, __NR_gettimeofday
VDSO_SYSCALL getcpu_fallback, __NR_getcpu
