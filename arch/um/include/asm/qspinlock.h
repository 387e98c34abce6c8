/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_QSPINLOCK_H
#define _ASM_UM_QSPINLOCK_H

#include <linux/atomic.h>
#include <asm-generic/qspinlock_types.h>

/*
 * The lock's holder may be waiting for the host CPU that another one spins on,
 * so who has spun for a while sleeps in the host, and whoever unlocks then wakes
 * one: see kernel/lock.c.  The queue of the core would hand the lock to a
 * sleeper; here it goes to who runs.
 */
extern atomic_t um_lock_sleepers;
void um_lock_slowpath(struct qspinlock *lock);
void um_lock_wake(struct qspinlock *lock);

#define virt_spin_lock virt_spin_lock
static inline bool virt_spin_lock(struct qspinlock *lock)
{
	um_lock_slowpath(lock);
	return true;
}

#define queued_spin_unlock queued_spin_unlock
static __always_inline void queued_spin_unlock(struct qspinlock *lock)
{
	/*
	 * No barrier between this and the look that follows, so that it costs
	 * nothing: a sleeper makes one on all CPUs, see lock_sleep().
	 */
	smp_store_release(&lock->locked, 0);
	if (unlikely(atomic_read(&um_lock_sleepers)))
		um_lock_wake(lock);
}

#include <asm-generic/qspinlock.h>

#endif /* _ASM_UM_QSPINLOCK_H */
