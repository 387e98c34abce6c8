/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels: what a line of the guest is connected to on the host.  A channel
 * is named KIND or KIND:ARGUMENT, such as "fd:0".
 */
#ifndef _UM_CHAN_H
#define _UM_CHAN_H

#include "chan_host.h"

struct chan;

/**
 * struct chan_ops - a kind of channel
 * @name:	the word before ":"
 * @argument:	what goes after it, as help; NULL for nothing
 * @absent:	the line is not there at all: no device node
 * @lossy:	nobody need be listening: text that is not read is dropped
 * @open:	fill chan->host.  @argument is never NULL.  Boot, may sleep.
 *		0 or a negative errno.
 */
struct chan_ops {
	const char	*name;
	const char	*argument;
	bool		absent;
	bool		lossy;
	int		(*open)(struct chan *chan, const char *argument);
};

#define CHAN_NAME_MAX	256

/**
 * struct chan - a channel in use
 * @ops:	its kind
 * @host:	its descriptor
 * @path:	for a kind that makes something up: its name on the host, else ""
 */
struct chan {
	const struct chan_ops	*ops;
	struct chan_host	host;
	char			path[32];
};

extern const struct chan_ops chan_fd_ops;
extern const struct chan_ops chan_none_ops;
extern const struct chan_ops chan_null_ops;
extern const struct chan_ops chan_pts_ops;
extern const struct chan_ops chan_tty_ops;

/**
 * chan_open() - find a channel's kind and open it
 * @name:	as the user wrote it
 * @length:	of @name
 *
 * Return: 0; -ENOTTY: no such kind; -EINVAL: the kind wants another argument;
 * or what the host says.
 */
int chan_open(struct chan *chan, const char *name, size_t length);

/** chan_kinds_help() - the kinds in words, for a message; CHAN_NAME_MAX bytes */
void chan_kinds_help(char *text);

#endif /* _UM_CHAN_H */
