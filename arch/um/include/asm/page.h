/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_PAGE_H
#define _ASM_UM_PAGE_H

#include <linux/const.h>
#include <asm/layout.h>

#define PAGE_SHIFT	CONFIG_PAGE_SHIFT
#define PAGE_SIZE	(_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#define PAGE_OFFSET	_AC(UM_DIRECT_START, UL)

#ifndef __ASSEMBLY__

#include <linux/types.h>

struct page;

#define clear_page(page)	memset((void *)(page), 0, PAGE_SIZE)
#define copy_page(to, from)	memcpy((void *)(to), (void *)(from), PAGE_SIZE)
#define clear_user_page(page, vaddr, pg)	clear_page(page)
#define copy_user_page(to, from, vaddr, pg)	copy_page(to, from)

typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd; } pmd_t;
typedef struct { unsigned long pud; } pud_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef struct page *pgtable_t;

#define pte_val(x)	((x).pte)
#define pmd_val(x)	((x).pmd)
#define pud_val(x)	((x).pud)
#define pgd_val(x)	((x).pgd)
#define pgprot_val(x)	((x).pgprot)

#define __pte(x)	((pte_t) { (x) })
#define __pmd(x)	((pmd_t) { (x) })
#define __pud(x)	((pud_t) { (x) })
#define __pgd(x)	((pgd_t) { (x) })
#define __pgprot(x)	((pgprot_t) { (x) })

/*
 * The image lies below the direct map; its pages are the first of physical
 * memory, so an address in the image has a second name in the direct map.
 */
static inline unsigned long um_virt_to_phys(unsigned long addr)
{
	return addr >= PAGE_OFFSET ? addr - PAGE_OFFSET : addr - UM_IMAGE_START;
}

#define __pa(x)			um_virt_to_phys((unsigned long)(x))
#define __pa_symbol(x)		((unsigned long)(x) - UM_IMAGE_START)
#define __va(x)			((void *)((unsigned long)(x) + PAGE_OFFSET))

#define phys_to_pfn(p)		((p) >> PAGE_SHIFT)
#define pfn_to_phys(pfn)	PFN_PHYS(pfn)
#define pfn_to_kaddr(pfn)	__va((pfn) << PAGE_SHIFT)
#define virt_to_pfn(kaddr)	(__pa(kaddr) >> PAGE_SHIFT)
#define virt_to_page(kaddr)	pfn_to_page(virt_to_pfn(kaddr))
#define page_to_phys(page)	PFN_PHYS(page_to_pfn(page))
#define page_to_virt(page)	pfn_to_kaddr(page_to_pfn(page))

#define HAVE_ARCH_ALLOC_PAGE
void arch_alloc_page(struct page *page, int order);

bool um_virt_addr_valid(unsigned long addr);
#define virt_addr_valid(kaddr)	um_virt_addr_valid((unsigned long)(kaddr))

#include <asm-generic/memory_model.h>
#include <asm-generic/getorder.h>

#endif /* !__ASSEMBLY__ */

#endif /* _ASM_UM_PAGE_H */
