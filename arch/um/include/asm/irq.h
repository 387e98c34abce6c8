/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_IRQ_H
#define _ASM_UM_IRQ_H

#include <um/irq.h>

#endif /* _ASM_UM_IRQ_H */
