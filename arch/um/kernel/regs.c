// SPDX-License-Identifier: GPL-2.0-only
/* Registers of guest tasks: their names, flags and segment bases. */
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/ptrace.h>
#include <uapi/asm/prctl.h>
#include <um/fpu.h>
#include <um/regs.h>
#include <um/trap.h>

/* In the order of struct pt_regs. */
static const char * const regs_names[] = {
	"r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8",
	"ax", "cx", "dx", "si", "di", "orig_ax", "ip", "cs", "flags", "sp",
	"ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
};

static_assert(ARRAY_SIZE(regs_names) == sizeof(struct pt_regs) / sizeof(long));

/**
 * regs_query_register_offset() - where a register is in struct pt_regs
 * @name: its name
 *
 * Return: the offset in bytes, or -EINVAL if there is no such register.
 */
int regs_query_register_offset(const char *name)
{
	int i = match_string(regs_names, ARRAY_SIZE(regs_names), name);

	return i < 0 ? i : i * (int)sizeof(long);
}

/**
 * regs_query_register_name() - the register at an offset of struct pt_regs
 * @offset: in bytes
 *
 * Return: its name, or NULL if no register begins there.
 */
const char *regs_query_register_name(unsigned int offset)
{
	if (offset % sizeof(long) || offset >= sizeof(struct pt_regs))
		return NULL;
	return regs_names[offset / sizeof(long)];
}

void um_regs_complete(void)
{
	/* If another CPU has fetched them, all of them are here. */
	if (smp_load_acquire(&current->thread.regs_away))
		trap->complete(current);
}

void um_regs_before_run(void)
{
	unsigned int away = READ_ONCE(current->thread.regs_away);

	if (unlikely(away && away != smp_processor_id() + 1))
		trap->complete(current);
}

void um_regs_forget(struct task_struct *task, struct mm_struct *mm)
{
	if (!mm)
		return;
	um_fpu_forget(task, mm);
	/* If another CPU has fetched them, it is done with the task. */
	if (smp_load_acquire(&task->thread.regs_away))
		trap->forget(task, mm);
}

/* What POPF can change in user mode, and RF, which IRET restores. */
#define REGS_USER_FLAGS	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_TF | \
			 X86_EFLAGS_DF | X86_EFLAGS_OF | X86_EFLAGS_NT | \
			 X86_EFLAGS_RF | X86_EFLAGS_AC)

unsigned long um_flags_get(struct task_struct *task)
{
	unsigned long flags = task_pt_regs(task)->flags;

	if (test_tsk_thread_flag(task, TIF_FORCED_TF))
		flags &= ~X86_EFLAGS_TF;
	return flags;
}

void um_flags_set(struct task_struct *task, unsigned long value)
{
	struct pt_regs *regs = task_pt_regs(task);

	/* A trap flag that is asked for is the program's own from now on. */
	if (value & X86_EFLAGS_TF)
		clear_tsk_thread_flag(task, TIF_FORCED_TF);
	else if (test_tsk_thread_flag(task, TIF_FORCED_TF))
		value |= X86_EFLAGS_TF;

	regs->flags = (regs->flags & ~REGS_USER_FLAGS) |
		      (value & REGS_USER_FLAGS);
}

static long regs_set_base(unsigned long *base, unsigned long *selector,
			  unsigned long value)
{
	if (value >= TASK_SIZE_MAX)
		return -EPERM;
	*selector = 0;
	*base = value;
	return 0;
}

long um_arch_prctl(struct task_struct *task, int option, unsigned long arg)
{
	struct pt_regs *regs = task_pt_regs(task);

	switch (option) {
	case ARCH_SET_FS:
		return regs_set_base(&regs->fs_base, &regs->fs, arg);
	case ARCH_SET_GS:
		return regs_set_base(&regs->gs_base, &regs->gs, arg);
	case ARCH_GET_FS:
		return put_user(regs->fs_base, (unsigned long __user *)arg);
	case ARCH_GET_GS:
		return put_user(regs->gs_base, (unsigned long __user *)arg);
	}
	return -EINVAL;
}
