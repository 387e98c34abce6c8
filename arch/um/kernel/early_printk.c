// SPDX-License-Identifier: GPL-2.0-only
/*
 * "earlyprintk": the log on standard output from the first line, until a real
 * console takes over.  A panic before there is any console is shown too.
 */
#include <linux/console.h>
#include <linux/init.h>
#include <um/host.h>

static void early_write(struct console *con, const char *text,
			unsigned int length)
{
	host_console_write(text, length);
}

static struct console early_console_host = {
	.name	= "early",
	.write	= early_write,
	.flags	= CON_PRINTBUFFER | CON_BOOT,
	.index	= -1,
};

static int __init early_printk_setup(char *value)
{
	if (value && strstr(value, "keep"))
		early_console_host.flags &= ~CON_BOOT;
	register_console(&early_console_host);
	return 0;
}
early_param("earlyprintk", early_printk_setup);
