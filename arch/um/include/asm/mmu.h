/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_MMU_H
#define _ASM_UM_MMU_H

#include <linux/spinlock_types.h>
#include <linux/threads.h>
#include <linux/types.h>

#define UM_FLUSH_QUEUE	32

/**
 * enum um_change - what the host mappings of a range are to become
 * @UM_MAP:	entries have been added: map what is present
 * @UM_OFFER:	as @UM_MAP, but nobody has asked for the pages yet: only where
 *		one host call maps several
 * @UM_FLUSH:	entries may have been taken away: what the page table no longer
 *		has must go
 * @UM_DROP:	as @UM_FLUSH, and nothing of it is worth keeping
 */
enum um_change {
	UM_MAP,
	UM_OFFER,
	UM_FLUSH,
	UM_DROP,
};

/**
 * struct um_range - part of a guest address space whose host mappings are stale
 * @start:  first address, page aligned
 * @end:    first address behind it
 * @change: what to do about it
 */
struct um_range {
	unsigned long	start;
	unsigned long	end;
	enum um_change	change;
};

struct um_fork_hints;

/**
 * struct um_faults - what the recent faults of an address space tell
 * @last:	where the last one was, or the last page that was mapped ahead of it
 * @ahead:	pages that the next one maps if it goes on from there
 * @hints:	the pages that this program touches after a fork; NULL: no fork yet
 * @learning:	faults yet to be noted there
 * @child:	as those of the child, not of the parent
 */
struct um_faults {
	unsigned long		last;
	unsigned int		ahead;
	struct um_fork_hints	*hints;
	unsigned int		learning;
	bool			child;
};

/**
 * struct mm_context - the host's side of a guest address space
 * @sync:	held while changes are applied; taken with interrupts disabled,
 *		inside page table locks
 * @lock:	guards the queue; taken with interrupts disabled, inside @sync
 * @queue:	changes that the host mappings do not show yet
 * @queued:	entries of @queue in use
 * @flush_all:	the queue was too short: drop every host mapping
 * @stale:	there are changes that have not been applied to the end
 * @fork_flusher: whose next flush of all finds that what its fork has changed is
 *		queued already, see arch_dup_mmap()
 * @faults:	see there; hints only, so no lock
 * @fpu:	guards @fpu_owner and struct um_fpu of its tasks; taken with
 *		interrupts disabled, outside @sync
 * @fpu_owner:	by virtual CPU, the task whose floating point state its guest
 *		thread holds; um_fpu.cpu of that task is the same CPU
 * @vdso:	where the vDSO is, 0: there is none
 * @host:	the trap backend's own, see trap_ops.mm_create()
 */
typedef struct mm_context {
	spinlock_t		sync;	/* of the host mappings */
	spinlock_t		lock;	/* of the queue */
	struct um_range		queue[UM_FLUSH_QUEUE];
	unsigned int		queued;
	bool			flush_all;
	bool			stale;
	struct task_struct	*fork_flusher;
	struct um_faults	faults;
	spinlock_t		fpu;	/* of who owns what guest threads hold */
	struct task_struct	*fpu_owner[NR_CPUS];
	unsigned long		vdso;
	struct um_host_mm	*host;
} mm_context_t;

#define INIT_MM_CONTEXT(mm)	\
	.context = { .sync = __SPIN_LOCK_UNLOCKED(mm.context.sync),	\
		     .lock = __SPIN_LOCK_UNLOCKED(mm.context.lock),	\
		     .fpu = __SPIN_LOCK_UNLOCKED(mm.context.fpu) },

#endif /* _ASM_UM_MMU_H */
