// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fork: what parent and child will touch at once.
 *
 * A fork takes write access from the parent's private pages and leaves the
 * child without host mappings, so both run into a dozen faults, each of them a
 * hand-over to the kernel.  A program that forks again touches the same pages
 * again: they are noted, and the next fork faults them in beforehand, at the
 * price of the page table work alone.
 *
 * A note that is wrong costs a page copy, until faults of other pages have
 * pushed it out.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>
#include <asm/mmu_context.h>
#include <um/mm.h>
#include "fault.h"
#include "fork.h"
#include "walk.h"

#define FORK_PAGES	16
/* In a note, beside the page's address */
#define FORK_WRITE	1UL

/**
 * struct um_fork_hints - pages that a program touches after a fork
 * @users:	address spaces that share it: the program and its forks
 * @lock:	guards the rest
 * @next:	the note that will be replaced; of the parent and the child
 * @page:	notes: an address with FORK_WRITE or without; 0: empty
 */
struct um_fork_hints {
	refcount_t	users;
	spinlock_t	lock;	/* of the notes */
	unsigned int	next[2];
	unsigned long	page[2][FORK_PAGES];
};

/* A page that is noted already is written to from now on, or read only. */
static bool fork_noted(struct um_fork_hints *hints, bool child,
		       unsigned long note)
{
	unsigned int i;

	for (i = 0; i < FORK_PAGES; i++) {
		if ((hints->page[child][i] & PAGE_MASK) == (note & PAGE_MASK)) {
			hints->page[child][i] |= note;
			return true;
		}
	}
	return false;
}

void um_fork_learn(struct mm_struct *mm, unsigned long addr, bool write)
{
	struct um_faults *faults = &mm->context.faults;
	unsigned long note = (addr & PAGE_MASK) | (write ? FORK_WRITE : 0);
	struct um_fork_hints *hints = faults->hints;
	unsigned int learning = READ_ONCE(faults->learning);
	bool child = faults->child;

	if (!learning || !hints)
		return;
	WRITE_ONCE(faults->learning, learning - 1);
	spin_lock(&hints->lock);
	if (!fork_noted(hints, child, note)) {
		hints->page[child][hints->next[child]] = note;
		hints->next[child] = (hints->next[child] + 1) % FORK_PAGES;
	}
	spin_unlock(&hints->lock);
}

void um_fork_forget(struct mm_struct *mm)
{
	struct um_fork_hints *hints = mm->context.faults.hints;

	mm->context.faults.hints = NULL;
	if (hints && refcount_dec_and_test(&hints->users))
		kfree(hints);
}

/* The first fork of a program makes the notes; without memory, no notes. */
static struct um_fork_hints *fork_hints(struct mm_struct *mm)
{
	struct um_faults *faults = &mm->context.faults;

	if (!faults->hints) {
		faults->hints = kzalloc(sizeof(*faults->hints), GFP_KERNEL);
		if (!faults->hints)
			return NULL;
		refcount_set(&faults->hints->users, 1);
		spin_lock_init(&faults->hints->lock);
	}
	return faults->hints;
}

/* A guess must not be seen, nor anything be read from a disk for it. */
static bool fork_may_touch(struct vm_area_struct *vma, unsigned long addr,
			   bool write)
{
	loff_t at = ((loff_t)linear_page_index(vma, addr)) << PAGE_SHIFT;

	if (um_fault_is_private(vma, addr))
		return true;
	return !write && vma->vm_file && vma->vm_ops->map_pages &&
	       filemap_range_has_page(vma->vm_file->f_mapping, at, at);
}

/* To copy one page of a large leaf would split it, at each fork. */
static bool fork_splits(struct mm_struct *mm, unsigned long addr)
{
	unsigned long next;
	pte_t pte = walk_entry_anywhere(mm, addr, &next);

	return pte_present(pte) && next - addr > PAGE_SIZE;
}

static void fork_touch(struct mm_struct *mm, unsigned long note)
{
	unsigned int flags = note & FORK_WRITE ? FAULT_FLAG_WRITE : 0;
	unsigned long addr = note & PAGE_MASK;
	struct vm_area_struct *vma = vma_lookup(mm, addr);

	if (!vma || (vma->vm_flags & VM_SHARED) || userfaultfd_armed(vma) ||
	    !um_fault_access_ok(vma, flags) ||
	    !fork_may_touch(vma, addr, flags) || (flags && fork_splits(mm, addr)))
		return;
	if (handle_mm_fault(vma, addr, flags | FAULT_FLAG_REMOTE, NULL) &
	    VM_FAULT_ERROR)
		return;
	/* The entry may have been as it should be, and only lost its mapping. */
	um_map_later(mm, addr, addr + PAGE_SIZE, UM_MAP);
}

static void fork_touch_all(struct mm_struct *mm, struct um_fork_hints *hints,
			   bool child)
{
	unsigned int i;

	for (i = 0; i < FORK_PAGES; i++) {
		unsigned long note = READ_ONCE(hints->page[child][i]);

		if (note)
			fork_touch(mm, note);
	}
	mm->context.faults.learning = FORK_PAGES;
	mm->context.faults.child = child;
}

#ifdef CONFIG_MEMCG
static struct task_struct *fork_change_owner(struct mm_struct *mm,
					     struct task_struct *to)
{
	struct task_struct *was = rcu_dereference_protected(mm->owner, true);

	rcu_assign_pointer(mm->owner, to);
	return was;
}
#else
static struct task_struct *fork_change_owner(struct mm_struct *mm,
					     struct task_struct *to)
{
	return to;
}
#endif

/* The child is in no memory cgroup yet: its pages are charged to the parent's. */
static void fork_touch_child(struct mm_struct *mm, struct um_fork_hints *hints)
{
	struct task_struct *child = fork_change_owner(mm, current);

	fork_touch_all(mm, hints, true);
	fork_change_owner(mm, child);
}

/* Only these areas had entries that could be written to. */
static bool fork_has_changed(struct vm_area_struct *vma)
{
	return vma->anon_vma && (vma->vm_flags & VM_WRITE) &&
	       !(vma->vm_flags & VM_SHARED);
}

/* Called by the core directly before the flush, mmap_lock held for writing. */
int arch_dup_mmap(struct mm_struct *oldmm, struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, oldmm, 0);
	struct um_fork_hints *hints = fork_hints(oldmm);
	struct vm_area_struct *vma;

	for_each_vma(vmi, vma)
		if (fork_has_changed(vma))
			um_map_later(oldmm, vma->vm_start, vma->vm_end,
				     UM_DROP);
	if (hints) {
		refcount_inc(&hints->users);
		mm->context.faults.hints = hints;
		fork_touch_all(oldmm, hints, false);
		fork_touch_child(mm, hints);
	}
	/* To touch pages may sleep, and others may flush meanwhile. */
	spin_lock_irq(&oldmm->context.lock);
	oldmm->context.fork_flusher = current;
	spin_unlock_irq(&oldmm->context.lock);
	return 0;
}
