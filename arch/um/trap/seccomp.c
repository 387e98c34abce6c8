// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "seccomp": one host process per guest mm, its guest threads under
 * a filter that has the host hold their system calls until the kernel has
 * answered them.
 *
 * Of most calls only the arguments are known: the other registers, the extended
 * state too, stay in the guest thread and are fetched when somebody asks, who
 * may be on another CPU.  A guest thread that has stopped is its CPU's, or that
 * of whoever holds its lock.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <asm/mmu_context.h>
#include <asm/trapnr.h>
#include <um/fpu.h>
#include <um/host.h>
#include <um/mm.h>
#include <um/stub.h>
#include "backends.h"
#include "orders.h"
#include "pool.h"
#include "seccomp_host.h"

#define INSN_INT80_SIZE	2
/* Vector 0x80 of the IDT (Intel SDM volume 3, section 6.13) */
#define INT80_ERROR_CODE	(0x80 * 8 + 2)

/**
 * struct seccomp_thread - a virtual CPU's guest thread in a host process
 * @pair:	it, and its mapping thread
 * @cpu:	the host CPU they are bound to
 * @orders:	orders waiting for the mapping thread; with several CPUs only while
 *		the mm's lock of mappings is held
 * @lock:	guards @partial, and the pair while it does not run
 * @partial:	the task of whose registers the guest thread has the rest; NULL:
 *		nobody
 * @next:	the one that was made before it
 */
struct seccomp_thread {
	struct seccomp_pair	pair;
	int			cpu;
	unsigned int		orders;
	spinlock_t		lock;	/* of a guest thread that has stopped */
	struct task_struct	*partial;
	struct seccomp_thread	*next;
};

/**
 * struct um_host_mm - a guest address space on the host
 * @gone:	the process is dead
 * @count:	how many threads there are or should have been
 * @newest:	the last of them
 * @first:	the first
 * @threads:	each virtual CPU's, or NULL
 */
struct um_host_mm {
	bool			gone;
	unsigned int		count;
	struct seccomp_thread	*newest;
	struct seccomp_thread	first;
	struct seccomp_thread	*threads[];
};

/* Whose guest code runs on this CPU; NULL: nobody's. */
static DEFINE_PER_CPU(struct seccomp_thread *, seccomp_running);

static struct trap_pool seccomp_pool = TRAP_POOL(seccomp_pool);

/* Processes and threads are made one at a time. */
static DEFINE_SPINLOCK(seccomp_making);

static const char *seccomp_probe(void)
{
	return seccomp_host_template(__pa_symbol(um_stub));
}

static struct seccomp_thread *seccomp_this(const struct um_host_mm *host)
{
	return host->threads[smp_processor_id()];
}

static bool seccomp_is_here(const struct um_host_mm *host)
{
	return host->threads[raw_smp_processor_id()];
}

static bool seccomp_has_thread(struct mm_struct *mm)
{
	return mm->context.host && seccomp_is_here(mm->context.host);
}

static int seccomp_thread_id(struct mm_struct *mm)
{
	return seccomp_has_thread(mm) ?
	       seccomp_this(mm->context.host)->pair.tid : 0;
}

/* ---- Host processes and threads ---- */

static int seccomp_thread_init(struct seccomp_thread *thread)
{
	void *block = stub_block_new();

	if (!block)
		return -ENOMEM;
	spin_lock_init(&thread->lock);
	thread->pair.control = block;
	thread->pair.state = block + UM_STUB_STACK - UM_STUB_ORDERS;
	return 0;
}

static void seccomp_thread_free(struct seccomp_thread *thread)
{
	stub_block_free(thread->pair.control);
	kfree(thread);
}

static void seccomp_list(struct um_host_mm *host, struct seccomp_thread *thread)
{
	thread->next = host->newest;
	host->newest = thread;
	host->count++;
}

/* The first thread is the CPU's that it is made on. */
static int seccomp_host_mm_begin(struct um_host_mm *host)
{
	struct seccomp_thread *first = &host->first;
	int ret;

	spin_lock(&seccomp_making);
	ret = seccomp_host_fork(&first->pair, __pa(first->pair.control));
	if (!ret) {
		first->cpu = host_place_cpu();
		seccomp_list(host, first);
		host->threads[smp_processor_id()] = first;
	}
	spin_unlock(&seccomp_making);
	return ret;
}

