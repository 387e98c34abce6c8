/* SPDX-License-Identifier: GPL-2.0-only */
/* The backend "seccomp": what its kernel part asks of its host part. */
#ifndef _TRAP_SECCOMP_HOST_H
#define _TRAP_SECCOMP_HOST_H

#include <um/host.h>
#include <um/stub.h>

/**
 * struct seccomp_process - a guest mm on the host
 * @pid:	the process, and its mapping thread
 * @tid:	its guest thread
 * @control:	the page that the stub reads
 * @state:	what the guest thread says; guest code can write it at any time
 * @posted:	a batch that nobody has waited for may still be under way
 * @sure:	the guest thread is known to have stopped
 * @kicked:	somebody wants the guest thread to stop; cleared before a run
 * @unheard:	it may have been sent a signal since it was known to have stopped
 * @doubtful:	guest code has told untruths: not for another guest
 * @context:	guest address of the ucontext in the guest thread's frame
 * @ucontext:	kernel address of it
 * @uc_flags:	what the host put there
 * @xstate:	kernel address of the extended state in the frame
 *
 * The guest thread has one signal frame, of its first stop, which the host
 * fills anew at each stop because the signal stack is empty while guest code
 * runs.
 */
struct seccomp_process {
	int			pid;
	int			tid;
	struct stub_control	*control;
	struct stub_state	*state;
	bool			posted;
	bool			sure;
	bool			kicked;
	bool			unheard;
	bool			doubtful;
	unsigned long		context;
	void			*ucontext;
	unsigned long		uc_flags;
	void			*xstate;
};

/**
 * seccomp_host_template() - make the process that all others are forked from
 * @stub_phys: guest-physical address of the stub's code page, behind which lie
 *	       the template's own pages
 *
 * On success host_config knows the size of the host's extended state.
 * Context: while the kernel's data is private.
 * Return: NULL or why not, in a line.
 */
const char *seccomp_host_template(unsigned long stub_phys);

/**
 * seccomp_host_fork() - a new host process with a guest thread that has stopped
 * @process:	@control and @state are set, and zero
 * @phys:	guest-physical address of @control
 *
 * Return: 0 or a negative errno.
 */
int seccomp_host_fork(struct seccomp_process *process, unsigned long phys);

/**
 * seccomp_host_batch() - have the mapping thread carry out its orders
 * @count: how many, 1 to STUB_ORDERS
 *
 * If one fails, all that the guest has mapped is dropped instead.  The batch
 * before must have been settled.
 * Return: 0 or -ESRCH: process gone.
 */
int seccomp_host_batch(struct seccomp_process *process, unsigned int count);

/**
 * seccomp_host_settle() - wait until a batch that was posted has been done
 * Return: 0 or -ESRCH: process gone.
 */
int seccomp_host_settle(struct seccomp_process *process);

/**
 * seccomp_host_run() - run guest code until it says that it has stopped
 * @count: orders to carry out first
 *
 * The batch before must have been settled.
 * Return: 0 or -ESRCH: process gone.
 */
int seccomp_host_run(struct seccomp_process *process, unsigned int count);

/**
 * seccomp_host_confirm() - make sure that the guest thread has stopped
 *
 * It stays so until it is told to run.
 * Return: 0 or -ESRCH: process gone.
 */
int seccomp_host_confirm(struct seccomp_process *process);

/**
 * seccomp_host_kick() - make the guest thread stop, or the next run be short
 *
 * Context: any.
 */
void seccomp_host_kick(struct seccomp_process *process);

/** seccomp_host_set_regs() - what the guest thread is to resume with
 * @regs: 27 registers in the order of user_regs_struct
 */
void seccomp_host_set_regs(struct seccomp_process *process,
			   const unsigned long *regs);

/**
 * struct seccomp_host_stop - why guest code stopped
 * @signo:	the signal
 * @code:	its si_code; not positive if no kernel sent it
 * @address:	its si_addr
 * @trap_nr:	the CPU's exception number
 * @error_code:	the CPU's error code
 * @cr2:	the address of a page fault
 * @syscall:	it was a system call, of x86-64 if @native
 */
struct seccomp_host_stop {
	int		signo;
	int		code;
	unsigned long	address;
	unsigned long	trap_nr;
	unsigned long	error_code;
	unsigned long	cr2;
	bool		syscall;
	bool		native;
};

/**
 * seccomp_host_get_regs() - read the frame of a stop
 * @regs: 27 registers in the order of user_regs_struct
 * @stop: the reason
 *
 * Return: false if guest code has had the host put the frame elsewhere.
 */
bool seccomp_host_get_regs(struct seccomp_process *process,
			   unsigned long *regs, struct seccomp_host_stop *stop);

/** seccomp_host_get_xstate() - copy host_config.xstate_size bytes out */
void seccomp_host_get_xstate(struct seccomp_process *process, void *area);

/** seccomp_host_set_xstate() - the reverse */
void seccomp_host_set_xstate(struct seccomp_process *process,
			     const void *area);

#endif /* _TRAP_SECCOMP_HOST_H */
