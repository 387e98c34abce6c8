// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vDSO in a guest's address space: [vvar], two pages of data, and behind it
 * [vdso], the code that reads them.
 */
#include <linux/binfmts.h>
#include <linux/cache.h>
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/time_namespace.h>
#include <um/vdso.h>

extern char um_vdso_start[], um_vdso_end[];

union um_vvar um_vvar __page_aligned_data;

#define VVAR_PAGES	2

static bool vdso_enabled __ro_after_init = true;

static int __init vdso_option(char *value)
{
	return kstrtobool(value, &vdso_enabled) == 0;
}
__setup("vdso=", vdso_option);

static vm_fault_t vdso_fault(const struct vm_special_mapping *sm,
			     struct vm_area_struct *vma, struct vm_fault *vmf)
{
	char *from = um_vdso_start + (vmf->pgoff << PAGE_SHIFT);

	if (from >= um_vdso_end)
		return VM_FAULT_SIGBUS;
	vmf->page = pfn_to_page(PHYS_PFN(__pa_symbol(from)));
	get_page(vmf->page);
	return 0;
}

/* Which page is where: see asm/vdso/gettimeofday.h. */
static vm_fault_t vdso_vvar_fault(const struct vm_special_mapping *sm,
				  struct vm_area_struct *vma,
				  struct vm_fault *vmf)
{
	struct page *timens = find_timens_vvar_page(vma);
	unsigned long pfn = PHYS_PFN(__pa_symbol(&um_vvar));

	if (vmf->pgoff >= (timens ? VVAR_PAGES : 1))
		return VM_FAULT_SIGBUS;
	if (timens && !vmf->pgoff)
		pfn = page_to_pfn(timens);
	return vmf_insert_pfn(vma, vmf->address, pfn);
}

static const struct vm_special_mapping vdso_mapping = {
	.name	= "[vdso]",
	.fault	= vdso_fault,
};

static const struct vm_special_mapping vdso_vvar_mapping = {
	.name	= "[vvar]",
	.fault	= vdso_vvar_fault,
};

#ifdef CONFIG_TIME_NS
struct vdso_data *arch_get_vdso_data(void *page)
{
	return ((union um_vvar *)page)->data;
}

/* The task enters a time namespace: other pages belong in its [vvar]. */
int vdso_join_timens(struct task_struct *task, struct time_namespace *ns)
{
	VMA_ITERATOR(vmi, task->mm, 0);
	struct vm_area_struct *vma;

	mmap_read_lock(task->mm);
	for_each_vma(vmi, vma)
		if (vma_is_special_mapping(vma, &vdso_vvar_mapping))
			zap_vma_pages(vma);
	mmap_read_unlock(task->mm);
	return 0;
}
#endif

/* Code may be written to by a debugger: VM_MAYWRITE. */
static int vdso_map(struct mm_struct *mm)
{
	unsigned long data_size = VVAR_PAGES * PAGE_SIZE;
	unsigned long code_size = um_vdso_end - um_vdso_start;
	struct vm_area_struct *vma;
	unsigned long addr;

	addr = get_unmapped_area(NULL, 0, data_size + code_size, 0, 0);
	if (IS_ERR_VALUE(addr))
		return addr;
	vma = _install_special_mapping(mm, addr, data_size,
				       VM_READ | VM_MAYREAD | VM_IO |
				       VM_DONTDUMP | VM_PFNMAP,
				       &vdso_vvar_mapping);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	addr += data_size;
	vma = _install_special_mapping(mm, addr, code_size,
				       VM_READ | VM_EXEC | VM_MAYREAD |
				       VM_MAYWRITE | VM_MAYEXEC,
				       &vdso_mapping);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	mm->context.vdso = addr;
	return 0;
}

/* The core unmaps what is left when this fails: the program never starts. */
int arch_setup_additional_pages(struct linux_binprm *bprm, int uses_interp)
{
	struct mm_struct *mm = current->mm;
	int ret;

	if (!vdso_enabled)
		return 0;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	ret = vdso_map(mm);
	mmap_write_unlock(mm);
	return ret;
}

static int __init vdso_init(void)
{
	um_vvar.cpus = num_possible_cpus();
	return 0;
}
subsys_initcall(vdso_init);
