// SPDX-License-Identifier: GPL-2.0-only
/* Readiness of descriptors: the host sends SIGIO to the boot CPU's thread. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

static bool io_can_signal(int fd)
{
	struct stat st;

	if (host_syscall(SYS_fstat, fd, &st))
		return false;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
	       S_ISCHR(st.st_mode);
}

int host_io_watch(int fd)
{
	struct f_owner_ex owner = { .type = F_OWNER_TID };
	long flags, ret;

	if (!io_can_signal(fd))
		return -EPERM;
	owner.pid = host_syscall(SYS_getpid);
	ret = host_syscall(SYS_fcntl, fd, F_SETOWN_EX, &owner);
	if (ret < 0)
		return ret;
	flags = host_syscall(SYS_fcntl, fd, F_GETFL);
	if (flags < 0)
		return flags;
	ret = host_syscall(SYS_fcntl, fd, F_SETFL, flags | O_ASYNC);
	if (ret < 0)
		return ret;
	/* /dev/null and its like take the flag without having the function. */
	if (!(host_syscall(SYS_fcntl, fd, F_GETFL) & O_ASYNC))
		return -EPERM;
	/* Only what comes from now on signals by itself. */
	host_syscall(SYS_tgkill, owner.pid, owner.pid, SIGIO);
	return 0;
}

void host_io_unwatch(int fd)
{
	long flags = host_syscall(SYS_fcntl, fd, F_GETFL);

	if (flags >= 0)
		host_syscall(SYS_fcntl, fd, F_SETFL, flags & ~O_ASYNC);
}
