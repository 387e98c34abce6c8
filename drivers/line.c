// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of the guest: ttys whose other side is a channel of the host.
 *
 * Input from a terminal goes to the tty layer as it comes; any other input
 * goes through line_feed.c.  Output goes to the host at once as long as the
 * host takes it.  What it does not take waits in the port's buffer for the
 * host to become ready, and while that is full the guest's writers wait.
 */
#include <linux/console.h>
#include <linux/ctype.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kfifo.h>
#include <linux/major.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tty_flip.h>
#include <um/host.h>

#include "line.h"

#define LINE_DRAIN_MS	3000
#define LINE_STALLED	HZ

/* ---- Options ---- */

int __init line_setup(struct line_set *set, char *text)
{
	char *value = text;
	int index = 0;

	if (isdigit(*text))
		get_option(&value, &index);
	if (*value != '=')
		return 0;
	if (index < 0 || index >= LINES_PER_SET)
		host_fatal("%s%s: there are %s0 to %s%d", set->option, text,
			   set->option, set->option, LINES_PER_SET - 1);
	if (value == text)
		set->all = value + 1;
	else
		set->specs[index] = value + 1;
	return 1;
}

static void __init __noreturn line_refuse(struct line *line, const char *spec,
					  int error)
{
	const char *option = line->set->option;
	char kinds[CHAN_NAME_MAX];

	chan_kinds_help(kinds);
	switch (error) {
	case -ENOTTY:
	case -EINVAL:
		host_fatal("%s%d=%s: not a channel; channels are %s, one or INPUT,OUTPUT",
			   option, line->index, spec, kinds);
	case -EBADF:
		host_fatal("%s%d=%s: no such descriptor is open in this process",
			   option, line->index, spec);
	default:
		host_fatal("%s%d=%s: can't open it: %s", option, line->index,
			   spec, host_strerror(error));
	}
}

static int __init line_connect(struct line *line, const char *spec)
{
	const char *comma = strchrnul(spec, ',');
	int ret;

	line->in = &line->chan[0];
	line->out = &line->chan[0];
	ret = chan_open(line->in, spec, comma - spec);
	if (ret || !*comma)
		return ret;
	line->out = &line->chan[1];
	return chan_open(line->out, comma + 1, strlen(comma + 1));
}

static void __init line_open_channel(struct line *line)
{
	const struct line_set *set = line->set;
	const char *spec = set->specs[line->index] ?: set->all;
	int ret;

	if (!spec)
		spec = line->index ? set->others : set->first;
	ret = line_connect(line, spec);
	if (ret)
		line_refuse(line, spec, ret);
}

/* ---- Modes of a terminal ---- */

static bool line_is_terminal(struct line *line)
{
	return line->in->host.terminal && line->in->host.readable;
}

static void line_take_terminal(struct line *line)
{
	if (!line_is_terminal(line) || line->in->host.master)
		return;
	if (terminal_raw(line->in->host.fd) == -EAGAIN)
		schedule_delayed_work(&line->again, HZ);
}

static void line_read_size(struct line *line, struct winsize *size)
{
	const struct chan_host *host = &line->out->host;

	if (!host->terminal)
		host = &line->in->host;
	memset(size, 0, sizeof(*size));
	if (host->terminal)
		terminal_size(host->fd, &size->ws_row, &size->ws_col);
}

void line_resize(struct line_set *set)
{
	struct tty_struct *tty;
	struct winsize size;
	unsigned int i;

	for (i = 0; i < LINES_PER_SET; i++) {
		if (!set->lines[i])
			continue;
		tty = tty_port_tty_get(&set->lines[i]->port);
		if (!tty)
			continue;
		line_read_size(set->lines[i], &size);
		if (size.ws_row)
			tty_do_resize(tty, &size);
		tty_kref_put(tty);
	}
}

/* ---- Input ---- */

static void line_gone(struct line *line)
{
	if (terminal_in_background(line->in->host.fd))
		schedule_delayed_work(&line->again, HZ);
	else
		tty_port_tty_hangup(&line->port, false);
}

/* Return: false when there is no more for now. */
static bool line_receive_some(struct line *line)
{
	u8 buffer[256];
	long n;

	/* Room first: what has been read can't go back. */
	if (tty_buffer_request_room(&line->port, sizeof(buffer)) <
	    sizeof(buffer)) {
		schedule_delayed_work(&line->again, 1);
		return false;
	}
	n = chan_host_read(&line->in->host, buffer, sizeof(buffer));
	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		line_gone(line);
		return false;
	}
	tty_insert_flip_string(&line->port, buffer, n);
	tty_flip_buffer_push(&line->port);
	return true;
}

