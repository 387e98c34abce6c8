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
		flush_tlb_mm(tlb->mm);
	else if (tlb->end)
		um_flush_mm_range(tlb->mm, tlb->start, tlb->end);
}

static inline void __tlb_remove_table(void *table)
{
	free_page_and_swap_cache(table);
}

#endif /* _ASM_UM_TLB_H */
