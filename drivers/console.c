// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consoles tty0, tty1, ... ("con0=") and serial ports ttyS0, ... ("ssl0="):
 * two sets of lines that differ in little more than their names.
 */
#include <linux/console.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/workqueue.h>
#include <um/host.h>
#include <um/irq.h>

#include "line.h"

static struct line_set um_console_set = {
	.option = "con",
	.name = "tty",
	.minor = 0,
	.type = TTY_DRIVER_TYPE_CONSOLE,
	.first = "fd:0,fd:1",
	.others = "null",
};

static struct line_set um_serial_set = {
	.option = "ssl",
	.name = "ttyS",
	.minor = 64,
	.type = TTY_DRIVER_TYPE_SERIAL,
	.first = "none",
	.others = "none",
};

static struct line_set *um_console_sets[] = { &um_console_set, &um_serial_set };

static int __init um_console_option(char *text)
{
	return line_setup(&um_console_set, text);
}
__setup("con", um_console_option);

static int __init um_serial_option(char *text)
{
	return line_setup(&um_serial_set, text);
}
__setup("ssl", um_serial_option);

/* ---- Kernel messages ---- */

static struct tty_driver *um_console_device(struct console *console, int *index)
{
	struct line_set *set = console->data;

	*index = console->index;
	return set->driver;
}

static void um_console_write(struct console *console, const char *text,
			     unsigned int length)
{
	struct line_set *set = console->data;

	line_print(set->lines[console->index], text, length);
}

static int um_console_setup(struct console *console, char *options)
{
	struct line_set *set = console->data;

	if (console->index < 0)
		console->index = 0;
	if (console->index >= LINES_PER_SET || !set->lines[console->index])
		return -ENODEV;
	return 0;
}

static struct console um_console_tty = {
	.name = "tty",
	.write = um_console_write,
	.device = um_console_device,
	.setup = um_console_setup,
	.flags = CON_PRINTBUFFER | CON_ANYTIME,
	.index = -1,
	.data = &um_console_set,
};

static struct console um_console_serial = {
	.name = "ttyS",
	.write = um_console_write,
	.device = um_console_device,
	.setup = um_console_setup,
	.flags = CON_PRINTBUFFER | CON_ANYTIME,
	.index = -1,
	.data = &um_serial_set,
};

/* ---- Events of the host ---- */

static irqreturn_t um_console_io(int irq, void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(um_console_sets); i++)
		line_interrupt(um_console_sets[i]);
	return IRQ_HANDLED;
}

static void um_console_resize(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(um_console_sets); i++)
		line_resize(um_console_sets[i]);
}

static DECLARE_WORK(um_console_resize_work, um_console_resize);

static irqreturn_t um_console_winch(int irq, void *data)
{
	schedule_work(&um_console_resize_work);
	return IRQ_HANDLED;
}

/* ---- Start and end ---- */

static void um_console_end(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(um_console_sets); i++)
		line_drain(um_console_sets[i]);
	terminal_release();
	chan_host_release();
}

static int __init um_console_start(void)
{
	unsigned int i;
	int ret;

	ret = host_at_exit(um_console_end);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(um_console_sets); i++) {
		ret = line_open_channels(um_console_sets[i]);
		if (ret)
			return ret;
	}
	register_console(&um_console_tty);
	register_console(&um_console_serial);
	return 0;
}
console_initcall(um_console_start);

static int __init um_console_register(void)
{
	unsigned int i;
	int ret;

	ret = request_irq(UM_IRQ_IO, um_console_io, IRQF_SHARED, "console",
			  um_console_sets);
	if (ret)
		return ret;
	ret = request_irq(UM_IRQ_WINCH, um_console_winch, IRQF_SHARED,
			  "console", um_console_sets);
	for (i = 0; !ret && i < ARRAY_SIZE(um_console_sets); i++)
		ret = line_register(um_console_sets[i]);
	return ret;
}
device_initcall(um_console_register);
