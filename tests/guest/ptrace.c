// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tracer and its child: what gdb and strace are made of.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <sys/uio.h>

#include "trace.h"
#include "xstate.h"

#define NO_SUCH_CALL 700

static struct {
	volatile long a, b, text;
} target = { 0x1122334455667788, 2, 3 };

static int run_nothing(void)
{
	return 5;
}

/* ---- memory and registers ---- */

static void test_peek_poke(void)
{
	pid_t pid = tr_begin(run_nothing, 0);
	long word = 0;

	TRACE(PTRACE_PEEKDATA, pid, &target.a, &word);
	CHECK_EQ(word, target.a);
	TRACE(PTRACE_PEEKTEXT, pid, run_nothing, &word);
	CHECK_EQ(word, *(long *)run_nothing);
	TRACE(PTRACE_POKEDATA, pid, (char *)&target.a + 3, -1L);
	TRACE(PTRACE_PEEKDATA, pid, &target.a, &word);
	CHECK_EQ(word, 0xffffffffff667788);
	CHECK_EQ(target.a, 0x1122334455667788);
	CHECK_ERR(tr(PTRACE_PEEKDATA, pid, 8, (long)&word), EIO);
	CHECK_ERR(tr(PTRACE_POKEDATA, pid, 0xffffffff81000000L, 0), EIO);
	CHECK_ERR(tr(PTRACE_PEEKUSER, pid, 4096, (long)&word), EIO);
	CHECK_ERR(tr(PTRACE_PEEKUSER, pid, 3, (long)&word), EIO);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 5);
}

/* Stores all registers between two stops; the tracer fills them at the first. */
unsigned long tr_stored[16];
void tr_store_all(void);
asm(".globl tr_store_all\n"
    "tr_store_all: int3\n"
    "mov %rax, tr_stored(%rip)\n mov %rbx, tr_stored+8(%rip)\n"
    "mov %rcx, tr_stored+16(%rip)\n mov %rdx, tr_stored+24(%rip)\n"
    "mov %rsi, tr_stored+32(%rip)\n mov %rdi, tr_stored+40(%rip)\n"
    "mov %rbp, tr_stored+48(%rip)\n mov %r8, tr_stored+56(%rip)\n"
    "mov %r9, tr_stored+64(%rip)\n mov %r10, tr_stored+72(%rip)\n"
    "mov %r11, tr_stored+80(%rip)\n mov %r12, tr_stored+88(%rip)\n"
    "mov %r13, tr_stored+96(%rip)\n mov %r14, tr_stored+104(%rip)\n"
    "mov %r15, tr_stored+112(%rip)\n int3\n");

static int run_store_all(void)
{
	tr_store_all();
	return 1;
}

static void tr_choose(regs_t *r)
{
	unsigned long long *all[15] = { &r->rax, &r->rbx, &r->rcx, &r->rdx,
					&r->rsi, &r->rdi, &r->rbp, &r->r8, &r->r9, &r->r10, &r->r11,
					&r->r12, &r->r13, &r->r14, &r->r15 };

	for (int i = 0; i < 15; i++)
		*all[i] = 0x0123456789abcdefUL * (i + 1);
}

static void test_set_registers(void)
{
	pid_t pid = tr_begin(run_store_all, 0);
	regs_t r;
	long word;

	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGTRAP);
	r = tr_regs(pid);
	CHECK_EQ(r.rip, (unsigned long)tr_store_all + 1);
	CHECK_EQ(r.cs, 0x33);
	CHECK_EQ(r.ss, 0x2b);
	CHECK_EQ(r.orig_rax, -1L);
	tr_choose(&r);
	tr_set_regs(pid, r);
	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGTRAP);
	for (int i = 0; i < 15; i++) {
		TRACE(PTRACE_PEEKDATA, pid, &tr_stored[i], &word);
		CHECK(word == (long)(0x0123456789abcdefUL * (i + 1)),
		      "register %d is %#lx", i, word);
	}
	TRACE(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.r15), &word);
	CHECK_EQ(word, r.r15);
	tr_end(pid);
}