static struct um_host_mm *seccomp_host_mm_new(void)
{
	struct um_host_mm *host;
	int ret;

	host = kzalloc(struct_size(host, threads, nr_cpu_ids), GFP_KERNEL);
	if (!host)
		return NULL;
	if (seccomp_thread_init(&host->first))
		goto free_host;
	ret = seccomp_host_mm_begin(host);
	if (ret) {
		pr_err_ratelimited("trap: no host process for a new program: error %d\n",
				   -ret);
		goto free_block;
	}
	return host;

free_block:
	stub_block_free(host->first.pair.control);
free_host:
	kfree(host);
	return NULL;
}

static void seccomp_host_mm_free(struct um_host_mm *host)
{
	struct seccomp_thread *thread = host->newest, *next;

	seccomp_host_end(&host->first.pair);
	for (; thread; thread = next) {
		next = thread->next;
		seccomp_host_close(&thread->pair);
		if (thread != &host->first)
			seccomp_thread_free(thread);
	}
	stub_block_free(host->first.pair.control);
	kfree(host);
}

static struct um_host_mm *seccomp_host_mm_take(void)
{
	if (nr_cpu_ids == 1)
		return trap_pool_take(&seccomp_pool);
	return trap_pool_take_if(&seccomp_pool, seccomp_is_here) ?:
	       trap_pool_take(&seccomp_pool);
}

static int seccomp_mm_create(struct mm_struct *mm)
{
	mm->context.host = seccomp_host_mm_take() ?: seccomp_host_mm_new();
	return mm->context.host ? 0 : -ENOMEM;
}

/* Whatever comes of it, its memory is the process's until that is gone. */
static int seccomp_thread_begin(struct um_host_mm *host,
				struct seccomp_thread *thread)
{
	int ret;

	thread->cpu = -1;
	thread->pair.slot = stub_slot(host->count);
	seccomp_list(host, thread);
	spin_lock(&seccomp_making);
	ret = seccomp_host_add(&thread->pair, __pa(thread->pair.control),
			       &host->first.pair);
	spin_unlock(&seccomp_making);
	if (ret)
		host->gone = true;
	else
		host->threads[smp_processor_id()] = thread;
	return ret;
}

/* The lock of mappings keeps the first mapping thread for this. */
static int seccomp_add_thread(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;
	struct seccomp_thread *thread = kzalloc(sizeof(*thread), GFP_KERNEL);
	unsigned long flags;
	bool needed;
	int ret = 0;

	if (!thread)
		return -ENOMEM;
	if (seccomp_thread_init(thread)) {
		kfree(thread);
		return -ENOMEM;
	}
	spin_lock_irqsave(&mm->context.sync, flags);
	needed = !host->gone && !seccomp_is_here(host);
	if (needed)
		ret = seccomp_thread_begin(host, thread);
	spin_unlock_irqrestore(&mm->context.sync, flags);
	if (!needed)
		seccomp_thread_free(thread);
	if (ret)
		pr_err_ratelimited("trap: no host thread for a program: error %d\n",
				   -ret);
	return host->gone ? -ESRCH : 0;
}

/* ---- The guest thread's own registers ---- */

static int seccomp_carry_out(struct seccomp_thread *thread)
{
	unsigned int orders = thread->orders;

	thread->orders = 0;
	return orders ? seccomp_host_batch(&thread->pair, orders) : 0;
}

/* That wait for the guest thread to run.  With several CPUs none do. */
static bool seccomp_has_orders(const struct seccomp_thread *thread)
{
	return nr_cpu_ids == 1 && thread->orders;
}

/* The guest thread has stopped in the stub. */
static void seccomp_fetch(struct um_host_mm *host,
			  struct seccomp_thread *thread)
{
	struct task_struct *task = thread->partial;

	if (!task)
		return;
	thread->partial = NULL;
	if (!seccomp_host_get_rest(&thread->pair,
				   (unsigned long *)task_pt_regs(task)))
		host->gone = true;
	/* It may look at them from now on, and end. */
	smp_store_release(&task->thread.regs_away, 0);
}

/*
 * All registers come into memory, by a frame that the host writes.  Where to is
 * for guest code to say, so first the orders: what it has no longer must not be
 * written to, and what it loses now must wait (um_mm_enter()).
 */
