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
#include "ptrace_host.h"

/* x86-64 Linux numbers, and <linux/mman.h> bits, as the host has them */
#include <uapi/linux/mman.h>
#include <asm/unistd.h>

#define BLOCK_ORDER	get_order(UM_STUB_END - UM_STUB_ORDERS)
#define STACK_SIZE	(UM_STUB_END - UM_STUB_STACK)

/**
 * struct um_host_mm - a guest address space on the host
 * @pid:	its host process
 * @block:	the page of orders and the signal stack behind it, both mapped
 *		in the host process too
 * @orders:	orders waiting for ptrace_mm_sync()
 */
struct um_host_mm {
	int			pid;
	void			*block;
	unsigned int		orders;
};

/* The host process that runs guest code for this CPU; 0: none. */
static DEFINE_PER_CPU(int, ptrace_running);

static const char *ptrace_probe(void)
{
	int ret = ptrace_host_template(__pa_symbol(um_stub));

	if (!ret)
		return NULL;
	return ret == -EPERM || ret == -EACCES || ret == -ENOSYS ?
	       "ptrace is forbidden here (a seccomp filter, a container's policy or kernel.yama.ptrace_scope=3; allow ptrace, e.g. docker run --cap-add=SYS_PTRACE)" :
	       host_strerror(ret);
}

static int ptrace_mm_create(struct mm_struct *mm)
{
	struct um_host_mm *host = kzalloc(sizeof(*host), GFP_KERNEL);
	int pid;

	if (!host)
		return -ENOMEM;
	host->block = (void *)__get_free_pages(GFP_KERNEL, BLOCK_ORDER);
	if (!host->block)
		goto free_host;
	pid = ptrace_host_fork(__pa(host->block));
	if (pid < 0)
		goto free_block;
	host->pid = pid;
	mm->context.host = host;
	return 0;

free_block:
	free_pages((unsigned long)host->block, BLOCK_ORDER);
free_host:
	kfree(host);
	return -ENOMEM;
}

static void ptrace_mm_destroy(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;

	ptrace_host_kill(host->pid);
	free_pages((unsigned long)host->block, BLOCK_ORDER);
	kfree(host);
	mm->context.host = NULL;
}

static int ptrace_mm_sync(struct mm_struct *mm)
{
	struct um_host_mm *host = mm->context.host;
	unsigned int left, count = host->orders;

	host->orders = 0;
	return count ? ptrace_host_batch(host->pid, count, &left) : 0;
}

static struct stub_order *ptrace_order(struct mm_struct *mm, int *ret)
{
	struct um_host_mm *host = mm->context.host;

	*ret = host->orders == STUB_ORDERS ? ptrace_mm_sync(mm) : 0;
	return (struct stub_order *)host->block + host->orders++;
}

static int ptrace_mm_map(struct mm_struct *mm, unsigned long addr,
			 unsigned long size, unsigned long phys, int prot)
{
	struct stub_order *order;
	int ret;

	order = ptrace_order(mm, &ret);
	*order = (struct stub_order) {
		__NR_mmap,
		{ addr, size, prot, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
		  host_config.memory_fd, phys },
	};
	return ret;
}

static int ptrace_mm_unmap(struct mm_struct *mm, unsigned long addr,
			   unsigned long size)
{
	struct stub_order *order;
	int ret;

	order = ptrace_order(mm, &ret);
	*order = (struct stub_order) { __NR_munmap, { addr, size } };
	return ret;
}

static void ptrace_exception(struct um_host_mm *host,
			     struct ptrace_host_event *from,
			     struct trap_event *event)
{
	void *stack = host->block + (UM_STUB_STACK - UM_STUB_ORDERS);
	unsigned long room = STACK_SIZE - 256;
	struct ptrace_host_frame frame;

	event->kind = TRAP_EXCEPTION;
	event->signo = from->signo;
	event->code = SI_KERNEL;
	if (from->info - UM_STUB_STACK > room ||
	    from->context - UM_STUB_STACK > room)
		return;
	ptrace_host_parse_frame(stack + (from->info - UM_STUB_STACK),
				stack + (from->context - UM_STUB_STACK),
				stack, UM_STUB_STACK, STACK_SIZE, &frame);
	event->code = frame.code;
	event->address = frame.address;
	event->trap_nr = frame.trap_nr;
	event->error_code = frame.error_code;
	if (from->signo == SIGSEGV && frame.trap_nr == X86_TRAP_PF) {
		event->kind = TRAP_FAULT;
		event->address = frame.cr2;
	}
	if (frame.xstate)
		um_fpu_from_frame(frame.xstate, frame.xstate_size);
}

static void ptrace_run(struct mm_struct *mm, struct pt_regs *regs,
		       struct trap_event *event)
{
	struct um_host_mm *host = mm->context.host;
	struct ptrace_host_event from;

	this_cpu_write(ptrace_running, host->pid);
	ptrace_host_run(host->pid, (unsigned long *)regs, &from);
	this_cpu_write(ptrace_running, 0);

	*event = (struct trap_event) { .kind = TRAP_KICK };
	switch (from.stop) {
	case PTRACE_HOST_SYSCALL:
		event->kind = TRAP_SYSCALL;
		break;
	case PTRACE_HOST_SIGNAL:
		ptrace_exception(host, &from, event);
		break;
	case PTRACE_HOST_KICK:
		break;
	case PTRACE_HOST_GONE:
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
	.kick		= ptrace_kick,
	.fpu_save	= ptrace_fpu_save,
	.fpu_load	= ptrace_fpu_load,
};
