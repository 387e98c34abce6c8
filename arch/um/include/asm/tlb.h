/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_TLB_H
#define _ASM_UM_TLB_H

#define tlb_flush tlb_flush
struct mmu_gather;
static inline void tlb_flush(struct mmu_gather *tlb);

#include <asm-generic/tlb.h>

static inline void tlb_flush(struct mmu_gather *tlb)
{
	if (tlb->fullmm)
		um_flush_mm_end(tlb->mm);
	else if (tlb->end)
		um_flush_mm_range(tlb->mm, tlb->start, tlb->end);
}

static inline void __tlb_remove_table(void *table)
{
	free_page_and_swap_cache(table);
}

/*
 * Who looks at a page table without a lock has interrupts disabled (mm/walk.h),
 * and a flush waits for some of them only.  Where there may be others, a table
 * is freed when all CPUs have had them enabled.  At the end of an mm (@fullmm)
 * no task has it any more, and um_flush_mm_end() has waited for the others; most
 * tables are freed then, and can be used again at once.
 */
static inline void um_tlb_remove_table(struct mmu_gather *tlb,
				       struct ptdesc *table)
{
	if (nr_cpu_ids > 1 && !tlb->fullmm)
		tlb_remove_table(tlb, ptdesc_page(table));
	else
		tlb_remove_page_ptdesc(tlb, table);
}

#endif /* _ASM_UM_TLB_H */