static void seccomp_halt(struct um_host_mm *host, struct seccomp_thread *thread)
{
	if (host->gone || !thread->pair.in_call)
		return;
	if ((seccomp_has_orders(thread) && seccomp_carry_out(thread)) ||
	    seccomp_host_stop(&thread->pair))
		host->gone = true;
	else
		seccomp_fetch(host, thread);
}

/* Of @task only, if it isn't NULL.  Flushes have to know that this CPU does it. */
static void seccomp_mm_halt(struct mm_struct *mm, struct seccomp_thread *thread,
			    const struct task_struct *task)
{
	bool foreign = mm != current->active_mm;
	struct um_host_mm *host = mm->context.host;
	unsigned long flags;

	local_irq_save(flags);
	if (foreign)
		cpumask_set_cpu(smp_processor_id(), mm_cpumask(mm));
	if (um_mm_enter(mm))
		host->gone = true;
	spin_lock(&thread->lock);
	if (!task || thread->partial == task)
		seccomp_halt(host, thread);
	spin_unlock(&thread->lock);
	um_mm_leave();
	if (foreign)
		cpumask_clear_cpu(smp_processor_id(), mm_cpumask(mm));
	local_irq_restore(flags);
}

/* NULL: all are here; another CPU may have fetched them meanwhile. */
static struct seccomp_thread *seccomp_away(const struct task_struct *task,
					   const struct mm_struct *mm)
{
	/* As um_regs_complete() and um_regs_forget() have it. */
	unsigned int away = smp_load_acquire(&task->thread.regs_away);

	return away ? mm->context.host->threads[away - 1] : NULL;
}

static void seccomp_complete(struct task_struct *task)
{
	struct seccomp_thread *thread = seccomp_away(task, task->mm);

	if (thread)
		seccomp_mm_halt(task->mm, thread, task);
}

static void seccomp_forget(struct task_struct *task, struct mm_struct *mm)
{
	struct seccomp_thread *thread = seccomp_away(task, mm);
	unsigned long flags;

	if (!thread)
		return;
	spin_lock_irqsave(&thread->lock, flags);
	if (thread->partial == task)
		thread->partial = NULL;
	spin_unlock_irqrestore(&thread->lock, flags);
	task->thread.regs_away = 0;
}

/* Would the guest thread go on with these, if it had its call's result? */
static bool seccomp_is_unchanged(const struct seccomp_thread *thread,
				 const struct pt_regs *regs)
{
	const struct seccomp_call *call = &thread->pair.told;

	return thread->partial == current && regs->ip == call->ip &&
	       regs->cx == call->ip && regs->di == call->args[0] &&
	       regs->si == call->args[1] && regs->dx == call->args[2] &&
	       regs->r10 == call->args[3] && regs->r8 == call->args[4] &&
	       regs->r9 == call->args[5];
}

/* ---- Address spaces ---- */

/* Whose mapping thread carries orders out: any will do, but one is at hand. */
static struct seccomp_thread *seccomp_mapper(struct um_host_mm *host)
{
	return host->threads[raw_smp_processor_id()] ?: &host->first;
}

static bool seccomp_thread_empty(struct seccomp_thread *thread)
{
	struct seccomp_pair *pair = &thread->pair;

	thread->orders = 0;
	thread->partial = NULL;
	if (seccomp_host_stop(pair))
		return false;
	memset(pair->control->orders, 0, sizeof(pair->control->orders));
	memset(pair->state, 0, UM_STUB_END - UM_STUB_STACK);
	return true;
}

/*
 * What the last owner has left must not reach the next; it could write to all of
 * the stacks.
 */
static bool seccomp_host_mm_empty(struct um_host_mm *host)
{
	struct seccomp_thread *mapper = seccomp_mapper(host), *thread;
	bool empty;

	if (host->gone || seccomp_host_settle(&mapper->pair))
		return false;
	mapper->pair.control->orders[0] = stub_order_unmap(0, UM_TASK_SIZE);
	empty = !seccomp_host_batch(&mapper->pair, 1);
	for (thread = host->newest; thread && empty; thread = thread->next)
		empty = seccomp_thread_empty(thread);
	return empty;
}

static void seccomp_mm_destroy(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;

	mm->context.host = NULL;
	if (!seccomp_host_mm_empty(host) ||
	    !trap_pool_put(&seccomp_pool, host))
		seccomp_host_mm_free(host);
}

