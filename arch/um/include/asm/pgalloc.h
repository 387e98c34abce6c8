/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_PGALLOC_H
#define _ASM_UM_PGALLOC_H

#include <linux/mm.h>
#include <asm-generic/pgalloc.h>

static inline void pmd_populate_kernel(struct mm_struct *mm, pmd_t *pmd,
				       pte_t *pte)
{
	set_pmd(pmd, __pmd(_PAGE_TABLE | __pa(pte)));
}

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd,
				pgtable_t pte)
{
	set_pmd(pmd, __pmd(_PAGE_TABLE | PFN_PHYS(page_to_pfn(pte))));
}

static inline void pud_populate(struct mm_struct *mm, pud_t *pud, pmd_t *pmd)
{
	set_pud(pud, __pud(_PAGE_TABLE | __pa(pmd)));
}

static inline void p4d_populate(struct mm_struct *mm, p4d_t *p4d, pud_t *pud)
{
	set_p4d(p4d, (p4d_t) { __pgd(_PAGE_TABLE | __pa(pud)) });
}

pgd_t *pgd_alloc(struct mm_struct *mm);

#define __pte_free_tlb(tlb, pte, addr)				\
do {								\
	pagetable_pte_dtor(page_ptdesc(pte));			\
	um_tlb_remove_table((tlb), page_ptdesc(pte));		\
} while (0)

#define __pmd_free_tlb(tlb, pmd, addr)				\
do {								\
	pagetable_pmd_dtor(virt_to_ptdesc(pmd));		\
	um_tlb_remove_table((tlb), virt_to_ptdesc(pmd));	\
} while (0)

#define __pud_free_tlb(tlb, pud, addr)				\
do {								\
	pagetable_pud_dtor(virt_to_ptdesc(pud));		\
	um_tlb_remove_table((tlb), virt_to_ptdesc(pud));	\
} while (0)

#endif /* _ASM_UM_PGALLOC_H */
