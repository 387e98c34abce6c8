/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_VDSO_PROCESSOR_H
#define _ASM_UM_VDSO_PROCESSOR_H

/** um_pause() - tell the CPU that this is a loop that waits */
static __always_inline void um_pause(void)
{
	asm volatile("rep; nop" ::: "memory");
}

#if defined(BUILD_VDSO) || !defined(CONFIG_SMP)
static __always_inline void cpu_relax(void)
{
	um_pause();
}
#else
/**
 * um_cpu_relax() - wait for another virtual CPU to do something
 *
 * That CPU's thread may be waiting for the host CPU that this one is on, so who
 * has waited for a while sleeps in the host for a moment: until um_progress().
 */
void um_cpu_relax(void);

static __always_inline void cpu_relax(void)
{
	um_cpu_relax();
}
#endif

#endif /* _ASM_UM_VDSO_PROCESSOR_H */
