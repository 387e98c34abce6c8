// SPDX-License-Identifier: GPL-2.0-only
/*
 * ptrace(2) and core dumps: the registers of a guest task for others to see and
 * to set, and single steps.
 */
#include <linux/build_bug.h>
#include <linux/elf.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/regset.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/trapnr.h>
#include <asm/user.h>
#include <uapi/asm/sigcontext.h>
#include <um/entry.h>
#include <um/fpu.h>
#include <um/regs.h>

/* General registers are copied whole. */
static_assert(sizeof(struct pt_regs) == sizeof(struct user_regs_struct));
static_assert(offsetof(struct pt_regs, gs) ==
	      offsetof(struct user_regs_struct, gs));
static_assert(sizeof(struct _fpstate) == sizeof(struct user_i387_struct));

/* ---- Single steps ---- */

/* The longest instruction (Intel SDM volume 2, section 2.3.11). */
#define STEP_MAX_INSN	15

/*
 * Is the next instruction one that sets the trap flag to a value of its own?
 * POPF and IRET are, behind any prefixes.
 */
static bool step_sets_trap_flag(struct task_struct *task)
{
	u8 insn[STEP_MAX_INSN];
	int n = access_process_vm(task, task_pt_regs(task)->ip, insn,
				  sizeof(insn), FOLL_FORCE);

	for (int i = 0; i < n; i++) {
		switch (insn[i]) {
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64 ... 0x67:
		case 0xf0: case 0xf2: case 0xf3:
		case 0x40 ... 0x4f:	/* REX */
			break;
		case 0x9d: case 0xcf:
			return true;
		default:
			return false;
		}
	}
	return false;
}

/**
 * user_enable_single_step() - have a task stop behind its next instruction
 * @task: stopped in ptrace
 *
 * TIF_FORCED_TF is set while the trap flag is ours and not the program's.
 */
void user_enable_single_step(struct task_struct *task)
{
	struct pt_regs *regs = task_pt_regs(task);

	set_tsk_thread_flag(task, TIF_SINGLESTEP);
	/* The end of a system call counts as the end of its instruction. */
	set_task_syscall_work(task, SYSCALL_EXIT_TRAP);

	if (step_sets_trap_flag(task))
		clear_tsk_thread_flag(task, TIF_FORCED_TF);
	else if (!(regs->flags & X86_EFLAGS_TF))
		set_tsk_thread_flag(task, TIF_FORCED_TF);
	regs->flags |= X86_EFLAGS_TF;
}

/**
 * user_disable_single_step() - undo user_enable_single_step()
 * @task: current, stopped in ptrace, or not started yet
 */
void user_disable_single_step(struct task_struct *task)
{
	clear_tsk_thread_flag(task, TIF_SINGLESTEP);
	clear_task_syscall_work(task, SYSCALL_EXIT_TRAP);
	if (test_and_clear_tsk_thread_flag(task, TIF_FORCED_TF))
		task_pt_regs(task)->flags &= ~X86_EFLAGS_TF;
}

void um_debug_trap(struct pt_regs *regs, int code)
{
	force_sig_fault(SIGTRAP, code, (void __user *)regs->ip);
}

/**
 * user_single_step_report() - a step over a system call has ended
 * @regs: of current
 */
void user_single_step_report(struct pt_regs *regs)
{
	current->thread.fault.trap_nr = X86_TRAP_DB;
	current->thread.fault.error_code = 0;
	um_debug_trap(regs, TRAP_BRKPT);
}

/**
 * ptrace_disable() - the tracer lets go of a task
 * @child: the task
 */
void ptrace_disable(struct task_struct *child)
{
	user_disable_single_step(child);
}

/* ---- General registers, by their offset in struct user_regs_struct ---- */

static unsigned long *ptrace_reg(struct task_struct *task, unsigned int offset)
{
	return (void *)task_pt_regs(task) + offset;
}

static unsigned long ptrace_get_reg(struct task_struct *task,
				    unsigned int offset)
{
	switch (offset) {
	case offsetof(struct user_regs_struct, flags):
		return um_flags_get(task);
	case offsetof(struct user_regs_struct, cs):
	case offsetof(struct user_regs_struct, ss):
	case offsetof(struct user_regs_struct, ds):
	case offsetof(struct user_regs_struct, es):
	case offsetof(struct user_regs_struct, fs):
	case offsetof(struct user_regs_struct, gs):
		return (u16)*ptrace_reg(task, offset);
	}
	return *ptrace_reg(task, offset);
}

/*
 * As on x86 the selector need not exist, the CPU will tell the task, but its
 * requested privilege level must be user mode's.
 */
static int ptrace_set_selector(struct task_struct *task, unsigned int offset,
			       u16 value)
{
	bool null_allowed = offset != offsetof(struct user_regs_struct, cs) &&
			    offset != offsetof(struct user_regs_struct, ss);

	if (value ? (value & 3) != 3 : !null_allowed)
		return -EIO;
	*ptrace_reg(task, offset) = value;
	return 0;
}

