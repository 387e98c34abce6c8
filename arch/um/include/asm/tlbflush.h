/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_TLBFLUSH_H
#define _ASM_UM_TLBFLUSH_H

#include <linux/mm_types.h>

/* Guest address spaces: queued, and done before the mm runs again. */
void flush_tlb_mm(struct mm_struct *mm);
void flush_tlb_range(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr);
void um_flush_mm_range(struct mm_struct *mm, unsigned long start,
		       unsigned long end);
/* The last flush of a page table, before its tables are freed. */
void um_flush_mm_end(struct mm_struct *mm);

/* The kernel's own: done at once. */
void flush_tlb_kernel_range(unsigned long start, unsigned long end);
void flush_tlb_all(void);

#endif /* _ASM_UM_TLBFLUSH_H */
