// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "seccomp": one host process per guest mm, its guest thread under
 * a filter that has the host hold its system calls until the kernel has
 * answered them.
 *
 * Of most calls only the arguments are known: the other registers, the extended
 * state too, stay in the guest thread and are fetched when somebody asks.
 */
#include <linux/mm.h>
#include <linux/sched.h>
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
 * struct um_host_mm - a guest address space on the host
 * @process:	the process
 * @cpu:	the host CPU it is bound to
 * @gone:	the process is dead
 * @orders:	orders waiting for the next run
 * @partial:	registers of which the guest thread has the rest; NULL: none
 */
struct um_host_mm {
	struct seccomp_process	process;
	int			cpu;
	bool			gone;
	unsigned int		orders;
	struct pt_regs		*partial;
};

/* Whose guest code runs on this CPU; NULL: nobody's. */
static DEFINE_PER_CPU(struct um_host_mm *, seccomp_running);

static struct trap_pool seccomp_pool = TRAP_POOL(seccomp_pool);

static const char *seccomp_probe(void)
{
	return seccomp_host_template(__pa_symbol(um_stub));
}

static struct um_host_mm *seccomp_host_mm_new(void)
{
	struct um_host_mm *host = kzalloc(sizeof(*host), GFP_KERNEL);
	void *block;
	int ret;

	if (!host)
		return NULL;
	block = stub_block_new();
	if (!block)
		goto free_host;
	host->process.control = block;
	host->process.state = block + UM_STUB_STACK - UM_STUB_ORDERS;
	ret = seccomp_host_fork(&host->process, __pa(block));
	if (ret) {
		pr_err_ratelimited("trap: no host process for a new program: error %d\n",
				   -ret);
		goto free_block;
	}
	host->cpu = host_place_cpu();
	return host;

free_block:
	stub_block_free(block);
free_host:
	kfree(host);
	return NULL;
}

static void seccomp_host_mm_free(struct um_host_mm *host)
{
	seccomp_host_end(&host->process);
	stub_block_free(host->process.control);
	kfree(host);
}

static int seccomp_mm_create(struct mm_struct *mm)
{
	struct um_host_mm *host = trap_pool_take(&seccomp_pool);

	mm->context.host = host ? host : seccomp_host_mm_new();
	return mm->context.host ? 0 : -ENOMEM;
}

/* ---- The guest thread's own registers ---- */

static int seccomp_carry_out(struct um_host_mm *host)
{
	unsigned int orders = host->orders;

	host->orders = 0;
	return orders ? seccomp_host_batch(&host->process, orders) : 0;
}

/* The guest thread has stopped in the stub. */
static void seccomp_fetch(struct um_host_mm *host)
{
	struct pt_regs *regs = host->partial;

	host->partial = NULL;
	if (regs && !seccomp_host_get_rest(&host->process,
					   (unsigned long *)regs))
		host->gone = true;
}

/*
 * All registers come into memory, by a frame that the host writes.  Where to is
 * for guest code to say, so first the orders: what it has no longer must not be
 * written to.
 */
static void seccomp_halt(struct um_host_mm *host)
{
	if (host->gone || !host->process.in_call)
		return;
	if (seccomp_carry_out(host) || seccomp_host_stop(&host->process))
		host->gone = true;
	else
		seccomp_fetch(host);
}

static void seccomp_mm_halt(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;
	unsigned long flags;

	if (!host->process.in_call)
		return;
	local_irq_save(flags);
	if (um_mm_sync(mm))
		host->gone = true;
	seccomp_halt(host);
	local_irq_restore(flags);
}

static void seccomp_complete(struct mm_struct *mm, const struct pt_regs *regs)
{
	if (mm->context.host->partial == regs)
		seccomp_mm_halt(mm);
}

static void seccomp_forget(struct mm_struct *mm, const struct pt_regs *regs)
{
	if (mm->context.host->partial == regs)
		mm->context.host->partial = NULL;
}

/* Would the guest thread go on with these, if it had its call's result? */
static bool seccomp_is_unchanged(const struct um_host_mm *host,
				 const struct pt_regs *regs)
{
	const struct seccomp_call *call = &host->process.told;

	return host->partial == regs && regs->ip == call->ip &&
	       regs->cx == call->ip && regs->di == call->args[0] &&
	       regs->si == call->args[1] && regs->dx == call->args[2] &&
	       regs->r10 == call->args[3] && regs->r8 == call->args[4] &&
	       regs->r9 == call->args[5];
}

/* ---- Address spaces ---- */

