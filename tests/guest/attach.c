// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tracer and a process that was running before it came: attach, seize,
 * interrupt, detach, and what gdb does to a process that sits in a call.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "trace.h"

static struct at_shared {
	volatile long counter, stop, ready;
	volatile pid_t tids[4];
	volatile long result;
	int pipe[2];
} * shared;

static void at_share(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(shared != MAP_FAILED && pipe(shared->pipe) == 0);
}

static int at_count(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!shared->stop)
		shared->counter++;
	return 40;
}

/* Counts on, whatever the scheduler thinks of it. */
static void at_runs(void)
{
	long before = shared->counter;

	while (shared->counter < before + 1000)
		sched_yield();
}

static void at_stands_still(void)
{
	long before = shared->counter;

	for (int i = 0; i < 100; i++)
		sched_yield();
	CHECK_EQ(shared->counter, before);
}

static void test_attach_running(void)
{
	pid_t pid;

	at_share();
	pid = tap_fork(at_count, NULL);
	for (int i = 0; i < 20; i++) {
		at_runs();
		TRACE(PTRACE_ATTACH, pid, 0, 0);
		CHECK_EQ(tr_wait(pid), SIGSTOP);
		at_stands_still();
		CHECK(tr_regs(pid).rip != 0);
		TRACE(PTRACE_DETACH, pid, 0, 0);
	}
	at_runs();
	shared->stop = 1;
	CHECK_EXITED(pid, 40);
}

static void test_seize_and_interrupt(void)
{
	pid_t pid;
	int status;

	at_share();
	pid = tap_fork(at_count, NULL);
	TRACE(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL);
	at_runs();
	for (int i = 0; i < 20; i++) {
		TRACE(PTRACE_INTERRUPT, pid, 0, 0);
		CHECK_EQ(tr_wait(pid), EVENT(STOP));
		at_stands_still();
		TRACE(PTRACE_CONT, pid, 0, 0);
		at_runs();
	}
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	shared->stop = 1;
	CHECK_EXITED(pid, 40);
}

/* A seized tracee takes part in group stops, and leaves them by SIGCONT. */
static void test_group_stop(void)
{
	pid_t pid;

	at_share();
	pid = tap_fork(at_count, NULL);
	TRACE(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL);
	kill(pid, SIGSTOP);
	CHECK_EQ(tr_wait(pid), SIGSTOP);
	TRACE(PTRACE_CONT, pid, 0, SIGSTOP);
	CHECK_EQ(tr_wait(pid), SIGSTOP | PTRACE_EVENT_STOP << 8);
	TRACE(PTRACE_LISTEN, pid, 0, 0);
	at_stands_still();
	kill(pid, SIGCONT);
	CHECK_EQ(tr_wait(pid), EVENT(STOP));
	TRACE(PTRACE_CONT, pid, 0, 0);
	CHECK_EQ(tr_wait(pid), SIGCONT);
	TRACE(PTRACE_CONT, pid, 0, 0);
	at_runs();
	shared->stop = 1;
	CHECK_EXITED(pid, 40);
}

static void *at_thread(void *index)
{
	shared->tids[(long)index] = syscall(SYS_gettid);
	while (!shared->stop)
		shared->counter++;
	return NULL;
}

static int at_threads(void *arg)
{
	pthread_t threads[3];

	(void)arg;
	for (long i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, at_thread, (void *)i);
	shared->tids[3] = getpid();
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 41;
}

/* All threads of a process, one of them in a system call. */
static void test_attach_threads(void)
{
	pid_t pid;

	at_share();
	pid = tap_fork(at_threads, NULL);
	for (int i = 0; i < 4; i++)
		while (!shared->tids[i])
			sched_yield();
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 4; i++) {
			TRACE(PTRACE_ATTACH, shared->tids[i], 0, 0);
			CHECK_EQ(tr_wait(shared->tids[i]), SIGSTOP);
		}
		at_stands_still();
		for (int i = 0; i < 4; i++)
			TRACE(PTRACE_DETACH, shared->tids[i], 0, 0);
		at_runs();
	}
	shared->stop = 1;
	CHECK_EXITED(pid, 41);
}

static __attribute__((noinline, noclone, used)) long at_inferior(long a, long b)
{
	shared->counter += a;
	return a * 100 + b;
}

/* Where an inferior call returns to. */
void at_trap(void);
asm(".globl at_trap\nat_trap: int3\n");

static int at_read(void *arg)
{
	char c = 0;

	(void)arg;
	shared->ready = 1;
	shared->result = read(shared->pipe[0], &c, 1);
	return c;
}

static void at_await_sleep(pid_t pid)
{
	char text[256], state = 0;

	while (!shared->ready || state != 'S') {
		REQUIRE(tap_proc_line(pid, "stat", text, sizeof(text)));
		state = strrchr(text, ')')[2];
		sched_yield();
	}
}

