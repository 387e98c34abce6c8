// SPDX-License-Identifier: GPL-2.0-only
/* The kinds of channels, and the simple ones among them. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include "chan.h"

static const struct chan_ops *const chan_kinds[] = {
	&chan_fd_ops,
	&chan_tty_ops,
	&chan_pts_ops,
	&chan_null_ops,
	&chan_none_ops,
};

static const struct chan_ops *chan_find(const char *kind)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(chan_kinds); i++)
		if (!strcmp(chan_kinds[i]->name, kind))
			return chan_kinds[i];
	return NULL;
}

int chan_open(struct chan *chan, const char *name, size_t length)
{
	char buffer[CHAN_NAME_MAX], *argument = buffer;
	char *kind;

	if (length >= sizeof(buffer))
		return -ENAMETOOLONG;
	memcpy(buffer, name, length);
	buffer[length] = '\0';
	kind = strsep(&argument, ":");
	chan->ops = chan_find(kind);
	if (!chan->ops)
		return -ENOTTY;
	if (!chan->ops->argument != !argument)
		return -EINVAL;
	chan->path[0] = '\0';
	return chan->ops->open(chan, argument ?: "");
}

void chan_kinds_help(char *text)
{
	const struct chan_ops *ops;
	int used = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(chan_kinds); i++) {
		ops = chan_kinds[i];
		used += scnprintf(text + used, CHAN_NAME_MAX - used,
				  "%s%s%s%s", i ? ", " : "", ops->name,
				  ops->argument ? ":" : "",
				  ops->argument ?: "");
	}
}

/* A descriptor that linux was started with. */
static int chan_fd_open(struct chan *chan, const char *argument)
{
	unsigned int fd;

	if (kstrtouint(argument, 10, &fd) || (int)fd < 0)
		return -EINVAL;
	return chan_host_adopt(&chan->host, fd);
}

const struct chan_ops chan_fd_ops = {
	.name = "fd",
	.argument = "N",
	.open = chan_fd_open,
};

/* A terminal of the host, or any other device or named pipe. */
static int chan_tty_open(struct chan *chan, const char *argument)
{
	return chan_host_open(&chan->host, argument);
}

const struct chan_ops chan_tty_ops = {
	.name = "tty",
	.argument = "PATH",
	.open = chan_tty_open,
};

/* A new pseudo terminal, for a program like screen(1) to be attached to. */
static int chan_pts_open(struct chan *chan, const char *argument)
{
	return chan_host_open_pts(&chan->host, chan->path);
}

const struct chan_ops chan_pts_ops = {
	.name = "pts",
	.lossy = true,
	.open = chan_pts_open,
};

static int chan_null_open(struct chan *chan, const char *argument)
{
	chan_host_none(&chan->host);
	return 0;
}

/* A line that nothing comes from and that swallows what it gets. */
const struct chan_ops chan_null_ops = {
	.name = "null",
	.open = chan_null_open,
};

/* No line. */
const struct chan_ops chan_none_ops = {
	.name = "none",
	.absent = true,
	.open = chan_null_open,
};
