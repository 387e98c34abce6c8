// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "ptrace": one host process per guest mm, its system calls and
 * signals seen by the kernel as its tracer.  Works wherever ptrace does.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/mmu_context.h>
#include <um/fpu.h>
#include <um/host.h>
#include <um/stub.h>
#include <asm/trapnr.h>
#include "backends.h"
#include "orders.h"
#include "pool.h"
#include "ptrace_host.h"
#include "stub_host.h"

#define STACK_SIZE	(UM_STUB_END - UM_STUB_STACK)

/**
 * struct ptrace_thread - a virtual CPU's guest thread in a host process
 * @tid:	its id; -1: it has gone
 * @cpu:	the host CPU it is bound to
 * @slot:	where @block is mapped in the host process
 * @block:	the page of orders and the signal stack behind it
 * @orders:	orders waiting for ptrace_mm_sync()
 */
struct ptrace_thread {
	int			tid;
	int			cpu;
	unsigned long		slot;
	void			*block;
	unsigned int		orders;
};

/**
 * struct um_host_mm - a guest address space on the host
 * @pid:	its host process; -1: it has gone
 * @spoiled:	a signal frame found no room, and the host took the handlers
 *		away: not for the pool
 * @dirty:	what the last owner has left is still mapped
 * @lock:	guards @spare
 * @spare:	the thread that the next virtual CPU takes
 * @first:	the first thread.  With several CPUs it runs no guest code: it would
 *		be the last of a process that dies to be told of, and who waits for
 *		it would wait for those that nobody waits for
 * @threads:	each virtual CPU's, or NULL
 */
struct um_host_mm {
	int			pid;
	bool			spoiled;
	bool			dirty;
	spinlock_t		lock;	/* of the spare thread */
	int			spare;
	struct ptrace_thread	first;
	struct ptrace_thread	*threads[];
};

/**
 * struct ptrace_template - the process that all others are forked from
 * @lock:	guards @spare
 * @spare:	as in struct um_host_mm
 * @tids:	each virtual CPU's thread; 0: none yet
 * @cpus:	the host CPU it is bound to, and 1
 */
static struct ptrace_template {
	spinlock_t	lock;	/* of the spare thread */
	int		spare;
	int		tids[NR_CPUS];
	int		cpus[NR_CPUS];
} ptrace_template = { .lock = __SPIN_LOCK_UNLOCKED(ptrace_template.lock) };

/**
 * struct ptrace_runs - who runs guest code for this CPU
 * @pid:	the host process
 * @tid:	its thread; 0: nobody
 */
struct ptrace_runs {
	int	pid;
	int	tid;
};

static DEFINE_PER_CPU(struct ptrace_runs, ptrace_running);

#define PTRACE_FORBIDDEN \
	"ptrace is forbidden here (a seccomp filter, a container's policy or kernel.yama.ptrace_scope=3; allow ptrace, e.g. docker run --cap-add=SYS_PTRACE)"

static const char *ptrace_probe(void)
{
	int ret = ptrace_host_template(__pa_symbol(um_stub),
				       &ptrace_template.tids[0]);

	if (!ret)
		return NULL;
	if (ret == -EPERM || ret == -EACCES || ret == -ENOSYS)
		return PTRACE_FORBIDDEN;
	return host_strerror(ret);
}

static int ptrace_early_init(void)
{
	int ret;

	if (host_config.ncpus == 1)
		return 0;
	ret = ptrace_host_spare(ptrace_template.tids[0]);
	ptrace_template.spare = ret;
	return ret < 0 ? ret : 0;
}

/* ---- Threads; preemption is off where one is used ---- */

/* Without a spare thread: what its making had failed with. */
static int ptrace_take_spare(spinlock_t *lock, int *spare)
{
	int tid, ret;

	spin_lock(lock);
	tid = *spare;
	ret = tid > 0 ? ptrace_host_adopt(tid) : tid;
	if (tid > 0)
		*spare = ret ? ret : ptrace_host_spare(tid);
	spin_unlock(lock);
	return ret ? ret : tid;
}

/* The template's thread for this CPU, on the same host CPU. */
static int ptrace_template_thread(void)
{
	struct ptrace_template *template = &ptrace_template;
	unsigned int cpu = smp_processor_id();

	if (!template->tids[cpu]) {
		int tid = ptrace_take_spare(&template->lock, &template->spare);

		if (tid < 0)
			return tid;
		template->tids[cpu] = tid;
	}
	/* A child inherits the binding. */
	if (template->cpus[cpu] != host_place_cpu() + 1) {
		template->cpus[cpu] = host_place_cpu() + 1;
		host_place_thread(template->tids[cpu]);
	}
	return template->tids[cpu];
}

