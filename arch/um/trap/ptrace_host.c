// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "ptrace", host part: host processes under PTRACE_SYSEMU.
 *
 * A template process is forked at boot and emptied but for the stub's code.
 * All others are forked from it by a system call that it is made to execute:
 * that costs the host no more than an empty address space.  Their parent is
 * the kernel (CLONE_PARENT), which is their tracer too (CLONE_PTRACE), so one
 * wait4() reaps them; PTRACE_O_EXITKILL ends them with the kernel.
 *
 * Only the thread that traces another can do anything to it, and the threads
 * of the kernel are its virtual CPUs.  So each of them has a thread of its own
 * in every process that it runs, and in the template.  No thread can be made
 * for another tracer: a process has a spare one, which nobody traces and which
 * sits in pause(); the first CPU that needs one seizes it, and has it make the
 * next.  While at least one thread is traced none survives the kernel.
 *
 * An exception of guest code stops with a signal, which says neither the
 * error code nor the trap number.  So the signal is delivered to a handler in
 * the stub, which stops at once, and the frame that the host has written on
 * the stub's signal stack is read (ptrace_host_parse_frame()).
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sched.h>
#include <ucontext.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>
#include <um/stub.h>
#include "ptrace_host.h"
#include "stub_host.h"

#ifndef SA_RESTORER
#define SA_RESTORER	0x04000000
#endif

#define PTRACE_KICK_SIGNAL	SIGUSR1
#define PTRACE_OPTIONS		(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)
#define PTRACE_SYSCALL_STOP	(SIGTRAP | 0x80)

static int ptrace_template;

static long ptrace_request(int request, int pid, unsigned long addr,
			   const void *data)
{
	return host_syscall(SYS_ptrace, request, pid, addr, data);
}

static bool ptrace_stopped(int status)
{
	return status >= 0 && WIFSTOPPED(status);
}

/* The signal that stopped it; 0: a stop of its own kind, as by PTRACE_SEIZE. */
static int ptrace_stop_signal(int status)
{
	return status >> 16 ? 0 : WSTOPSIG(status);
}

static bool ptrace_is_exception(int signo)
{
	return signo == SIGSEGV || signo == SIGBUS || signo == SIGILL ||
	       signo == SIGFPE || signo == SIGTRAP;
}

/*
 * Continue, with a signal or without, past kicks and what else is of no
 * interest, to the stub's int3.
 */
static int ptrace_to_trap(int pid, long signo)
{
	int status;

	do {
		long ret = ptrace_request(PTRACE_CONT, pid, 0, (void *)signo);

		if (ret < 0)
			return ret;
		signo = 0;
		status = stub_wait(pid);
		if (!ptrace_stopped(status))
			return -ESRCH;
	} while (!ptrace_is_exception(ptrace_stop_signal(status)));
	return ptrace_stop_signal(status) == SIGTRAP ? 0 : -EFAULT;
}

/* Let a stopped thread go to a system call, at @ip. */
static int ptrace_send(int pid, unsigned long ip, unsigned long nr,
		       unsigned long a, unsigned long b, unsigned long c,
		       unsigned long d, unsigned long e, unsigned long f)
{
	struct user_regs_struct regs;
	long ret;

	ret = ptrace_request(PTRACE_GETREGS, pid, 0, &regs);
	if (ret < 0)
		return ret;
	regs.rip = ip;
	regs.rax = nr;
	regs.orig_rax = -1UL;
	regs.rdi = a;
	regs.rsi = b;
	regs.rdx = c;
	regs.r10 = d;
	regs.r8 = e;
	regs.r9 = f;
	return ptrace_request(PTRACE_SETREGS, pid, 0, &regs);
}

/* Have a stopped thread make one system call, at @ip. */
static long ptrace_remote(int pid, unsigned long ip, unsigned long nr,
			  unsigned long a, unsigned long b, unsigned long c,
			  unsigned long d, unsigned long e, unsigned long f)
{
	struct user_regs_struct regs;
	long ret;

	ret = ptrace_send(pid, ip, nr, a, b, c, d, e, f);
	if (ret < 0)
		return ret;
	ret = ptrace_to_trap(pid, 0);
	if (ret < 0)
		return ret;
	ret = ptrace_request(PTRACE_GETREGS, pid, 0, &regs);
	return ret < 0 ? ret : (long)regs.rax;
}