/* From any context; an edge is lost unless all is read that can be. */
static void line_receive(struct line *line)
{
	unsigned long flags;

	if (line->feed) {
		line_feed_kick(line);
		return;
	}
	spin_lock_irqsave(&line->in_lock, flags);
	while (line->open && !line->throttled && line_receive_some(line))
		;
	spin_unlock_irqrestore(&line->in_lock, flags);
}

static void line_set_input(struct line *line, bool *flag, bool value)
{
	unsigned long flags;

	spin_lock_irqsave(&line->in_lock, flags);
	*flag = value;
	spin_unlock_irqrestore(&line->in_lock, flags);
}

static void line_throttle(struct tty_struct *tty)
{
	struct line *line = tty->driver_data;

	line_set_input(line, &line->throttled, true);
}

static void line_unthrottle(struct tty_struct *tty)
{
	struct line *line = tty->driver_data;

	line_set_input(line, &line->throttled, false);
	line_receive(line);
}

/* ---- Output; out_lock is held ---- */

/* Return: bytes that need not be written again. */
static unsigned int line_send(struct line *line, const u8 *text,
			      unsigned int length)
{
	long n = chan_host_write(&line->out->host, text, length);

	if (n == -EAGAIN)
		return 0;
	/* A reader that went away hears nothing, as on a line hung up. */
	return n < 0 ? length : n;
}

static void line_send_buffered(struct line *line)
{
	unsigned int length, sent;
	u8 *text;

	do {
		length = kfifo_out_linear_ptr(&line->port.xmit_fifo, &text,
					      PAGE_SIZE);
		if (!length)
			return;
		sent = line_send(line, text, length);
		kfifo_skip_count(&line->port.xmit_fifo, sent);
	} while (sent);
}

static void line_await_host(struct line *line)
{
	if (line->out_waiting)
		return;
	line->out_waiting = true;
	line->out_since = jiffies;
	if (!line->out_watched)
		host_io_watch(line->out->host.fd);
	line->out_watched = true;
	if (line->out->ops->lossy)
		schedule_delayed_work(&line->again, LINE_STALLED);
}

/* Text for nobody: it has waited, and nothing was read meanwhile. */
static bool line_stalled(struct line *line)
{
	return line->out->ops->lossy && line->out_waiting &&
	       time_after_eq(jiffies, line->out_since + LINE_STALLED);
}

static void line_flush(struct line *line)
{
	struct tty_port *port = &line->port;
	unsigned int before = kfifo_len(&port->xmit_fifo);

	line_send_buffered(line);
	if (kfifo_len(&port->xmit_fifo) < before)
		line->out_since = jiffies;
	else if (line_stalled(line))
		kfifo_reset(&port->xmit_fifo);
	if (!kfifo_is_empty(&port->xmit_fifo)) {
		line_await_host(line);
		/* It may have become ready just before we waited. */
		line_send_buffered(line);
	}
	if (kfifo_is_empty(&port->xmit_fifo))
		line->out_waiting = false;
}

/* ---- Output, called without the lock ---- */

static void line_transmit(struct line *line)
{
	unsigned long flags;
	bool more_room = false;

	spin_lock_irqsave(&line->out_lock, flags);
	if (line->out_waiting) {
		line_flush(line);
		more_room = !kfifo_is_full(&line->port.xmit_fifo);
	}
	spin_unlock_irqrestore(&line->out_lock, flags);
	if (more_room)
		tty_port_tty_wakeup(&line->port);
}

static ssize_t line_write(struct tty_struct *tty, const u8 *text, size_t length)
{
	struct line *line = tty->driver_data;
	unsigned int sent = 0;
	unsigned long flags;

	spin_lock_irqsave(&line->out_lock, flags);
	if (kfifo_is_empty(&line->port.xmit_fifo))
		sent = line_send(line, text, length);
	if (sent < length) {
		sent += kfifo_in(&line->port.xmit_fifo, text + sent,
				 length - sent);
		line_flush(line);
	}
	spin_unlock_irqrestore(&line->out_lock, flags);
	return sent;
}

static unsigned int line_write_room(struct tty_struct *tty)
{
	struct line *line = tty->driver_data;

	return kfifo_avail(&line->port.xmit_fifo);
}

