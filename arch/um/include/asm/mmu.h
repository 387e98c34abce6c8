/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_MMU_H
#define _ASM_UM_MMU_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

#define UM_FLUSH_QUEUE	32

/**
 * struct um_range - part of a guest address space whose host mappings are stale
 * @start: first address, page aligned
 * @end:   first address behind it
 * @flush: entries may have been taken away: what the page table no longer
 *	   has must go.  Else entries have only been added.
 */
struct um_range {
	unsigned long	start;
	unsigned long	end;
	bool		flush;
};

/**
 * struct mm_context - the host's side of a guest address space
 * @lock:	guards the queue; taken with interrupts disabled
 * @queue:	changes that the host mappings do not show yet
 * @queued:	entries of @queue in use
 * @flush_all:	the queue was too short: drop every host mapping
 * @fork_flushed: what a fork has changed is queued already, see arch_dup_mmap()
 * @fpu_owner:	the task whose floating point state the guest thread holds
 * @vdso:	where the vDSO is, 0: there is none
 * @host:	the trap backend's own, see trap_ops.mm_create()
 */
typedef struct mm_context {
	spinlock_t		lock;	/* of the queue */
	struct um_range		queue[UM_FLUSH_QUEUE];
	unsigned int		queued;
	bool			flush_all;
	bool			fork_flushed;
	struct task_struct	*fpu_owner;
	unsigned long		vdso;
	struct um_host_mm	*host;
} mm_context_t;

#define INIT_MM_CONTEXT(mm)	\
	.context = { .lock = __SPIN_LOCK_UNLOCKED(mm.context.lock) },

#endif /* _ASM_UM_MMU_H */