static void test_user_area(void)
{
	pid_t pid = tr_begin(run_nothing, 0);
	regs_t r = tr_regs(pid);
	long words[27], word;

	for (int i = 0; i < 27; i++)
		TRACE(PTRACE_PEEKUSER, pid, i * 8, &words[i]);
	CHECK(!memcmp(words, &r, sizeof(r)));
	TRACE(PTRACE_POKEUSER, pid, offsetof(regs_t, r12), 0x777);
	CHECK_EQ(tr_regs(pid).r12, 0x777);
	CHECK_EQ(r.fs_base, (unsigned long)pthread_self());
	CHECK_ERR(tr(PTRACE_POKEUSER, pid, offsetof(regs_t, cs), 0), EIO);
	CHECK_ERR(tr(PTRACE_POKEUSER, pid, offsetof(regs_t, fs_base),
		     0xffffffff81000000L),
		  EIO);
	TRACE(PTRACE_POKEUSER, pid, offsetof(regs_t, eflags),
	      r.eflags | 0x3000);
	TRACE(PTRACE_PEEKUSER, pid, offsetof(regs_t, eflags), &word);
	CHECK_EQ(word & 0x3200, 0x200);
	tr_end(pid);
}

static void test_regsets(void)
{
	pid_t pid = tr_begin(run_nothing, 0);
	struct user_fpregs_struct fp, fp2;
	struct iovec iov;
	regs_t r = tr_regs(pid), got;
	char big[1024];

	iov = (struct iovec){ big, sizeof(big) };
	TRACE(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
	CHECK_EQ(iov.iov_len, sizeof(r));
	CHECK(!memcmp(big, &r, sizeof(r)));
	iov = (struct iovec){ &got, 24 };
	TRACE(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
	CHECK_EQ(iov.iov_len, 24);
	CHECK(!memcmp(&got, &r, 24));
	got.r13 = 0x4711;
	TRACE(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
	CHECK_EQ(tr_regs(pid).r13, 0x4711);
	iov.iov_len = 7;
	CHECK_ERR(tr(PTRACE_SETREGSET, pid, NT_PRSTATUS, (long)&iov), EINVAL);
	CHECK_ERR(tr(PTRACE_GETREGSET, pid, 0x7777, (long)&iov), EINVAL);
	iov = (struct iovec){ &fp, sizeof(fp) };
	TRACE(PTRACE_GETREGSET, pid, NT_PRFPREG, &iov);
	CHECK_EQ(iov.iov_len, 512);
	CHECK_EQ(fp.cwd, FCW_DEFAULT);
	fp.mxcsr = 0x1fa0;
	fp.xmm_space[5] = 0x12345;
	TRACE(PTRACE_SETREGSET, pid, NT_PRFPREG, &iov);
	TRACE(PTRACE_GETFPREGS, pid, 0, &fp2);
	CHECK_EQ(fp2.mxcsr, 0x1fa0);
	CHECK_EQ(fp2.xmm_space[5], 0x12345);
	fp.mxcsr = 0xffff0000;
	CHECK_ERR(tr(PTRACE_SETREGSET, pid, NT_PRFPREG, (long)&iov), EINVAL);
	tr_end(pid);
}

/* The child's own registers are as the tracer set them. */
static int run_xstate(void)
{
	struct fpu_cycle c = { .nr = SYS_kill, .repeat = 1, .args = { getpid(), SIGSTOP } };
	struct fpu_state want;

	fpu_choose(&c.in, 50);
	fpu_choose(&want, 60);
	fpu_cycle(&c);
	fpu_compare(&c.out, &want, "set by the tracer");
	return tap_shared->fails != 0;
}

static void test_xstate(void)
{
	static struct fpu_state seen, want;
	static char area[16384];
	struct iovec iov = { area, sizeof(area) };
	pid_t pid;

	fpu_require_xsave();
	pid = tr_begin(run_xstate, 0);
	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGSTOP);
	TRACE(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov);
	CHECK_EQ(*(unsigned long *)(area + 464) & ~fpu_xcr0, 0);
	fpu_choose(&want, 50);
	fpu_copy_area(area, &seen, false);
	fpu_compare(&seen, &want, "seen by the tracer");
	fpu_choose(&want, 60);
	fpu_copy_area(area, &want, true);
	TRACE(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 0);
}

/* ---- steps and breakpoints ---- */

extern char tr_step_1[], tr_step_2[], tr_step_3[], tr_step_4[], tr_step_5[];

static int run_steps(void)
{
	long ret = SYS_getppid;

	asm volatile("int3\n"
		     "tr_step_1: nop\n"
		     "tr_step_2: mov %%rax, %%rdx\n"
		     "tr_step_3: syscall\n"
		     "tr_step_4: mov $3, %%ecx\n"
		     "lea -200(%%rsp), %%rdi\n"
		     "tr_step_5: rep stosb\n"
		     "nop"
		     : "+a"(ret)
		     :
		     : "rcx", "rdx", "rdi", "r11",
		       "memory");
	return 9;
}

static void tr_step_to(pid_t pid, const char *where)
{
	CHECK_EQ(tr_resume(PTRACE_SINGLESTEP, pid, 0), SIGTRAP);
	CHECK_EQ(tr_regs(pid).rip, where);
}

static void test_single_step(void)
{
	pid_t pid = tr_begin(run_steps, 0);
	siginfo_t si;

	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGTRAP);
	CHECK_EQ(tr_regs(pid).rip, tr_step_1);
	tr_step_to(pid, tr_step_2);
	TRACE(PTRACE_GETSIGINFO, pid, 0, &si);
	CHECK_EQ(si.si_code, TRAP_TRACE);
	tr_step_to(pid, tr_step_3);
	CHECK_EQ(tr_regs(pid).rdx, SYS_getppid);
	tr_step_to(pid, tr_step_4);
	CHECK_EQ(tr_regs(pid).rax, getpid());
	CHECK_EQ(tr_regs(pid).eflags & 0x100, 0);
	tr_resume(PTRACE_SINGLESTEP, pid, 0);
	tr_step_to(pid, tr_step_5);
	for (int left = 2; left > 0; left--) {
		tr_step_to(pid, tr_step_5);
		CHECK_EQ(tr_regs(pid).rcx, left);
	}
	tr_step_to(pid, tr_step_5 + 2);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 9);
}

