/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables in the x86-64 hardware entry format (Intel SDM volume 3,
 * section 4.5), four levels.  Nothing walks them in hardware yet: the host
 * mappings of an mm are a cache of its table, filled by faults.  An entry is
 * mapped on the host only when it is present and accessed, and writable only
 * when it is also dirty, so that both bits are as exact as the hardware's.
 */
#ifndef _ASM_UM_PGTABLE_H
#define _ASM_UM_PGTABLE_H

#include <asm/page.h>
#include <asm-generic/pgtable-nop4d.h>

#define PMD_SHIFT	21
#define PUD_SHIFT	30
#define PGDIR_SHIFT	39

#define PMD_SIZE	(_AC(1, UL) << PMD_SHIFT)
#define PMD_MASK	(~(PMD_SIZE - 1))
#define PUD_SIZE	(_AC(1, UL) << PUD_SHIFT)
#define PUD_MASK	(~(PUD_SIZE - 1))
#define PGDIR_SIZE	(_AC(1, UL) << PGDIR_SHIFT)
#define PGDIR_MASK	(~(PGDIR_SIZE - 1))

#define PTRS_PER_PTE	512
#define PTRS_PER_PMD	512
#define PTRS_PER_PUD	512
#define PTRS_PER_PGD	512

#define USER_PTRS_PER_PGD	256

#define _PAGE_PRESENT	_AC(0x001, UL)
#define _PAGE_RW	_AC(0x002, UL)
#define _PAGE_USER	_AC(0x004, UL)
#define _PAGE_ACCESSED	_AC(0x020, UL)
#define _PAGE_DIRTY	_AC(0x040, UL)
#define _PAGE_PSE	_AC(0x080, UL)
/* The global bit of an entry without the present bit: mapped, no access. */
#define _PAGE_PROTNONE	_AC(0x100, UL)
#define _PAGE_SPECIAL	_AC(0x200, UL)
/* In a swap entry, which the hardware does not look at. */
#define _PAGE_SWP_EXCLUSIVE	_AC(0x200, UL)
#define _PAGE_NX	(_AC(1, UL) << 63)

#define PTE_PFN_MASK	_AC(0x000ffffffffff000, UL)
#define PFN_PTE_SHIFT	PAGE_SHIFT

#define _PAGE_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | \
			 _PAGE_ACCESSED | _PAGE_DIRTY)
#define _PAGE_CHG_MASK	(PTE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY | \
			 _PAGE_PSE | _PAGE_SPECIAL)

#define _PAGE_BASE	(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_NONE	__pgprot(_PAGE_PROTNONE | _PAGE_ACCESSED)
#define PAGE_READONLY	__pgprot(_PAGE_BASE | _PAGE_NX)
#define PAGE_READONLY_EXEC	__pgprot(_PAGE_BASE)
#define PAGE_COPY	PAGE_READONLY
#define PAGE_SHARED	__pgprot(_PAGE_BASE | _PAGE_RW | _PAGE_NX)
#define PAGE_SHARED_EXEC	__pgprot(_PAGE_BASE | _PAGE_RW)

#define _PAGE_KERNEL	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define PAGE_KERNEL	__pgprot(_PAGE_KERNEL | _PAGE_NX)
#define PAGE_KERNEL_RO	__pgprot((_PAGE_KERNEL & ~_PAGE_RW) | _PAGE_NX)
#define PAGE_KERNEL_EXEC	__pgprot(_PAGE_KERNEL)
#define PAGE_KERNEL_ROX	__pgprot(_PAGE_KERNEL & ~_PAGE_RW)

#define VMALLOC_START	_AC(UM_VMALLOC_START, UL)
#define VMALLOC_END	_AC(UM_VMALLOC_END, UL)
#define MODULES_VADDR	_AC(UM_MODULES_START, UL)
#define MODULES_END	_AC(UM_MODULES_END, UL)

#ifndef __ASSEMBLY__

#include <linux/mm_types.h>
#include <linux/mmzone.h>

struct vm_area_struct;
struct vm_fault;

extern pgd_t swapper_pg_dir[PTRS_PER_PGD];
extern unsigned long empty_zero_page[PAGE_SIZE / sizeof(unsigned long)];

#define ZERO_PAGE(vaddr)	virt_to_page(empty_zero_page)

void paging_init(void);

