/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_PARAVIRT_H
#define _ASM_UM_PARAVIRT_H

#include <linux/jump_label.h>
#include <linux/percpu.h>

extern struct static_key paravirt_steal_enabled;
extern struct static_key paravirt_steal_rq_enabled;

/* Nanoseconds for which the host had the CPU wait; from its last tick. */
DECLARE_PER_CPU(u64, um_steal);

static inline u64 paravirt_steal_clock(int cpu)
{
	return READ_ONCE(per_cpu(um_steal, cpu));
}

#endif /* _ASM_UM_PARAVIRT_H */
