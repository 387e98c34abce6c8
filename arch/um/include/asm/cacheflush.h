/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_CACHEFLUSH_H
#define _ASM_UM_CACHEFLUSH_H

/*
 * The caches of the CPU are coherent.  What must follow a change of the
 * kernel's page table are the host mappings of the vmalloc area.
 */
void flush_cache_vmap(unsigned long start, unsigned long end);
#define flush_cache_vmap flush_cache_vmap
#define flush_cache_vmap_early flush_cache_vmap

#include <asm-generic/cacheflush.h>

#endif /* _ASM_UM_CACHEFLUSH_H */
