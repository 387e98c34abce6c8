/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_EXTABLE_H
#define _ASM_UM_EXTABLE_H

#include <asm/asm.h>

/*
 * The table's layout is that of x86 (asm/asm.h there writes the entries and
 * scripts/sorttable sorts them by the ELF machine).
 */
struct exception_table_entry {
	int insn;
	int fixup;
	int data;
};

#define ARCH_HAS_RELATIVE_EXTABLE

#define swap_ex_entry_fixup(a, b, tmp, delta)		\
do {							\
	(a)->fixup = (b)->fixup + (delta);		\
	(b)->fixup = (tmp).fixup - (delta);		\
	(a)->data = (b)->data;				\
	(b)->data = (tmp).data;				\
} while (0)

struct pt_regs;

/**
 * fixup_exception() - continue after an expected fault of the kernel
 * @regs: where it happened; the instruction pointer is moved to the fixup
 *
 * Return: true if there was an entry for the instruction.
 */
bool fixup_exception(struct pt_regs *regs);

#endif /* _ASM_UM_EXTABLE_H */
