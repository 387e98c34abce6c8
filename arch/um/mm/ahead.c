// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a fault maps besides its own.
 *
 * The core maps what is worth it where a fault is an exception of the CPU;
 * here it is a hand-over between processes, so more is.  Of a file, what the
 * page cache has in a wider neighbourhood; of private memory, the pages ahead
 * of who goes through it in order, the more the longer that lasts.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>
#include "ahead.h"
#include "fault.h"
#include "walk.h"

/* Mapped around a fault in a file */
#define AHEAD_FILE	(64 * PAGE_SIZE)
/* A fault this close behind the last is the next in order. */
#define AHEAD_NEAR	(16 * PAGE_SIZE)
/* Pages mapped at most ahead of it */
#define AHEAD_MAX	64

static void ahead_file(struct vm_area_struct *vma, unsigned long addr,
		       unsigned int flags)
{
	unsigned long start = max(round_down(addr, AHEAD_FILE), vma->vm_start);
	unsigned long end = min(round_down(addr, AHEAD_FILE) + AHEAD_FILE,
				vma->vm_end);
	struct vm_fault vmf = {
		.vma = vma,
		.gfp_mask = GFP_KERNEL,
		.pgoff = linear_page_index(vma, addr),
		.address = addr,
		.real_address = addr,
		.flags = flags,
		.pmd = pmd_off(vma->vm_mm, addr),
	};

	if (!pmd_present(READ_ONCE(*vmf.pmd)) || pmd_leaf(READ_ONCE(*vmf.pmd)))
		return;
	current->thread.offering = true;
	rcu_read_lock();
	vma->vm_ops->map_pages(&vmf, linear_page_index(vma, start),
			       linear_page_index(vma, end - 1));
	rcu_read_unlock();
	current->thread.offering = false;
}

/* How many pages are to be mapped from @addr on, itself included. */
static unsigned int ahead_window(struct um_faults *faults, unsigned long addr)
{
	bool next = addr > faults->last && addr - faults->last <= AHEAD_NEAR;

	faults->ahead = next ? min(2 * faults->ahead, AHEAD_MAX) : 1;
	faults->last = addr;
	return faults->ahead;
}

static void ahead_private(struct vm_area_struct *vma, unsigned long addr,
			  unsigned int flags)
{
	struct um_faults *faults = &vma->vm_mm->context.faults;
	unsigned long end = addr + ahead_window(faults, addr) * PAGE_SIZE;
	bool write = flags & FAULT_FLAG_WRITE;

	flags = write ? FAULT_FLAG_WRITE : 0;
	for (end = min(end, vma->vm_end); addr < end; addr += PAGE_SIZE) {
		pte_t pte = walk_page_anywhere(vma->vm_mm, addr);

		faults->last = addr;
		if (walk_grants(pte, write, false))
			continue;
		if (!um_fault_is_private(vma, addr))
			break;
		if (signal_pending(current) || need_resched() ||
		    handle_mm_fault(vma, addr, flags, NULL) & VM_FAULT_ERROR)
			break;
	}
}

void um_fault_ahead(struct vm_area_struct *vma, unsigned long addr,
		    unsigned int flags)
{
	addr &= PAGE_MASK;
	if ((vma->vm_flags & (VM_RAND_READ | VM_PFNMAP | VM_MIXEDMAP)) ||
	    userfaultfd_armed(vma))
		return;
	if (!vma_is_anonymous(vma) && !(flags & FAULT_FLAG_WRITE) &&
	    vma->vm_ops->map_pages)
		ahead_file(vma, addr, flags);
	else if (!(vma->vm_flags & VM_SHARED))
		ahead_private(vma, addr, flags);
}
