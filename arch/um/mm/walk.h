/* SPDX-License-Identifier: GPL-2.0-only */
/* Page table walks without a lock, by code that has interrupts disabled. */
#ifndef _UM_WALK_H
#define _UM_WALK_H

#include <linux/pgtable.h>

/**
 * walk_pte() - find the entry of an address
 * @mm:   the address space
 * @addr: any address in it
 * @next: where the walk goes on if there is no table: the first address that
 *	  a missing table does not cover
 *
 * Context: interrupts disabled: a table is only freed when all CPUs have
 * answered an interrupt.
 * Return: the place of the entry, or NULL.
 */
static inline pte_t *walk_pte(struct mm_struct *mm, unsigned long addr,
			      unsigned long *next)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d = p4d_offset(pgd, addr);
	pud_t *pud;
	pmd_t *pmd;

	*next = (addr + PGDIR_SIZE) & PGDIR_MASK;
	if (!p4d_present(READ_ONCE(*p4d)))
		return NULL;
	pud = pud_offset(p4d, addr);
	*next = (addr + PUD_SIZE) & PUD_MASK;
	if (!pud_present(READ_ONCE(*pud)))
		return NULL;
	pmd = pmd_offset(pud, addr);
	*next = (addr + PMD_SIZE) & PMD_MASK;
	if (!pmd_present(READ_ONCE(*pmd)))
		return NULL;
	return pte_offset_kernel(pmd, addr);
}

#endif /* _UM_WALK_H */
