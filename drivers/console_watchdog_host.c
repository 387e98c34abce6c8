// SPDX-License-Identifier: GPL-2.0-only
/*
 * The caretaker of a terminal.
 *
 * Nothing of ours runs after SIGKILL, so a second process waits for the end of
 * the first: for the end of file of a pipe that only the kernel can write to.
 * It must share nothing with the kernel, whose memory is shared with every
 * child, so it is our own program started anew.  It is the leader of a session
 * of its own, out of reach of signals to the kernel's process group and not
 * bound by job control.
 *
 * Along the pipe go the terminal's modes, then nothing until the kernel ends,
 * or a byte that says that the kernel put them back itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <linux/sched.h>
#include <sys/wait.h>
#include <um/host.h>
#include <um/host_syscall.h>

#include "chan_host.h"

#define WATCHDOG_TERMINAL	0
#define WATCHDOG_PIPE		1

#define WATCHDOG_STOP_MS	1000

struct watchdog {
	int	terminal;
	int	pipe[2];
};

static char watchdog_stack[4096];

/* Runs in our memory, in another process, while we wait. */
static void watchdog_exec(const struct watchdog *watchdog)
{
	char *const argv[] = { "linux", WATCHDOG_ARGUMENT, NULL };
	char *const environ[] = { NULL };
	long terminal, pipe;

	terminal = host_syscall(SYS_fcntl, watchdog->terminal, F_DUPFD, 10);
	pipe = host_syscall(SYS_fcntl, watchdog->pipe[0], F_DUPFD, 10);
	host_syscall(SYS_dup2, terminal, WATCHDOG_TERMINAL);
	host_syscall(SYS_dup2, pipe, WATCHDOG_PIPE);
	host_syscall(SYS_close_range, WATCHDOG_PIPE + 1, ~0U, 0);
	host_syscall(SYS_setsid);
	host_syscall(SYS_execve, "/proc/self/exe", argv, environ);
	for (;;)
		host_syscall(SYS_exit, 1);
}

/* vfork(), but on a stack of its own; the psABI wants that aligned. */
static long watchdog_clone(const struct watchdog *watchdog)
{
	unsigned long top = (unsigned long)watchdog_stack +
			    sizeof(watchdog_stack);
	register long entry asm("r12") = (long)watchdog_exec;
	register const struct watchdog *argument asm("r13") = watchdog;
	register long r10 asm("r10") = 0;
	register long r8 asm("r8") = 0;
	long ret;

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "mov %%r13, %%rdi\n\t"
		     "call *%%r12\n"
		     "1:"
		     : "=a" (ret)
		     : "0" ((long)SYS_clone),
		       "D" ((long)(CLONE_VM | CLONE_VFORK | SIGCHLD)),
		       "S" (top & ~15UL),
		       "d" (0L), "r" (r10), "r" (r8), "r" (entry),
		       "r" (argument)
		     : "rcx", "r11", "memory");
	return ret;
}

int watchdog_start(int fd, const struct terminal_modes *modes, long *pid)
{
	struct watchdog watchdog = { .terminal = fd };
	unsigned long all = ~0UL, mask;
	long ret;

	ret = host_syscall(SYS_pipe2, watchdog.pipe, O_CLOEXEC);
	if (ret < 0)
		return ret;
	host_syscall(SYS_write, watchdog.pipe[1], modes,
		     sizeof(*modes));
	/* A handler of the kernel must not run in the child. */
	host_syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &mask, sizeof(all));
	ret = watchdog_clone(&watchdog);
	host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
	host_syscall(SYS_close, watchdog.pipe[0]);
	if (ret < 0) {
		host_syscall(SYS_close, watchdog.pipe[1]);
		return ret;
	}
	*pid = ret;
	return watchdog.pipe[1];
}

void watchdog_stop(int handle, long pid)
{
	struct pollfd poll = { .fd = handle };
	char byte = 0;

	host_syscall(SYS_write, handle, &byte, 1);
	/* POLLERR: it has closed its end, and is about to exit. */
	if (host_syscall(SYS_poll, &poll, 1, WATCHDOG_STOP_MS) == 1)
		host_syscall(SYS_wait4, pid, 0, __WALL);
	host_syscall(SYS_close, handle);
}

/* Return: bytes read, fewer than @size at the end. */
static unsigned long watchdog_read(void *buffer, unsigned long size)
{
	unsigned long done = 0;
	long n;

	while (done < size) {
		n = host_syscall(SYS_read, WATCHDOG_PIPE, (char *)buffer + done,
				 size - done);
		if (n > 0)
			done += n;
		else if (n != -EINTR)
			break;
	}
	return done;
}

int console_watchdog_main(int argc, char **argv)
{
	struct terminal_modes modes;
	char stop;

	(void)argc;
	(void)argv;
	if (watchdog_read(&modes, sizeof(modes)) != sizeof(modes))
		return 1;
	if (!watchdog_read(&stop, sizeof(stop)))
		terminal_put_back(WATCHDOG_TERMINAL, &modes);
	return 0;
}
