/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host processes whose mm has gone, emptied, for the next mms: that is cheaper
 * than a fork and an exit.
 */
#ifndef _TRAP_POOL_H
#define _TRAP_POOL_H

#include <linux/spinlock.h>

#define TRAP_POOL_MAX	16

struct um_host_mm;

/**
 * struct trap_pool - a backend's pool
 * @lock:  protects the others
 * @count: how many there are
 * @hosts: they
 */
struct trap_pool {
	spinlock_t		lock;	/* of the others */
	unsigned int		count;
	struct um_host_mm	*hosts[TRAP_POOL_MAX];
};

#define TRAP_POOL(name)	{ .lock = __SPIN_LOCK_UNLOCKED((name).lock) }

/** trap_pool_take_if() - the last one that @suits, NULL: any; or NULL */
static inline struct um_host_mm *
trap_pool_take_if(struct trap_pool *pool,
		  bool (*suits)(const struct um_host_mm *host))
{
	struct um_host_mm *host = NULL;
	unsigned int i;

	spin_lock(&pool->lock);
	for (i = pool->count; i-- && !host;) {
		if (suits && !suits(pool->hosts[i]))
			continue;
		host = pool->hosts[i];
		pool->hosts[i] = pool->hosts[--pool->count];
	}
	spin_unlock(&pool->lock);
	return host;
}

/** trap_pool_take() - the one that was used last, or NULL */
static inline struct um_host_mm *trap_pool_take(struct trap_pool *pool)
{
	return trap_pool_take_if(pool, NULL);
}

/** trap_pool_put() - keep @host if there is room; false: there is none */
static inline bool trap_pool_put(struct trap_pool *pool,
				 struct um_host_mm *host)
{
	bool kept = false;

	spin_lock(&pool->lock);
	if (pool->count < TRAP_POOL_MAX) {
		pool->hosts[pool->count++] = host;
		kept = true;
	}
	spin_unlock(&pool->lock);
	return kept;
}

#endif /* _TRAP_POOL_H */
