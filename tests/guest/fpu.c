// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vector and x87 state survives everything that is not an explicit change:
 * system calls, faults, handlers, fork, other threads.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "xstate.h"

/* ---- system calls, page faults ---- */

static void test_level(void)
{
	tap_diag("%s, XCR0 %#lx", level->name, fpu_xcr0);
	for (int i = 1; i <= 10; i++) {
		struct fpu_cycle c = { .nr = SYS_getpid };

		fpu_check_cycle(&c, i, "nothing in between");
	}
}

static void test_syscalls(void)
{
	struct timespec soon = { 0, 100000 };
	static char buf[65536];
	int fds[2], fd = memfd_create("fpu", 0);
	struct fpu_cycle cycles[] = {
		{ .nr = SYS_getpid, .repeat = 1000 },
		{ .nr = SYS_sched_yield, .repeat = 200 },
		{ .nr = -1, .repeat = 10 },
		{ .nr = SYS_nanosleep, .repeat = 10, .args = { (long)&soon } },
		{ .nr = SYS_write, .repeat = 20, .args = { fd, (long)buf, sizeof(buf) } },
		{ .nr = SYS_pread64, .repeat = 20, .args = { fd, (long)buf, sizeof(buf) } },
		{ .nr = SYS_getrandom, .repeat = 20, .args = { (long)buf, sizeof(buf) } },
		{ .nr = SYS_poll, .repeat = 3, .args = { 0, 0, 2 } },
		{ .nr = SYS_close, .repeat = 3, .args = { -1 } },
	};

	REQUIRE(pipe(fds) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(cycles); i++) {
		char where[40];

		snprintf(where, sizeof(where), "system call %ld",
			 cycles[i].nr);
		fpu_check_cycle(&cycles[i], i, where);
	}
}

static void test_page_faults(void)
{
	struct fpu_cycle c = { .count = 1000, .stride = 4096 };

	c.touch = tap_pages(1000, PROT_READ | PROT_WRITE);
	fpu_check_cycle(&c, 5, "page faults");
}

/* ---- signals ---- */

static void test_signal_by_syscall(void)
{
	fpu_catch(NULL);
	for (int i = 0; i < 100; i++) {
		struct fpu_cycle c = { .flag = &fpu_signalled };

		fpu_signalled = 0;
		fpu_raise(&c);
		fpu_check_cycle(&c, i, "kill");
	}
}

static void test_signal_by_timer(void)
{
	struct itimerval soon = { .it_value.tv_usec = 1000 };

	fpu_catch(NULL);
	for (int i = 0; i < 200; i++) {
		struct fpu_cycle c = { .flag = &fpu_signalled };

		fpu_signalled = 0;
		REQUIRE(!setitimer(ITIMER_REAL, &soon, NULL));
		fpu_check_cycle(&c, i, "timer");
	}
}

static void test_handler_starts_clean(void)
{
	struct fpu_cycle c = { .flag = &fpu_signalled };

	fpu_catch(NULL);
	fpu_raise(&c);
	fpu_check_cycle(&c, 3, "kill");
	CHECK_EQ(fpu_at_entry.mxcsr, MXCSR_DEFAULT);
	CHECK_EQ(fpu_at_entry.fcw, FCW_DEFAULT);
	for (int i = 0; i < level->registers; i++)
		CHECK(fpu_all_zero(fpu_at_entry.vec[i], level->width),
		      "vector register %d", i);
	CHECK(fpu_all_zero(fpu_at_entry.k, sizeof(fpu_at_entry.k)));
}

/* ---- processes and threads ---- */

static void test_fork(void)
{
	for (int i = 0; i < 30; i++) {
		struct fpu_cycle c = { .nr = SYS_fork, .repeat = 1 };

		fpu_check_cycle(&c, 1000 + i, "fork");
		REQUIRE(c.ret >= 0);
		if (!c.ret)
			_exit(0);
		CHECK_EXITED(c.ret, 0);
	}
}

