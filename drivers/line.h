/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines: the guest's consoles and serial ports, each on a channel or two. */
#ifndef _UM_LINE_H
#define _UM_LINE_H

#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_port.h>
#include <linux/workqueue.h>

#include "chan.h"

#define LINES_PER_SET	16
#define LINE_FEED_SIZE	4096

struct line;
struct line_set;

/**
 * struct line_feed - input that is not typed, on its way to the guest
 * @lock:	protects what follows
 * @timer:	looks again for somebody who reads
 * @work:	hands over the next line
 * @delay:	until @timer fires, in nanoseconds
 * @start:	of the bytes in @buffer
 * @end:	of them
 * @last:	the last byte that was handed over
 * @at_end:	the host has no more
 * @open:	the guest has opened the line
 * @line:	the line
 */
struct line_feed {
	spinlock_t		lock;		/* the buffer and its state */
	struct hrtimer		timer;
	struct work_struct	work;
	u64			delay;
	unsigned int		start;
	unsigned int		end;
	u8			last;
	bool			at_end;
	bool			open;
	struct line		*line;
	u8			buffer[LINE_FEED_SIZE];
};

/**
 * struct line - a line of the guest
 * @port:	the tty layer's side
 * @set:	the set it belongs to
 * @index:	in the set
 * @chan:	the channels
 * @in:		the channel that is read
 * @out:	the channel that is written, may be @in
 * @crlf:	the end of a line wants a carriage return on the host
 * @feed:	for input that is not a terminal, else NULL
 * @in_lock:	serialises reading, protects @open and @throttled
 * @open:	the guest has opened it
 * @throttled:	the guest can't take more
 * @out_lock:	serialises writing
 * @out_watched: the host tells when it takes more
 * @out_waiting: it has not taken all yet
 * @out_since:	jiffies when it last took something
 * @again:	looks at both directions later, when no event will tell
 */
struct line {
	struct tty_port		port;
	struct line_set		*set;
	unsigned int		index;
	struct chan		chan[2];
	struct chan		*in;
	struct chan		*out;
	bool			crlf;
	struct line_feed	*feed;
	spinlock_t		in_lock;	/* reading the host */
	bool			open;
	bool			throttled;
	spinlock_t		out_lock;	/* writing to it */
	bool			out_watched;
	bool			out_waiting;
	unsigned long		out_since;
	struct delayed_work	again;
};

/**
 * struct line_set - lines of one kind: a tty driver, and a console
 * @option:	what the user calls them
 * @name:	what the guest calls them
 * @minor:	of the first one; the major number is TTY_MAJOR
 * @type:	TTY_DRIVER_TYPE_*
 * @first:	the channels of line 0
 * @others:	the channels of the other lines
 * @all:	what the user wants instead of both, or NULL
 * @specs:	what the user wants for single lines, or NULL
 * @driver:	the tty driver
 * @lines:	the lines, NULL for what is absent
 */
struct line_set {
	const char		*option;
	const char		*name;
	unsigned int		minor;
	short			type;
	const char		*first;
	const char		*others;
	const char		*all;
	const char		*specs[LINES_PER_SET];
	struct tty_driver	*driver;
	struct line		*lines[LINES_PER_SET];
};

/**
 * line_setup() - take an option such as "con0=fd:0,fd:1" or "con=pts"
 * @text: what follows the set's name; must stay
 *
 * Ends the process for a line that does not exist.
 * Return: 1, or 0 if it is another option that begins alike.
 */
int line_setup(struct line_set *set, char *text);

/**
 * line_open_channels() - connect the lines of a set
 *
 * Once, before anything else but line_setup().  Ends the process if the host
 * does not let one be connected.
 * Return: 0 or -ENOMEM.
 */
int line_open_channels(struct line_set *set);

/** line_register() - make a set's lines known to the guest; once */
int line_register(struct line_set *set);

/** line_interrupt() - a descriptor of the host is ready, maybe one of @set's */
void line_interrupt(struct line_set *set);

/** line_resize() - a window of the host has a new size; process context */
void line_resize(struct line_set *set);

/**
 * line_print() - write kernel messages
 *
 * In any context, and to the end: blocks the virtual CPU until the host has
 * taken the text, unless the channel is lossy.
 */
void line_print(struct line *line, const char *text, unsigned int length);

/** line_drain() - write what is left at the end; any context, bounded */
void line_drain(struct line_set *set);

/* ---- line_feed.c ---- */

/** line_feed_create() - prepare @line for input that is not typed */
int line_feed_create(struct line *line);

/** line_feed_open() - @line was opened; process context */
void line_feed_open(struct line *line);

/** line_feed_close() - @line was closed; sleeps */
void line_feed_close(struct line *line);

/** line_feed_kick() - there may be something to read; any context */
void line_feed_kick(struct line *line);

#endif /* _UM_LINE_H */