static int ptrace_set_reg(struct task_struct *task, unsigned int offset,
			  unsigned long value)
{
	switch (offset) {
	case offsetof(struct user_regs_struct, flags):
		um_flags_set(task, value);
		return 0;
	case offsetof(struct user_regs_struct, cs):
	case offsetof(struct user_regs_struct, ss):
	case offsetof(struct user_regs_struct, ds):
	case offsetof(struct user_regs_struct, es):
	case offsetof(struct user_regs_struct, fs):
	case offsetof(struct user_regs_struct, gs):
		return ptrace_set_selector(task, offset, value);
	case offsetof(struct user_regs_struct, fs_base):
	case offsetof(struct user_regs_struct, gs_base):
		if (value >= TASK_SIZE_MAX)
			return -EIO;
		break;
	}
	*ptrace_reg(task, offset) = value;
	return 0;
}

static int ptrace_genregs_get(struct task_struct *target,
			      const struct user_regset *regset,
			      struct membuf to)
{
	for (unsigned int offset = 0; to.left; offset += sizeof(long))
		membuf_store(&to, ptrace_get_reg(target, offset));
	return 0;
}

static int ptrace_genregs_set(struct task_struct *target,
			      const struct user_regset *regset,
			      unsigned int pos, unsigned int count,
			      const void *kbuf, const void __user *ubuf)
{
	unsigned long values[ELF_NGREG];
	unsigned int offset = pos;
	unsigned int n = count / sizeof(long);
	int error;

	error = user_regset_copyin(&pos, &count, &kbuf, &ubuf, values, offset,
				   -1);
	for (unsigned int i = 0; i < n && !error; i++, offset += sizeof(long))
		error = ptrace_set_reg(target, offset, values[i]);
	return error;
}

/* ---- Floating point and vector registers ---- */

/* The area, up to date, with the legacy region as a debugger expects it. */
static struct _xstate *ptrace_fpu(struct task_struct *target)
{
	struct _xstate *x = target->thread.fpu.area;

	if (x) {
		um_fpu_sync(target);
		um_fpu_complete(x);
	}
	return x;
}

/* Kernel threads in a program's thread group have no such registers. */
static int ptrace_fpu_active(struct task_struct *target,
			     const struct user_regset *regset)
{
	return target->thread.fpu.area ? regset->n : 0;
}

static int ptrace_fpregs_get(struct task_struct *target,
			     const struct user_regset *regset, struct membuf to)
{
	const struct _xstate *x = ptrace_fpu(target);

	if (!x)
		return -ENODEV;
	membuf_write(&to, x, offsetof(struct _fpstate, reserved2));
	return membuf_zero(&to, to.left);
}

static int ptrace_fpregs_set(struct task_struct *target,
			     const struct user_regset *regset,
			     unsigned int pos, unsigned int count,
			     const void *kbuf, const void __user *ubuf)
{
	struct _fpstate new;
	struct _xstate *x;
	int error;

	if (pos || count != sizeof(new))
		return -EINVAL;
	error = user_regset_copyin(&pos, &count, &kbuf, &ubuf, &new, 0, -1);
	if (error)
		return error;
	if (!um_fpu_mxcsr_valid(new.mxcsr))
		return -EINVAL;

	x = ptrace_fpu(target);
	if (!x)
		return -ENODEV;
	x->fpstate = new;
	x->xstate_hdr.xfeatures |= UM_XSTATE_LEGACY;
	um_fpu_changed(target);
	return 0;
}

static int ptrace_xstate_get(struct task_struct *target,
			     const struct user_regset *regset, struct membuf to)
{
	const struct _xstate *x = ptrace_fpu(target);
	u64 software[USER_XSTATE_FX_SW_WORDS] = {
		[USER_XSTATE_XCR0_WORD] = um_xstate_mask,
	};
	struct membuf fx_sw = membuf_at(&to, offsetof(struct user_xstateregs,
						      i387.xstate_fx_sw));

	if (!x)
		return -ENODEV;
	membuf_write(&to, x, um_xstate_size);
	membuf_write(&fx_sw, software, sizeof(software));
	return to.left;
}

static int ptrace_xstate_load(struct task_struct *target, const void *new)
{
	void *area = target->thread.fpu.area;

	if (um_fpu_check(new))
		return -EINVAL;
	if (!area)
		return -ENODEV;
	memcpy(area, new, um_xstate_size);
	um_fpu_changed(target);
	return 0;
}

static int ptrace_xstate_set(struct task_struct *target,
			     const struct user_regset *regset,
			     unsigned int pos, unsigned int count,
			     const void *kbuf, const void __user *ubuf)
{
	void *copy;
	int error;

	if (pos || count != um_xstate_size)
		return -EFAULT;
	if (kbuf)
		return ptrace_xstate_load(target, kbuf);

	copy = vmemdup_user(ubuf, count);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	error = ptrace_xstate_load(target, copy);
	kvfree(copy);
	return error;
}

/* ---- Register sets ---- */

