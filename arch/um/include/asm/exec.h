/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_EXEC_H
#define _ASM_UM_EXEC_H

/** arch_align_stack() - begin a program's stack at a random place nearby */
unsigned long arch_align_stack(unsigned long sp);

#endif /* _ASM_UM_EXEC_H */
