/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_SMP_H
#define _ASM_UM_SMP_H

#ifdef CONFIG_SMP

#include <linux/cpumask.h>
#include <asm/current.h>

DECLARE_PER_CPU_READ_MOSTLY(int, cpu_number);

#define raw_smp_processor_id()	this_cpu_read(cpu_number)
#define __smp_processor_id()	__this_cpu_read(cpu_number)

void arch_smp_send_reschedule(int cpu);
void arch_send_call_function_single_ipi(int cpu);
void arch_send_call_function_ipi_mask(const struct cpumask *mask);

int __cpu_disable(void);

/* The core waits for the report of the dying CPU, see HOTPLUG_CORE_SYNC_DEAD. */
static inline void __cpu_die(unsigned int cpu)
{
}

#endif

#endif /* _ASM_UM_SMP_H */
