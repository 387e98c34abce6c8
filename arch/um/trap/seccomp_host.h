/* SPDX-License-Identifier: GPL-2.0-only */
/* The backend "seccomp": what its kernel part asks of its host part. */
#ifndef _TRAP_SECCOMP_HOST_H
#define _TRAP_SECCOMP_HOST_H

#include <um/host.h>
#include <um/stub.h>

/**
 * struct seccomp_call - a call of a guest thread, as the host tells of it
 * @id:		the host's number of the call
 * @pid:	the guest thread, in the kernel's pid namespace
 * @flags:	zero
 * @nr:		the system call's number
 * @arch:	AUDIT_ARCH_X86_64
 * @ip:		the address behind it
 * @args:	its arguments
 *
 * This is struct seccomp_notif of <linux/seccomp.h>.
 */
struct seccomp_call {
	unsigned long	id;
	unsigned int	pid;
	unsigned int	flags;
	int		nr;
	unsigned int	arch;
	unsigned long	ip;
	unsigned long	args[6];
};

/**
 * struct seccomp_pair - a guest thread and its mapping thread
 * @pid:	their process
 * @mapper:	the mapping thread; the first one's of a process is @pid
 * @tid:	the guest thread
 * @slot:	where @control is in the process
 * @listener:	the descriptor on which its calls are received
 * @control:	the page that the stub reads
 * @state:	the page that the stub writes; guest code can too, at any time
 * @posted:	a batch that nobody has waited for may still be under way
 * @kicked:	somebody wants the guest thread to stop; cleared before a run
 * @signalled:	a kick was sent since the run began
 * @in_call:	it has stopped in a system call of guest code, not in the stub
 * @call:	the call in which it has stopped; @call.id is zero while it runs
 * @told:	the system call of guest code that ended the last run
 * @context:	guest address of the ucontext in the guest thread's frame
 * @ucontext:	kernel address of it
 * @uc_flags:	what the host put there
 * @xstate:	kernel address of the extended state in the frame
 *
 * The guest thread has one signal frame, of its first stop, which the host
 * fills anew at each stop in the stub because the signal stack is empty while
 * guest code runs.  While @in_call it says nothing.
 */
struct seccomp_pair {
	int			pid;
	int			mapper;
	int			tid;
	unsigned long		slot;
	int			listener;
	struct stub_control	*control;
	struct stub_state	*state;
	bool			posted;
	bool			kicked;
	bool			signalled;
	bool			in_call;
	struct seccomp_call	call;
	struct seccomp_call	told;
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
 * Context: one at a time, with seccomp_host_add().
 * Return: 0 or a negative errno.
 */
int seccomp_host_fork(struct seccomp_pair *process, unsigned long phys);

/**
 * seccomp_host_add() - another pair in a process, its guest thread stopped
 * @process:	@control, @state and @slot are set, the memory zero
 * @phys:	guest-physical address of @control
 * @first:	the pair that the process began with
 *
 * Context: as seccomp_host_fork(); nobody else uses @first's mapping thread.
 * Other guest threads may be running.
 * Return: 0 or a negative errno; then the process has been killed.
 */
int seccomp_host_add(struct seccomp_pair *process, unsigned long phys,
		     struct seccomp_pair *first);

/** seccomp_host_end() - end the process, and wait until it is gone */
void seccomp_host_end(const struct seccomp_pair *process);

/** seccomp_host_close() - the process is gone: let go of what was its pair's */
void seccomp_host_close(const struct seccomp_pair *process);

/**
 * seccomp_host_batch() - have the mapping thread carry out its orders
 * @count: how many, 1 to STUB_ORDERS
 *
 * If one fails, all that the guest has mapped is dropped instead.
 * Return: 0 or -ESRCH: process gone.
 */
int seccomp_host_batch(struct seccomp_pair *process, unsigned int count);

/**
 * seccomp_host_settle() - wait until a batch that was posted has been done
 * Return: 0 or -ESRCH: process gone.
 */
int seccomp_host_settle(struct seccomp_pair *process);

/* A system call of guest code ended the run, see @told. */
#define SECCOMP_CALL		1
/* The guest thread was interrupted before it had the result of its call. */
#define SECCOMP_INTERRUPTED	2

/**
 * seccomp_host_run() - run guest code until it has stopped
 * @count: orders to carry out first; zero while @in_call.  The batch before
 *	   must have been settled.
 * @value: while @in_call: the result of the call
 *
 * Return: 0: a signal ended the run, SECCOMP_CALL, SECCOMP_INTERRUPTED, or
 * -ESRCH: process gone.
 */
int seccomp_host_run(struct seccomp_pair *process, unsigned int count,
		     long value);

/**
 * seccomp_host_stop() - have a guest thread that is in a call stop in the stub
 *
 * The host writes a signal frame, to where guest code may have told it to: no
 * memory may be mapped that the guest's page table does not have.
 * Return: 0 or -ESRCH: process gone.
 */
int seccomp_host_stop(struct seccomp_pair *process);

/**
 * seccomp_host_kick() - make the guest thread stop
 *
 * Context: any.
 */
void seccomp_host_kick(struct seccomp_pair *process);

/** seccomp_host_set_regs() - what the guest thread is to resume with
 * @regs: 27 registers in the order of user_regs_struct
 */
void seccomp_host_set_regs(struct seccomp_pair *process,
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
bool seccomp_host_get_regs(struct seccomp_pair *process,
			   unsigned long *regs, struct seccomp_host_stop *stop);

/**
 * seccomp_host_get_rest() - the registers that a call did not tell
 * @regs: all others are left as they are
 *
 * The guest thread must have stopped in the stub.
 * Return: as seccomp_host_get_regs().
 */
bool seccomp_host_get_rest(struct seccomp_pair *process,
			   unsigned long *regs);

/** seccomp_host_get_xstate() - copy host_config.xstate_size bytes out */
void seccomp_host_get_xstate(struct seccomp_pair *process, void *area);

/** seccomp_host_set_xstate() - the reverse */
void seccomp_host_set_xstate(struct seccomp_pair *process,
			     const void *area);

#endif /* _TRAP_SECCOMP_HOST_H */
