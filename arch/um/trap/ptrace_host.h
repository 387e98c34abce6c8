/* SPDX-License-Identifier: GPL-2.0-only */
/* The backend "ptrace": what its kernel part asks of its host part. */
#ifndef _TRAP_PTRACE_HOST_H
#define _TRAP_PTRACE_HOST_H

#include <um/host.h>

/**
 * ptrace_host_template() - make the process that all others are forked from
 * @stub_phys: guest-physical address of the stub's code page
 * @template:  its process id, which its first thread has too
 *
 * It is stopped, traced, and its address space holds the stub's code only.
 * Must run while the kernel's data is private.  On success host_config knows
 * the size of the host's extended state.
 * Return: 0 or a negative errno; -EPERM if tracing is forbidden.
 */
int ptrace_host_template(unsigned long stub_phys, int *template);

/*
 * The requests below that have a @tid are for the thread that traces it, which
 * made it by ptrace_host_fork() or took it by ptrace_host_adopt().
 */

/**
 * ptrace_host_fork() - a new, empty host process
 * @tid:   the thread of the template that the caller traces
 * @phys:  guest-physical address of the page of orders and, behind it, the signal
 *	   stack, for the first slot
 *
 * The signal stack is used as that of @tid is.
 * Return: its process id, which its first thread has too, or a negative errno.
 */
int ptrace_host_fork(int tid, unsigned long phys);

/**
 * ptrace_host_spare() - have a process make a thread for whoever wants it
 * @tid: its stopped thread
 *
 * Nobody traces the new thread, and it waits.
 * Return: its id or a negative errno.
 */
int ptrace_host_spare(int tid);

/**
 * ptrace_host_adopt() - trace a spare thread
 * @tid: it; stopped on return
 */
int ptrace_host_adopt(int tid);

/**
 * ptrace_host_slot() - give a thread orders and a signal stack
 * @slot:  where they are to be in its process
 * @phys:  as for ptrace_host_fork()
 */
int ptrace_host_slot(int tid, unsigned long slot, unsigned long phys);

/**
 * ptrace_host_reap() - see off a thread that somebody else has killed
 * Return: true if its number may be somebody else's from now on.  Not yet so
 * for a first thread while there are others.
 */
bool ptrace_host_reap(int tid);

/** ptrace_host_end() - kill a process; no context, no wait */
void ptrace_host_end(int pid);

/**
 * ptrace_host_batch() - have a thread carry out its orders
 * @slot:  where its page of orders is
 * @count: how many, 1 to STUB_ORDERS
 * @left:  how many were not carried out, the failed one included
 * Return: 0, the errno of the first that failed, or -ESRCH: process gone.
 */
int ptrace_host_batch(int tid, unsigned long slot, unsigned int count,
		      unsigned int *left);

enum ptrace_host_stop {
	PTRACE_HOST_SYSCALL,
	PTRACE_HOST_SIGNAL,
	PTRACE_HOST_KICK,
	PTRACE_HOST_GONE,
	PTRACE_HOST_BAD_REGS,
};

/**
 * struct ptrace_host_event - a stop of guest code
 * @stop:	why
 * @signo:	with PTRACE_HOST_SIGNAL, which is yet to be delivered
 * @code:	then: its si_code
 * @address:	then: its si_addr
 */
struct ptrace_host_event {
	enum ptrace_host_stop	stop;
	int			signo;
	int			code;
	unsigned long		address;
};

/**
 * ptrace_host_run() - run guest code until it stops
 * @regs: 27 registers in the order of user_regs_struct, in and out
 */
void ptrace_host_run(int pid, unsigned long *regs,
		     struct ptrace_host_event *event);

/**
 * ptrace_host_deliver() - have the host write a signal frame
 * @signo:   the signal that ptrace_host_run() reported
 * @info:    guest address of the siginfo_t in the frame
 * @context: guest address of the ucontext
 *
 * The addresses are registers of the guest's thread: check before use.  The
 * floating point state is in the frame from now on, not in the thread.
 * Return: 0, -EFAULT if there was no room for a frame, -ESRCH.
 */
int ptrace_host_deliver(int pid, int signo, unsigned long *info,
			unsigned long *context);

/** ptrace_host_kick() - make a running thread stop; any context, any caller */
void ptrace_host_kick(int pid, int tid);

/** ptrace_host_get_xstate() - copy host_config.xstate_size bytes out */
int ptrace_host_get_xstate(int pid, void *area);

/** ptrace_host_set_xstate() - the reverse; -EINVAL for a bad state */
int ptrace_host_set_xstate(int pid, const void *area);

/**
 * struct ptrace_host_frame - what the host's signal frame says
 */
struct ptrace_host_frame {
	int		code;
	unsigned long	address;
	unsigned long	trap_nr;
	unsigned long	error_code;
	unsigned long	cr2;
	const void	*xstate;
	unsigned int	xstate_size;
};

/**
 * ptrace_host_parse_frame() - read a signal frame
 * @info:    kernel address of the siginfo_t
 * @context: kernel address of the ucontext
 * @block:   kernel address of the signal stack, the frame is in it
 * @base:    guest address of the signal stack
 * @size:    its size in bytes; @xstate is checked to lie within
 */
void ptrace_host_parse_frame(const void *info, const void *context,
			     const void *block, unsigned long base,
			     unsigned long size,
			     struct ptrace_host_frame *frame);

#endif /* _TRAP_PTRACE_HOST_H */