/* What gdb does for "print f(3, 4)" while the process sits in read(). */
static void test_inferior_call(void)
{
	regs_t old, r;
	pid_t pid;

	at_share();
	pid = tap_fork(at_read, NULL);
	at_await_sleep(pid);
	TRACE(PTRACE_ATTACH, pid, 0, 0);
	CHECK_EQ(tr_wait(pid), SIGSTOP);
	r = old = tr_regs(pid);
	CHECK_EQ(r.orig_rax, SYS_read);
	CHECK_EQ(r.rax, -512L); /* ERESTARTSYS */
	r.rsp = ((r.rsp - 512) & ~15UL) - 8;
	TRACE(PTRACE_POKEDATA, pid, r.rsp, at_trap);
	r.rip = (unsigned long)at_inferior;
	r.rdi = 3;
	r.rsi = 4;
	r.orig_rax = -1;
	tr_set_regs(pid, r);
	CHECK_EQ(tr_resume(PTRACE_CONT, pid, 0), SIGTRAP);
	r = tr_regs(pid);
	CHECK_EQ(r.rip, (unsigned long)at_trap + 1);
	CHECK_EQ(r.rax, 304);
	CHECK_EQ(shared->counter, 3);
	tr_set_regs(pid, old);
	TRACE(PTRACE_DETACH, pid, 0, 0);
	CHECK_EQ(write(shared->pipe[1], "Z", 1), 1);
	CHECK_EXITED(pid, 'Z');
	CHECK_EQ(shared->result, 1);
}

/* Stopped and looked at, a call goes on as if nothing had been. */
static void test_call_continues(void)
{
	pid_t pid;

	at_share();
	pid = tap_fork(at_read, NULL);
	at_await_sleep(pid);
	TRACE(PTRACE_SEIZE, pid, 0, 0);
	for (int i = 0; i < 5; i++) {
		TRACE(PTRACE_INTERRUPT, pid, 0, 0);
		CHECK_EQ(tr_wait(pid), EVENT(STOP));
		CHECK_EQ(tr_regs(pid).orig_rax, SYS_read);
		TRACE(PTRACE_CONT, pid, 0, 0);
		at_await_sleep(pid);
	}
	CHECK_EQ(write(shared->pipe[1], "Y", 1), 1);
	CHECK_EXITED(pid, 'Y');
	CHECK_EQ(shared->result, 1);
}

static void test_memory(void)
{
	static long mine = 0x1234;
	struct iovec local, remote = { &mine, 8 };
	char path[64];
	long word = 0;
	pid_t pid;
	int fd;

	at_share();
	pid = tap_fork(at_count, NULL);
	local = (struct iovec){ &word, 8 };
	TRACE(PTRACE_ATTACH, pid, 0, 0);
	CHECK_EQ(tr_wait(pid), SIGSTOP);
	CHECK_EQ(process_vm_readv(pid, &local, 1, &remote, 1, 0), 8);
	CHECK_EQ(word, 0x1234);
	word = 0x5678;
	CHECK_EQ(process_vm_writev(pid, &local, 1, &remote, 1, 0), 8);
	CHECK_EQ(mine, 0x1234);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	REQUIRE(fd >= 0);
	CHECK_EQ(pread(fd, &word, 8, (off_t)&mine), 8);
	CHECK_EQ(word, 0x5678);
	word = 0xcc;
	CHECK_EQ(pwrite(fd, &word, 1, (off_t)at_count), 1);
	CHECK(*(unsigned char *)at_count != 0xcc ||
	      !"the tracer's own text has changed");
	TRACE(PTRACE_KILL, pid, 0, 0);
	CHECK_KILLED(pid, SIGKILL);
}

static int at_lone_tracer(void *pid)
{
	tr(PTRACE_SEIZE, (long)pid, 0, PTRACE_O_EXITKILL);
	return 0;
}

/* PTRACE_O_EXITKILL: the tracee does not survive its tracer. */
static void test_tracer_exits(void)
{
	pid_t pid;

	at_share();
	pid = tap_fork(at_count, NULL);
	CHECK_EXITED(tap_fork(at_lone_tracer, (void *)(long)pid), 0);
	CHECK_KILLED(pid, SIGKILL);
}

static void test_refused(void)
{
	pid_t pid;

	at_share();
	pid = tap_fork(at_count, NULL);
	CHECK_ERR(tr(PTRACE_CONT, pid, 0, 0), ESRCH);
	TRACE(PTRACE_SEIZE, pid, 0, 0);
	CHECK_ERR(tr(PTRACE_SEIZE, pid, 0, 0), EPERM);
	CHECK_ERR(tr(PTRACE_PEEKDATA, pid, (long)shared, (long)&pid), ESRCH);
	CHECK_ERR(tr(PTRACE_ATTACH, getpid(), 0, 0), EPERM);
	CHECK_ERR(tr(PTRACE_ATTACH, 0x3fffff, 0, 0), ESRCH);
	TRACE(PTRACE_INTERRUPT, pid, 0, 0);
	CHECK_EQ(tr_wait(pid), EVENT(STOP));
	CHECK_ERR(tr(PTRACE_SETOPTIONS, pid, 0, 1L << 40), EINVAL);
	CHECK_ERR(tr(0x7777, pid, 0, 0), EIO);
	tr_end(pid);
}

static const struct tap_test tests[] = {
	{ "attach to a running process, and detach", test_attach_running, 0 },
	{ "seize and interrupt", test_seize_and_interrupt, 0 },
	{ "group stop of a seized process", test_group_stop, 0 },
	{ "attach to all threads", test_attach_threads, 0 },
	{ "inferior call inside a system call", test_inferior_call, 0 },
	{ "an interrupted call goes on", test_call_continues, 0 },
	{ "memory by /proc and process_vm_*", test_memory, 0 },
	{ "PTRACE_O_EXITKILL", test_tracer_exits, 0 },
	{ "requests refused", test_refused, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
