/* SPDX-License-Identifier: GPL-2.0-only */
/* Page table walks without a lock, by code that has interrupts disabled. */
#ifndef _UM_WALK_H
#define _UM_WALK_H

#include <linux/irqflags.h>
#include <linux/pgtable.h>
#include <um/host.h>

/* The entry of a page that is part of a larger leaf. */
static inline pte_t walk_leaf(pmd_t pmd, unsigned long addr)
{
	return __pte((pmd_val(pmd) & ~_PAGE_PSE) + (addr & ~PMD_MASK & PAGE_MASK));
}

/**
 * walk_entry() - look up the entry of an address
 * @mm:   the address space
 * @addr: any address in it
 * @next: where the entry ends: the first address behind the page, behind the
 *	  leaf that it is part of, or behind what a missing table covers
 *
 * Context: interrupts disabled: see um_tlb_remove_table().
 * Return: the entry; that of a page in a larger leaf as if it had its own; an
 * empty one where there is no table.
 */
static inline pte_t walk_entry(struct mm_struct *mm, unsigned long addr,
			       unsigned long *next)
{
	p4d_t *p4d = p4d_offset(pgd_offset(mm, addr), addr);
	pud_t *pudp, pud;
	pmd_t pmd;

	*next = (addr + PGDIR_SIZE) & PGDIR_MASK;
	if (!p4d_present(READ_ONCE(*p4d)))
		return __pte(0);
	pudp = pud_offset(p4d, addr);
	pud = READ_ONCE(*pudp);
	*next = (addr + PUD_SIZE) & PUD_MASK;
	if (!pud_present(pud))
		return __pte(0);
	pmd = READ_ONCE(*(pud_pgtable(pud) + pmd_index(addr)));
	*next = (addr + PMD_SIZE) & PMD_MASK;
	if (!pmd_present(pmd))
		return __pte(0);
	if (pmd_leaf(pmd))
		return walk_leaf(pmd, addr);
	*next = (addr + PAGE_SIZE) & PAGE_MASK;
	return READ_ONCE(*((pte_t *)pmd_page_vaddr(pmd) + pte_index(addr)));
}

/** walk_page() - walk_entry() for who wants no more than one page's entry */
static inline pte_t walk_page(struct mm_struct *mm, unsigned long addr)
{
	unsigned long next;

	return walk_entry(mm, addr, &next);
}

/** walk_entry_anywhere() - walk_entry() for who may have interrupts enabled */
static inline pte_t walk_entry_anywhere(struct mm_struct *mm,
					unsigned long addr, unsigned long *next)
{
	unsigned long flags;
	pte_t pte;

	local_irq_save(flags);
	pte = walk_entry(mm, addr, next);
	local_irq_restore(flags);
	return pte;
}

/** walk_page_anywhere() - the same for who wants no more than one page's entry */
static inline pte_t walk_page_anywhere(struct mm_struct *mm, unsigned long addr)
{
	unsigned long next;

	return walk_entry_anywhere(mm, addr, &next);
}

/* May the page be read, and written or run if asked for?  See pgtable.h. */
static inline bool walk_grants(pte_t pte, bool write, bool exec)
{
	return (pte_val(pte) & _PAGE_PRESENT) && pte_young(pte) &&
	       (!write || (pte_write(pte) && pte_dirty(pte))) &&
	       (!exec || pte_exec(pte));
}

/** walk_prot() - HOST_PROT_* of the host mapping that an entry gets; 0: none */
static inline int walk_prot(pte_t pte)
{
	if (!walk_grants(pte, false, false))
		return 0;
	return HOST_PROT_READ |
	       (walk_grants(pte, true, false) ? HOST_PROT_WRITE : 0) |
	       (pte_exec(pte) ? HOST_PROT_EXEC : 0);
}

#endif /* _UM_WALK_H */
