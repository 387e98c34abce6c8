// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host signals become interrupts and kernel faults.
 *
 * No signal is blocked while the kernel handles one: the kernel may switch tasks
 * in a handler, and the mask belongs to the host thread.  What keeps handlers
 * apart is the kernel's own interrupt flag; only until that is clear are the
 * signals of interrupts blocked, or their frames would pile up on the stack.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <ucontext.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

#ifndef SA_RESTORER
#define SA_RESTORER	0x04000000
#endif

/* The kernel's struct sigaction, which differs from libc's. */
struct signal_action {
	void (*handler)(int signo, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static const struct {
	int signo;
	enum host_irq irq;
} signal_irqs[] = {
	{ SIGALRM, HOST_IRQ_TIMER },
	{ SIGIO, HOST_IRQ_IO },
	{ SIGUSR1, HOST_IRQ_IPI },
	{ SIGWINCH, HOST_IRQ_WINCH },
};

static const int signal_faults[] = {
	SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP
};

static const int signal_ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

static const int signal_ignored[] = { SIGPIPE, SIGXFSZ, SIGTTIN, SIGTTOU };

#define SIGNAL_COUNT(list)	(sizeof(list) / sizeof((list)[0]))

/*
 * A task that was switched in the handler may return from it on another CPU,
 * and must not take the alternate stack of the first along.  The host leaves a
 * thread's as it is where the frame's is not valid: sigreturn ignores what
 * sigaltstack() would refuse.
 */
#define SIGNAL_KEEP_STACK	0x100

/* The part of struct pt_regs that the kernel has; its order is user_regs'. */
struct signal_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx,
		      si, di, orig_ax, ip, cs, flags, sp, ss, rest[6];
};

static void signal_get_regs(struct signal_regs *regs, const greg_t *from)
{
	*regs = (struct signal_regs) {
		.r15 = from[REG_R15], .r14 = from[REG_R14],
		.r13 = from[REG_R13], .r12 = from[REG_R12],
		.bp = from[REG_RBP], .bx = from[REG_RBX],
		.r11 = from[REG_R11], .r10 = from[REG_R10],
		.r9 = from[REG_R9], .r8 = from[REG_R8],
		.ax = from[REG_RAX], .cx = from[REG_RCX],
		.dx = from[REG_RDX], .si = from[REG_RSI],
		.di = from[REG_RDI], .orig_ax = -1UL,
		.ip = from[REG_RIP], .flags = from[REG_EFL],
		.sp = from[REG_RSP],
	};
}

static void signal_put_regs(greg_t *to, const struct signal_regs *regs)
{
	to[REG_R15] = regs->r15;
	to[REG_R14] = regs->r14;
	to[REG_R13] = regs->r13;
	to[REG_R12] = regs->r12;
	to[REG_RBP] = regs->bp;
	to[REG_RBX] = regs->bx;
	to[REG_R11] = regs->r11;
	to[REG_R10] = regs->r10;
	to[REG_R9] = regs->r9;
	to[REG_R8] = regs->r8;
	to[REG_RAX] = regs->ax;
	to[REG_RCX] = regs->cx;
	to[REG_RDX] = regs->dx;
	to[REG_RSI] = regs->si;
	to[REG_RDI] = regs->di;
	to[REG_RIP] = regs->ip;
	to[REG_EFL] = regs->flags;
	to[REG_RSP] = regs->sp;
}

/* See host_breakable_call(). */
static void signal_break_call(greg_t *gregs)
{
	unsigned long ip = gregs[REG_RIP];

	if (ip >= (unsigned long)host_breakable_start &&
	    ip < (unsigned long)host_breakable_end)
		gregs[REG_RIP] = (greg_t)host_breakable_broken;
}

static void signal_irq(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct signal_regs regs;
	unsigned int i;

	(void)info;
	for (i = 0; signal_irqs[i].signo != signo; i++)
		;
	signal_get_regs(&regs, uc->uc_mcontext.gregs);
	um_interrupt(signal_irqs[i].irq, (struct pt_regs *)&regs);
	signal_break_call(uc->uc_mcontext.gregs);
	uc->uc_stack.ss_flags = SIGNAL_KEEP_STACK;
}

static void signal_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *gregs = uc->uc_mcontext.gregs;
	struct signal_regs regs;
	struct host_fault fault = {
		.signo = signo,
		.code = info->si_code,
		.address = (unsigned long)info->si_addr,
		.trap_nr = gregs[REG_TRAPNO],
		.error_code = gregs[REG_ERR],
	};