static unsigned int line_chars_in_buffer(struct tty_struct *tty)
{
	struct line *line = tty->driver_data;

	return kfifo_len(&line->port.xmit_fifo);
}

static void line_flush_buffer(struct tty_struct *tty)
{
	struct line *line = tty->driver_data;
	unsigned long flags;

	spin_lock_irqsave(&line->out_lock, flags);
	kfifo_reset(&line->port.xmit_fifo);
	line->out_waiting = false;
	spin_unlock_irqrestore(&line->out_lock, flags);
	tty_wakeup(tty);
}

/* What the guest's programs wrote comes before what the kernel has to say. */
static void line_send_all(struct line *line, int timeout_ms)
{
	unsigned int length;
	u8 *text;

	for (;;) {
		length = kfifo_out_linear_ptr(&line->port.xmit_fifo, &text,
					      PAGE_SIZE);
		if (!length ||
		    !chan_host_write_all(&line->out->host, text, length,
					 timeout_ms))
			return;
		kfifo_skip_count(&line->port.xmit_fifo, length);
	}
}

static int line_patience(const struct line *line)
{
	return line->out->ops->lossy ? 0 : -1;
}

static void line_print_raw(struct line *line, const char *text,
			   unsigned int length)
{
	chan_host_write_all(&line->out->host, text, length,
			    line_patience(line));
}

static void line_print_crlf(struct line *line, const char *text,
			    unsigned int length)
{
	char buffer[128];
	unsigned int used = 0;

	while (length--) {
		if (*text == '\n')
			buffer[used++] = '\r';
		buffer[used++] = *text++;
		if (used >= sizeof(buffer) - 1 || !length) {
			line_print_raw(line, buffer, used);
			used = 0;
		}
	}
}

static void line_print_text(struct line *line, const char *text,
			    unsigned int length)
{
	if (line->crlf)
		line_print_crlf(line, text, length);
	else
		line_print_raw(line, text, length);
}

void line_print(struct line *line, const char *text, unsigned int length)
{
	unsigned long flags;

	/* In a panic the lock may be held for ever. */
	if (!spin_trylock_irqsave(&line->out_lock, flags)) {
		line_print_text(line, text, length);
		return;
	}
	if (line->port.xmit_buf)
		line_send_all(line, line_patience(line));
	line_print_text(line, text, length);
	spin_unlock_irqrestore(&line->out_lock, flags);
}

void line_drain(struct line_set *set)
{
	struct line *line;
	unsigned int i;

	for (i = 0; i < LINES_PER_SET; i++) {
		line = set->lines[i];
		if (line && line->port.xmit_buf)
			line_send_all(line, line->out->ops->lossy ?
				      0 : LINE_DRAIN_MS);
	}
}

/* ---- Events ---- */

void line_interrupt(struct line_set *set)
{
	struct line *line;
	unsigned int i;

	for (i = 0; i < LINES_PER_SET; i++) {
		line = set->lines[i];
		if (!line)
			continue;
		if (line->open)
			line_receive(line);
		if (line->out_waiting)
			line_transmit(line);
	}
}

static void line_again(struct work_struct *work)
{
	struct line *line = container_of(to_delayed_work(work), struct line,
					 again);

	line_take_terminal(line);
	line_receive(line);
	line_transmit(line);
}

/* ---- The tty layer ---- */

static int line_install(struct tty_driver *driver, struct tty_struct *tty)
{
	struct line_set *set = driver->driver_state;
	struct line *line = set->lines[tty->index];
	int ret;

	if (!line)
		return -ENODEV;
	ret = tty_port_install(&line->port, driver, tty);
	if (ret)
		return ret;
	tty->driver_data = line;
	if (!line->crlf)
		tty->termios.c_oflag &= ~ONLCR;
	line_read_size(line, &tty->winsize);
	return 0;
}

static int line_open(struct tty_struct *tty, struct file *file)
{
	struct line *line = tty->driver_data;

	return tty_port_open(&line->port, tty, file);
}

static void line_close(struct tty_struct *tty, struct file *file)
{
	struct line *line = tty->driver_data;

	tty_port_close(&line->port, tty, file);
}

static void line_hangup(struct tty_struct *tty)
{
	struct line *line = tty->driver_data;

	tty_port_hangup(&line->port);
}

/*
 * Who reads a pipe or a file expects lines to end in a line feed alone, and
 * getty programs ask for a carriage return whatever the line was set to.
 */
