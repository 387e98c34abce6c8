/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host side of channels: descriptors that console and serial lines talk
 * to.  Nothing here sleeps or takes a lock, unless said otherwise; errors are
 * negative errnos.
 */
#ifndef _UM_CHAN_HOST_H
#define _UM_CHAN_HOST_H

#ifdef __UM_HOST__
#include <stdbool.h>
#include <asm/termbits.h>
#else
#include <linux/types.h>
#endif

/**
 * struct chan_host - a descriptor in use
 * @fd:		the descriptor, -1 for none: reads find nothing, writes vanish
 * @readable:	it was opened for reading
 * @writable:	it was opened for writing
 * @terminal:	it is a terminal
 * @master:	it is the master of a pseudo terminal: raw already
 * @socket:	it is a socket, asked for non-blocking service call by call
 */
struct chan_host {
	int	fd;
	bool	readable;
	bool	writable;
	bool	terminal;
	bool	master;
	bool	socket;
};

/* ---- Descriptors: chan_host.c ---- */

/** chan_host_none() - a channel with nothing behind it */
void chan_host_none(struct chan_host *host);

/**
 * chan_host_adopt() - use a descriptor that the process inherited
 *
 * The mode of the open file is shared with the parent (a shell, say), so
 * terminals and pipes are opened anew where the host lets us.
 */
int chan_host_adopt(struct chan_host *host, int fd);

/** chan_host_open() - open the terminal, or whatever else, at @path */
int chan_host_open(struct chan_host *host, const char *path);

/**
 * chan_host_open_pts() - make a pseudo terminal, raw
 * @name: at least 32 bytes, takes the path of the other side
 */
int chan_host_open_pts(struct chan_host *host, char *name);

/**
 * chan_host_read() - read what is there
 * Return: bytes read; 0 at the end of a file or for a terminal that is gone;
 * -EAGAIN: nothing yet, -EIO: terminal gone, or we are in the background.
 */
long chan_host_read(const struct chan_host *host, void *buffer,
		    unsigned long size);

/**
 * chan_host_write() - write what fits
 * Return: bytes written, -EAGAIN if nothing fits, or what the host says.
 */
long chan_host_write(const struct chan_host *host, const void *buffer,
		     unsigned long size);

/**
 * chan_host_write_all() - write everything
 * @timeout_ms: how long to wait for a reader that makes no progress, -1: for
 *		ever
 *
 * Blocks the virtual CPU.
 * Return: false if the reader was too slow.
 */
bool chan_host_write_all(const struct chan_host *host, const char *text,
			 unsigned long length, int timeout_ms);

/** chan_host_release() - put back the modes of all inherited descriptors */
void chan_host_release(void);

/* ---- Terminals: chan_terminal_host.c ---- */

/**
 * terminal_raw() - pass on every key as it is, until terminal_release()
 *
 * A process of its own sees to the terminal should ours be killed.
 * Return: 0, also if the terminal is raw already; -EAGAIN while the process is
 * in the background of its terminal.  Boot or process context; blocks briefly.
 */
int terminal_raw(int fd);

/** terminal_is_raw() - true after terminal_raw() on any descriptor of it */
bool terminal_is_raw(int fd);

/** terminal_in_background() - true while a shell has the terminal to itself */
bool terminal_in_background(int fd);

/** terminal_size() - the size of a terminal's window in characters */
int terminal_size(int fd, unsigned short *rows, unsigned short *columns);

/** terminal_release() - put back the modes of all terminals; blocks briefly */
void terminal_release(void);

#ifdef __UM_HOST__
/**
 * struct terminal_modes - a terminal that we changed
 * @saved: its modes before
 * @raw:   and since; if they are different now, somebody else changed them
 */
struct terminal_modes {
	struct termios	saved;
	struct termios	raw;
};

/**
 * terminal_put_back() - give a terminal its modes, unless somebody else did
 *
 * A shell that took the terminal back has set modes of its own already.
 */
void terminal_put_back(int fd, const struct terminal_modes *modes);

/* ---- Their caretaker: console_watchdog_host.c ---- */

/**
 * watchdog_start() - have a process put back a terminal's modes
 * @pid: takes the process id
 *
 * Return: a descriptor for watchdog_stop(), or a negative errno.
 */
int watchdog_start(int fd, const struct terminal_modes *modes, long *pid);

/** watchdog_stop() - end it, its work done by the caller */
void watchdog_stop(int handle, long pid);

#define WATCHDOG_ARGUMENT	"--console-watchdog"

/**
 * console_watchdog_main() - the program of that process
 *
 * To be called if argv[1] is WATCHDOG_ARGUMENT, before anything of a kernel
 * exists.
 * Return: the process's exit status.
 */
int console_watchdog_main(int argc, char **argv);
#endif

#endif /* _UM_CHAN_HOST_H */
