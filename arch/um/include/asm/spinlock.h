/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_SPINLOCK_H
#define _ASM_UM_SPINLOCK_H

/**
 * um_cpu_is_preempted() - may a virtual CPU be waiting for its host CPU?
 *
 * Who spins until that one has done something had better sleep.
 */
bool um_cpu_is_preempted(unsigned int cpu);
#define vcpu_is_preempted um_cpu_is_preempted

#include <asm/qspinlock.h>
#include <asm/qrwlock.h>

#endif /* _ASM_UM_SPINLOCK_H */
