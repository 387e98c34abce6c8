// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals to guest code: the frame a handler runs on, the way back from it,
 * and system calls that are made again.
 *
 * The frame is the one that every 64-bit x86 Linux writes (sigreturn(2), the
 * uapi headers sigcontext.h and ucontext.h), since C libraries, debuggers and
 * language run-times know its layout.  From high to low addresses:
 *
 *	what was interrupted, and 128 bytes that it may use below its stack
 *	    pointer (psABI, section 3.2.2); or the end of the alternate stack
 *	fpstate: the XSAVE area and FP_XSTATE_MAGIC2, 64-byte aligned
 *	struct rt_sigframe, placed as if its first member, the restorer's
 *	    address, had been pushed by a call of the handler
 *
 * Guest memory is expensive to touch and cheap to copy, so each part is made in
 * kernel memory and copied whole.
 */
#include <linux/entry-common.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/rseq.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/string.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <asm/elf.h>
#include <asm/sigframe.h>
#include <asm/syscall.h>
#include <asm/ucontext.h>
#include <um/fpu.h>
#include <um/regs.h>

#define SIGNAL_RED_ZONE		128
#define SIGNAL_FPSTATE_ALIGN	64

/* From the fpstate down to where the stack pointer is after a call. */
#define SIGNAL_FRAME_SIZE \
	(round_up(sizeof(struct rt_sigframe), 16) + sizeof(long))

/* The requested privilege level of a selector: user mode. */
#define SIGNAL_USER_RPL		3

static unsigned int signal_fpstate_size(void)
{
	return um_xstate_size + FP_XSTATE_MAGIC2_SIZE;
}

/**
 * um_sigframe_size() - the space a frame takes at most, for AT_MINSIGSTKSZ
 *
 * Return: bytes.
 */
unsigned int um_sigframe_size(void)
{
	return round_up(signal_fpstate_size() + SIGNAL_FPSTATE_ALIGN - 1 +
			SIGNAL_FRAME_SIZE, 16);
}

/*
 * MINSIGSTKSZ was fixed before frames held vector registers.  Programs that use
 * it and never get a signal on that stack have to go on working.
 */
static bool signal_strict_size;
core_param(strict_sas_size, signal_strict_size, bool, 0444);

bool sigaltstack_size_valid(size_t ss_size)
{
	return !signal_strict_size || ss_size >= um_sigframe_size();
}

static int signal_write_fpstate(void __user *to)
{
	struct _xstate *from = current->thread.fpu.area;
	void __user *end = to + um_xstate_size;

	um_fpu_sync(current);
	um_fpu_complete(from);
	/* A handler that changes these registers may not know of the bitmap. */
	from->xstate_hdr.xfeatures |= UM_XSTATE_LEGACY;
	from->fpstate.sw_reserved = (struct _fpx_sw_bytes) {
		.magic1		= FP_XSTATE_MAGIC1,
		.extended_size	= signal_fpstate_size(),
		.xfeatures	= um_xstate_mask,
		.xstate_size	= um_xstate_size,
	};

	if (copy_to_user(to, from, um_xstate_size) ||
	    put_user(FP_XSTATE_MAGIC2, (u32 __user *)end))
		return -EFAULT;
	return 0;
}

static void signal_save_regs(struct sigcontext *sc, const struct pt_regs *regs)
{
	sc->r8 = regs->r8;
	sc->r9 = regs->r9;
	sc->r10 = regs->r10;
	sc->r11 = regs->r11;
	sc->r12 = regs->r12;
	sc->r13 = regs->r13;
	sc->r14 = regs->r14;
	sc->r15 = regs->r15;
	sc->di = regs->di;
	sc->si = regs->si;
	sc->bp = regs->bp;
	sc->bx = regs->bx;
	sc->dx = regs->dx;
	sc->ax = regs->ax;
	sc->cx = regs->cx;
	sc->sp = regs->sp;
	sc->ip = regs->ip;
	sc->flags = regs->flags;
	sc->cs = regs->cs;
	sc->ss = regs->ss;
}

static void signal_load_regs(struct pt_regs *regs, const struct sigcontext *sc)
{
	regs->r8 = sc->r8;
	regs->r9 = sc->r9;
	regs->r10 = sc->r10;
	regs->r11 = sc->r11;
	regs->r12 = sc->r12;
	regs->r13 = sc->r13;
	regs->r14 = sc->r14;
	regs->r15 = sc->r15;
	regs->di = sc->di;
	regs->si = sc->si;
	regs->bp = sc->bp;
	regs->bx = sc->bx;
	regs->dx = sc->dx;
	regs->ax = sc->ax;
	regs->cx = sc->cx;
	regs->sp = sc->sp;
	regs->ip = sc->ip;
	um_flags_set(current, sc->flags);
	regs->cs = sc->cs | SIGNAL_USER_RPL;
	regs->ss = sc->ss | SIGNAL_USER_RPL;
}

