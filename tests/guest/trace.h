/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracer's tools.
 */
#ifndef TRACE_H
#define TRACE_H

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "tap.h"

#define EVENT(e) (SIGTRAP | PTRACE_EVENT_##e << 8)

typedef struct user_regs_struct regs_t;

TAP_USED_OR_NOT static long tr(int request, pid_t pid, long addr, long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}

#define TRACE(request, pid, addr, data) \
	CHECK(tr(request, pid, (long)(addr), (long)(data)) == 0, #request)

/* Status >> 8 of a stop: the signal, and the event above it. */
TAP_USED_OR_NOT static int tr_wait(pid_t pid)
{
	int status = 0;

	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	REQUIRE(WIFSTOPPED(status), "status %#x", status);
	return status >> 8;
}

TAP_USED_OR_NOT static int tr_resume(int request, pid_t pid, int sig)
{
	TRACE(request, pid, 0, sig);
	return tr_wait(pid);
}

TAP_USED_OR_NOT static regs_t tr_regs(pid_t pid)
{
	regs_t r = { 0 };

	TRACE(PTRACE_GETREGS, pid, 0, &r);
	return r;
}

TAP_USED_OR_NOT static void tr_set_regs(pid_t pid, regs_t r)
{
	TRACE(PTRACE_SETREGS, pid, 0, &r);
}

TAP_USED_OR_NOT static void tr_end(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

struct tr_start {
	int (*run)(void);
};

TAP_USED_OR_NOT static int tr_traced(void *arg)
{
	tr(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	return ((struct tr_start *)arg)->run();
}

/* A child stopped before it calls @run. */
TAP_USED_OR_NOT static pid_t tr_begin(int (*run)(void), long options)
{
	struct tr_start start = { run };
	pid_t pid = tap_fork(tr_traced, &start);

	CHECK_EQ(tr_wait(pid), SIGSTOP);
	TRACE(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL | options);
	return pid;
}

#endif
