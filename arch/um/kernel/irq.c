// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: host signals on their way to the generic IRQ layer.
 */
#include <linux/entry-common.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/kernel_stat.h>
#include <linux/seq_file.h>
#include <asm/irq_regs.h>
#include <asm/processor-flags.h>
#include <um/entry.h>
#include <um/host.h>
#include <um/irq.h>
#include <um/trap.h>

DEFINE_PER_CPU(unsigned long, um_irq_enabled);
EXPORT_PER_CPU_SYMBOL(um_irq_enabled);
DEFINE_PER_CPU(unsigned long, um_irq_pending);
EXPORT_PER_CPU_SYMBOL(um_irq_pending);

DEFINE_PER_CPU_ALIGNED(irq_cpustat_t, irq_stat);
EXPORT_PER_CPU_SYMBOL(irq_stat);

static void irq_device(unsigned int irq)
{
	inc_irq_stat(device_irqs);
	generic_handle_irq(irq);
}

static void irq_handle(unsigned long pending)
{
	if (pending & BIT(HOST_IRQ_TIMER)) {
		inc_irq_stat(timer_irqs);
		um_timer_interrupt();
	}
	if (pending & BIT(HOST_IRQ_IPI)) {
		inc_irq_stat(ipi_irqs);
		um_ipi_interrupt();
	}
	if (pending & BIT(HOST_IRQ_IO))
		irq_device(UM_IRQ_IO);
	if (pending & BIT(HOST_IRQ_WINCH))
		irq_device(UM_IRQ_WINCH);
}

void um_irq_run(struct pt_regs *regs)
{
	struct pt_regs *old_regs;
	unsigned long pending;

	if (!this_cpu_read(um_irq_pending))
		return;
	old_regs = set_irq_regs(regs);
	irq_enter_rcu();
	while ((pending = this_cpu_xchg(um_irq_pending, 0)))
		irq_handle(pending);
	irq_exit_rcu();
	set_irq_regs(old_regs);
}

/* Interrupted kernel code, with interrupts enabled; leaves them so. */
static void irq_in_kernel(struct pt_regs *regs)
{
	irqentry_state_t state;

	do {
		raw_cpu_write(um_irq_enabled, 0);
		barrier();
		state = irqentry_enter(regs);
		um_irq_run(regs);
		irqentry_exit(regs, state);
		barrier();
		raw_cpu_write(um_irq_enabled, X86_EFLAGS_IF);
		barrier();
	} while (raw_cpu_read(um_irq_pending));
}

/* Interrupts have just been enabled and some are pending. */
void um_irq_run_pending(void)
{
	struct pt_regs regs = {
		.ip = _RET_IP_,
		.bp = (unsigned long)__builtin_frame_address(0),
		.sp = (unsigned long)__builtin_frame_address(0),
		.flags = X86_EFLAGS_IF,
		.orig_ax = -1UL,
	};

	irq_in_kernel(&regs);
}
EXPORT_SYMBOL(um_irq_run_pending);

void um_interrupt(enum host_irq irq, struct pt_regs *regs)
{
	this_cpu_or(um_irq_pending, BIT(irq));
	if (!raw_cpu_read(um_irq_enabled)) {
		trap->kick(raw_smp_processor_id());
		return;
	}
	raw_cpu_write(um_irq_enabled, 0);
	barrier();
	host_signals_unblock();
	regs->flags |= X86_EFLAGS_IF;
	irq_in_kernel(regs);
}

static void irq_chip_nothing(struct irq_data *data)
{
}

static struct irq_chip um_irq_chip = {
	.name		= "host",
	.irq_mask	= irq_chip_nothing,
	.irq_unmask	= irq_chip_nothing,
	.irq_ack	= irq_chip_nothing,
};

int __init arch_probe_nr_irqs(void)
{
	return NR_IRQS;
}

void __init init_IRQ(void)
{
	unsigned int irq;

	for (irq = 0; irq < NR_IRQS_LEGACY; irq++)
		irq_set_chip_and_handler(irq, &um_irq_chip, handle_simple_irq);
	um_cpu_setup();
}

int arch_show_interrupts(struct seq_file *p, int prec)
{
	int cpu;

#define IRQ_LINE(name, member, text)					\
	do {								\
		seq_printf(p, "%*s: ", prec, name);			\
		for_each_online_cpu(cpu)				\
			seq_printf(p, "%10u ",				\
				   per_cpu(irq_stat.member, cpu));	\
		seq_puts(p, "  " text "\n");				\
	} while (0)

	IRQ_LINE("TIM", timer_irqs, "Timer interrupts");
	IRQ_LINE("IPI", ipi_irqs, "Interprocessor interrupts");
#undef IRQ_LINE
	return 0;
}
