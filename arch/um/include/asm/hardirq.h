/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_HARDIRQ_H
#define _ASM_UM_HARDIRQ_H

#include <linux/cache.h>
#include <linux/threads.h>

typedef struct {
	unsigned int __softirq_pending;
	unsigned int timer_irqs;
	unsigned int device_irqs;
	unsigned int ipi_irqs;
} ____cacheline_aligned irq_cpustat_t;

DECLARE_PER_CPU_ALIGNED(irq_cpustat_t, irq_stat);

#define __ARCH_IRQ_STAT
#define inc_irq_stat(member)	this_cpu_inc(irq_stat.member)

#define local_softirq_pending_ref	irq_stat.__softirq_pending

#include <linux/irq.h>

static inline void ack_bad_irq(unsigned int irq)
{
	pr_crit("unexpected interrupt %u\n", irq);
}

#endif /* _ASM_UM_HARDIRQ_H */
