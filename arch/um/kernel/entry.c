// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest code in, guest code out: the loop that a task with an address space
 * lives in.  What a CPU does by its interrupt vectors is a switch here.
 */
#include <linux/entry-common.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <asm/trapnr.h>
#include <um/entry.h>
#include <um/fpu.h>
#include <um/mm.h>
#include <um/trap.h>

static void entry_run(struct pt_regs *regs, struct trap_event *event)
{
	struct mm_struct *mm = current->mm;

	if (unlikely(!trap->has_thread(mm))) {
		*event = (struct trap_event) { .kind = TRAP_NO_THREAD };
		return;
	}
	um_regs_before_run();
	um_fpu_before_run();
	if (um_mm_enter(mm)) {
		*event = (struct trap_event) { .kind = TRAP_GONE };
		return;
	}
	trap->run(mm, regs, event);
	um_mm_leave();
	um_fpu_after_run();
	if (event->inexact && !um_fault_guess(mm, regs, event)) {
		trap->fault_details(mm, event);
		um_fpu_after_run();
	}
}

/* An exception that is no page fault becomes the signal Linux has for it. */
static void entry_exception(struct pt_regs *regs, struct trap_event *event)
{
	current->thread.fault.trap_nr = event->trap_nr;
	current->thread.fault.error_code = event->error_code;
	if (event->signo == SIGTRAP && event->trap_nr == X86_TRAP_DB)
		um_debug_trap(regs, event->code);
	else if (event->code == SI_KERNEL)
		force_sig(event->signo);
	else
		force_sig_fault(event->signo, event->code,
				(void __user *)event->address);
}

static void entry_other(struct pt_regs *regs, struct trap_event *event)
{
	regs->orig_ax = -1;
	irqentry_enter_from_user_mode(regs);
	um_irq_run(regs);
	local_irq_enable();
	switch (event->kind) {
	case TRAP_FAULT:
		um_user_fault(regs, event);
		break;
	case TRAP_EXCEPTION:
		entry_exception(regs, event);
		break;
	case TRAP_GONE:
		force_fatal_sig(SIGKILL);
		break;
	case TRAP_NO_THREAD:
		if (trap->add_thread(current->mm))
			force_fatal_sig(SIGKILL);
		break;
	default:
		break;
	}
	local_irq_disable();
	irqentry_exit_to_user_mode(regs);
}

void um_guest_loop(void)
{
	struct pt_regs *regs = current_pt_regs();
	struct trap_event event;

	for (;;) {
		entry_run(regs, &event);
		if (event.kind == TRAP_SYSCALL)
			um_syscall(regs);
		else
			entry_other(regs, &event);
	}
}