static int seccomp_order(struct mm_struct *mm, const struct stub_order *order)
{
	struct um_host_mm *host = mm->context.host;
	struct seccomp_thread *thread = seccomp_mapper(host);
	int ret;

	if (host->gone)
		return -ESRCH;
	ret = seccomp_host_settle(&thread->pair);
	if (!ret && thread->orders == STUB_ORDERS)
		ret = seccomp_carry_out(thread);
	if (!ret)
		thread->pair.control->orders[thread->orders++] = *order;
	return ret;
}

static int seccomp_mm_map(struct mm_struct *mm, unsigned long addr,
			  unsigned long size, unsigned long phys, int prot)
{
	struct stub_order order = stub_order_map(addr, size, phys, prot);

	return seccomp_order(mm, &order);
}

static int seccomp_mm_unmap(struct mm_struct *mm, unsigned long addr,
			    unsigned long size)
{
	struct stub_order order = stub_order_unmap(addr, size);

	return seccomp_order(mm, &order);
}

/*
 * With one CPU orders wait for the run that needs them: one hand-over does for
 * both.
 */
static int seccomp_mm_sync(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;

	return nr_cpu_ids == 1 ? 0 : seccomp_carry_out(seccomp_mapper(host));
}

/* ---- Runs ---- */

static void seccomp_bad_frame(struct trap_event *event)
{
	event->kind = TRAP_EXCEPTION;
	event->signo = SIGSEGV;
	event->code = SI_KERNEL;
	event->trap_nr = X86_TRAP_GP;
}

static void seccomp_syscall(struct pt_regs *regs, bool native,
			    struct trap_event *event)
{
	if (!native) {
		/* No 32-bit system calls here: int 0x80 is a bad instruction. */
		regs->ip -= INSN_INT80_SIZE;
		seccomp_bad_frame(event);
		event->error_code = INT80_ERROR_CODE;
		return;
	}
	event->kind = TRAP_SYSCALL;
	regs->orig_ax = regs->ax;
	regs->ax = -ENOSYS;
}

/* The numbers are what the guest says; a kernel table is indexed by this one. */
static bool seccomp_is_exception(int signo)
{
	return signo == SIGSEGV || signo == SIGBUS || signo == SIGILL ||
	       signo == SIGFPE || signo == SIGTRAP;
}

static void seccomp_set_partial(struct seccomp_thread *thread,
				struct task_struct *task)
{
	thread->partial = task;
	current->thread.regs_away = task ? smp_processor_id() + 1 : 0;
}

static void seccomp_call(struct seccomp_thread *thread, struct pt_regs *regs,
			 struct trap_event *event)
{
	const struct seccomp_call *call = &thread->pair.told;

	event->kind = TRAP_SYSCALL;
	regs->orig_ax = call->nr;
	regs->ax = -ENOSYS;
	regs->ip = call->ip;
	regs->cx = call->ip;
	regs->di = call->args[0];
	regs->si = call->args[1];
	regs->dx = call->args[2];
	regs->r10 = call->args[3];
	regs->r8 = call->args[4];
	regs->r9 = call->args[5];
	/* Not known yet; /proc shows it. */
	regs->sp = 0;
	seccomp_set_partial(thread, current);
}

static void seccomp_event(struct seccomp_thread *thread, struct pt_regs *regs,
			  struct trap_event *event)
{
	struct seccomp_host_stop stop;

	seccomp_set_partial(thread, NULL);
	if (!seccomp_host_get_regs(&thread->pair, (unsigned long *)regs,
				   &stop)) {
		seccomp_bad_frame(event);
		return;
	}
	regs->orig_ax = -1UL;
	if (stop.syscall) {
		seccomp_syscall(regs, stop.native, event);
		return;
	}
	/* What somebody on the host has sent is not the guest's. */
	if (stop.code <= 0 || stop.signo == SIGSYS)
		return;
	if (!seccomp_is_exception(stop.signo)) {
		seccomp_bad_frame(event);
		return;
	}
	event->kind = TRAP_EXCEPTION;
	event->signo = stop.signo;
	event->code = stop.code;
	event->address = stop.address;
	event->trap_nr = stop.trap_nr;
	event->error_code = stop.error_code;
	if (stop.signo == SIGSEGV && stop.trap_nr == X86_TRAP_PF) {
		event->kind = TRAP_FAULT;
		event->address = stop.cr2;
	}
}

static void seccomp_place(struct seccomp_thread *thread)
{
	if (!host_place_thread(thread->pair.mapper) &&
	    !host_place_thread(thread->pair.tid))
		thread->cpu = host_place_cpu();
}