static void signal_fill_frame(struct rt_sigframe *frame, struct ksignal *ksig,
			      const struct pt_regs *regs, void __user *fpstate)
{
	struct sigcontext *sc = &frame->uc.uc_mcontext;
	const sigset_t *mask = sigmask_to_save();

	memset(frame, 0, sizeof(*frame));
	frame->pretcode = (char __user *)ksig->ka.sa.sa_restorer;
	frame->uc.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS |
			     UC_STRICT_RESTORE_SS;
	frame->uc.uc_stack.ss_sp = (void __user *)current->sas_ss_sp;
	frame->uc.uc_stack.ss_flags = current->sas_ss_flags;
	frame->uc.uc_stack.ss_size = current->sas_ss_size;
	frame->uc.uc_sigmask = *mask;

	signal_save_regs(sc, regs);
	sc->err = current->thread.fault.error_code;
	sc->trapno = current->thread.fault.trap_nr;
	sc->cr2 = current->thread.fault.address;
	sc->oldmask = mask->sig[0];
	sc->fpstate = (unsigned long)fpstate;

	if (ksig->ka.sa.sa_flags & SA_SIGINFO)
		copy_siginfo_to_external(&frame->info, &ksig->info);
}

static int signal_write_frame(struct rt_sigframe __user *to,
			      struct ksignal *ksig, const struct pt_regs *regs,
			      void __user *fpstate)
{
	struct rt_sigframe frame;
	size_t size = ksig->ka.sa.sa_flags & SA_SIGINFO ?
		      sizeof(frame) : offsetof(struct rt_sigframe, info);

	signal_fill_frame(&frame, ksig, regs, fpstate);
	return copy_to_user(to, &frame, size) ? -EFAULT : 0;
}

/* Where the fpstate goes; 0 if the frame leaves the alternate stack. */
static unsigned long signal_place(struct ksignal *ksig, unsigned long old_sp)
{
	unsigned long sp = sigsp(old_sp, ksig);
	bool alternate = sp != old_sp || on_sig_stack(old_sp);

	if (sp == old_sp)
		sp -= SIGNAL_RED_ZONE;
	sp = round_down(sp - signal_fpstate_size(), SIGNAL_FPSTATE_ALIGN);
	return alternate && !__on_sig_stack(sp - SIGNAL_FRAME_SIZE) ? 0 : sp;
}

static int signal_enter_handler(struct ksignal *ksig, struct pt_regs *regs)
{
	unsigned long fpstate = signal_place(ksig, regs->sp);
	struct rt_sigframe __user *frame;

	/* x86-64 has no other code to return through. */
	if (!fpstate || !(ksig->ka.sa.sa_flags & SA_RESTORER))
		return -EFAULT;

	frame = (struct rt_sigframe __user *)(fpstate - SIGNAL_FRAME_SIZE);
	if (signal_write_fpstate((void __user *)fpstate) ||
	    signal_write_frame(frame, ksig, regs, (void __user *)fpstate))
		return -EFAULT;

	regs->di = ksig->sig;
	regs->si = (unsigned long)&frame->info;
	regs->dx = (unsigned long)&frame->uc;
	regs->ax = 0;		/* no vector arguments, if it has no prototype */
	regs->sp = (unsigned long)frame;
	regs->ip = (unsigned long)ksig->ka.sa.sa_handler;
	regs->cs = UM_USER_CS;
	regs->ss = UM_USER_SS;
	regs->flags &= ~(X86_EFLAGS_DF | X86_EFLAGS_TF | X86_EFLAGS_RF);

	um_fpu_init_area(current->thread.fpu.area);
	um_fpu_changed(current);
	return 0;
}

static void signal_repeat_syscall(struct pt_regs *regs, unsigned long nr)
{
	regs->ax = nr;
	regs->ip -= 2;		/* the SYSCALL instruction */
}

static bool signal_from_syscall(struct pt_regs *regs)
{
	return syscall_get_nr(current, regs) != -1;
}

