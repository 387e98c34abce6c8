/* SPDX-License-Identifier: GPL-2.0-only */
/* The orders that backends with a stub give it. */
#ifndef _TRAP_ORDERS_H
#define _TRAP_ORDERS_H

#include <um/host.h>
#include <um/stub.h>

/* x86-64 Linux numbers, and <linux/mman.h> bits, as the host has them */
#include <uapi/linux/mman.h>
#include <asm/unistd.h>

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
