// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own mappings: vmalloc, modules.  The core changes init_mm's page
 * table and says so here; the host mappings follow at once.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <asm/cacheflush.h>
#include <asm/tlbflush.h>
#include <um/host.h>
#include <um/mm.h>
#include "walk.h"

/* How far from @addr, at most to @end, entries go on as @pte begins. */
static unsigned long kmap_run(unsigned long addr, unsigned long end, pte_t pte)
{
	unsigned long size = PAGE_SIZE;

	while (addr + size < end) {
		pte_t other = walk_page(&init_mm, addr + size);

		if (walk_prot(other) != walk_prot(pte) ||
		    pte_pfn(other) != pte_pfn(pte) + (size >> PAGE_SHIFT))
			break;
		size += PAGE_SIZE;
	}
	return size;
}

static void kmap_map(unsigned long start, unsigned long end)
{
	unsigned long addr = start;

	while (addr < end) {
		unsigned long next;
		pte_t pte = walk_entry(&init_mm, addr, &next);
		int prot = walk_prot(pte);

		if (prot) {
			unsigned long size = kmap_run(addr, end, pte);

			if (host_map(addr, size, PFN_PHYS(pte_pfn(pte)), prot))
				return;	/* the fault tries again */
			next = addr + size;
		}
		addr = next;
	}
}

void flush_cache_vmap(unsigned long start, unsigned long end)
{
	kmap_map(start, end);
}

/*
 * The range of a lazy flush also covers what is in use: only what the table
 * has no more is unmapped.
 */
static void kmap_flush(unsigned long start, unsigned long end)
{
	unsigned long addr = start, gone = start;

	while (addr < end) {
		unsigned long next;
		pte_t pte = walk_entry(&init_mm, addr, &next);

		next = min(next, end);
		if (walk_prot(pte)) {
			if (gone < addr)
				host_unmap(gone, addr - gone);
			gone = next;
		}
		addr = next;
	}
	if (gone < end)
		host_unmap(gone, end - gone);
}

/* The direct map and the image, which no table describes, stay. */
void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	if (start < VMALLOC_END && end > VMALLOC_START)
		kmap_flush(max(start, VMALLOC_START), min(end, VMALLOC_END));
	if (start < MODULES_END && end > MODULES_VADDR)
		kmap_flush(max(start, MODULES_VADDR), min(end, MODULES_END));
}

void flush_tlb_all(void)
{
	flush_tlb_kernel_range(0, TASK_SIZE_MAX);
}

static bool kmap_is_ours(unsigned long addr)
{
	return (addr >= VMALLOC_START && addr < VMALLOC_END) ||
	       (addr >= MODULES_VADDR && addr < MODULES_END);
}

/*
 * A mapping that is there but was refused by the host when it was made: the
 * host's limit of mappings.  Dropping all makes room.
 */
bool um_kernel_map_fault(unsigned long addr)
{
	pte_t pte;

	if (!kmap_is_ours(addr))
		return false;
	addr &= PAGE_MASK;
	pte = walk_page(&init_mm, addr);
	if (!walk_prot(pte))
		return false;
	if (!host_map(addr, PAGE_SIZE, PFN_PHYS(pte_pfn(pte)), walk_prot(pte)))
		return true;
	host_unmap(VMALLOC_START, VMALLOC_END - VMALLOC_START);
	return !host_map(addr, PAGE_SIZE, PFN_PHYS(pte_pfn(pte)),
			 walk_prot(pte));
}
