// SPDX-License-Identifier: GPL-2.0-only
/* Host processes for guest mms: what does not depend on how they are run. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>
#include <um/stub.h>
#include "stub_host.h"

/* Descriptors looked at where the host has no close_range(). */
#define STUB_OLD_MAX_FD	4096

/* The image's text is not in physical memory; the stub's page has to be. */
void stub_place(unsigned long phys)
{
	host_copy((char *)UM_DIRECT_START + phys, um_stub,
		  UM_STUB_ORDERS - UM_STUB_CODE);
}

/* Close from @first up to, and without, @end; a host before 5.9 one by one. */
static void stub_close_range(unsigned int first, unsigned int end)
{
	unsigned int last = end == STUB_OLD_MAX_FD ? ~0U : end - 1;

	if (first == end || !host_syscall(SYS_close_range, first, last, 0))
		return;
	for (; first < end; first++)
		host_syscall(SYS_close, first);
}

void stub_child_close(int other)
{
	int memory = host_config.memory_fd;
	int low = other < memory ? other : memory;
	int high = other < memory ? memory : other;

	if (low >= 0)
		stub_close_range(0, low);
	stub_close_range(low + 1, high);
	stub_close_range(high + 1, STUB_OLD_MAX_FD);
}

/*
 * Guest code can have the host end its process by a signal that dumps core.
 * One byte is less than any file's, and unlike 0 it holds for a core_pattern
 * that is a pipe too.
 */
void stub_child_no_core(void)
{
	static const struct rlimit one = { 1, 1 };

	/* Refused: then the limit is 0. */
	host_syscall(SYS_setrlimit, RLIMIT_CORE, &one);
}

int stub_wait(int pid)
{
	int status;
	long ret;

	do {
		ret = host_syscall(SYS_wait4, pid, &status, __WALL, 0);
	} while (ret == -EINTR);
	return ret < 0 ? ret : status;
}

void stub_wait_end(int pid)
{
	int status;

	do {
		status = stub_wait(pid);
	} while (status >= 0 && WIFSTOPPED(status));
}

void stub_kill(int pid)
{
	host_syscall(SYS_kill, pid, SIGKILL);
	stub_wait_end(pid);
}

void stub_end_group(int leader)
{
	int status;
	long ret;

	host_syscall(SYS_kill, -leader, SIGKILL);
	do {
		ret = host_syscall(SYS_wait4, -leader, &status, __WALL, 0);
	} while (ret > 0 || ret == -EINTR);
}