static void tr_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	(void)ctx;
	target.b++;
}

static int run_with_handler(void)
{
	tap_handle(SIGUSR1, tr_handler, 0);
	raise(SIGUSR1);
	return target.b == 3 ? 0 : 1;
}

/* A step that delivers a signal ends at the first instruction of the handler. */
static void test_step_into_handler(void)
{
	pid_t pid = tr_begin(run_with_handler, 0);

	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGUSR1);
	CHECK_EQ(tr_resume(PTRACE_SINGLESTEP, pid, SIGUSR1), SIGTRAP);
	CHECK_EQ(tr_regs(pid).rip, tr_handler);
	CHECK_EQ(tr_regs(pid).rdi, SIGUSR1);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 0);
}

static __attribute__((noinline, noclone)) int tr_function(int x)
{
	asm volatile(""
		     : "+r"(x));
	return x * 3;
}

static int run_breakpoint(void)
{
	return tr_function(2) + tr_function(3);
}

static void test_breakpoint(void)
{
	pid_t pid = tr_begin(run_breakpoint, 0);
	long old = *(long *)tr_function;
	regs_t r;

	TRACE(PTRACE_POKETEXT, pid, tr_function, (old & ~0xffL) | 0xcc);
	CHECK_EQ(*(long *)tr_function, old);
	for (int x = 2; x <= 3; x++) {
		CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGTRAP);
		r = tr_regs(pid);
		CHECK_EQ(r.rip, (unsigned long)tr_function + 1);
		CHECK_EQ(r.rdi, x);
		r.rip--;
		tr_set_regs(pid, r);
		TRACE(PTRACE_POKETEXT, pid, tr_function, old);
		CHECK_EQ(tr_resume(PTRACE_SINGLESTEP, pid, 0), SIGTRAP);
		TRACE(PTRACE_POKETEXT, pid, tr_function,
		      (old & ~0xffL) | 0xcc);
	}
	TRACE(PTRACE_POKETEXT, pid, tr_function, old);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 15);
}