#define pte_ERROR(e) \
	pr_err("%s:%d: bad pte %016lx\n", __FILE__, __LINE__, pte_val(e))
#define pmd_ERROR(e) \
	pr_err("%s:%d: bad pmd %016lx\n", __FILE__, __LINE__, pmd_val(e))
#define pud_ERROR(e) \
	pr_err("%s:%d: bad pud %016lx\n", __FILE__, __LINE__, pud_val(e))
#define pgd_ERROR(e) \
	pr_err("%s:%d: bad pgd %016lx\n", __FILE__, __LINE__, pgd_val(e))

/* Entries are changed with one store; readers may walk without the lock. */

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	WRITE_ONCE(*ptep, pte);
}

static inline void set_pmd(pmd_t *pmdp, pmd_t pmd)
{
	WRITE_ONCE(*pmdp, pmd);
}

static inline void set_pud(pud_t *pudp, pud_t pud)
{
	WRITE_ONCE(*pudp, pud);
}

static inline void set_p4d(p4d_t *p4dp, p4d_t p4d)
{
	WRITE_ONCE(*p4dp, p4d);
}

static inline void pte_clear(struct mm_struct *mm, unsigned long addr,
			     pte_t *ptep)
{
	set_pte(ptep, __pte(0));
}

#define pmd_clear(pmdp)	set_pmd(pmdp, __pmd(0))
#define pud_clear(pudp)	set_pud(pudp, __pud(0))
#define p4d_clear(p4dp)	set_p4d(p4dp, (p4d_t) { __pgd(0) })

/* Upper levels */

static inline int pmd_none(pmd_t pmd)
{
	return !pmd_val(pmd);
}

/* A leaf that is being split is not mapped, but there (pmd_mkinvalid()). */
static inline int pmd_present(pmd_t pmd)
{
	return !!(pmd_val(pmd) & (_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_PSE));
}

static inline int pmd_bad(pmd_t pmd)
{
	return (pmd_val(pmd) & ~(PTE_PFN_MASK | _PAGE_USER)) !=
	       (_PAGE_TABLE & ~_PAGE_USER);
}

static inline int pud_none(pud_t pud)
{
	return !pud_val(pud);
}

static inline int pud_present(pud_t pud)
{
	return pud_val(pud) & _PAGE_PRESENT;
}

static inline int pud_bad(pud_t pud)
{
	return (pud_val(pud) & ~(PTE_PFN_MASK | _PAGE_USER)) !=
	       (_PAGE_TABLE & ~_PAGE_USER);
}

static inline int p4d_none(p4d_t p4d)
{
	return !p4d_val(p4d);
}

static inline int p4d_present(p4d_t p4d)
{
	return p4d_val(p4d) & _PAGE_PRESENT;
}

static inline int p4d_bad(p4d_t p4d)
{
	return (p4d_val(p4d) & ~(PTE_PFN_MASK | _PAGE_USER)) !=
	       (_PAGE_TABLE & ~_PAGE_USER);
}

static inline unsigned long pmd_page_vaddr(pmd_t pmd)
{
	return (unsigned long)__va(pmd_val(pmd) & PTE_PFN_MASK);
}

static inline pmd_t *pud_pgtable(pud_t pud)
{
	return __va(pud_val(pud) & PTE_PFN_MASK);
}

static inline pud_t *p4d_pgtable(p4d_t p4d)
{
	return __va(p4d_val(p4d) & PTE_PFN_MASK);
}

#define pmd_pfn(pmd)	((pmd_val(pmd) & PTE_PFN_MASK) >> PAGE_SHIFT)
#define pud_pfn(pud)	((pud_val(pud) & PTE_PFN_MASK) >> PAGE_SHIFT)
#define p4d_pfn(p4d)	((p4d_val(p4d) & PTE_PFN_MASK) >> PAGE_SHIFT)
#define pmd_page(pmd)	pfn_to_page(pmd_pfn(pmd))
#define pud_page(pud)	pfn_to_page(pud_pfn(pud))
#define p4d_page(p4d)	pfn_to_page(p4d_pfn(p4d))

/* Page table entries */

static inline int pte_none(pte_t pte)
{
	return !pte_val(pte);
}

static inline int pte_present(pte_t pte)
{
	return !!(pte_val(pte) & (_PAGE_PRESENT | _PAGE_PROTNONE));
}

#define pte_accessible(mm, pte)	(pte_val(pte) & _PAGE_PRESENT)