static struct ptrace_thread *ptrace_this(const struct um_host_mm *host)
{
	return host->threads[smp_processor_id()];
}

static bool ptrace_is_here(const struct um_host_mm *host)
{
	return host->threads[raw_smp_processor_id()];
}

static bool ptrace_has_thread(struct mm_struct *mm)
{
	return mm->context.host && ptrace_is_here(mm->context.host);
}

static int ptrace_thread_id(struct mm_struct *mm)
{
	return ptrace_has_thread(mm) ?
	       max(ptrace_this(mm->context.host)->tid, 0) : 0;
}

/* Once it is traced it is in the table, whatever comes of it. */
static int ptrace_thread_begin(struct um_host_mm *host,
			       struct ptrace_thread *thread)
{
	unsigned int cpu = smp_processor_id();
	int tid;

	tid = ptrace_take_spare(&host->lock, &host->spare);
	if (tid < 0)
		return tid;
	thread->tid = tid;
	thread->cpu = -1;
	thread->slot = stub_slot(cpu + 1);
	host->threads[cpu] = thread;
	return ptrace_host_slot(tid, thread->slot, __pa(thread->block));
}

static int ptrace_host_add_thread(struct um_host_mm *host)
{
	struct ptrace_thread *thread = kzalloc(sizeof(*thread), GFP_KERNEL);
	int ret = 0;

	if (!thread)
		return -ENOMEM;
	thread->block = stub_block_new();
	if (!thread->block) {
		kfree(thread);
		return -ENOMEM;
	}
	preempt_disable();
	if (!ptrace_is_here(host))
		ret = ptrace_thread_begin(host, thread);
	if (ret)
		host->spoiled = true;
	preempt_enable();
	if (ret)
		pr_err_ratelimited("trap: no host thread for a program: error %d\n",
				   -ret);
	if (!thread->tid) {
		stub_block_free(thread->block);
		kfree(thread);
	}
	return ret;
}

static int ptrace_add_thread(struct mm_struct *mm)
{
	return ptrace_host_add_thread(mm->context.host);
}

/* ---- Host processes ---- */

static struct trap_pool ptrace_pool = TRAP_POOL(ptrace_pool);

static int ptrace_host_mm_begin(struct um_host_mm *host)
{
	struct ptrace_thread *first = &host->first;
	int template = ptrace_template_thread();

	if (template < 0)
		return template;
	first->slot = stub_slot(0);
	first->tid = ptrace_host_fork(template, __pa(first->block));
	if (first->tid < 0)
		return first->tid;
	first->cpu = host_place_cpu();
	host->pid = first->tid;
	if (nr_cpu_ids == 1)
		host->threads[0] = first;
	else
		host->spare = ptrace_host_spare(host->pid);
	return 0;
}

static struct um_host_mm *ptrace_host_mm_new(void)
{
	struct um_host_mm *host;
	int ret;

	host = kzalloc(struct_size(host, threads, nr_cpu_ids), GFP_KERNEL);
	if (!host)
		return NULL;
	spin_lock_init(&host->lock);
	host->first.block = stub_block_new();
	if (!host->first.block)
		goto free_host;
	preempt_disable();
	ret = ptrace_host_mm_begin(host);
	preempt_enable();
	if (ret) {
		pr_err_ratelimited("trap: no host process for a new program: error %d\n",
				   -ret);
		goto free_block;
	}
	return host;

free_block:
	stub_block_free(host->first.block);
free_host:
	kfree(host);
	return NULL;
}

/* Of a process the first thread is reaped last. */
static void ptrace_host_mm_free(struct um_host_mm *host)
{
	unsigned int cpu;

	if (host->pid > 0)
		ptrace_host_end(host->pid);
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct ptrace_thread *thread = host->threads[cpu];

		if (!thread || thread == &host->first)
			continue;
		if (thread->tid > 0)
			stub_wait_end(thread->tid);
		stub_block_free(thread->block);
		kfree(thread);
	}
	if (host->pid > 0)
		stub_wait_end(host->pid);
	stub_block_free(host->first.block);
	kfree(host);
}

/*
 * Unmap what the last owner has left, on whatever CPU this is.  Old orders and
 * signal frames are none of the next owner's business either.
 */
