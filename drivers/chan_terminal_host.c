// SPDX-License-Identifier: GPL-2.0-only
/* Modes of the host's terminals: raw while a guest uses them. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <asm/ioctls.h>
#include <asm/termios.h>
#include <sys/stat.h>
#include <um/host.h>
#include <um/host_syscall.h>

#include "chan_host.h"

#define TERMINALS_MAX	32

static struct terminal {
	int			fd;
	dev_t			device;
	struct terminal_modes	modes;
	int			watchdog;
	long			watchdog_pid;
} terminals[TERMINALS_MAX];
static unsigned int terminal_count;

static dev_t terminal_device(int fd)
{
	struct stat st;

	return host_syscall(SYS_fstat, fd, &st) ? 0 : st.st_rdev;
}

bool terminal_is_raw(int fd)
{
	dev_t device = terminal_device(fd);
	unsigned int i;

	for (i = 0; i < terminal_count; i++)
		if (device && terminals[i].device == device)
			return true;
	return false;
}

bool terminal_in_background(int fd)
{
	int group;

	/* Not the terminal of our session: nobody else's foreground either. */
	if (host_syscall(SYS_ioctl, fd, TIOCGPGRP, &group))
		return false;
	return group != host_syscall(SYS_getpgid, 0);
}

/*
 * Reading in the background then fails with EIO and writing is let through;
 * by default the host would stop the whole process.
 */
static void terminal_ignore_stops(void)
{
	struct {
		void		*handler;
		unsigned long	flags;
		void		*restorer;
		unsigned long	mask;
	} ignore = { SIG_IGN, 0, NULL, 0 };

	host_syscall(SYS_rt_sigaction, SIGTTIN, &ignore, 0, sizeof(ignore.mask));
	host_syscall(SYS_rt_sigaction, SIGTTOU, &ignore, 0, sizeof(ignore.mask));
}

/* Afterwards modes->raw is what the host made of our wish. */
static long terminal_make_raw(int fd, struct terminal_modes *modes)
{
	long ret = host_syscall(SYS_ioctl, fd, TCGETS, &modes->saved);

	if (ret)
		return ret;
	modes->raw = modes->saved;
	modes->raw.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | INPCK | ISTRIP |
				INLCR | IGNCR | ICRNL | IXON | IXOFF | IUCLC);
	modes->raw.c_oflag &= ~OPOST;
	modes->raw.c_lflag &= ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	modes->raw.c_cc[VMIN] = 1;
	modes->raw.c_cc[VTIME] = 0;
	ret = host_syscall(SYS_ioctl, fd, TCSETS, &modes->raw);
	if (ret)
		return ret;
	return host_syscall(SYS_ioctl, fd, TCGETS, &modes->raw);
}

int terminal_raw(int fd)
{
	struct terminal *terminal = &terminals[terminal_count];
	long ret;

	if (terminal_is_raw(fd))
		return 0;
	if (terminal_count == TERMINALS_MAX)
		return -ENOSPC;
	terminal_ignore_stops();
	if (terminal_in_background(fd))
		return -EAGAIN;
	ret = terminal_make_raw(fd, &terminal->modes);
	if (ret)
		return ret;
	terminal->fd = fd;
	terminal->device = terminal_device(fd);
	terminal->watchdog = watchdog_start(fd, &terminal->modes,
					    &terminal->watchdog_pid);
	terminal_count++;
	return 0;
}

int terminal_size(int fd, unsigned short *rows, unsigned short *columns)
{
	struct winsize size;
	long ret = host_syscall(SYS_ioctl, fd, TIOCGWINSZ, &size);

	if (ret)
		return ret;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return 0;
}

static bool terminal_same(const struct termios *a, const struct termios *b)
{
	unsigned int i;

	for (i = 0; i < NCCS; i++)
		if (a->c_cc[i] != b->c_cc[i])
			return false;
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
	       a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag;
}

void terminal_put_back(int fd, const struct terminal_modes *modes)
{
	struct termios now;

	if (host_syscall(SYS_ioctl, fd, TCGETS, &now))
		return;
	if (terminal_same(&now, &modes->raw))
		host_syscall(SYS_ioctl, fd, TCSETS, &modes->saved);
}

void terminal_release(void)
{
	struct terminal *terminal;

	while (terminal_count) {
		terminal = &terminals[--terminal_count];
		terminal_put_back(terminal->fd, &terminal->modes);
		if (terminal->watchdog >= 0)
			watchdog_stop(terminal->watchdog,
				      terminal->watchdog_pid);
	}
}
