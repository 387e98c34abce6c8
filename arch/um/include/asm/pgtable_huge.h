/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaves in the table of the second level: 2 MB pages (Intel SDM volume 3,
 * table 4-18).  The bits are those of a page table entry, and bit 7 says that
 * it is no table.
 */
#ifndef _ASM_UM_PGTABLE_HUGE_H
#define _ASM_UM_PGTABLE_HUGE_H

#define HPAGE_SHIFT	PMD_SHIFT
#define HPAGE_SIZE	PMD_SIZE
#define HPAGE_MASK	PMD_MASK

static inline pte_t pmd_pte(pmd_t pmd)
{
	return __pte(pmd_val(pmd));
}

static inline pmd_t pte_pmd(pte_t pte)
{
	return __pmd(pte_val(pte));
}

#define pmd_leaf pmd_leaf
static inline bool pmd_leaf(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_PSE;
}

static inline pmd_t pfn_pmd(unsigned long pfn, pgprot_t prot)
{
	return __pmd((pfn << PAGE_SHIFT) | pgprot_val(prot));
}

#define mk_pmd(page, prot)	pfn_pmd(page_to_pfn(page), prot)

#define pmd_write pmd_write
static inline int pmd_write(pmd_t pmd)
{
	return pte_write(pmd_pte(pmd));
}

#define pmd_dirty pmd_dirty
static inline int pmd_dirty(pmd_t pmd)
{
	return pte_dirty(pmd_pte(pmd));
}

#define pmd_young pmd_young
static inline int pmd_young(pmd_t pmd)
{
	return pte_young(pmd_pte(pmd));
}

#define PMD_CHANGE(name)						\
	static inline pmd_t pmd_##name(pmd_t pmd)			\
	{								\
		return pte_pmd(pte_##name(pmd_pte(pmd)));		\
	}

PMD_CHANGE(wrprotect)
PMD_CHANGE(mkwrite_novma)
PMD_CHANGE(mkclean)
PMD_CHANGE(mkdirty)
PMD_CHANGE(mkold)
PMD_CHANGE(mkyoung)

#undef PMD_CHANGE

static inline pmd_t pmd_mkhuge(pmd_t pmd)
{
	return __pmd(pmd_val(pmd) | _PAGE_PSE);
}

static inline pmd_t pmd_mkinvalid(pmd_t pmd)
{
	return __pmd(pmd_val(pmd) & ~(_PAGE_PRESENT | _PAGE_PROTNONE));
}

static inline pmd_t pmd_modify(pmd_t pmd, pgprot_t prot)
{
	return pte_pmd(pte_modify(pmd_pte(pmd), prot));
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE

static inline int pmd_trans_huge(pmd_t pmd)
{
	return pmd_leaf(pmd);
}

static inline void set_pmd_at(struct mm_struct *mm, unsigned long addr,
			      pmd_t *pmdp, pmd_t pmd)
{
	set_pmd(pmdp, pmd);
}

#define __HAVE_ARCH_PMDP_HUGE_GET_AND_CLEAR
static inline pmd_t pmdp_huge_get_and_clear(struct mm_struct *mm,
					    unsigned long addr, pmd_t *pmdp)
{
	return __pmd(xchg(&pmdp->pmd, 0));
}

#define __HAVE_ARCH_PMDP_SET_WRPROTECT
static inline void pmdp_set_wrprotect(struct mm_struct *mm,
				      unsigned long addr, pmd_t *pmdp)
{
	clear_bit(1, &pmdp->pmd);
}

#define pmdp_establish pmdp_establish
static inline pmd_t pmdp_establish(struct vm_area_struct *vma,
				   unsigned long addr, pmd_t *pmdp, pmd_t pmd)
{
	return __pmd(xchg(&pmdp->pmd, pmd_val(pmd)));
}

void update_mmu_cache_pmd(struct vm_area_struct *vma, unsigned long addr,
			  pmd_t *pmdp);

/* A swap entry has bit 7 clear too, so it is neither leaf nor present. */
#define __pmd_to_swp_entry(pmd)	((swp_entry_t) { pmd_val(pmd) })
#define __swp_entry_to_pmd(x)	__pmd((x).val)

#endif /* CONFIG_TRANSPARENT_HUGEPAGE */

#endif /* _ASM_UM_PGTABLE_HUGE_H */
