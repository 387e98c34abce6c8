// SPDX-License-Identifier: GPL-2.0-only
/* Faults of kernel code: fixed up, reported, or the end of a task. */
#include <linux/bug.h>
#include <linux/extable.h>
#include <linux/kdebug.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/uaccess.h>
#include <asm/extable.h>
#include <asm/extable_fixup_types.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <um/entry.h>
#include <um/host.h>
#include <um/mm.h>

int is_valid_bugaddr(unsigned long addr)
{
	return addr >= UM_IMAGE_START;
}

bool fixup_exception(struct pt_regs *regs)
{
	const struct exception_table_entry *e;

	e = search_exception_tables(regs->ip);
	if (!e)
		return false;
	switch (e->data & EX_DATA_TYPE_MASK) {
	case EX_TYPE_DEFAULT:
	case EX_TYPE_FAULT:
	case EX_TYPE_UACCESS:
		regs->ip = (unsigned long)&e->fixup + e->fixup;
		return true;
	default:
		return false;
	}
}

static void __noreturn traps_die(const char *what, struct pt_regs *regs,
				 unsigned long address)
{
	static int count;

	console_verbose();
	bust_spinlocks(1);
	pr_emerg("%s, address %016lx [#%d]\n", what, address, ++count);
	notify_die(DIE_OOPS, what, regs, 0, 0, SIGSEGV);
	print_modules();
	show_regs(regs);
	show_stack(current, (unsigned long *)regs->bp, KERN_EMERG);
	bust_spinlocks(0);
	add_taint(TAINT_DIE, LOCKDEP_NOW_UNRELIABLE);
	if (in_interrupt())
		panic("Fatal exception in interrupt");
	if (panic_on_oops)
		panic("Fatal exception");
	make_task_dead(SIGSEGV);
}

/*
 * A task dies on its own stack: the handler's stack is the CPU's, and the
 * dying may sleep.  The fault's registers are laid out below where the task
 * was, and the handler returns to traps_oops() there.
 */
static void traps_oops(struct pt_regs *regs, unsigned long address)
{
	um_uaccess_forget();
	um_mm_leave();
	traps_die("BUG: the kernel has faulted", regs, address);
}

static bool traps_stack_usable(struct pt_regs *regs)
{
	unsigned long stack = (unsigned long)task_stack_page(current);

	return regs->sp > stack + THREAD_SIZE / 4 &&
	       regs->sp <= stack + THREAD_SIZE;
}

static void traps_die_on_own_stack(struct pt_regs *regs, unsigned long address)
{
	struct pt_regs *saved;

	if (!traps_stack_usable(regs)) {
		pr_emerg("kernel stack of %s[%d] is at %016lx: overflow?\n",
			 current->comm, current->pid, regs->sp);
		show_regs(regs);
		panic("kernel stack overflow");
	}
	saved = (struct pt_regs *)((regs->sp - 256) & ~15UL) - 1;
	*saved = *regs;
	regs->di = (unsigned long)saved;
	regs->si = address;
	regs->sp = (unsigned long)saved - 8;
	*(unsigned long *)regs->sp = saved->ip;
	regs->ip = (unsigned long)traps_oops;
}

static bool traps_is_bug(struct host_fault *fault, struct pt_regs *regs)
{
	if (fault->signo != SIGILL)
		return false;
	if (report_bug(regs->ip, regs) != BUG_TRAP_TYPE_WARN)
		return false;
	regs->ip += LEN_UD2;
	return true;
}

void um_kernel_fault(struct host_fault *fault, struct pt_regs *regs)
{
	unsigned long flags = arch_local_irq_save();

	if (flags)
		regs->flags |= X86_EFLAGS_IF;
	else
		regs->flags &= ~X86_EFLAGS_IF;

	if (fault->signo == SIGSEGV && um_kernel_map_fault(fault->address))
		goto out;
	if (fault->signo == SIGBUS)
		panic("the host has no memory left for the guest (address %lx)",
		      fault->address);
	if (!traps_is_bug(fault, regs) && !fixup_exception(regs))
		traps_die_on_own_stack(regs, fault->address);
out:
	/* The host's flags have interrupts on at all times. */
	regs->flags |= X86_EFLAGS_IF;
	arch_local_irq_restore(flags);
}
