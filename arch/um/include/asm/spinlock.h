/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_SPINLOCK_H
#define _ASM_UM_SPINLOCK_H

#include <asm/qspinlock.h>
#include <asm/qrwlock.h>

#endif /* _ASM_UM_SPINLOCK_H */