static bool ptrace_host_mm_empty(struct um_host_mm *host)
{
	struct ptrace_thread *self = ptrace_this(host);
	struct stub_control *control = self->block;
	unsigned int cpu, left;

	if (host->threads[0] != &host->first)
		memset(host->first.block, 0, UM_STUB_END - UM_STUB_ORDERS);
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		if (!host->threads[cpu])
			continue;
		host->threads[cpu]->orders = 0;
		memset(host->threads[cpu]->block, 0,
		       UM_STUB_END - UM_STUB_ORDERS);
	}
	control->orders[0] = stub_order_unmap(0, UM_TASK_SIZE);
	host->dirty = false;
	return !ptrace_host_batch(self->tid, self->slot, 1, &left);
}

/* Its last owner has gone on a CPU that never ran it. */
static bool ptrace_host_mm_clean(struct um_host_mm *host)
{
	bool clean = !host->dirty;

	while (!clean) {
		preempt_disable();
		if (ptrace_is_here(host)) {
			clean = ptrace_host_mm_empty(host);
			preempt_enable();
			break;
		}
		preempt_enable();
		if (ptrace_host_add_thread(host))
			break;
	}
	return clean;
}

static struct um_host_mm *ptrace_host_mm_take(void)
{
	struct um_host_mm *host;

	if (nr_cpu_ids == 1)
		return trap_pool_take(&ptrace_pool);
	host = trap_pool_take_if(&ptrace_pool, ptrace_is_here) ?:
	       trap_pool_take(&ptrace_pool);
	if (host && !ptrace_host_mm_clean(host)) {
		ptrace_host_mm_free(host);
		host = NULL;
	}
	return host;
}

static int ptrace_mm_create(struct mm_struct *mm)
{
	mm->context.host = ptrace_host_mm_take() ?: ptrace_host_mm_new();
	return mm->context.host ? 0 : -ENOMEM;
}

static void ptrace_mm_destroy(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;
	bool keep = !host->spoiled;

	mm->context.host = NULL;
	preempt_disable();
	if (keep && ptrace_is_here(host))
		keep = ptrace_host_mm_empty(host);
	else
		host->dirty = true;
	preempt_enable();
	if (!keep || !trap_pool_put(&ptrace_pool, host))
		ptrace_host_mm_free(host);
}

/* ---- Orders ---- */

static int ptrace_mm_sync(struct mm_struct *mm)
{
	struct ptrace_thread *self = ptrace_this(mm->context.host);
	unsigned int left, count = self->orders;

	self->orders = 0;
	return count ? ptrace_host_batch(self->tid, self->slot, count, &left) :
		       0;
}

static int ptrace_order(struct mm_struct *mm, const struct stub_order *order)
{
	struct ptrace_thread *self = ptrace_this(mm->context.host);
	struct stub_control *control = self->block;
	int ret = 0;

	if (self->orders == STUB_ORDERS)
		ret = ptrace_mm_sync(mm);
	if (!ret)
		control->orders[self->orders++] = *order;
	return ret;
}

static int ptrace_mm_map(struct mm_struct *mm, unsigned long addr,
			 unsigned long size, unsigned long phys, int prot)
{
	struct stub_order order = stub_order_map(addr, size, phys, prot);

	return ptrace_order(mm, &order);
}

static int ptrace_mm_unmap(struct mm_struct *mm, unsigned long addr,
			   unsigned long size)
{
	struct stub_order order = stub_order_unmap(addr, size);

	return ptrace_order(mm, &order);
}

/* ---- Guest code ---- */

/* Read the frame that the host writes for a signal; @event has its number. */
static void ptrace_details(struct mm_struct *mm, struct trap_event *event)
{
	struct um_host_mm *host = mm->context.host;
	struct ptrace_thread *self = ptrace_this(host);
	unsigned long base = self->slot + UM_STUB_STACK - UM_STUB_ORDERS;
	void *stack = self->block + (UM_STUB_STACK - UM_STUB_ORDERS);
	unsigned long room = STACK_SIZE - 256;
	struct ptrace_host_frame frame;
	unsigned long info, context;
	int ret;

	event->kind = TRAP_EXCEPTION;
	event->inexact = false;
	ret = ptrace_host_deliver(self->tid, event->signo, &info, &context);
	host->spoiled |= ret != 0;
	if (ret == -ESRCH)
		event->kind = TRAP_GONE;
	if (ret || info - base > room || context - base > room) {
		event->code = SI_KERNEL;
		return;
	}
	ptrace_host_parse_frame(stack + (info - base),
				stack + (context - base),
				stack, base, STACK_SIZE, &frame);
	event->code = frame.code;
	event->address = frame.address;
	event->trap_nr = frame.trap_nr;
	event->error_code = frame.error_code;
	if (event->signo == SIGSEGV && frame.trap_nr == X86_TRAP_PF) {
		event->kind = TRAP_FAULT;
		event->address = frame.cr2;
	}
	if (frame.xstate)
		um_fpu_from_frame(frame.xstate, frame.xstate_size);
}