static int run_watched(void)
{
	target.b = 3;
	target.text = 4;
	target.a = 5;
	return 6;
}

static void test_watchpoint(void)
{
	const long control = 1 | 1 << 16 | 3 << 18; /* DR0: writes of 8 */
	pid_t pid = tr_begin(run_watched, 0);
	long dr = offsetof(struct user, u_debugreg), word = 0;
	siginfo_t si;

	if (tr(PTRACE_POKEUSER, pid, dr, (long)&target.text) ||
	    tr(PTRACE_POKEUSER, pid, dr + 7 * 8, control))
		SKIP("no debug registers: %s", strerror(errno));
	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGTRAP);
	TRACE(PTRACE_GETSIGINFO, pid, 0, &si);
	CHECK_EQ(si.si_code, TRAP_HWBKPT);
	TRACE(PTRACE_PEEKDATA, pid, &target.text, &word);
	CHECK_EQ(word, 4);
	TRACE(PTRACE_PEEKUSER, pid, dr + 6 * 8, &word);
	CHECK_EQ(word & 0xf, 1);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 6);
}

/* ---- system calls ---- */

static int run_calls(void)
{
	long a = syscall(NO_SUCH_CALL, 1, 2, 3, 4, 5, 6) < 0 ? errno : 0;

	return syscall(SYS_getppid) == 12345 && a == ENOSYS ? 17 : 18;
}

static void test_syscall_stops(void)
{
	pid_t pid = tr_begin(run_calls, PTRACE_O_TRACESYSGOOD);
	struct __ptrace_syscall_info info;
	regs_t r;

	while ((r = tr_regs(pid)).orig_rax != NO_SUCH_CALL)
		CHECK_EQ(tr_resume(PTRACE_SYSCALL, pid, 0), SIGTRAP | 0x80);
	CHECK_EQ(r.rax, -ENOSYS);
	CHECK_EQ(r.r9, 6);
	CHECK_EQ(tr(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info),
		 offsetof(struct __ptrace_syscall_info, entry.args[6]));
	CHECK_EQ(info.op, PTRACE_SYSCALL_INFO_ENTRY);
	CHECK_EQ(info.arch, AUDIT_ARCH_X86_64);
	CHECK_EQ(info.instruction_pointer, r.rip);
	CHECK_EQ(info.stack_pointer, r.rsp);
	CHECK_EQ(info.entry.nr, NO_SUCH_CALL);
	for (int i = 0; i < 6; i++)
		CHECK_EQ(info.entry.args[i], i + 1);
	CHECK_EQ(tr_resume(PTRACE_SYSCALL, pid, 0), SIGTRAP | 0x80);
	CHECK(tr(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info) > 0);
	CHECK_EQ(info.op, PTRACE_SYSCALL_INFO_EXIT);
	CHECK_EQ(info.exit.rval, -ENOSYS);
	CHECK_EQ(info.exit.is_error, 1);
	CHECK_EQ(tr_resume(PTRACE_SYSCALL, pid, 0), SIGTRAP | 0x80);
	CHECK_EQ(tr_resume(PTRACE_SYSCALL, pid, 0), SIGTRAP | 0x80);
	r = tr_regs(pid);
	CHECK_EQ(r.orig_rax, SYS_getppid);
	CHECK_EQ(r.rax, getpid());
	r.rax = 12345;
	tr_set_regs(pid, r);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 17);
}