	/* SIGBUS for a page of our own memory: the host ran out of it. */
	signal_get_regs(&regs, gregs);
	um_kernel_fault(&fault, (struct pt_regs *)&regs);
	signal_put_regs(gregs, &regs);
}

static void signal_stop(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	(void)context;
	host_cpu_stop_signal();
}

static void signal_end(int signo, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	host_end_by_signal(signo);
}

static void signal_set(int signo,
		       void (*handler)(int, siginfo_t *, void *),
		       unsigned long flags, unsigned long mask)
{
	struct signal_action action = {
		handler, flags | SA_SIGINFO | SA_NODEFER | SA_RESTORER,
		host_sigreturn, mask
	};

	host_syscall(SYS_rt_sigaction, signo, &action, 0,
		     sizeof(action.mask));
}

static unsigned long signal_irq_mask(void)
{
	unsigned long mask = 0;
	unsigned int i;

	for (i = 0; i < SIGNAL_COUNT(signal_irqs); i++)
		mask |= 1UL << (signal_irqs[i].signo - 1);
	return mask;
}

void host_signals_block(void)
{
	unsigned long all = ~0UL;

	host_syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, 0, sizeof(all));
}

void host_signals_unblock(void)
{
	unsigned long none = 0;

	host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
}

/* What the user had ignored (nohup, background jobs) stays ignored. */
static bool signal_is_ignored(int signo)
{
	struct signal_action action;

	host_syscall(SYS_rt_sigaction, signo, 0, &action,
		     sizeof(action.mask));
	return (void *)action.handler == (void *)SIG_IGN;
}

/* First of all: the host may send some of these before there is a kernel. */
void host_signals_ignore(void)
{
	unsigned int i;

	for (i = 0; i < SIGNAL_COUNT(signal_ignored); i++)
		signal_set(signal_ignored[i], (void *)SIG_IGN, 0, 0);
}

int host_signals_init(void)
{
	unsigned int i;

	for (i = 0; i < SIGNAL_COUNT(signal_irqs); i++)
		signal_set(signal_irqs[i].signo, signal_irq, SA_RESTART,
			   signal_irq_mask());
	for (i = 0; i < SIGNAL_COUNT(signal_faults); i++)
		signal_set(signal_faults[i], signal_fault, SA_ONSTACK, 0);
	for (i = 0; i < SIGNAL_COUNT(signal_ends); i++)
		if (!signal_is_ignored(signal_ends[i]))
			signal_set(signal_ends[i], signal_end, 0, 0);
	signal_set(SIGUSR2, signal_stop, SA_RESTART, ~0UL);
	/* A guest thread that stops is waited for, not signalled. */
	signal_set(SIGCHLD, (void *)SIG_DFL, SA_NOCLDSTOP, 0);
	host_signals_unblock();
	return 0;
}

/*
 * The signals are blocked for the time between the look at the mark and the
 * wait, which unblocks them atomically.
 */
void host_idle(const volatile unsigned long *pending)
{
	unsigned long all = signal_irq_mask(), none = 0;

	host_syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, 0, sizeof(all));
	if (!*pending)
		host_syscall(SYS_ppoll, 0, 0, 0, &none, sizeof(none));
	host_signals_unblock();
}
