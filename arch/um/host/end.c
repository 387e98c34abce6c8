// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the process ends: each way out tears down the same list, in reverse.
 * What the list can't reach (SIGKILL) is seen to by the host: guest processes
 * die with their tracer, and memory is a memfd that has no name.
 */
#include <errno.h>
#include <signal.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

#define END_MAX	16

static void (*end_functions[END_MAX])(void);
static unsigned int end_count;

int host_at_exit(void (*function)(void))
{
	if (end_count == END_MAX)
		return -ENOSPC;
	end_functions[end_count++] = function;
	return 0;
}

static void end_teardown(void)
{
	host_signals_block();
	host_cpus_stop();
	while (end_count)
		end_functions[--end_count]();
}

void host_exit(int status)
{
	end_teardown();
	for (;;)
		host_syscall(SYS_exit_group, status);
}

/*
 * Every descriptor that the kernel opened is close-on-exec; the arguments and
 * the environment are still where the host put them.
 */
void host_restart(void)
{
	end_teardown();
	host_place_undo();
	host_signals_unblock();
	host_syscall(SYS_execve, "/proc/self/exe", host_argv, host_environ);
	host_fatal("reboot: can't start /proc/self/exe again (is /proc mounted?)");
}

/* A signal that asks the process to end: as if it had not been caught. */
void host_end_by_signal(int signo)
{
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} action = { SIG_DFL, 0, NULL, 0 };
	unsigned long mask = ~(1UL << (signo - 1));

	end_teardown();
	host_syscall(SYS_rt_sigaction, signo, &action, 0, sizeof(mask));
	host_syscall(SYS_kill, host_syscall(SYS_getpid), signo);
	host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
	host_exit(1);
}