/* The guest thread is to have @regs, and the mappings that were ordered. */
static void seccomp_prepare(struct um_host_mm *host,
			    struct seccomp_thread *thread, struct pt_regs *regs)
{
	struct seccomp_pair *p = &thread->pair;

	if (p->in_call && !seccomp_is_unchanged(thread, regs))
		seccomp_halt(host, thread);
	if (host->gone)
		return;
	if (p->in_call) {
		if (seccomp_has_orders(thread) && seccomp_carry_out(thread))
			host->gone = true;
		return;
	}
	if (seccomp_has_orders(thread) && seccomp_host_settle(p))
		host->gone = true;
	seccomp_host_set_regs(p, (unsigned long *)regs);
}

static int seccomp_enter(struct seccomp_thread *thread, struct pt_regs *regs)
{
	unsigned int orders = 0;
	int ret;

	/* An interrupt from here on kicks; one that came before is seen. */
	thread->pair.kicked = false;
	this_cpu_write(seccomp_running, thread);
	barrier();
	if (this_cpu_read(um_irq_pending)) {
		this_cpu_write(seccomp_running, NULL);
		return SECCOMP_INTERRUPTED;
	}
	if (seccomp_has_orders(thread))
		swap(orders, thread->orders);
	ret = seccomp_host_run(&thread->pair, orders, regs->ax);
	this_cpu_write(seccomp_running, NULL);
	return ret;
}

static void seccomp_run(struct mm_struct *mm, struct pt_regs *regs,
			struct trap_event *event)
{
	struct um_host_mm *host = mm->context.host;
	struct seccomp_thread *thread = seccomp_this(host);
	int ret = 0;

	*event = (struct trap_event) { .kind = TRAP_KICK };
	if (thread->cpu != host_place_cpu())
		seccomp_place(thread);
	spin_lock(&thread->lock);
	seccomp_prepare(host, thread, regs);
	spin_unlock(&thread->lock);
	if (!host->gone)
		ret = seccomp_enter(thread, regs);
	if (ret < 0)
		host->gone = true;
	else if (ret == SECCOMP_CALL)
		seccomp_call(thread, regs, event);
	else if (!ret && !host->gone)
		seccomp_event(thread, regs, event);
	/* A kick, too, has brought the guest thread into the stub. */
	if (!thread->pair.in_call)
		seccomp_fetch(host, thread);
	if (host->gone)
		event->kind = TRAP_GONE;
}

static void seccomp_kick(int cpu)
{
	struct seccomp_thread *thread = per_cpu(seccomp_running, cpu);

	if (thread)
		seccomp_host_kick(&thread->pair);
}

/* Nobody else loads or saves what @mm's guest threads hold at the time. */
static int seccomp_fpu_save(struct mm_struct *mm, unsigned int cpu, void *area)
{
	struct um_host_mm *host = mm->context.host;
	struct seccomp_thread *thread = host->threads[cpu];

	if (READ_ONCE(thread->pair.in_call))
		seccomp_mm_halt(mm, thread, NULL);
	if (host->gone)
		return -ESRCH;
	seccomp_host_get_xstate(&thread->pair, area);
	return 0;
}

static int seccomp_fpu_load(struct mm_struct *mm, const void *area)
{
	struct seccomp_thread *thread = seccomp_this(mm->context.host);

	if (um_fpu_check(area))
		return -EINVAL;
	if (READ_ONCE(thread->pair.in_call))
		seccomp_mm_halt(mm, thread, NULL);
	seccomp_host_set_xstate(&thread->pair, area);
	return 0;
}

const struct trap_ops trap_seccomp = {
	.name		= "seccomp",
	.probe		= seccomp_probe,
	.mm_create	= seccomp_mm_create,
	.mm_destroy	= seccomp_mm_destroy,
	.has_thread	= seccomp_has_thread,
	.add_thread	= seccomp_add_thread,
	.thread_id	= seccomp_thread_id,
	.mm_map		= seccomp_mm_map,
	.mm_unmap	= seccomp_mm_unmap,
	.mm_sync	= seccomp_mm_sync,
	.run		= seccomp_run,
	.kick		= seccomp_kick,
	.complete	= seccomp_complete,
	.forget		= seccomp_forget,
	.fpu_any_cpu	= true,
	.fpu_save	= seccomp_fpu_save,
	.fpu_load	= seccomp_fpu_load,
};
