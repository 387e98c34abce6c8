/* SPDX-License-Identifier: GPL-2.0-only */
/* The stub of a guest's host process, see trap/stub.S. */
#ifndef _UM_STUB_H
#define _UM_STUB_H

#include <asm/layout.h>

#define STUB_ORDER_NR		0x00
#define STUB_ORDER_ARGS		0x08
#define STUB_ORDER_SIZE		0x38

#define STUB_CONTROL_SEQ	0x00
#define STUB_CONTROL_DONE	0x04
#define STUB_CONTROL_COUNT	0x08
#define STUB_CONTROL_THEN	0x0c
#define STUB_CONTROL_OK		0x10
#define STUB_CONTROL_FAILED	0x14
#define STUB_CONTROL_DONE_PHYS	0x18
#define STUB_CONTROL_MEMORY_FD	0x20
#define STUB_CONTROL_FRAME	0x28
#define STUB_CONTROL_FS		0x30
#define STUB_CONTROL_GS		0x38
#define STUB_CONTROL_CHILD	0x40
#define STUB_CONTROL_PARENT	0x48
#define STUB_CONTROL_ANSWER	0x50
#define STUB_CONTROL_LISTENER	0x68
#define STUB_CONTROL_RUN	0x6c
#define STUB_CONTROL_STACK	0x70
#define STUB_CONTROL_ORDERS	0x88

/* What follows a batch */
#define STUB_THEN_TELL		0	/* tell the kernel */
#define STUB_THEN_RESUME	1	/* answer the guest thread */
#define STUB_THEN_THREAD	2	/* make the guest thread, tell */
#define STUB_THEN_PROCESS	3	/* make another process, tell */
#define STUB_THEN_MAPPER	4	/* make another mapping thread, tell */

#define STUB_STATE_TID		0x00
#define STUB_STATE_LISTENER	0x04
#define STUB_STATE_SIZE		0x40

/* struct sock_fprog, and up to so many struct sock_filter behind it */
#define STUB_FILTER_SIZE	(16 + 96 * 8)

#ifndef __ASSEMBLY__

/** struct stub_order - one system call for the stub to make */
struct stub_order {
	unsigned long	nr;
	unsigned long	args[6];
};

#define STUB_ORDERS	((4096 - STUB_CONTROL_ORDERS) / sizeof(struct stub_order))

/**
 * struct stub_control - the page that the kernel writes and the stub reads
 * @seq:	number of the newest batch; a futex
 * @done:	what the mapping thread has written of its last batch: its @ok or
 *		its @failed; a futex
 * @count:	orders in the batch
 * @then:	STUB_THEN_*
 * @ok:		to write to @done after success
 * @failed:	to write to @done if there can be no thread or process
 * @done_phys:	guest-physical address of @done
 * @memory_fd:	the descriptor of guest-physical memory
 * @frame:	the guest thread resumes with the signal frame here
 * @fs:		and this segment base
 * @gs:		and this one
 * @child:	STUB_THEN_PROCESS: guest-physical address of its control page;
 *		STUB_THEN_MAPPER: guest address of it
 * @parent:	and the kernel's process id
 * @answer:	struct seccomp_notif_resp: to the guest thread's last call
 * @listener:	the mapping thread's descriptor to answer on
 * @run:	a number of the newest run of guest code
 * @stack:	struct sigaltstack: the guest thread's
 * @orders:	the batch
 *
 * Only the first part of it matters to a backend that traces.
 */
struct stub_control {
	unsigned int	seq;
	unsigned int	done;
	unsigned int	count;
	unsigned int	then;
	unsigned int	ok;
	unsigned int	failed;
	unsigned long	done_phys;
	unsigned long	memory_fd;
	unsigned long	frame;
	unsigned long	fs;
	unsigned long	gs;
	unsigned long	child;
	unsigned long	parent;
	unsigned long	answer[3];
	int		listener;
	unsigned int	run;
	unsigned long	stack[3];
	struct stub_order orders[STUB_ORDERS];
};

/* None yet; otherwise a descriptor or a negative errno */
#define STUB_NO_LISTENER	(-4096)

/**
 * struct stub_state - what is said of a new process or thread
 * @tid:	its id
 * @listener:	the descriptor on which a guest thread's calls are received
 *
 * At the beginning of the signal stack.  Guest code can write to it.
 */
struct stub_state {
	unsigned int	tid;
	int		listener;
};

extern char um_stub[], um_stub_syscall[], um_stub_batch[], um_stub_fault[];
extern char um_stub_mapper[], um_stub_stop[], um_stub_stopped[],
	    um_stub_returned[], um_stub_alone[], um_stub_filter[];

/** stub_address() - where a label of stub.S is in a guest's host process */
static inline unsigned long stub_address(const char *label)
{
	return UM_STUB_CODE + (label - um_stub);
}

/**
 * stub_slot() - where a thread's orders are in a guest's host process
 * @nr: how many threads have theirs before it
 */
static inline unsigned long stub_slot(unsigned int nr)
{
	return nr ? UM_STUB_SLOTS + (nr - 1) * UM_STUB_SLOT_SIZE :
		    UM_STUB_ORDERS;
}

#endif /* !__ASSEMBLY__ */

#endif /* _UM_STUB_H */
