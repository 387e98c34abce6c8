/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trap boundary: how guest code runs.  One table per backend, chosen at
 * boot; nothing else knows which one it is.
 */
#ifndef _UM_TRAP_H
#define _UM_TRAP_H

#include <linux/mm_types.h>
#include <asm/ptrace.h>

/**
 * enum trap_kind - why guest code stopped
 * @TRAP_SYSCALL:  a system call; orig_ax holds its number
 * @TRAP_FAULT:	   a page fault, see struct trap_event
 * @TRAP_EXCEPTION: any other exception of the CPU
 * @TRAP_KICK:	   stopped from outside, or nothing to tell: look for work
 * @TRAP_GONE:	   the host took the guest's thread away: the task must die
 * @TRAP_NO_THREAD: it has not run: the virtual CPU needs a guest thread first
 */
enum trap_kind {
	TRAP_SYSCALL,
	TRAP_FAULT,
	TRAP_EXCEPTION,
	TRAP_KICK,
	TRAP_GONE,
	TRAP_NO_THREAD,
};

/**
 * struct trap_event - what trap_ops.run() reports
 * @kind:	why it returned
 * @signo:	for an exception: the signal that Linux sends for it
 * @code:	for an exception: its si_code
 * @address:	for a fault: the address (CR2); for an exception: si_addr
 * @trap_nr:	the exception number (Intel SDM volume 3, table 6-1)
 * @error_code:	the CPU's error code (for a fault: X86_PF_*)
 * @inexact:	for a fault: the backend does not know @error_code yet; @code
 *		is SEGV_MAPERR if the host has no mapping at @address,
 *		SEGV_ACCERR if it has one that forbids the access
 *
 * All but @kind come from the guest's side of the boundary and may be wrong in
 * any way if the guest is hostile.
 */
struct trap_event {
	enum trap_kind	kind;
	int		signo;
	int		code;
	unsigned long	address;
	unsigned long	trap_nr;
	unsigned long	error_code;
	bool		inexact;
};

/**
 * struct trap_ops - a way to run guest code
 * @name:	the word after "trap="
 * @probe:	NULL if the backend works on this host, else the reason in one
 *		line.  Boot, before the kernel's data is shared, no allocation.
 * @early_init:	set up what must exist before the kernel's data is shared with
 *		other host processes.  Boot.  0 or a negative errno.
 * @mm_create:	a host address space for @mm, empty.  Fills mm->context.host.
 *		May sleep.  0 or a negative errno.
 * @mm_destroy:	give it back; nothing of @mm runs any more.
 * @has_thread:	has the calling virtual CPU a guest thread for @mm?  Then it can
 *		carry out changes of mappings, too.  Preemption off.
 * @add_thread:	make one for the virtual CPU that it happens to end up on.  May
 *		sleep.  0 or a negative errno.
 * @thread_id:	the host's number for that thread, 0 if there is none.  Preemption
 *		off.
 * @mm_map:	queue a mapping: @size bytes at guest address @addr show the
 *		physical memory at @phys with HOST_PROT_* @prot.  Hands over
 *		when the queue is full.  Preemption off.  0 or a negative errno;
 *		-ENOMEM: the host's limit of mappings is reached.
 * @mm_unmap:	queue an unmapping.  As @mm_map.
 * @mm_sync:	apply what is queued, before guest code of @mm runs again; with
 *		several virtual CPUs, before it returns.
 * @run:	run guest code of @mm with @regs until an event; interrupts
 *		disabled, preemption off.  @regs are the guest's on return.
 * @fault_details: complete an inexact fault event.  Directly after run(),
 *		interrupts disabled.  NULL if run() is always exact.
 * @kick:	force run() on virtual CPU @cpu to return soon, or its next call
 *		to return at once.  From a host signal handler of that CPU.
 * @complete:	after a system call run() may know only its number, arguments
 *		and place, and sets thread.regs_away; this gets the others of
 *		@task, which is current, from the guest thread of that CPU.
 *		NULL: run() gets all at once.
 * @forget:	nobody will want what is left to get of @task's registers, who is
 *		current, in @mm.  NULL: as above.
 * @fpu_any_cpu: fpu_save() works for the guest threads of other CPUs too.
 * @fpu_save:	copy the state that is live in virtual CPU @cpu's guest thread of
 *		@mm to @area (um_xstate_size bytes, standard XSAVE format).
 * @fpu_load:	the reverse, on this CPU.  -EINVAL if the host refuses the state.
 *
 * What concerns mappings or registers, and run(), mean the guest thread of the
 * calling virtual CPU for the mm, if nothing else is said.  What clone(2),
 * execve(2), sigreturn(2) and the like get from run() is complete.
 */
struct trap_ops {
	const char	*name;
	const char	*(*probe)(void);
	int		(*early_init)(void);
	int		(*mm_create)(struct mm_struct *mm);
	void		(*mm_destroy)(struct mm_struct *mm);
	bool		(*has_thread)(struct mm_struct *mm);
	int		(*add_thread)(struct mm_struct *mm);
	int		(*thread_id)(struct mm_struct *mm);
	int		(*mm_map)(struct mm_struct *mm, unsigned long addr,
				  unsigned long size, unsigned long phys,
				  int prot);
	int		(*mm_unmap)(struct mm_struct *mm, unsigned long addr,
				    unsigned long size);
	int		(*mm_sync)(struct mm_struct *mm);
	void		(*run)(struct mm_struct *mm, struct pt_regs *regs,
			       struct trap_event *event);
	void		(*fault_details)(struct mm_struct *mm,
					 struct trap_event *event);
	void		(*kick)(int cpu);
	void		(*complete)(struct task_struct *task);
	void		(*forget)(struct task_struct *task,
				  struct mm_struct *mm);
	bool		fpu_any_cpu;
	int		(*fpu_save)(struct mm_struct *mm, unsigned int cpu,
				    void *area);
	int		(*fpu_load)(struct mm_struct *mm, const void *area);
};

/** trap - the backend in use */
extern const struct trap_ops *trap;

#endif /* _UM_TRAP_H */
