// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host mappings follow page tables.
 *
 * The mappings of a guest mm on the host are a cache of its page table, as a
 * TLB is.  The core says what has changed (flush_tlb_*(), update_mmu_cache());
 * that is queued as address ranges, and before the mm runs again each range is
 * compared with the table: runs of pages with consecutive frames and equal
 * protection become one host mapping.  What is not mapped faults, and the
 * fault finds the entry in the table; so anything may be dropped at any time.
 *
 * What a flush takes away must be gone from the host when the flush returns, if
 * other CPUs are running guest code of the mm then.  If none is, it has time
 * until one does.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <asm/mmu_context.h>
#include <asm/tlbflush.h>
#include <um/entry.h>
#include <um/host.h>
#include <um/mm.h>
#include <um/trap.h>
#include "fork.h"
#include "walk.h"

/* A larger range that was flushed is dropped whole and comes back by faults. */
#define HOSTMAP_RESYNC_MAX	PMD_SIZE
/* So is the rest of one that has gone to pieces. */
#define HOSTMAP_RESYNC_RUNS	8
/* An offer is taken where it is this large: a host call has its price too. */
#define HOSTMAP_OFFER_MIN	(4 * PAGE_SIZE)
/* What a fault of a page brings along that was mapped before. */
#define HOSTMAP_AROUND		(16 * PAGE_SIZE)
#define HOSTMAP_AROUND_OFFER	(64 * PAGE_SIZE)

static void hostmap_shoot_down(struct mm_struct *mm);

/* ---- The queue ---- */

static bool hostmap_takes_away(enum um_change change)
{
	return change == UM_FLUSH || change == UM_DROP;
}

static bool hostmap_extend(struct um_range *range, unsigned long start,
			   unsigned long end, enum um_change change)
{
	if (range->change != change || start > range->end || end < range->start)
		return false;
	range->start = min(range->start, start);
	range->end = max(range->end, end);
	return true;
}

/* A queue that is full: what is not mapped in time comes back by faults. */
static void hostmap_overflow(mm_context_t *context, enum um_change change)
{
	if (!hostmap_takes_away(change))
		return;
	context->flush_all = true;
	context->queued = 0;
}

static void hostmap_queue(mm_context_t *context, unsigned long start,
			  unsigned long end, enum um_change change)
{
	unsigned int n = context->queued;

	WRITE_ONCE(context->stale, true);
	if (n && hostmap_extend(&context->queue[n - 1], start, end, change))
		return;
	if (n == UM_FLUSH_QUEUE) {
		hostmap_overflow(context, change);
		return;
	}
	context->queue[n] = (struct um_range) { start, end, change };
	context->queued = n + 1;
}

void um_map_later(struct mm_struct *mm, unsigned long start, unsigned long end,
		  enum um_change change)
{
	mm_context_t *context = &mm->context;
	unsigned long flags;

	if (start == end)
		return;
	spin_lock_irqsave(&context->lock, flags);
	hostmap_queue(context, start, end, change);
	spin_unlock_irqrestore(&context->lock, flags);
	if (hostmap_takes_away(change))
		hostmap_shoot_down(mm);
}

void um_flush_mm_range(struct mm_struct *mm, unsigned long start,
		       unsigned long end)
{
	um_map_later(mm, start & PAGE_MASK, PAGE_ALIGN(end), UM_FLUSH);
}

void flush_tlb_range(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	um_flush_mm_range(vma->vm_mm, start, end);
}

void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr)
{
	um_flush_mm_range(vma->vm_mm, addr, addr + PAGE_SIZE);
}

void flush_tlb_mm(struct mm_struct *mm)
{
	unsigned long flags;

	spin_lock_irqsave(&mm->context.lock, flags);
	if (mm->context.fork_flusher == current) {
		mm->context.fork_flusher = NULL;
	} else {
		WRITE_ONCE(mm->context.stale, true);
		mm->context.flush_all = true;
		mm->context.queued = 0;
	}
	spin_unlock_irqrestore(&mm->context.lock, flags);
	hostmap_shoot_down(mm);
}

/*
 * Who flushed for somebody that ran this mm and has ended since may still be
 * walking its page table, with @sync held.
 */
void um_flush_mm_end(struct mm_struct *mm)
{
	unsigned long flags;

	flush_tlb_mm(mm);
	if (nr_cpu_ids == 1)
		return;
	spin_lock_irqsave(&mm->context.sync, flags);
	spin_unlock_irqrestore(&mm->context.sync, flags);
}

