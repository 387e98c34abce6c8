// SPDX-License-Identifier: GPL-2.0-only
/* Page faults of guest code, and of the kernel's access to guest memory. */
#include <linux/entry-common.h>
#include <linux/mm.h>
#include <linux/perf_event.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd_k.h>
#include <asm/trap_pf.h>
#include <asm/trapnr.h>
#include <um/mm.h>
#include <um/trap.h>
#include "fault.h"
#include "walk.h"

/**
 * struct fault_result - how a fault ended
 * @fault:	VM_FAULT_* of the core, 0 if it never came to that
 * @code:	for a bad access: SEGV_MAPERR or SEGV_ACCERR, else 0
 */
struct fault_result {
	vm_fault_t	fault;
	int		code;
};

static bool fault_access_ok(struct vm_area_struct *vma, unsigned int flags)
{
	if (flags & FAULT_FLAG_INSTRUCTION)
		return vma->vm_flags & VM_EXEC;
	if (flags & FAULT_FLAG_WRITE)
		return vma->vm_flags & VM_WRITE;
	/* As on the hardware, what can be written or run can be read. */
	return vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
}

static struct fault_result fault_handle(struct mm_struct *mm,
					unsigned long addr, unsigned int flags,
					struct pt_regs *regs)
{
	struct fault_result result = { 0 };
	struct vm_area_struct *vma;

	perf_sw_event(PERF_COUNT_SW_PAGE_FAULTS, 1, regs, addr);
retry:
	vma = lock_mm_and_find_vma(mm, addr, regs);
	if (!vma) {
		result.code = SEGV_MAPERR;
		return result;
	}
	if (!fault_access_ok(vma, flags)) {
		mmap_read_unlock(mm);
		result.code = SEGV_ACCERR;
		return result;
	}
	result.fault = handle_mm_fault(vma, addr & PAGE_MASK, flags, regs);
	if (fault_signal_pending(result.fault, regs) ||
	    (result.fault & VM_FAULT_COMPLETED))
		return result;
	if (result.fault & VM_FAULT_RETRY) {
		flags |= FAULT_FLAG_TRIED;
		goto retry;
	}
	mmap_read_unlock(mm);
	return result;
}

int um_fault_in(unsigned long addr, bool write)
{
	unsigned int flags = FAULT_FLAG_DEFAULT | (write ? FAULT_FLAG_WRITE : 0);
	struct mm_struct *mm = current->mm;
	struct fault_result result;

	if (!mm || faulthandler_disabled() || addr >= TASK_SIZE)
		return -EFAULT;
	/*
	 * The guest's registers, not the kernel's: this is an access on behalf
	 * of the guest, which may grow its stack.
	 */
	result = fault_handle(mm, addr, flags, current_pt_regs());
	if (result.code || (result.fault & VM_FAULT_ERROR) ||
	    (result.fault & VM_FAULT_RETRY))
		return -EFAULT;
	return 0;
}

/*
 * Does the page table grant the access already?  Then the host mapping was
 * lost, or never made.
 */
static bool fault_is_refill(struct mm_struct *mm, unsigned long addr,
			    unsigned int flags, bool *present)
{
	unsigned long next;
	pte_t *ptep, pte;
	bool ok;

	local_irq_disable();
	ptep = walk_pte(mm, addr, &next);
	pte = ptep ? ptep_get(ptep) : __pte(0);
	local_irq_enable();

	*present = pte_val(pte) & _PAGE_PRESENT;
	ok = *present && pte_young(pte);
	if (flags & FAULT_FLAG_WRITE)
		ok = ok && pte_write(pte) && pte_dirty(pte);
	if (flags & FAULT_FLAG_INSTRUCTION)
		ok = ok && pte_exec(pte);
	return ok;
}

/* An instruction is at most 15 bytes and may reach into the next page. */
static bool fault_is_fetch(struct pt_regs *regs, unsigned long addr)
{
	return addr - regs->ip < 15;
}

static bool fault_in_fresh_memory(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool fresh;

	if (!mmap_read_trylock(mm))
		return false;
	vma = find_vma(mm, addr);
	fresh = vma && vma->vm_start <= addr && vma_is_anonymous(vma) &&
		(vma->vm_flags & VM_WRITE) && !userfaultfd_armed(vma);
	mmap_read_unlock(mm);
	return fresh;
}

bool um_fault_guess(struct mm_struct *mm, struct pt_regs *regs,
		    struct trap_event *event)
{
	unsigned long addr = event->address, next;
	pte_t *ptep, pte;

	if (addr >= TASK_SIZE || fault_is_fetch(regs, addr))
		return false;
	ptep = walk_pte(mm, addr, &next);
	pte = ptep ? ptep_get(ptep) : __pte(0);
	event->error_code = X86_PF_USER;
	if (pte_val(pte) & _PAGE_PRESENT) {
		/* What is mapped can be read; it was not a fetch. */
		if (event->code == SEGV_ACCERR)
			event->error_code |= X86_PF_WRITE;
		else if (!pte_young(pte))
			return false;
	} else if (pte_none(pte) && event->code == SEGV_MAPERR &&
		   fault_in_fresh_memory(mm, addr)) {
		event->error_code |= X86_PF_WRITE;
	} else {
		return false;
	}
	event->inexact = false;
	return true;
}

static void fault_signal(int signo, int code, struct trap_event *event)
{
	current->thread.fault.address = event->address;
	current->thread.fault.error_code = event->error_code;
	current->thread.fault.trap_nr = X86_TRAP_PF;
	force_sig_fault(signo, code, (void __user *)event->address);
}

static void fault_failed(struct fault_result *result, struct pt_regs *regs,
			 struct trap_event *event)
{
	if (result->code)
		fault_signal(SIGSEGV, result->code, event);
	else if (result->fault & VM_FAULT_OOM)
		pagefault_out_of_memory();
	else if (result->fault & (VM_FAULT_SIGBUS | VM_FAULT_HWPOISON |
				  VM_FAULT_HWPOISON_LARGE))
		fault_signal(SIGBUS, BUS_ADRERR, event);
	else if (result->fault & VM_FAULT_SIGSEGV)
		fault_signal(SIGSEGV, SEGV_MAPERR, event);
}

void um_user_fault(struct pt_regs *regs, struct trap_event *event)
{
	unsigned long addr = event->address;
	unsigned int flags = FAULT_FLAG_DEFAULT | FAULT_FLAG_USER;
	struct mm_struct *mm = current->mm;
	struct fault_result result = { .code = SEGV_MAPERR };
	bool present;

	if (event->error_code & X86_PF_WRITE)
		flags |= FAULT_FLAG_WRITE;
	if (event->error_code & X86_PF_INSTR)
		flags |= FAULT_FLAG_INSTRUCTION;
	if (addr >= TASK_SIZE) {
		event->error_code |= X86_PF_PROT;
		fault_failed(&result, regs, event);
		return;
	}
	if (fault_is_refill(mm, addr, flags, &present)) {
		um_fault_around(mm, addr);
		return;
	}
	/* The host's idea of what is present is not the guest's. */
	event->error_code &= ~X86_PF_PROT;
	if (present)
		event->error_code |= X86_PF_PROT;
	result = fault_handle(mm, addr, flags, regs);
	if (result.code || (result.fault & VM_FAULT_ERROR))
		fault_failed(&result, regs, event);
}