static void line_set_termios(struct tty_struct *tty,
			     const struct ktermios *before)
{
	struct line *line = tty->driver_data;

	if (!line->crlf)
		tty->termios.c_oflag &= ~ONLCR;
}

static const struct tty_operations line_ops = {
	.install = line_install,
	.open = line_open,
	.close = line_close,
	.hangup = line_hangup,
	.write = line_write,
	.write_room = line_write_room,
	.chars_in_buffer = line_chars_in_buffer,
	.flush_buffer = line_flush_buffer,
	.throttle = line_throttle,
	.unthrottle = line_unthrottle,
	.set_termios = line_set_termios,
};

static int line_activate(struct tty_port *port, struct tty_struct *tty)
{
	struct line *line = container_of(port, struct line, port);

	line->throttled = false;
	line_set_input(line, &line->open, true);
	if (line->feed)
		line_feed_open(line);
	else
		line_receive(line);
	return 0;
}

static void line_shutdown(struct tty_port *port)
{
	struct line *line = container_of(port, struct line, port);

	line_set_input(line, &line->open, false);
	if (line->feed)
		line_feed_close(line);
}

static const struct tty_port_operations line_port_ops = {
	.activate = line_activate,
	.shutdown = line_shutdown,
};

/* ---- Start ---- */

static struct line *__init line_create(struct line_set *set, unsigned int index)
{
	struct line *line = kzalloc(sizeof(*line), GFP_KERNEL);

	if (!line)
		return NULL;
	line->set = set;
	line->index = index;
	spin_lock_init(&line->in_lock);
	spin_lock_init(&line->out_lock);
	INIT_DELAYED_WORK(&line->again, line_again);
	tty_port_init(&line->port);
	line->port.ops = &line_port_ops;
	return line;
}

static bool __init line_start(struct line *line)
{
	line_open_channel(line);
	if (line->in->ops->absent || line->out->ops->absent)
		return false;
	line_take_terminal(line);
	line->crlf = line->out->host.terminal &&
		     (line_is_terminal(line) ||
		      terminal_is_raw(line->out->host.fd));
	return true;
}

int __init line_open_channels(struct line_set *set)
{
	struct line *line;
	unsigned int i;

	for (i = 0; i < LINES_PER_SET; i++) {
		line = line_create(set, i);
		if (!line)
			return -ENOMEM;
		if (line_start(line)) {
			set->lines[i] = line;
			continue;
		}
		tty_port_destroy(&line->port);
		kfree(line);
	}
	return 0;
}

static int __init line_register_one(struct line *line)
{
	struct line_set *set = line->set;
	struct device *device;
	int ret;

	ret = tty_port_alloc_xmit_buf(&line->port);
	if (ret)
		return ret;
	if (!line_is_terminal(line) && line->in->host.readable) {
		ret = line_feed_create(line);
		if (ret)
			return ret;
	}
	if (line->in->host.readable)
		host_io_watch(line->in->host.fd);
	if (line->in->path[0])
		pr_info("%s%u: connected to %s\n", set->option, line->index,
			line->in->path);
	device = tty_port_register_device(&line->port, set->driver, line->index,
					  NULL);
	return PTR_ERR_OR_ZERO(device);
}

static int __init line_register_driver(struct line_set *set)
{
	struct tty_driver *driver;
	int ret;

	driver = tty_alloc_driver(LINES_PER_SET, TTY_DRIVER_REAL_RAW |
				  TTY_DRIVER_DYNAMIC_DEV);
	if (IS_ERR(driver))
		return PTR_ERR(driver);
	driver->driver_name = set->option;
	driver->name = set->name;
	driver->major = TTY_MAJOR;
	driver->minor_start = set->minor;
	driver->type = set->type;
	driver->init_termios = tty_std_termios;
	driver->init_termios.c_cflag |= CLOCAL;
	driver->driver_state = set;
	tty_set_operations(driver, &line_ops);
	ret = tty_register_driver(driver);
	if (ret) {
		tty_driver_kref_put(driver);
		return ret;
	}
	set->driver = driver;
	return 0;
}

int __init line_register(struct line_set *set)
{
	unsigned int i;
	int ret;

	ret = line_register_driver(set);
	for (i = 0; !ret && i < LINES_PER_SET; i++)
		if (set->lines[i])
			ret = line_register_one(set->lines[i]);
	return ret;
}