enum ptrace_regset {
	PTRACE_REGSET_GENERAL,
	PTRACE_REGSET_FP,
	PTRACE_REGSET_XSTATE,
};

static struct user_regset ptrace_regsets[] __ro_after_init = {
	[PTRACE_REGSET_GENERAL] = {
		.core_note_type	= NT_PRSTATUS,
		.n		= ELF_NGREG,
		.size		= sizeof(elf_greg_t),
		.align		= sizeof(elf_greg_t),
		.regset_get	= ptrace_genregs_get,
		.set		= ptrace_genregs_set,
	},
	[PTRACE_REGSET_FP] = {
		.core_note_type	= NT_PRFPREG,
		.n		= sizeof(elf_fpregset_t) / sizeof(long),
		.size		= sizeof(long),
		.align		= sizeof(long),
		.active		= ptrace_fpu_active,
		.regset_get	= ptrace_fpregs_get,
		.set		= ptrace_fpregs_set,
	},
	[PTRACE_REGSET_XSTATE] = {
		.core_note_type	= NT_X86_XSTATE,
		.size		= sizeof(u64),
		.align		= sizeof(u64),
		.active		= ptrace_fpu_active,
		.regset_get	= ptrace_xstate_get,
		.set		= ptrace_xstate_set,
	},
};

static int __init ptrace_size_xstate(void)
{
	ptrace_regsets[PTRACE_REGSET_XSTATE].n = um_xstate_size / sizeof(u64);
	return 0;
}
early_initcall(ptrace_size_xstate);

static const struct user_regset_view ptrace_view = {
	.name		= "x86_64",
	.e_machine	= EM_X86_64,
	.regsets	= ptrace_regsets,
	.n		= ARRAY_SIZE(ptrace_regsets),
};

const struct user_regset_view *task_user_regset_view(struct task_struct *task)
{
	return &ptrace_view;
}

/* ---- The USER area ---- */

/* The index of the debug register at @addr of struct user, or -1. */
static int ptrace_debugreg(unsigned long addr)
{
	unsigned long first = offsetof(struct user, u_debugreg);

	if (addr < first || addr >= offsetofend(struct user, u_debugreg))
		return -1;
	return (addr - first) / sizeof(long);
}

/*
 * There are no hardware breakpoints.  Debuggers reset the registers of every
 * new thread, so what arms nothing is accepted.
 */
static int ptrace_set_debugreg(int nr, unsigned long value)
{
	const unsigned long enable_bits = 0xff;

	if (nr == 4 || nr == 5)
		return -EIO;
	if (nr == 7)
		value &= enable_bits;
	return value ? -EIO : 0;
}

static bool ptrace_user_addr_valid(unsigned long addr)
{
	return !(addr % sizeof(long)) && addr < sizeof(struct user);
}

/* What is neither a general nor a debug register reads as zero, as on x86. */
static int ptrace_peek_user(struct task_struct *child, unsigned long addr,
			    unsigned long __user *to)
{
	unsigned long value = 0;

	if (!ptrace_user_addr_valid(addr))
		return -EIO;
	if (addr < sizeof(struct user_regs_struct))
		value = ptrace_get_reg(child, addr);
	return put_user(value, to);
}

static int ptrace_poke_user(struct task_struct *child, unsigned long addr,
			    unsigned long value)
{
	int debugreg = ptrace_debugreg(addr);

	if (!ptrace_user_addr_valid(addr))
		return -EIO;
	if (addr < sizeof(struct user_regs_struct))
		return ptrace_set_reg(child, addr, value);
	return debugreg < 0 ? -EIO : ptrace_set_debugreg(debugreg, value);
}

long arch_ptrace(struct task_struct *child, long request, unsigned long addr,
		 unsigned long data)
{
	void __user *user = (void __user *)data;

	switch (request) {
	case PTRACE_PEEKUSR:
		return ptrace_peek_user(child, addr, user);
	case PTRACE_POKEUSR:
		return ptrace_poke_user(child, addr, data);
	case PTRACE_GETREGS:
		return copy_regset_to_user(child, &ptrace_view,
					   PTRACE_REGSET_GENERAL, 0,
					   sizeof(elf_gregset_t), user);
	case PTRACE_SETREGS:
		return copy_regset_from_user(child, &ptrace_view,
					     PTRACE_REGSET_GENERAL, 0,
					     sizeof(elf_gregset_t), user);
	case PTRACE_GETFPREGS:
		return copy_regset_to_user(child, &ptrace_view,
					   PTRACE_REGSET_FP, 0,
					   sizeof(elf_fpregset_t), user);
	case PTRACE_SETFPREGS:
		return copy_regset_from_user(child, &ptrace_view,
					     PTRACE_REGSET_FP, 0,
					     sizeof(elf_fpregset_t), user);
	case PTRACE_ARCH_PRCTL:
		/* The address comes first, unlike in arch_prctl(2). */
		return um_arch_prctl(child, data, addr);
	}
	return ptrace_request(child, request, addr, data);
}