static void ptrace_signal(struct mm_struct *mm, struct ptrace_host_event *from,
			  struct trap_event *event)
{
	event->signo = from->signo;
	event->code = from->code;
	event->address = from->address;
	/* Only a page fault has an address and a code of these two. */
	if (from->signo == SIGSEGV &&
	    (from->code == SEGV_MAPERR || from->code == SEGV_ACCERR)) {
		event->kind = TRAP_FAULT;
		event->trap_nr = X86_TRAP_PF;
		event->inexact = true;
	} else {
		ptrace_details(mm, event);
	}
}

/* Numbers that may be somebody else's soon are not used again. */
static void ptrace_gone(struct um_host_mm *host, struct ptrace_thread *self)
{
	host->spoiled = true;
	if (self->tid < 0 || !ptrace_host_reap(self->tid))
		return;
	self->tid = -1;
	if (self == &host->first)
		host->pid = -1;
}

static void ptrace_run(struct mm_struct *mm, struct pt_regs *regs,
		       struct trap_event *event)
{
	struct um_host_mm *host = mm->context.host;
	struct ptrace_thread *self = ptrace_this(host);
	struct ptrace_host_event from;

	*event = (struct trap_event) { .kind = TRAP_KICK };
	if (self->cpu != host_place_cpu() && !host_place_thread(self->tid))
		self->cpu = host_place_cpu();

	/* An interrupt from here on kicks; one that came before is seen. */
	this_cpu_write(ptrace_running.pid, host->pid);
	this_cpu_write(ptrace_running.tid, self->tid);
	barrier();
	if (this_cpu_read(um_irq_pending)) {
		this_cpu_write(ptrace_running.tid, 0);
		return;
	}
	ptrace_host_run(self->tid, (unsigned long *)regs, &from);
	this_cpu_write(ptrace_running.tid, 0);

	switch (from.stop) {
	case PTRACE_HOST_SYSCALL:
		event->kind = TRAP_SYSCALL;
		break;
	case PTRACE_HOST_SIGNAL:
		ptrace_signal(mm, &from, event);
		break;
	case PTRACE_HOST_KICK:
		break;
	case PTRACE_HOST_GONE:
		ptrace_gone(host, self);
		event->kind = TRAP_GONE;
		break;
	case PTRACE_HOST_BAD_REGS:
		event->kind = TRAP_EXCEPTION;
		event->signo = SIGSEGV;
		event->code = SI_KERNEL;
		event->trap_nr = X86_TRAP_GP;
		break;
	}
}

static void ptrace_kick(int cpu)
{
	const struct ptrace_runs *runs = per_cpu_ptr(&ptrace_running, cpu);

	if (runs->tid)
		ptrace_host_kick(runs->pid, runs->tid);
}

/* Only this CPU can; who leaves it has been saved. */
static int ptrace_fpu_save(struct mm_struct *mm, unsigned int cpu, void *area)
{
	return ptrace_host_get_xstate(ptrace_this(mm->context.host)->tid, area);
}

static int ptrace_fpu_load(struct mm_struct *mm, const void *area)
{
	return ptrace_host_set_xstate(ptrace_this(mm->context.host)->tid, area);
}

const struct trap_ops trap_ptrace = {
	.name		= "ptrace",
	.probe		= ptrace_probe,
	.early_init	= ptrace_early_init,
	.mm_create	= ptrace_mm_create,
	.mm_destroy	= ptrace_mm_destroy,
	.has_thread	= ptrace_has_thread,
	.add_thread	= ptrace_add_thread,
	.thread_id	= ptrace_thread_id,
	.mm_map		= ptrace_mm_map,
	.mm_unmap	= ptrace_mm_unmap,
	.mm_sync	= ptrace_mm_sync,
	.run		= ptrace_run,
	.fault_details	= ptrace_details,
	.kick		= ptrace_kick,
	.fpu_save	= ptrace_fpu_save,
	.fpu_load	= ptrace_fpu_load,
};
