// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spinlocks that are not free.
 *
 * Whoever finds the lock free takes it, as no queue can know which of those in
 * it run.  Who has not found it free in a while sleeps in the host, on the
 * lock's word, until it is unlocked.
 *
 * Those who unlock look whether anybody sleeps, with no barrier between the two.
 * So a sleeper says that he sleeps, has all CPUs make a barrier, and only then
 * has the host look at the lock once more and put him to sleep: who unlocks
 * later than that sees that there is somebody to wake.
 *
 * The lock may be gone once it is unlocked, so only its address is used then.
 */
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <um/host.h>

/* Looks at a lock before its holder is given the time it needs. */
#define LOCK_SPINS	256
/* The one who was woken may have to serve an interrupt before he can unlock. */
#define LOCK_SLEEP_NS	(5 * NSEC_PER_MSEC)
#define LOCK_HASH_BITS	8

/* How many sleep: at all, and on locks that share a hash value. */
atomic_t um_lock_sleepers;
EXPORT_SYMBOL(um_lock_sleepers);
static atomic_t lock_sleepers[1 << LOCK_HASH_BITS];

static atomic_t *lock_bucket(struct qspinlock *lock)
{
	return &lock_sleepers[hash_ptr(lock, LOCK_HASH_BITS)];
}

static void lock_sleep(struct qspinlock *lock)
{
	atomic_inc(lock_bucket(lock));
	atomic_inc(&um_lock_sleepers);
	host_barrier();
	host_futex_wait(&lock->val.counter, _Q_LOCKED_VAL, LOCK_SLEEP_NS);
	atomic_dec(&um_lock_sleepers);
	atomic_dec(lock_bucket(lock));
}

void um_lock_slowpath(struct qspinlock *lock)
{
	unsigned int spins = 0;

	while (!queued_spin_trylock(lock)) {
		um_pause();
		if (++spins % LOCK_SPINS == 0)
			lock_sleep(lock);
	}
}

void um_lock_wake(struct qspinlock *lock)
{
	if (atomic_read(lock_bucket(lock)))
		host_futex_wake(&lock->val.counter, 1);
}
EXPORT_SYMBOL(um_lock_wake);