/* What the last owner has left must not reach the next. */
static bool seccomp_host_mm_empty(struct um_host_mm *host)
{
	struct seccomp_process *p = &host->process;

	host->orders = 0;
	host->partial = NULL;
	if (host->gone || seccomp_host_settle(p))
		return false;
	p->control->orders[0] = stub_order_unmap(0, UM_TASK_SIZE);
	if (seccomp_host_batch(p, 1) || seccomp_host_stop(p))
		return false;
	memset(p->control->orders, 0, sizeof(p->control->orders));
	memset(p->state, 0, UM_STUB_END - UM_STUB_STACK);
	return true;
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
	int ret;

	if (host->gone)
		return -ESRCH;
	ret = seccomp_host_settle(&host->process);
	if (!ret && host->orders == STUB_ORDERS)
		ret = seccomp_carry_out(host);
	if (!ret)
		host->process.control->orders[host->orders++] = *order;
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

static void seccomp_call(struct um_host_mm *host, struct pt_regs *regs,
			 struct trap_event *event)
{
	const struct seccomp_call *call = &host->process.told;

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
	host->partial = regs;
}

static void seccomp_event(struct um_host_mm *host, struct pt_regs *regs,
			  struct trap_event *event)
{
	struct seccomp_host_stop stop;

	host->partial = NULL;
	if (!seccomp_host_get_regs(&host->process, (unsigned long *)regs,
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

static void seccomp_place(struct um_host_mm *host)
{
	if (!host_place_thread(host->process.pid) &&
	    !host_place_thread(host->process.tid))
		host->cpu = host_place_cpu();
}

/* The guest thread is to have @regs, and the mappings that were ordered. */
static void seccomp_prepare(struct um_host_mm *host, struct pt_regs *regs)
{
	struct seccomp_process *p = &host->process;

	if (host->cpu != host_place_cpu())
		seccomp_place(host);
	if (p->in_call && !seccomp_is_unchanged(host, regs))
		seccomp_halt(host);
	if (host->gone)
		return;
	if (p->in_call) {
		host->gone = seccomp_carry_out(host);
		return;
	}
	if (host->orders && seccomp_host_settle(p))
		host->gone = true;
	seccomp_host_set_regs(p, (unsigned long *)regs);
}

static int seccomp_enter(struct um_host_mm *host, struct pt_regs *regs)
{
	unsigned int orders = host->orders;
	int ret;

	/* An interrupt from here on kicks; one that came before is seen. */
	host->process.kicked = false;
	this_cpu_write(seccomp_running, host);
	barrier();
	if (this_cpu_read(um_irq_pending)) {
		this_cpu_write(seccomp_running, NULL);
		return SECCOMP_INTERRUPTED;
	}
	host->orders = 0;
	ret = seccomp_host_run(&host->process, orders, regs->ax);
	this_cpu_write(seccomp_running, NULL);
	return ret;
}

static void seccomp_run(struct mm_struct *mm, struct pt_regs *regs,
			struct trap_event *event)
{
	struct um_host_mm *host = mm->context.host;
	int ret = 0;

	*event = (struct trap_event) { .kind = TRAP_KICK };
	seccomp_prepare(host, regs);
	if (!host->gone)
		ret = seccomp_enter(host, regs);
	if (ret < 0)
		host->gone = true;
	else if (ret == SECCOMP_CALL)
		seccomp_call(host, regs, event);
	else if (!ret && !host->gone)
		seccomp_event(host, regs, event);
	/* A kick, too, has brought the guest thread into the stub. */
	if (!host->process.in_call)
		seccomp_fetch(host);
	if (host->gone)
		event->kind = TRAP_GONE;
}

static void seccomp_kick(int cpu)
{
	struct um_host_mm *host = per_cpu(seccomp_running, cpu);

	if (host)
		seccomp_host_kick(&host->process);
}

static int seccomp_fpu_save(struct mm_struct *mm, void *area)
{
	struct um_host_mm *host = mm->context.host;

	seccomp_mm_halt(mm);
	if (host->gone)
		return -ESRCH;
	seccomp_host_get_xstate(&host->process, area);
	return 0;
}

static int seccomp_fpu_load(struct mm_struct *mm, const void *area)
{
	if (um_fpu_check(area))
		return -EINVAL;
	seccomp_mm_halt(mm);
	seccomp_host_set_xstate(&mm->context.host->process, area);
	return 0;
}

/* Orders wait for the run that needs them: one hand-over does for both. */
static int seccomp_mm_sync(struct mm_struct *mm)
{
	return 0;
}

const struct trap_ops trap_seccomp = {
	.name		= "seccomp",
	.probe		= seccomp_probe,
	.mm_create	= seccomp_mm_create,
	.mm_destroy	= seccomp_mm_destroy,
	.mm_map		= seccomp_mm_map,
	.mm_unmap	= seccomp_mm_unmap,
	.mm_sync	= seccomp_mm_sync,
	.run		= seccomp_run,
	.kick		= seccomp_kick,
	.complete	= seccomp_complete,
	.forget		= seccomp_forget,
	.fpu_save	= seccomp_fpu_save,
	.fpu_load	= seccomp_fpu_load,
};