static long ptrace_remote_map(int pid, unsigned long ip, unsigned long addr,
			      unsigned long size, int prot, unsigned long phys)
{
	return ptrace_remote(pid, ip, SYS_mmap, addr, size, prot,
			     MAP_SHARED | MAP_FIXED, host_config.memory_fd,
			     phys);
}

static void ptrace_child_signals(void)
{
	static const int signals[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP
	};
	struct {
		unsigned long handler, flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = {
		stub_address(um_stub_fault),
		SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER,
		host_sigreturn, 0
	};
	stack_t stack = {
		.ss_sp = (void *)UM_STUB_STACK,
		.ss_size = UM_STUB_END - UM_STUB_STACK,
	};
	unsigned long mask = 0;
	unsigned int i;

	host_syscall(SYS_sigaltstack, &stack, 0);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		host_syscall(SYS_rt_sigaction, signals[i], &action, 0,
			     sizeof(mask));
	host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
}

/* The forked child: nothing of the host may stay with it but the memory. */
static void ptrace_child(void)
{
	long ret;

	host_syscall(SYS_setsid);
	ret = ptrace_request(PTRACE_TRACEME, 0, 0, NULL);
	if (ret < 0)
		host_syscall(SYS_exit_group, -ret);
	ptrace_child_signals();
	stub_child_no_core();
	stub_child_close(-1);
	host_syscall(SYS_kill, host_syscall(SYS_getpid), SIGSTOP);
	for (;;)
		host_syscall(SYS_exit_group, EPERM);
}

/* What the standard format takes on this host, and which components it has. */
static int ptrace_measure_xstate(int pid)
{
	static char area[16384];
	struct iovec iov = { area, sizeof(area) };
	long ret = ptrace_request(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov);

	if (ret < 0)
		return ret;
	host_config.xstate_size = iov.iov_len;
	/* The host puts XCR0 where the hardware's format has free bytes. */
	host_config.xstate_mask = *(unsigned long *)(area + 464);
	return 0;
}

static int ptrace_empty_template(int pid, unsigned long stub_phys)
{
	unsigned long ip = stub_address(um_stub_syscall);
	long ret;

	ret = ptrace_remote_map(pid, (unsigned long)um_stub_syscall,
				UM_STUB_CODE, UM_STUB_ORDERS - UM_STUB_CODE,
				PROT_READ | PROT_EXEC, stub_phys);
	if (ret != (long)UM_STUB_CODE)
		return ret < 0 ? ret : -EFAULT;
	ret = ptrace_remote(pid, ip, SYS_munmap, 0, UM_STUB_CODE, 0, 0, 0, 0);
	if (ret < 0)
		return ret;
	return ptrace_remote(pid, ip, SYS_munmap, UM_STUB_ORDERS,
			     0x7ffffffff000 - UM_STUB_ORDERS, 0, 0, 0, 0);
}

/*
 * The tracer's exit would end them all, its restart would not.  They are one
 * process group: the template leads it, and the others were born into it.
 */
static void ptrace_end(void)
{
	stub_end_group(ptrace_template);
}

int ptrace_host_template(unsigned long stub_phys, int *template)
{
	long pid, ret;
	int status;

	stub_place(stub_phys);
	pid = host_syscall(SYS_clone, SIGCHLD);
	if (pid < 0)
		return pid;
	if (!pid)
		ptrace_child();
	status = stub_wait(pid);
	if (!ptrace_stopped(status))
		return status >= 0 && WIFEXITED(status) ?
		       -WEXITSTATUS(status) : -EPERM;
	ret = ptrace_request(PTRACE_SETOPTIONS, pid, 0,
			     (void *)PTRACE_OPTIONS);
	if (!ret)
		ret = ptrace_measure_xstate(pid);
	if (!ret)
		ret = ptrace_empty_template(pid, stub_phys);
	if (ret < 0) {
		stub_kill(pid);
		return ret;
	}
	ptrace_template = pid;
	*template = pid;
	return host_at_exit(ptrace_end);
}

static int ptrace_slot_map(int tid, unsigned long slot, unsigned long phys)
{
	unsigned long ip = stub_address(um_stub_syscall);
	unsigned long orders = UM_STUB_STACK - UM_STUB_ORDERS;
	long ret;

	ret = ptrace_remote_map(tid, ip, slot, orders, PROT_READ, phys);
	if (ret == (long)slot)
		ret = ptrace_remote_map(tid, ip, slot + orders,
					UM_STUB_END - UM_STUB_STACK,
					PROT_READ | PROT_WRITE, phys + orders);
	return ret < 0 ? ret : 0;
}

/* It reads what it is to do where its orders are going to be. */
static int ptrace_slot_stack(int tid, unsigned long slot, unsigned long phys)
{
	stack_t *stack = (void *)(UM_DIRECT_START + phys + STUB_CONTROL_ORDERS);

	*stack = (stack_t) {
		.ss_sp = (void *)(slot + UM_STUB_STACK - UM_STUB_ORDERS),
		.ss_size = UM_STUB_END - UM_STUB_STACK,
	};
	return ptrace_remote(tid, stub_address(um_stub_syscall),
			     SYS_sigaltstack, slot + STUB_CONTROL_ORDERS,
			     0, 0, 0, 0, 0);
}

int ptrace_host_slot(int tid, unsigned long slot, unsigned long phys)
{
	int ret = ptrace_slot_map(tid, slot, phys);

	return ret ? ret : ptrace_slot_stack(tid, slot, phys);
}

int ptrace_host_fork(int tid, unsigned long phys)
{
	unsigned long ip = stub_address(um_stub_syscall);
	long pid, ret;

	pid = ptrace_remote(tid, ip, SYS_clone,
			    CLONE_PARENT | CLONE_PTRACE | CLONE_FILES |
			    CLONE_FS | SIGCHLD, 0, 0, 0, 0, 0);
	if (pid < 0)
		return pid;
	/* A traced child begins with a stop. */
	if (!ptrace_stopped(stub_wait(pid)))
		return -ESRCH;
	ret = ptrace_slot_map(pid, UM_STUB_ORDERS, phys);
	if (ret < 0) {
		stub_kill(pid);
		return ret;
	}
	return pid;
}

int ptrace_host_spare(int tid)
{
	unsigned long ip = stub_address(um_stub_syscall);
	long ret, spare;

	spare = ptrace_remote(tid, ip, SYS_clone,
			      CLONE_VM | CLONE_FS | CLONE_FILES |
			      CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			      CLONE_PTRACE, 0, 0, 0, 0, 0);
	if (spare < 0)
		return spare;
	if (!ptrace_stopped(stub_wait(spare)))
		return -ESRCH;
	ret = ptrace_send(spare, ip, SYS_pause, 0, 0, 0, 0, 0, 0);
	if (!ret)
		ret = ptrace_request(PTRACE_DETACH, spare, 0, NULL);
	return ret ? ret : spare;
}

int ptrace_host_adopt(int tid)
{
	long ret;

	ret = ptrace_request(PTRACE_SEIZE, tid, 0, (void *)PTRACE_OPTIONS);
	if (ret)
		return ret;
	ret = ptrace_request(PTRACE_INTERRUPT, tid, 0, NULL);
	if (ret)
		stub_wait_end(tid);
	else if (!ptrace_stopped(stub_wait(tid)))
		ret = -ESRCH;
	return ret;
}

bool ptrace_host_reap(int tid)
{
	int status;

	return host_syscall(SYS_wait4, tid, &status, __WALL | WNOHANG, 0) != 0;
}

void ptrace_host_end(int pid)
{
	host_syscall(SYS_kill, pid, SIGKILL);
}

int ptrace_host_batch(int tid, unsigned long slot, unsigned int count,
		      unsigned int *left)
{
	struct user_regs_struct regs = {
		.rip = stub_address(um_stub_batch),
		.rbx = slot + STUB_CONTROL_ORDERS,
		.rbp = count,
		.orig_rax = -1UL,
		.eflags = 0x202,
		.cs = 0x33,
		.ss = 0x2b,
	};
	long ret;

	*left = count;
	ret = ptrace_request(PTRACE_SETREGS, tid, 0, &regs);
	if (!ret)
		ret = ptrace_to_trap(tid, 0);
	if (!ret)
		ret = ptrace_request(PTRACE_GETREGS, tid, 0, &regs);
	if (ret < 0)
		return -ESRCH;
	*left = regs.rbp;
	return *left ? (int)regs.rax : 0;
}

/*
 * Only the CPU's own exceptions are the guest's: what somebody on the host has
 * sent is dropped, like every other signal.
 */
static bool ptrace_from_cpu(int pid, int signo, struct ptrace_host_event *event)
{
	siginfo_t info;

	if (!ptrace_is_exception(signo) ||
	    ptrace_request(PTRACE_GETSIGINFO, pid, 0, &info) ||
	    info.si_code <= 0)
		return false;
	event->signo = signo;
	event->code = info.si_code;
	event->address = (unsigned long)info.si_addr;
	return true;
}

int ptrace_host_deliver(int pid, int signo, unsigned long *info,
			unsigned long *context)
{
	struct user_regs_struct regs;
	long ret = ptrace_to_trap(pid, signo);

	if (ret < 0)
		return ret;
	if (ptrace_request(PTRACE_GETREGS, pid, 0, &regs))
		return -ESRCH;
	if (regs.rip != stub_address(um_stub_fault) + 1)
		return -EFAULT;
	*info = regs.rsi;
	*context = regs.rdx;
	return 0;
}

void ptrace_host_run(int pid, unsigned long *regs,
		     struct ptrace_host_event *event)
{
	unsigned long orig_ax = regs[15];
	int status, signo;
	long ret;

	/* No restart of system calls by the host. */
	regs[15] = -1UL;
	ret = ptrace_request(PTRACE_SETREGS, pid, 0, regs);
	regs[15] = orig_ax;
	if (ret < 0) {
		event->stop = ret == -ESRCH ? PTRACE_HOST_GONE :
					      PTRACE_HOST_BAD_REGS;
		return;
	}
	event->stop = PTRACE_HOST_GONE;
	if (ptrace_request(PTRACE_SYSEMU, pid, 0, NULL))
		return;
	status = stub_wait(pid);
	if (!ptrace_stopped(status) ||
	    ptrace_request(PTRACE_GETREGS, pid, 0, regs))
		return;
	signo = ptrace_stop_signal(status);
	if (signo == PTRACE_SYSCALL_STOP)
		event->stop = PTRACE_HOST_SYSCALL;
	else if (ptrace_from_cpu(pid, signo, event))
		event->stop = PTRACE_HOST_SIGNAL;
	else
		event->stop = PTRACE_HOST_KICK;
}

void ptrace_host_kick(int pid, int tid)
{
	host_syscall(SYS_tgkill, pid, tid, PTRACE_KICK_SIGNAL);
}

static int ptrace_xstate(int request, int pid, void *area)
{
	struct iovec iov = { area, host_config.xstate_size };

	return ptrace_request(request, pid, NT_X86_XSTATE, &iov);
}

int ptrace_host_get_xstate(int pid, void *area)
{
	return ptrace_xstate(PTRACE_GETREGSET, pid, area);
}

int ptrace_host_set_xstate(int pid, const void *area)
{
	return ptrace_xstate(PTRACE_SETREGSET, pid, (void *)area);
}

/* The frame's pointer to its xstate, as a kernel address, if it is sound. */
static void ptrace_frame_xstate(unsigned long at, const void *block,
				unsigned long base, unsigned long size,
				struct ptrace_host_frame *frame)
{
	const char *area = (const char *)block + (at - base);
	unsigned int xsize;

	if (at < base || at > base + size - 576)
		return;
	xsize = *(const unsigned int *)(area + 480);	/* sw_reserved.xstate_size */
	if (xsize < 576 || xsize > host_config.xstate_size ||
	    xsize > base + size - at)
		return;
	frame->xstate = area;
	frame->xstate_size = xsize;
}

void ptrace_host_parse_frame(const void *info, const void *context,
			     const void *block, unsigned long base,
			     unsigned long size,
			     struct ptrace_host_frame *frame)
{
	const siginfo_t *si = info;
	const ucontext_t *uc = context;

	*frame = (struct ptrace_host_frame) {
		.code = si->si_code,
		.address = (unsigned long)si->si_addr,
		.trap_nr = uc->uc_mcontext.gregs[REG_TRAPNO],
		.error_code = uc->uc_mcontext.gregs[REG_ERR],
		.cr2 = uc->uc_mcontext.gregs[REG_CR2],
	};
	ptrace_frame_xstate((unsigned long)uc->uc_mcontext.fpregs, block, base,
			    size, frame);
}
