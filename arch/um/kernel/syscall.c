// SPDX-License-Identifier: GPL-2.0-only
/* System calls of guest code, and those that are the port's own. */
#include <linux/entry-common.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>
#include <asm/syscall.h>
#include <asm/trapnr.h>
#include <um/entry.h>
#include <um/regs.h>

/*
 * The instruction "syscall" leaves the address behind it in rcx.  "int 0x80"
 * does not; a kernel without 32-bit programs answers it with a #GP.
 */
static bool syscall_by_instruction(const struct pt_regs *regs)
{
	return regs->cx == regs->ip;
}

static void syscall_bad_entry(struct pt_regs *regs)
{
	regs->ip -= 2;
	regs->ax = regs->orig_ax;
	regs->orig_ax = -1;
	irqentry_enter_from_user_mode(regs);
	current->thread.fault.trap_nr = X86_TRAP_GP;
	current->thread.fault.error_code = 0x80 * 8 + 2;
	force_sig(SIGSEGV);
	irqentry_exit_to_user_mode(regs);
}

void um_syscall(struct pt_regs *regs)
{
	unsigned int nr;

	if (unlikely(!syscall_by_instruction(regs))) {
		syscall_bad_entry(regs);
		return;
	}
	regs->ax = -ENOSYS;
	enter_from_user_mode(regs);
	/* What has come while guest code ran is charged to it. */
	um_irq_run(regs);
	local_irq_enable();
	nr = syscall_enter_from_user_mode_work(regs, (int)regs->orig_ax);
	if (likely(nr < NR_syscalls)) {
		nr = array_index_nospec(nr, NR_syscalls);
		regs->ax = sys_call_table[nr](regs->di, regs->si, regs->dx,
					      regs->r10, regs->r8, regs->r9);
	}
	syscall_exit_to_user_mode(regs);
}

SYSCALL_DEFINE6(mmap, unsigned long, addr, unsigned long, len,
		unsigned long, prot, unsigned long, flags,
		unsigned long, fd, unsigned long, offset)
{
	if (offset & ~PAGE_MASK)
		return -EINVAL;
	return ksys_mmap_pgoff(addr, len, prot, flags, fd,
			       offset >> PAGE_SHIFT);
}

SYSCALL_DEFINE2(arch_prctl, int, option, unsigned long, arg)
{
	return um_arch_prctl(current, option, arg);
}

/* There are no I/O ports. */
SYSCALL_DEFINE3(ioperm, unsigned long, from, unsigned long, num, int, on)
{
	return -ENOSYS;
}

SYSCALL_DEFINE1(iopl, unsigned int, level)
{
	return -ENOSYS;
}
