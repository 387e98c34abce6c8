// SPDX-License-Identifier: GPL-2.0-only
/* Halt, power-off, restart and panic end the host process. */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/panic.h>
#include <linux/pm.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <um/host.h>

#define REBOOT_STATUS_HALT	0
#define REBOOT_STATUS_PANIC	2

/* That it is set says that there is a way to power off. */
void (*pm_power_off)(void) = machine_power_off;
EXPORT_SYMBOL(pm_power_off);

/* Nobody else is to see the host processes of guest code go. */
static void reboot_alone(void)
{
	local_irq_disable();
	smp_send_stop();
}

void machine_restart(char *command)
{
	reboot_alone();
	host_restart();
}

void machine_halt(void)
{
	reboot_alone();
	host_exit(REBOOT_STATUS_HALT);
}

void machine_power_off(void)
{
	reboot_alone();
	host_exit(REBOOT_STATUS_HALT);
}

/*
 * Called again and again when panic() has said everything: while it waits for
 * its restart, if there is to be one, or for good.
 */
static long reboot_panicked(int state)
{
	if (panic_timeout > 0)
		return 0;
	host_exit(REBOOT_STATUS_PANIC);
}

static int __init reboot_init(void)
{
	panic_blink = reboot_panicked;
	return 0;
}
early_initcall(reboot_init);
