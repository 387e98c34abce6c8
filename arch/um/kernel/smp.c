// SPDX-License-Identifier: GPL-2.0-only
/* Virtual CPUs.  The boot CPU is the only one that is brought up yet. */
#include <linux/cpu.h>
#include <linux/irq_work.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <um/entry.h>
#include <um/host.h>

#define SMP_RESCHEDULE	BIT(0)
#define SMP_CALL	BIT(1)

static DEFINE_PER_CPU(atomic_t, smp_messages);

static void smp_send(int cpu, unsigned int message)
{
	atomic_or(message, per_cpu_ptr(&smp_messages, cpu));
	host_send_ipi(cpu);
}

void arch_smp_send_reschedule(int cpu)
{
	smp_send(cpu, SMP_RESCHEDULE);
}

void arch_send_call_function_single_ipi(int cpu)
{
	smp_send(cpu, SMP_CALL);
}

void arch_send_call_function_ipi_mask(const struct cpumask *mask)
{
	int cpu;

	for_each_cpu(cpu, mask)
		smp_send(cpu, SMP_CALL);
}

void arch_irq_work_raise(void)
{
	smp_send(smp_processor_id(), SMP_CALL);
}

void um_ipi_interrupt(void)
{
	unsigned int messages;

	messages = atomic_xchg(this_cpu_ptr(&smp_messages), 0);
	if (messages & SMP_RESCHEDULE)
		scheduler_ipi();
	if (messages & SMP_CALL)
		generic_smp_call_function_interrupt();
}

void __init smp_prepare_cpus(unsigned int max_cpus)
{
}

void smp_prepare_boot_cpu(void)
{
}

void __init smp_cpus_done(unsigned int max_cpus)
{
}

int __cpu_up(unsigned int cpu, struct task_struct *idle)
{
	return -ENOSYS;
}

void smp_send_stop(void)
{
}