/* A handler runs first: what will the interrupted system call return? */
static void signal_finish_syscall(struct ksignal *ksig, struct pt_regs *regs)
{
	switch (syscall_get_error(current, regs)) {
	case -ERESTARTSYS:
		if (!(ksig->ka.sa.sa_flags & SA_RESTART)) {
			regs->ax = -EINTR;
			break;
		}
		fallthrough;
	case -ERESTARTNOINTR:
		signal_repeat_syscall(regs, regs->orig_ax);
		break;
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		regs->ax = -EINTR;
		break;
	}
}

/* No handler runs: the program is not to notice. */
static void signal_restart_syscall(struct pt_regs *regs)
{
	switch (syscall_get_error(current, regs)) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
		signal_repeat_syscall(regs, regs->orig_ax);
		break;
	case -ERESTART_RESTARTBLOCK:
		signal_repeat_syscall(regs, __NR_restart_syscall);
		break;
	}
}

static void signal_deliver(struct ksignal *ksig, struct pt_regs *regs)
{
	bool stepping = test_thread_flag(TIF_SINGLESTEP);
	int failed;

	/* The frame must not show, and return to, a debugger's trap flag. */
	if (stepping)
		user_disable_single_step(current);

	rseq_signal_deliver(ksig, regs);
	failed = signal_enter_handler(ksig, regs);
	signal_setup_done(failed, ksig, stepping);
}

void arch_do_signal_or_restart(struct pt_regs *regs)
{
	struct ksignal ksig;

	um_regs_complete();
	if (get_signal(&ksig)) {
		if (signal_from_syscall(regs))
			signal_finish_syscall(&ksig, regs);
		signal_deliver(&ksig, regs);
		return;
	}

	if (signal_from_syscall(regs))
		signal_restart_syscall(regs);
	restore_saved_sigmask();
}

/*
 * Does the state go on behind the legacy region?  If the marks don't say so,
 * it was made by a program that knows FXSAVE only.
 */
static bool signal_fpstate_extended(const struct _fpx_sw_bytes *sw)
{
	return sw->magic1 == FP_XSTATE_MAGIC1 &&
	       sw->xstate_size >= offsetof(struct _xstate, ymmh) &&
	       sw->xstate_size <= um_xstate_size &&
	       sw->xstate_size <= sw->extended_size;
}

static int signal_copy_fpstate(struct _xstate *to, const void __user *from)
{
	const struct _fpstate __user *legacy = from;
	struct _fpx_sw_bytes sw;
	u32 magic2 = 0;
	int error;

	if (copy_from_user(&sw, &legacy->sw_reserved, sizeof(sw)))
		return -EFAULT;
	if (signal_fpstate_extended(&sw) &&
	    get_user(magic2, (u32 __user *)(from + sw.xstate_size)))
		return -EFAULT;

	if (magic2 != FP_XSTATE_MAGIC2) {
		sw.xstate_size = sizeof(*legacy);
		sw.xfeatures = UM_XSTATE_LEGACY;
	}
	if (copy_from_user(to, from, sw.xstate_size))
		return -EFAULT;
	if (magic2 != FP_XSTATE_MAGIC2)
		to->xstate_hdr.xfeatures = UM_XSTATE_LEGACY;

	error = um_fpu_check(to);
	to->xstate_hdr.xfeatures &= sw.xfeatures;
	return error;
}

static int signal_read_fpstate(const void __user *from)
{
	void *area = current->thread.fpu.area;
	int error;

	um_fpu_changed(current);
	um_fpu_init_area(area);
	if (!from)
		return 0;

	error = signal_copy_fpstate(area, from);
	if (error)
		um_fpu_init_area(area);
	return error;
}

static int signal_return(struct pt_regs *regs)
{
	struct rt_sigframe __user *frame;
	struct ucontext uc;

	frame = (struct rt_sigframe __user *)(regs->sp -
					      sizeof(frame->pretcode));
	if (copy_from_user(&uc, &frame->uc, sizeof(uc)))
		return -EFAULT;

	set_current_blocked(&uc.uc_sigmask);
	if (restore_altstack(&frame->uc.uc_stack))
		return -EFAULT;

	signal_load_regs(regs, &uc.uc_mcontext);
	if (!(uc.uc_flags & UC_STRICT_RESTORE_SS))
		regs->ss = UM_USER_SS;
	regs->orig_ax = -1;
	return signal_read_fpstate((void __user *)uc.uc_mcontext.fpstate);
}

SYSCALL_DEFINE0(rt_sigreturn)
{
	struct pt_regs *regs = current_pt_regs();

	/* What a handler has interrupted is over, whatever it had left to do. */
	current->restart_block.fn = do_no_restart_syscall;

	if (signal_return(regs)) {
		force_sig(SIGSEGV);
		return 0;
	}
	return regs->ax;
}
