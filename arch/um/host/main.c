// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process starts: from the host's entry point to start_kernel().
 */
#include <fcntl.h>
#include <linux/auxvec.h>
#include <sys/prctl.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>
#include <chan_host.h>

char **host_argv;
char **host_environ;

static unsigned long *host_auxiliary;

unsigned long host_auxv(unsigned long type)
{
	unsigned long *entry;

	for (entry = host_auxiliary; entry[0] != AT_NULL; entry += 2)
		if (entry[0] == type)
			return entry[1];
	return 0;
}

static void host_find_vectors(long *stack)
{
	char **p;

	host_argv = (char **)(stack + 1);
	host_environ = host_argv + stack[0] + 1;
	for (p = host_environ; *p; p++)
		;
	host_auxiliary = (unsigned long *)(p + 1);
}

/* After a restart by way of /proc/self/exe the name would be "exe". */
static void host_set_name(void)
{
	const char *p, *name = host_argv[0];

	if (!name)
		return;
	for (p = name; *p; p++)
		if (*p == '/')
			name = p + 1;
	host_syscall(SYS_prctl, PR_SET_NAME, name);
}

/* A closed descriptor of the first three would be given to the next file. */
static void host_open_standard(void)
{
	long fd;

	do {
		fd = host_syscall(SYS_open, "/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		host_syscall(SYS_close, fd);
}

void host_main(long *stack);

/*
 * The order matters: the backend forks its first host process while the
 * kernel's data is still private, and signals come last, when their handlers
 * have something to work on.
 */
void host_main(long *stack)
{
	host_find_vectors(stack);
	host_open_standard();
	host_memory_shadow();
	host_set_name();
	if (stack[0] > 1 && host_streq(host_argv[1], WATCHDOG_ARGUMENT))
		host_syscall(SYS_exit_group,
			     console_watchdog_main(stack[0], host_argv));
	host_signals_ignore();
	host_place_init();
	host_parse_options(stack[0], host_argv);
	host_time_init();
	host_cpus_init();
	host_memory_create();
	trap_early();
	host_memory_share_image();
	host_signals_init();
	host_run_on(um_boot_stack(), um_start_kernel);
}
