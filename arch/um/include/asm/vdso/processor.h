/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_VDSO_PROCESSOR_H
#define _ASM_UM_VDSO_PROCESSOR_H

static __always_inline void cpu_relax(void)
{
	asm volatile("rep; nop" ::: "memory");
}

#endif /* _ASM_UM_VDSO_PROCESSOR_H */
