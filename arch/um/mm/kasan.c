// SPDX-License-Identifier: GPL-2.0-only
/* KASAN: its shadow is there since before the kernel began (host/memory.c). */
#include <linux/init.h>
#include <linux/init_task.h>
#include <linux/kasan.h>
#include <linux/printk.h>

static_assert(CONFIG_KASAN_SHADOW_OFFSET == UM_SHADOW_OFFSET);

void __init kasan_init(void)
{
	/* Until now nobody could have read a report. */
	init_task.kasan_depth = 0;
	pr_info("KASAN: the shadow is at %lx\n", KASAN_SHADOW_START);
}