static int run_changed_calls(void)
{
	long skipped = syscall(SYS_exit_group, 1) < 0 ? errno : 0;
	long other = syscall(NO_SUCH_CALL, 99);
	int fds[2] = { -1, -1 };
	long moved = syscall(SYS_close, 1000, fds);

	return skipped == EDOM && other == getpid() && moved == 0 &&
			       fds[0] >= 0
		       ? 21
		       : 22;
}

/* At entry: no call at all, another call, other arguments. */
static void test_syscall_changed(void)
{
	pid_t pid = tr_begin(run_changed_calls, PTRACE_O_TRACESYSGOOD);
	regs_t r;

	while ((r = tr_regs(pid)).orig_rax != SYS_exit_group)
		tr_resume(PTRACE_SYSCALL, pid, 0);
	r.orig_rax = -1;
	tr_set_regs(pid, r);
	tr_resume(PTRACE_SYSCALL, pid, 0);
	r = tr_regs(pid);
	CHECK_EQ(r.rax, -ENOSYS);
	r.rax = -EDOM;
	tr_set_regs(pid, r);
	tr_resume(PTRACE_SYSCALL, pid, 0);
	TRACE(PTRACE_POKEUSER, pid, offsetof(regs_t, orig_rax), SYS_getpid);
	tr_resume(PTRACE_SYSCALL, pid, 0);
	CHECK_EQ(tr_regs(pid).rax, pid);
	while ((r = tr_regs(pid)).orig_rax != SYS_close || r.rdi != 1000)
		tr_resume(PTRACE_SYSCALL, pid, 0);
	r.orig_rax = SYS_pipe;
	r.rdi = r.rsi;
	tr_set_regs(pid, r);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 21);
}

static int run_emulated(void)
{
	return syscall(SYS_kill, getpid(), SIGKILL) == 777 ? 33 : 34;
}

/* User-mode Linux's own way: calls are shown, and not made. */
static void test_sysemu(void)
{
	pid_t pid = tr_begin(run_emulated, PTRACE_O_TRACESYSGOOD);
	regs_t r;

	for (;;) {
		CHECK_EQ(tr_resume(PTRACE_SYSEMU, pid, 0), SIGTRAP | 0x80);
		r = tr_regs(pid);
		if (r.orig_rax == SYS_exit_group)
			break;
		CHECK_EQ(r.rax, -ENOSYS);
		r.rax = r.orig_rax == SYS_kill ? 777 : (unsigned long)pid;
		tr_set_regs(pid, r);
	}
	CHECK_EQ(r.rdi, 33);
	CHECK_EQ(tr_resume(PTRACE_SYSEMU_SINGLESTEP, pid, 0), SIGTRAP);
	tr_end(pid);
}

/* ---- events ---- */

static int run_forks(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(3);
	return tap_wait(pid) >> 8;
}

/* Follows the new child to its end, which tells @code unless that is -1. */
static void tr_new_child(pid_t pid, int event, int code)
{
	unsigned long child = 0;
	int status;

	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), event);
	TRACE(PTRACE_GETEVENTMSG, pid, 0, &child);
	CHECK_EQ(tr_wait(child), SIGSTOP);
	TRACE(PTRACE_CONT, child, 0, 0);
	TRACE(PTRACE_CONT, pid, 0, 0);
	status = tap_wait(child);
	CHECK(status == code << 8 || code < 0, "status %#x", status);
}

static void test_fork_event(void)
{
	pid_t pid = tr_begin(run_forks, PTRACE_O_TRACEFORK);

	tr_new_child(pid, EVENT(FORK), 3);
	CHECK_EQ(tr_wait(pid), SIGCHLD);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 3);
}

static int run_vforks(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(4);
	return tap_wait(pid) >> 8;
}

static void test_vfork_events(void)
{
	pid_t pid = tr_begin(run_vforks, PTRACE_O_TRACEVFORK |
						 PTRACE_O_TRACEVFORKDONE);

	tr_new_child(pid, EVENT(VFORK), 4);
	CHECK_EQ(tr_wait(pid), EVENT(VFORK_DONE));
	tr_end(pid);
}