static inline int pte_write(pte_t pte)
{
	return !!(pte_val(pte) & _PAGE_RW);
}

static inline int pte_dirty(pte_t pte)
{
	return !!(pte_val(pte) & _PAGE_DIRTY);
}

static inline int pte_young(pte_t pte)
{
	return !!(pte_val(pte) & _PAGE_ACCESSED);
}

static inline int pte_exec(pte_t pte)
{
	return !(pte_val(pte) & _PAGE_NX);
}

static inline int pte_special(pte_t pte)
{
	return !!(pte_val(pte) & _PAGE_SPECIAL);
}

#define PTE_CHANGE(name, take, give)					\
	static inline pte_t pte_##name(pte_t pte)			\
	{								\
		return __pte((pte_val(pte) & ~(take)) | (give));	\
	}

PTE_CHANGE(wrprotect, _PAGE_RW, 0)
PTE_CHANGE(mkwrite_novma, 0, _PAGE_RW)
PTE_CHANGE(mkclean, _PAGE_DIRTY, 0)
PTE_CHANGE(mkdirty, 0, _PAGE_DIRTY)
PTE_CHANGE(mkold, _PAGE_ACCESSED, 0)
PTE_CHANGE(mkyoung, 0, _PAGE_ACCESSED)
PTE_CHANGE(mkspecial, 0, _PAGE_SPECIAL)
PTE_CHANGE(swp_mkexclusive, 0, _PAGE_SWP_EXCLUSIVE)
PTE_CHANGE(swp_clear_exclusive, _PAGE_SWP_EXCLUSIVE, 0)

#undef PTE_CHANGE

static inline int pte_swp_exclusive(pte_t pte)
{
	return !!(pte_val(pte) & _PAGE_SWP_EXCLUSIVE);
}

static inline unsigned long pte_pfn(pte_t pte)
{
	return (pte_val(pte) & PTE_PFN_MASK) >> PAGE_SHIFT;
}

#define pte_page(pte)	pfn_to_page(pte_pfn(pte))

static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return __pte((pfn << PAGE_SHIFT) | pgprot_val(prot));
}

#define mk_pte(page, prot)	pfn_pte(page_to_pfn(page), prot)

static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	return __pte((pte_val(pte) & _PAGE_CHG_MASK) |
		     (pgprot_val(prot) & ~_PAGE_CHG_MASK));
}

/*
 * The entry changes under other CPUs' page walks, so bits are taken with one
 * locked instruction.
 */
#define __HAVE_ARCH_PTEP_GET_AND_CLEAR
static inline pte_t ptep_get_and_clear(struct mm_struct *mm,
				       unsigned long addr, pte_t *ptep)
{
	return __pte(xchg(&ptep->pte, 0));
}

#define __HAVE_ARCH_PTEP_SET_WRPROTECT
static inline void ptep_set_wrprotect(struct mm_struct *mm,
				      unsigned long addr, pte_t *ptep)
{
	clear_bit(1, &ptep->pte);
}

#define pgprot_noncached(prot)		(prot)
#define pgprot_writecombine(prot)	(prot)

/*
 * Swap entries: bits 0 and 8 clear (not present, not PROTNONE), bit 9 the
 * exclusive marker, type in bits 10 to 14, offset from bit 15 up.
 */
#define __swp_type(x)		(((x).val >> 10) & 0x1f)
#define __swp_offset(x)		((x).val >> 15)
#define __swp_entry(type, offset) \
	((swp_entry_t) { ((unsigned long)(type) << 10) | \
			 ((unsigned long)(offset) << 15) })
#define __pte_to_swp_entry(pte)	((swp_entry_t) { pte_val(pte) })
#define __swp_entry_to_pte(x)	__pte((x).val)

void update_mmu_cache_range(struct vm_fault *vmf, struct vm_area_struct *vma,
			    unsigned long addr, pte_t *ptep, unsigned int nr);
#define update_mmu_cache(vma, addr, ptep) \
	update_mmu_cache_range(NULL, vma, addr, ptep, 1)
#define update_mmu_tlb_range(vma, addr, ptep, nr) \
	update_mmu_cache_range(NULL, vma, addr, ptep, nr)

#include <asm/pgtable_huge.h>

#endif /* !__ASSEMBLY__ */

#endif /* _ASM_UM_PGTABLE_H */