static int exec_child(void *arg)
{
	char *argv[] = { tap_self, "--role", "fresh", NULL }, *envp[] = { NULL };
	struct fpu_cycle c = { .nr = SYS_execve, .repeat = 1, .args = { (long)tap_self, (long)argv, (long)envp } };

	if (arg)
		ptrace(PTRACE_TRACEME, 0, 0, 0);
	fpu_choose(&c.in, 6);
	fpu_cycle(&c);
	return 3;
}

static void test_exec(void)
{
	CHECK_EXITED(tap_fork(exec_child, NULL), 0);
}

/* Before the new program's first instruction, all state is initial. */
static void test_exec_seen_by_tracer(void)
{
	static struct fpu_state initial, seen;
	static char area[16384];
	struct iovec iov = { area, sizeof(area) };
	pid_t pid = tap_fork(exec_child, (void *)1);
	int status;

	fpu_require_xsave();
	REQUIRE(waitpid(pid, &status, 0) == pid);
	REQUIRE(WIFSTOPPED(status), "status %#x", status);
	REQUIRE(!ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov));
	initial.mxcsr = MXCSR_DEFAULT;
	initial.fcw = FCW_DEFAULT;
	fpu_copy_area(area, &seen, false);
	fpu_compare(&seen, &initial, "after execve");
	ptrace(PTRACE_KILL, pid, 0, 0);
	kill(pid, SIGKILL);
	tap_wait(pid);
}

static void *thread_yields(void *arg)
{
	unsigned long id = (unsigned long)arg;

	for (int i = 0; i < 100; i++) {
		struct fpu_cycle c = { .nr = SYS_sched_yield, .repeat = 10 };

		fpu_check_cycle(&c, id * 1000 + i, "sched_yield");
	}
	return NULL;
}

/* Long enough for many time slices to end. */
static void *thread_computes(void *arg)
{
	char c = 0;

	for (int i = 0; i < 100; i++) {
		struct fpu_cycle cycle = { .count = 3000000, .touch = &c };

		fpu_check_cycle(&cycle, (unsigned long)arg * 31 + i,
				"preemption");
	}
	return NULL;
}

static void fpu_threads(void *(*f)(void *), int count)
{
	pthread_t threads[16];

	for (long i = 0; i < count; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, f, (void *)i));
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void test_threads_yield(void)
{
	fpu_threads(thread_yields, 16);
}

static void test_threads_preempted(void)
{
	fpu_threads(thread_computes, 6);
}

static void test_threads_signalled(void)
{
	struct itimerval tick = { { 0, 2000 }, { 0, 2000 } };

	fpu_catch(NULL);
	REQUIRE(!setitimer(ITIMER_REAL, &tick, NULL));
	fpu_threads(thread_computes, 4);
}

static const struct tap_test fpu_tests[] = {
	{ "loaded and stored", test_level, 0 },
	{ "system calls", test_syscalls, 0 },
	{ "page faults", test_page_faults, 0 },
	{ "handlers of signals by system call", test_signal_by_syscall, 0 },
	{ "handlers of signals by timer", test_signal_by_timer, 0 },
	{ "a handler starts with initial state", test_handler_starts_clean, 0 },
	{ "fork: both sides have it", test_fork, 0 },
	{ "execve: control words", test_exec, 0 },
	{ "execve: all state, by ptrace", test_exec_seen_by_tracer, 0 },
	{ "16 threads yield", test_threads_yield, 60 },
	{ "6 threads are preempted", test_threads_preempted, 60 },
	{ "4 threads are preempted and signalled", test_threads_signalled, 60 },
};

static int tap_role(const char *name, int argc, char **argv)
{
	unsigned int mxcsr;
	unsigned short fcw;

	(void)name;
	(void)argc;
	(void)argv;
	asm volatile("stmxcsr %0\n\tfnstcw %1"
		     : "=m"(mxcsr), "=m"(fcw));
	return mxcsr == MXCSR_DEFAULT && fcw == FCW_DEFAULT ? 0 : 1;
}

int main(int argc, char **argv)
{
	fpu_detect();
	return tap_main(fpu_tests, ARRAY_SIZE(fpu_tests), argc, argv);
}