static void *tr_thread(void *arg)
{
	target.b = 8;
	return arg;
}

static int run_threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, tr_thread, NULL);
	pthread_join(thread, NULL);
	return target.b;
}

static void test_clone_event(void)
{
	pid_t pid = tr_begin(run_threads, PTRACE_O_TRACECLONE);

	/* A thread's status can be that of its process already. */
	tr_new_child(pid, EVENT(CLONE), -1);
	CHECK_EXITED(pid, 8);
}

static int run_exec(void)
{
	tap_exec_role("exit", "6");
	return 1;
}

static void test_exec_and_exit_events(void)
{
	pid_t pid = tr_begin(run_exec, PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
	unsigned long msg = 0;

	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), EVENT(EXEC));
	TRACE(PTRACE_GETEVENTMSG, pid, 0, &msg);
	CHECK_EQ(msg, pid);
	CHECK_EQ(tr_regs(pid).rip, getauxval(AT_ENTRY));
	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), EVENT(EXIT));
	TRACE(PTRACE_GETEVENTMSG, pid, 0, &msg);
	CHECK_EQ(msg, 6 << 8);
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EXITED(pid, 6);
}

/* ---- signals ---- */

static int run_signalled(void)
{
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGTERM);
	sigwaitinfo(&set, &si);
	return si.si_code == SI_QUEUE ? si.si_value.sival_int : 1;
}

/* A signal is shown before it is delivered, and can become another. */
static void test_signal_replaced(void)
{
	pid_t pid = tr_begin(run_signalled, 0);
	siginfo_t si;

	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGTERM);
	TRACE(PTRACE_GETSIGINFO, pid, 0, &si);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_code, SI_TKILL);
	si.si_signo = SIGUSR2;
	si.si_code = SI_QUEUE;
	si.si_value.sival_int = 77;
	TRACE(PTRACE_SETSIGINFO, pid, 0, &si);
	TRACE(PTRACE_CONT, pid, 0, SIGUSR2);
	CHECK_EXITED(pid, 77);
}

static void test_killed(void)
{
	pid_t pid = tr_begin(run_nothing, 0);
	regs_t r;

	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_ERR(tr(PTRACE_GETREGS, pid, 0, (long)&r), ESRCH);
	pid = tr_begin(run_nothing, 0);
	TRACE(PTRACE_CONT, pid, 0, SIGTERM);
	CHECK_KILLED(pid, SIGTERM);
}

static const struct tap_test tests[] = {
	{ "peek and poke", test_peek_poke, 0 },
	{ "all general registers", test_set_registers, 0 },
	{ "the user area", test_user_area, 0 },
	{ "NT_PRSTATUS and NT_PRFPREG", test_regsets, 0 },
	{ "NT_X86_XSTATE", test_xstate, 0 },
	{ "single step", test_single_step, 0 },
	{ "single step into a handler", test_step_into_handler, 0 },
	{ "breakpoints in read-only text", test_breakpoint, 0 },
	{ "hardware watchpoint", test_watchpoint, 0 },
	{ "system call stops", test_syscall_stops, 0 },
	{ "system calls changed", test_syscall_changed, 0 },
	{ "PTRACE_SYSEMU", test_sysemu, 0 },
	{ "fork event", test_fork_event, 0 },
	{ "vfork events", test_vfork_events, 0 },
	{ "clone event", test_clone_event, 0 },
	{ "exec and exit events", test_exec_and_exit_events, 0 },
	{ "a signal replaced", test_signal_replaced, 0 },
	{ "a tracee killed", test_killed, 0 },
};

static int tap_role(const char *name, int argc, char **argv)
{
	(void)name;
	return argc ? atoi(argv[0]) : 2;
}

int main(int argc, char **argv)
{
	fpu_detect();
	return tap_main(tests, ARRAY_SIZE(tests), argc, argv);
}
