/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_MMU_CONTEXT_H
#define _ASM_UM_MMU_CONTEXT_H

#include <linux/mm_types.h>
#include <asm/mmu.h>
#include <um/regs.h>

#define init_new_context init_new_context
int init_new_context(struct task_struct *task, struct mm_struct *mm);

#define destroy_context destroy_context
void destroy_context(struct mm_struct *mm);

/*
 * Which address space runs is looked up when guest code is entered.  What a
 * flush has to know is where that could be.
 *
 * For membarrier(2) setting the bit is the full barrier that it wants here, and
 * nothing more is needed for instructions that were changed: a guest thread gets
 * the host CPU from the kernel's thread by a switch of the host's address spaces,
 * or goes on by the host's return from an interrupt.  Either serialises the CPU.
 */
static inline void switch_mm(struct mm_struct *prev, struct mm_struct *next,
			     struct task_struct *task)
{
	unsigned int cpu = smp_processor_id();

	if (prev != next)
		cpumask_clear_cpu(cpu, mm_cpumask(prev));
	cpumask_set_cpu(cpu, mm_cpumask(next));
}

/* A task leaves its address space, to end or to start another program. */
#define deactivate_mm(task, mm)	um_regs_forget(task, mm)

/**
 * arch_dup_mmap() - the host's side of a fork
 *
 * Says what the fork has changed in the parent's address space, so that the
 * flush of all of it that follows need not drop the rest; and has the pages at
 * hand that parent and child will want at once.
 */
int arch_dup_mmap(struct mm_struct *oldmm, struct mm_struct *mm);

static inline void arch_exit_mmap(struct mm_struct *mm)
{
}

static inline bool arch_vma_access_permitted(struct vm_area_struct *vma,
					     bool write, bool execute,
					     bool foreign)
{
	return true;
}

#include <asm-generic/mmu_context.h>

#endif /* _ASM_UM_MMU_CONTEXT_H */