void update_mmu_cache_range(struct vm_fault *vmf, struct vm_area_struct *vma,
			    unsigned long addr, pte_t *ptep, unsigned int nr)
{
	addr &= PAGE_MASK;
	um_map_later(vma->vm_mm, addr, addr + nr * PAGE_SIZE,
		     current->thread.offering ? UM_OFFER : UM_MAP);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
void update_mmu_cache_pmd(struct vm_area_struct *vma, unsigned long addr,
			  pmd_t *pmdp)
{
	addr &= PMD_MASK;
	um_map_later(vma->vm_mm, addr, addr + PMD_SIZE, UM_MAP);
}
#endif

void um_fault_around(struct mm_struct *mm, unsigned long addr)
{
	unsigned long start = round_down(addr, HOSTMAP_AROUND);
	unsigned long offer = round_down(addr, HOSTMAP_AROUND_OFFER);

	um_map_later(mm, start, start + HOSTMAP_AROUND, UM_MAP);
	um_map_later(mm, offer, start, UM_OFFER);
	um_map_later(mm, start + HOSTMAP_AROUND, offer + HOSTMAP_AROUND_OFFER,
		     UM_OFFER);
}

/* ---- The comparison ---- */

/**
 * struct hostmap_run - pages that become one host mapping
 * @mm:		the address space
 * @addr:	the first page
 * @size:	bytes; 0: no run is open
 * @phys:	its frame
 * @prot:	HOST_PROT_*; 0: a run of pages to unmap
 * @least:	bytes; a shorter run is not mapped
 * @mapped:	runs that were mapped
 */
struct hostmap_run {
	struct mm_struct *mm;
	unsigned long	addr;
	unsigned long	size;
	unsigned long	phys;
	int		prot;
	unsigned long	least;
	unsigned int	mapped;
};

static int hostmap_close(struct hostmap_run *run)
{
	unsigned long size = run->size;

	run->size = 0;
	if (!size)
		return 0;
	if (!run->prot)
		return trap->mm_unmap(run->mm, run->addr, size);
	if (size < run->least)
		return 0;
	run->mapped++;
	return trap->mm_map(run->mm, run->addr, size, run->phys, run->prot);
}

static int hostmap_add(struct hostmap_run *run, unsigned long addr,
		       unsigned long size, unsigned long phys, int prot)
{
	int ret = 0;

	if (run->size && run->prot == prot && addr == run->addr + run->size &&
	    (!prot || phys == run->phys + run->size)) {
		run->size += size;
		return 0;
	}
	ret = hostmap_close(run);
	run->addr = addr;
	run->size = size;
	run->phys = phys;
	run->prot = prot;
	return ret;
}

/* Pages that were added: a leaf is mapped whole, as far as it reaches. */
static int hostmap_add_pages(struct mm_struct *mm, struct um_range *range)
{
	struct hostmap_run run = {
		.mm = mm,
		.least = range->change == UM_OFFER ? HOSTMAP_OFFER_MIN : 0,
	};
	unsigned long addr = range->start, next;
	int ret = 0;

	for (; addr < range->end && !ret; addr = next) {
		pte_t pte = walk_entry(mm, addr, &next);
		int prot = walk_prot(pte);

		if (prot)
			ret = hostmap_add(&run, addr, next - addr,
					  PFN_PHYS(pte_pfn(pte)), prot);
	}
	return ret ? ret : hostmap_close(&run);
}

static int hostmap_compare(struct mm_struct *mm, struct um_range *range)
{
	struct hostmap_run run = { .mm = mm };
	unsigned long addr = range->start, next;
	int ret = 0;

	for (; addr < range->end && !ret; addr = next) {
		pte_t pte = walk_entry(mm, addr, &next);
		int prot = walk_prot(pte);

		next = min(next, range->end);
		if (run.mapped == HOSTMAP_RESYNC_RUNS) {
			next = range->end;
			prot = 0;
		}
		ret = hostmap_add(&run, addr, next - addr,
				  PFN_PHYS(pte_pfn(pte)), prot);
	}
	return ret ? ret : hostmap_close(&run);
}

static int hostmap_apply(struct mm_struct *mm, struct um_range *range)
{
	unsigned long size = range->end - range->start;

	if (!hostmap_takes_away(range->change))
		return hostmap_add_pages(mm, range);
	if (range->change == UM_DROP || size > HOSTMAP_RESYNC_MAX)
		return trap->mm_unmap(mm, range->start, size);
	return hostmap_compare(mm, range);
}

static int hostmap_apply_all(struct mm_struct *mm, struct um_range *queue,
			     unsigned int queued)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < queued && !ret; i++)
		ret = hostmap_apply(mm, &queue[i]);
	return ret ? ret : trap->mm_sync(mm);
}

/*
 * -ENOMEM means that the host process has all the mappings the host grants it:
 * drop them, and map again what is asked for now.
 */
static int hostmap_apply_queue(struct mm_struct *mm)
{
	mm_context_t *context = &mm->context;
	struct um_range queue[UM_FLUSH_QUEUE];
	unsigned int queued;
	bool flush_all;
	int ret = 0;

	spin_lock(&context->lock);
	queued = context->queued;
	flush_all = context->flush_all;
	memcpy(queue, context->queue, queued * sizeof(queue[0]));
	context->queued = 0;
	context->flush_all = false;
	spin_unlock(&context->lock);

	if (flush_all)
		ret = trap->mm_unmap(mm, 0, TASK_SIZE);
	if (!ret)
		ret = hostmap_apply_all(mm, queue, queued);
	if (ret == -ENOMEM) {
		trap->mm_unmap(mm, 0, TASK_SIZE);
		ret = hostmap_apply_all(mm, queue, queued);
	}
	return ret;
}

