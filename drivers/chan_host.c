// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors behind channels: inherited, opened by path, pseudo terminals. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <um/host.h>
#include <um/host_syscall.h>

#include "chan_host.h"

#define CHAN_MODES_MAX	64

/* Inherited open files that could not be had privately. */
static struct chan_mode {
	int	fd;
	int	flags;
} chan_modes[CHAN_MODES_MAX];
static unsigned int chan_mode_count;

void chan_host_none(struct chan_host *host)
{
	*host = (struct chan_host){ .fd = -1 };
}

static void chan_host_set(struct chan_host *host, int fd, int flags, bool socket)
{
	int access = flags & O_ACCMODE;
	struct termios modes;
	unsigned int number;

	host->fd = fd;
	host->readable = access != O_WRONLY;
	host->writable = access != O_RDONLY;
	host->terminal = !host_syscall(SYS_ioctl, fd, TCGETS, &modes);
	host->master = !host_syscall(SYS_ioctl, fd, TIOCGPTN, &number);
	host->socket = socket;
}

static void chan_host_proc_path(char path[32], int fd)
{
	static const char folder[] = "/proc/self/fd/";
	char digits[12];
	unsigned int used = 0, count = 0;

	while (folder[used]) {
		path[used] = folder[used];
		used++;
	}
	do {
		digits[count++] = '0' + fd % 10;
		fd /= 10;
	} while (fd);
	while (count)
		path[used++] = digits[--count];
	path[used] = '\0';
}

/*
 * Only for what has no position to share, and not for the master of a pseudo
 * terminal: opening that again makes a new one.
 */
static int chan_host_reopen(int fd, int flags, mode_t mode)
{
	struct termios modes;
	unsigned int number;
	char path[32];

	if (!S_ISFIFO(mode) && host_syscall(SYS_ioctl, fd, TCGETS, &modes))
		return -ENOTTY;
	if (!host_syscall(SYS_ioctl, fd, TIOCGPTN, &number))
		return -ENOTTY;
	chan_host_proc_path(path, fd);
	return host_syscall(SYS_open, path, (flags & O_ACCMODE) | O_NONBLOCK |
			    O_NOCTTY | O_CLOEXEC);
}

static void chan_host_share(int fd, int flags)
{
	if (flags & O_NONBLOCK || chan_mode_count == CHAN_MODES_MAX)
		return;
	if (host_syscall(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return;
	chan_modes[chan_mode_count++] = (struct chan_mode){ fd, flags };
}

int chan_host_adopt(struct chan_host *host, int fd)
{
	struct stat st;
	int flags, own;

	flags = host_syscall(SYS_fcntl, fd, F_GETFL);
	if (flags < 0)
		return flags;
	own = host_syscall(SYS_fstat, fd, &st);
	if (own < 0)
		return own;
	own = chan_host_reopen(fd, flags, st.st_mode);
	if (own < 0) {
		own = fd;
		if (!S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode))
			chan_host_share(fd, flags);
	}
	chan_host_set(host, own, flags, S_ISSOCK(st.st_mode));
	return 0;
}

int chan_host_open(struct chan_host *host, const char *path)
{
	int fd = host_syscall(SYS_open, path, O_RDWR | O_NONBLOCK | O_NOCTTY |
			      O_CLOEXEC);

	if (fd < 0)
		return fd;
	chan_host_set(host, fd, O_RDWR, false);
	return 0;
}

static void chan_host_pts_name(char *name, unsigned int number)
{
	static const char folder[] = "/dev/pts/";
	char digits[12];
	unsigned int count = 0;
	const char *p;

	for (p = folder; *p; p++)
		*name++ = *p;
	do {
		digits[count++] = '0' + number % 10;
		number /= 10;
	} while (number);
	while (count)
		*name++ = digits[--count];
	*name = '\0';
}

/*
 * The other side is held open, or each program that closed it would look like
 * a line that was hung up.
 */
int chan_host_open_pts(struct chan_host *host, char *name)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	struct termios modes;
	unsigned int number;
	int fd, other, unlock = 0;
	long ret;

	fd = host_syscall(SYS_open, "/dev/ptmx", flags | O_NONBLOCK);
	if (fd < 0)
		return fd;
	ret = host_syscall(SYS_ioctl, fd, TIOCSPTLCK, &unlock);
	if (!ret)
		ret = host_syscall(SYS_ioctl, fd, TIOCGPTN, &number);
	if (ret)
		goto close;
	other = host_syscall(SYS_ioctl, fd, TIOCGPTPEER, flags);
	if (other < 0) {
		ret = other;
		goto close;
	}
	ret = host_syscall(SYS_ioctl, other, TCGETS, &modes);
	if (ret)
		goto close_other;
	modes.c_iflag = 0;
	modes.c_oflag &= ~OPOST;
	modes.c_lflag = 0;
	ret = host_syscall(SYS_ioctl, other, TCSETS, &modes);
	if (ret)
		goto close_other;
	chan_host_pts_name(name, number);
	chan_host_set(host, fd, O_RDWR, false);
	return 0;

close_other:
	host_syscall(SYS_close, other);
close:
	host_syscall(SYS_close, fd);
	return ret;
}

long chan_host_read(const struct chan_host *host, void *buffer,
		    unsigned long size)
{
	long n;

	if (!host->readable)
		return -EAGAIN;
	do {
		if (host->socket)
			n = host_syscall(SYS_recvfrom, host->fd, buffer, size,
					 MSG_DONTWAIT);
		else
			n = host_syscall(SYS_read, host->fd, buffer, size);
	} while (n == -EINTR);
	return n;
}

long chan_host_write(const struct chan_host *host, const void *buffer,
		     unsigned long size)
{
	long n;

	if (!host->writable)
		return size;
	do {
		if (host->socket)
			n = host_syscall(SYS_sendto, host->fd, buffer, size,
					 MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			n = host_syscall(SYS_write, host->fd, buffer, size);
	} while (n == -EINTR);
	return n;
}

bool chan_host_write_all(const struct chan_host *host, const char *text,
			 unsigned long length, int timeout_ms)
{
	struct pollfd poll = { .fd = host->fd, .events = POLLOUT };
	long n;

	while (length) {
		n = chan_host_write(host, text, length);
		if (n > 0) {
			text += n;
			length -= n;
			continue;
		}
		if (n != -EAGAIN)
			return true;
		/* A signal that is pending comes after the last byte. */
		n = host_syscall(SYS_poll, &poll, 1, timeout_ms);
		if (!n)
			return false;
	}
	return true;
}

void chan_host_release(void)
{
	while (chan_mode_count) {
		chan_mode_count--;
		host_syscall(SYS_fcntl, chan_modes[chan_mode_count].fd, F_SETFL,
			     chan_modes[chan_mode_count].flags);
	}
}
