/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/linkage.h>
#include <linux/export.h>

	.text
/*
 * asm/percpu.h of x86 calls this where its boot code has not patched the
 * instruction in: %rsi is the per-CPU address, %rdx:%rax the old value,
 * %rcx:%rbx the new one.  Every x86-64 CPU that glibc runs on has it.
 */
SYM_FUNC_START(this_cpu_cmpxchg16b_emu)
	cmpxchg16b %gs:(%rsi)
	RET
SYM_FUNC_END(this_cpu_cmpxchg16b_emu)
EXPORT_SYMBOL(this_cpu_cmpxchg16b_emu)

	.section .note.GNU-stack, "", @progbits
