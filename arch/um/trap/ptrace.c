// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "ptrace": one host process per guest mm, its system calls and
 * signals seen by the kernel as its tracer.  Works wherever ptrace does.
 */
#include <linux/gfp.h>
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

#define BLOCK_ORDER	get_order(UM_STUB_END - UM_STUB_ORDERS)
#define STACK_SIZE	(UM_STUB_END - UM_STUB_STACK)

/**
 * struct um_host_mm - a guest address space on the host
 * @pid:	its host process
 * @block:	the page of orders and the signal stack behind it, both mapped
 *		in the host process too
 * @cpu:	the host CPU it is bound to
 * @spoiled:	a signal frame found no room, and the host took the handlers
 *		away: not for the pool
 * @orders:	orders waiting for ptrace_mm_sync()
 */
struct um_host_mm {
	int			pid;
	int			cpu;
	bool			spoiled;
	void			*block;
	unsigned int		orders;
};

/* The host process that runs guest code for this CPU; 0: none. */
static DEFINE_PER_CPU(int, ptrace_running);

#define PTRACE_FORBIDDEN \
	"ptrace is forbidden here (a seccomp filter, a container's policy or kernel.yama.ptrace_scope=3; allow ptrace, e.g. docker run --cap-add=SYS_PTRACE)"

static const char *ptrace_probe(void)
{
	int ret = ptrace_host_template(__pa_symbol(um_stub));

	if (!ret)
		return NULL;
	if (ret == -EPERM || ret == -EACCES || ret == -ENOSYS)
		return PTRACE_FORBIDDEN;
	return host_strerror(ret);
}

static struct trap_pool ptrace_pool = TRAP_POOL(ptrace_pool);

static struct um_host_mm *ptrace_host_mm_new(void)
{
	struct um_host_mm *host = kzalloc(sizeof(*host), GFP_KERNEL);

	if (!host)
		return NULL;
	/* Guest code can read it. */
	host->block = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
					       BLOCK_ORDER);
	if (!host->block)
		goto free_host;
	host->pid = ptrace_host_fork(__pa(host->block));
	if (host->pid < 0) {
		pr_err_ratelimited("trap: no host process for a new program: error %d\n",
				   -host->pid);
		goto free_block;
	}
	host->cpu = host_place_cpu();
	return host;

free_block:
	free_pages((unsigned long)host->block, BLOCK_ORDER);
free_host:
	kfree(host);
	return NULL;
}

static void ptrace_host_mm_free(struct um_host_mm *host)
{
	if (host->pid > 0)
		stub_kill(host->pid);
	free_pages((unsigned long)host->block, BLOCK_ORDER);
	kfree(host);
}

static int ptrace_mm_create(struct mm_struct *mm)
{
	struct um_host_mm *host = trap_pool_take(&ptrace_pool);

	mm->context.host = host ? host : ptrace_host_mm_new();
	return mm->context.host ? 0 : -ENOMEM;
}

static bool ptrace_host_mm_empty(struct um_host_mm *host)
{
	struct stub_control *control = host->block;
	unsigned int left;

	host->orders = 0;
	/* Old orders and signal frames are none of the next owner's business. */
	memset(host->block, 0, UM_STUB_END - UM_STUB_ORDERS);
	control->orders[0] = stub_order_unmap(0, UM_TASK_SIZE);
	return !ptrace_host_batch(host->pid, 1, &left);
}

static void ptrace_mm_destroy(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;

	mm->context.host = NULL;
	if (host->spoiled || !ptrace_host_mm_empty(host) ||
	    !trap_pool_put(&ptrace_pool, host))
		ptrace_host_mm_free(host);
}

static int ptrace_mm_sync(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;
	unsigned int left, count = host->orders;

	host->orders = 0;
	return count ? ptrace_host_batch(host->pid, count, &left) : 0;
}

static int ptrace_order(struct mm_struct *mm, const struct stub_order *order)
{
	struct um_host_mm *host = mm->context.host;
	struct stub_control *control = host->block;
	int ret = 0;

	if (host->orders == STUB_ORDERS)
		ret = ptrace_mm_sync(mm);
	if (!ret)
		control->orders[host->orders++] = *order;
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

/* Read the frame that the host writes for a signal; @event has its number. */
static void ptrace_details(struct mm_struct *mm, struct trap_event *event)
{
	struct um_host_mm *host = mm->context.host;
	void *stack = host->block + (UM_STUB_STACK - UM_STUB_ORDERS);
	unsigned long room = STACK_SIZE - 256;
	struct ptrace_host_frame frame;
	unsigned long info, context;
	int ret;

	event->kind = TRAP_EXCEPTION;
	event->inexact = false;
	ret = ptrace_host_deliver(host->pid, event->signo, &info, &context);
	host->spoiled |= ret != 0;
	if (ret == -ESRCH)
		event->kind = TRAP_GONE;
	if (ret || info - UM_STUB_STACK > room ||
	    context - UM_STUB_STACK > room) {
		event->code = SI_KERNEL;
		return;
	}
	ptrace_host_parse_frame(stack + (info - UM_STUB_STACK),
				stack + (context - UM_STUB_STACK),
				stack, UM_STUB_STACK, STACK_SIZE, &frame);
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

static void ptrace_run(struct mm_struct *mm, struct pt_regs *regs,
		       struct trap_event *event)
{
	struct um_host_mm *host = mm->context.host;
	struct ptrace_host_event from;

	*event = (struct trap_event) { .kind = TRAP_KICK };
	if (host->cpu != host_place_cpu() && !host_place_thread(host->pid))
		host->cpu = host_place_cpu();

	/* An interrupt from here on kicks; one that came before is seen. */
	this_cpu_write(ptrace_running, host->pid);
	barrier();
	if (this_cpu_read(um_irq_pending)) {
		this_cpu_write(ptrace_running, 0);
		return;
	}
	ptrace_host_run(host->pid, (unsigned long *)regs, &from);
	this_cpu_write(ptrace_running, 0);

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
		/* Its number may be somebody else's soon. */
		ptrace_host_reap(host->pid);
		host->pid = -1;
		host->spoiled = true;
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
	int pid = per_cpu(ptrace_running, cpu);

	if (pid)
		ptrace_host_kick(pid);
}

static int ptrace_fpu_save(struct mm_struct *mm, void *area)
{
	return ptrace_host_get_xstate(mm->context.host->pid, area);
}

static int ptrace_fpu_load(struct mm_struct *mm, const void *area)
{
	return ptrace_host_set_xstate(mm->context.host->pid, area);
}

const struct trap_ops trap_ptrace = {
	.name		= "ptrace",
	.probe		= ptrace_probe,
	.mm_create	= ptrace_mm_create,
	.mm_destroy	= ptrace_mm_destroy,
	.mm_map		= ptrace_mm_map,
	.mm_unmap	= ptrace_mm_unmap,
	.mm_sync	= ptrace_mm_sync,
	.run		= ptrace_run,
	.fault_details	= ptrace_details,
	.kick		= ptrace_kick,
	.fpu_save	= ptrace_fpu_save,
	.fpu_load	= ptrace_fpu_load,
};
