/* SPDX-License-Identifier: GPL-2.0-only */
/* The orders that backends with a stub give it, and the memory they are in. */
#ifndef _TRAP_ORDERS_H
#define _TRAP_ORDERS_H

#include <linux/gfp.h>
#include <um/host.h>
#include <um/stub.h>

/* x86-64 Linux numbers, and <linux/mman.h> bits, as the host has them */
#include <uapi/linux/mman.h>
#include <asm/unistd.h>

#define STUB_BLOCK_ORDER	get_order(UM_STUB_END - UM_STUB_ORDERS)

/** stub_block_new() - a page of orders and a signal stack, or NULL */
static inline void *stub_block_new(void)
{
	/* Guest code can read it. */
	return (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
					STUB_BLOCK_ORDER);
}

/** stub_block_free() - give back what stub_block_new() has returned */
static inline void stub_block_free(void *block)
{
	free_pages((unsigned long)block, STUB_BLOCK_ORDER);
}

/** stub_order_map() - as trap_ops.mm_map() has it */
static inline struct stub_order stub_order_map(unsigned long addr,
					       unsigned long size,
					       unsigned long phys, int prot)
{
	return (struct stub_order) {
		__NR_mmap,
		{ addr, size, prot, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
		  host_config.memory_fd, phys },
	};
}

/** stub_order_unmap() - as trap_ops.mm_unmap() has it */
static inline struct stub_order stub_order_unmap(unsigned long addr,
						 unsigned long size)
{
	return (struct stub_order) { __NR_munmap, { addr, size } };
}

#endif /* _TRAP_ORDERS_H */
