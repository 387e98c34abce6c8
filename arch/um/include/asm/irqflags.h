/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_IRQFLAGS_H
#define _ASM_UM_IRQFLAGS_H

#ifndef __ASSEMBLY__

#include <asm/percpu.h>
#include <asm/processor-flags.h>

/*
 * Interrupts are host signals that are never blocked: a handler that finds
 * um_irq_enabled clear leaves its mark in um_irq_pending and returns, and
 * enabling runs what is pending.  Each access is one instruction relative to
 * the CPU's segment base, so a task that is moved to another CPU between two
 * of them finds a state that is right there.
 */
DECLARE_PER_CPU(unsigned long, um_irq_enabled);
DECLARE_PER_CPU(unsigned long, um_irq_pending);

void um_irq_run_pending(void);

static __always_inline unsigned long arch_local_save_flags(void)
{
	return raw_cpu_read(um_irq_enabled);
}

static __always_inline void arch_local_irq_disable(void)
{
	raw_cpu_write(um_irq_enabled, 0);
	barrier();
}

static __always_inline void arch_local_irq_enable(void)
{
	barrier();
	raw_cpu_write(um_irq_enabled, X86_EFLAGS_IF);
	barrier();
	if (unlikely(raw_cpu_read(um_irq_pending)))
		um_irq_run_pending();
}

static __always_inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = arch_local_save_flags();

	arch_local_irq_disable();
	return flags;
}

static __always_inline bool arch_irqs_disabled_flags(unsigned long flags)
{
	return !flags;
}

static __always_inline bool arch_irqs_disabled(void)
{
	return arch_irqs_disabled_flags(arch_local_save_flags());
}

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	if (flags)
		arch_local_irq_enable();
	else
		arch_local_irq_disable();
}

#endif /* !__ASSEMBLY__ */

#endif /* _ASM_UM_IRQFLAGS_H */
