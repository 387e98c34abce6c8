// SPDX-License-Identifier: GPL-2.0-only
/* Physical memory, page tables, protection bits. */
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <asm/pgalloc.h>
#include <asm/sections.h>
#include <um/host.h>
#include <um/mm.h>

/* 16 kB to 64 kB */
#define INIT_ANON_ORDERS	(BIT(2) | BIT(3) | BIT(4))

pgd_t swapper_pg_dir[PTRS_PER_PGD] __page_aligned_bss;
unsigned long empty_zero_page[PAGE_SIZE / sizeof(unsigned long)]
	__page_aligned_bss;
EXPORT_SYMBOL(empty_zero_page);

static const pgprot_t protection_map[16] = {
	[VM_NONE]				= PAGE_NONE,
	[VM_READ]				= PAGE_READONLY,
	[VM_WRITE]				= PAGE_COPY,
	[VM_WRITE | VM_READ]			= PAGE_COPY,
	[VM_EXEC]				= PAGE_READONLY_EXEC,
	[VM_EXEC | VM_READ]			= PAGE_READONLY_EXEC,
	[VM_EXEC | VM_WRITE]			= PAGE_READONLY_EXEC,
	[VM_EXEC | VM_WRITE | VM_READ]		= PAGE_READONLY_EXEC,
	[VM_SHARED]				= PAGE_NONE,
	[VM_SHARED | VM_READ]			= PAGE_READONLY,
	[VM_SHARED | VM_WRITE]			= PAGE_SHARED,
	[VM_SHARED | VM_WRITE | VM_READ]	= PAGE_SHARED,
	[VM_SHARED | VM_EXEC]			= PAGE_READONLY_EXEC,
	[VM_SHARED | VM_EXEC | VM_READ]		= PAGE_READONLY_EXEC,
	[VM_SHARED | VM_EXEC | VM_WRITE]	= PAGE_SHARED_EXEC,
	[VM_SHARED | VM_EXEC | VM_WRITE | VM_READ] = PAGE_SHARED_EXEC,
};
DECLARE_VM_GET_PAGE_PROT

bool um_virt_addr_valid(unsigned long addr)
{
	if (addr >= PAGE_OFFSET)
		return addr - PAGE_OFFSET < PFN_PHYS(max_low_pfn);
	return addr >= UM_IMAGE_START && addr < (unsigned long)_end;
}
EXPORT_SYMBOL(um_virt_addr_valid);

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static bool init_single_pages __initdata;

static int __init init_thp_option(char *value)
{
	init_single_pages = value && !strcmp(value, "never");
	return 0;
}
early_param("transparent_hugepage", init_thp_option);

/*
 * A fault costs a hand-over to the kernel whatever it maps, so anonymous memory
 * comes in folios of several pages.  Those as large as a leaf are left to the
 * core's own setting.  "thp_anon=" is read later and has the last word.
 */
static void __init init_anon_folios(void)
{
	if (!init_single_pages)
		huge_anon_orders_always = INIT_ANON_ORDERS;
}
#else
static void __init init_anon_folios(void)
{
}
#endif

void __init paging_init(void)
{
	unsigned long zones[MAX_NR_ZONES] = { 0 };

	min_low_pfn = 0;
	max_pfn = PFN_DOWN(host_config.memory_size);
	max_low_pfn = max_pfn;
	set_max_mapnr(max_pfn);
	high_memory = __va(PFN_PHYS(max_pfn));
	um_backing_init();
	zones[ZONE_NORMAL] = max_pfn;
	free_area_init(zones);
	init_anon_folios();
}

void __init mem_init(void)
{
	memblock_free_all();
}

pgd_t *pgd_alloc(struct mm_struct *mm)
{
	/* Nothing of the kernel is in a guest's table: nobody walks it there. */
	return (pgd_t *)get_zeroed_page(GFP_PGTABLE_USER);
}

/*
 * The pages of the image's init data go to the allocator by their names in the
 * direct map; their names in the image end here, so that a late use faults.
 */
void free_initmem(void)
{
	free_initmem_default(POISON_FREE_INITMEM);
	host_unmap((unsigned long)__init_begin, __init_end - __init_begin);
}
