/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_CURRENT_H
#define _ASM_UM_CURRENT_H

#ifndef __ASSEMBLY__

#include <linux/cache.h>
#include <asm/percpu.h>

struct task_struct;

DECLARE_PER_CPU_READ_MOSTLY(struct task_struct *, current_task);

static __always_inline struct task_struct *get_current(void)
{
	return this_cpu_read_stable(current_task);
}

#define current get_current()

#endif

#endif /* _ASM_UM_CURRENT_H */
