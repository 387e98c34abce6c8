// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host memory behind guest-physical memory.
 *
 * The host gives out the pages of a memory file at their first touch, each
 * cleared, accounted and mapped by itself.  So when a page of a block is
 * allocated for the first time the host is asked to put one large page behind
 * the whole block, which takes it a fifth of the time (7 ms for 64 MB, where
 * 16384 first touches take 40).  If it cannot, pages come at their first touch.
 */
#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <um/host.h>
#include <um/mm.h>

#define BACKING_SHIFT	PMD_SHIFT

/* A host without a large page looks hard for one; then it has a rest. */
#define BACKING_PAUSE	(HZ / 10)

static unsigned long *backing_asked;	/* a bit for each block */
static unsigned long backing_blocks;
static unsigned long backing_next = INITIAL_JIFFIES;

void __init um_backing_init(void)
{
	/* A last block that is not whole has no large page. */
	unsigned long blocks = host_config.memory_size >> BACKING_SHIFT;

	backing_asked = memblock_alloc(bitmap_size(blocks), SMP_CACHE_BYTES);
	if (backing_asked)
		backing_blocks = blocks;
}

static void backing_ask(unsigned long block)
{
	if (time_before(jiffies, READ_ONCE(backing_next)) ||
	    test_and_set_bit(block, backing_asked))
		return;
	if (host_memory_back(block << BACKING_SHIFT, 1UL << BACKING_SHIFT))
		WRITE_ONCE(backing_next, jiffies + BACKING_PAUSE);
}

void um_backing_released(phys_addr_t phys, unsigned long size)
{
	unsigned long block = DIV_ROUND_UP(phys, 1UL << BACKING_SHIFT);
	unsigned long end = (phys + size) >> BACKING_SHIFT;

	for (; block < end && block < backing_blocks; block++)
		clear_bit(block, backing_asked);
}

/* The core's hook: called for every allocation, from any context. */
void arch_alloc_page(struct page *page, int order)
{
	phys_addr_t phys = page_to_phys(page);
	unsigned long block = phys >> BACKING_SHIFT;
	unsigned long end = (phys + (PAGE_SIZE << order) - 1) >> BACKING_SHIFT;

	for (; block <= end && block < backing_blocks; block++)
		if (!test_bit(block, backing_asked))
			backing_ask(block);
}