/* What could not be done is still to do, if there is anybody left to do it. */
int um_mm_sync(struct mm_struct *mm)
{
	mm_context_t *context = &mm->context;
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&context->sync, flags);
	ret = hostmap_apply_queue(mm);
	spin_lock(&context->lock);
	if (ret)
		context->flush_all = true;
	if (!context->queued && !context->flush_all)
		WRITE_ONCE(context->stale, false);
	spin_unlock(&context->lock);
	spin_unlock_irqrestore(&context->sync, flags);
	return ret;
}

/* ---- Who runs it ---- */

/*
 * The address space whose guest code this CPU is running or about to run, and
 * how often it has come back from that.
 */
static DEFINE_PER_CPU(struct mm_struct *, hostmap_running);
static DEFINE_PER_CPU(unsigned int, hostmap_returns);

/*
 * First say so, then look for changes: a flush makes its change, then looks for
 * who runs.  The barrier between the two here is its host_barrier().
 */
int um_mm_enter(struct mm_struct *mm)
{
	for (;;) {
		int ret;

		this_cpu_write(hostmap_running, mm);
		barrier();
		if (likely(!READ_ONCE(mm->context.stale)))
			return 0;
		this_cpu_write(hostmap_running, NULL);
		ret = um_mm_sync(mm);
		if (ret)
			return ret;
	}
}

void um_mm_leave(void)
{
	barrier();
	this_cpu_inc(hostmap_returns);
	this_cpu_write(hostmap_running, NULL);
	if (unlikely(atomic_read(&um_waiters)))
		um_progress();
}

static bool hostmap_runs_on(struct mm_struct *mm, unsigned int cpu)
{
	return READ_ONCE(*per_cpu_ptr(&hostmap_running, cpu)) == mm;
}

/* Guest code that has stopped goes on only when changes have been applied. */
static void hostmap_wait_return(struct mm_struct *mm, unsigned int cpu)
{
	unsigned int *returns = per_cpu_ptr(&hostmap_returns, cpu);
	unsigned int before = READ_ONCE(*returns);

	if (!hostmap_runs_on(mm, cpu))
		return;
	um_cpu_disturb(cpu);
	while (hostmap_runs_on(mm, cpu) && READ_ONCE(*returns) == before)
		cpu_relax();
}

static void hostmap_wait_uaccess(unsigned int cpu)
{
	unsigned int *seq = per_cpu_ptr(&um_uaccess_seq, cpu);
	unsigned int before = READ_ONCE(*seq);

	while ((before & 1) && READ_ONCE(*seq) == before)
		cpu_relax();
}

/* The other CPUs that run it, as a mask. */
static unsigned long hostmap_runners(struct mm_struct *mm)
{
	unsigned int cpu, self = smp_processor_id();
	unsigned long cpus, runners = 0;

	/* Who comes later sees the page table as it is now. */
	smp_mb();
	BUILD_BUG_ON(sizeof(struct cpumask) != sizeof(cpus));
	cpus = READ_ONCE(*cpumask_bits(mm_cpumask(mm))) & ~BIT(self);
	if (!cpus)
		return 0;
	host_barrier();
	for_each_set_bit(cpu, &cpus, nr_cpu_ids) {
		hostmap_wait_uaccess(cpu);
		if (hostmap_runs_on(mm, cpu))
			runners |= BIT(cpu);
	}
	return runners;
}

/*
 * Have what was taken away from the page table taken away from all CPUs.  The
 * host's threads share its mappings, so if this CPU has one it can do it while
 * the others run on.
 */
static void hostmap_shoot_down(struct mm_struct *mm)
{
	unsigned long runners;
	unsigned int cpu;

	if (nr_cpu_ids == 1)
		return;
	preempt_disable();
	runners = hostmap_runners(mm);
	if (runners && (!trap->has_thread(mm) || um_mm_sync(mm)))
		for_each_set_bit(cpu, &runners, nr_cpu_ids)
			hostmap_wait_return(mm, cpu);
	preempt_enable();
}

/* ---- Address spaces come and go ---- */

int init_new_context(struct task_struct *task, struct mm_struct *mm)
{
	memset(&mm->context, 0, sizeof(mm->context));
	spin_lock_init(&mm->context.sync);
	spin_lock_init(&mm->context.lock);
	spin_lock_init(&mm->context.fpu);
	return trap->mm_create(mm);
}

void destroy_context(struct mm_struct *mm)
{
	um_fork_forget(mm);
	if (mm->context.host)
		trap->mm_destroy(mm);
}
