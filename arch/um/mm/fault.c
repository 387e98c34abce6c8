// SPDX-License-Identifier: GPL-2.0-only
/* Page faults of guest code, and of the kernel's access to guest memory. */
#include <linux/entry-common.h>
#include <linux/mm.h>
#include <linux/perf_event.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <asm/trap_pf.h>
#include <asm/trapnr.h>
#include <um/mm.h>
#include <um/trap.h>
#include "access.h"
#include "ahead.h"
#include "fault.h"
#include "fork.h"
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

bool um_fault_access_ok(struct vm_area_struct *vma, unsigned int flags)
{
	if (flags & FAULT_FLAG_INSTRUCTION)
		return vma->vm_flags & VM_EXEC;
	if (flags & FAULT_FLAG_WRITE)
		return vma->vm_flags & VM_WRITE;
	/* As on the hardware, what can be written or run can be read. */
	return vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
}

bool um_fault_is_private(struct vm_area_struct *vma, unsigned long addr)
{
	pte_t pte;

	if (vma_is_anonymous(vma))
		return true;
	pte = walk_page_anywhere(vma->vm_mm, addr);
	return (pte_val(pte) & _PAGE_PRESENT) && !pte_special(pte) &&
	       PageAnon(pte_page(pte));
}

/* The kernel's own access goes on unless the task is to die. */
static bool fault_given_up(vm_fault_t fault, unsigned int flags,
			   struct pt_regs *regs)
{
	if (flags & FAULT_FLAG_USER)
		return fault_signal_pending(fault, regs);
	return (fault & VM_FAULT_RETRY) && fatal_signal_pending(current);
}

static struct fault_result fault_handle(struct mm_struct *mm,
					unsigned long addr, unsigned int flags,
					struct pt_regs *regs)
{
	struct fault_result result = { 0 };
	struct vm_area_struct *vma;

	if (regs)
		perf_sw_event(PERF_COUNT_SW_PAGE_FAULTS, 1, regs, addr);
retry:
	vma = lock_mm_and_find_vma(mm, addr, regs);
	if (!vma) {
		result.code = SEGV_MAPERR;
		return result;
	}
	if (!um_fault_access_ok(vma, flags)) {
		mmap_read_unlock(mm);
		result.code = SEGV_ACCERR;
		return result;
	}
	result.fault = handle_mm_fault(vma, addr & PAGE_MASK, flags, regs);
	if (fault_given_up(result.fault, flags, regs) ||
	    (result.fault & VM_FAULT_COMPLETED))
		return result;
	if (result.fault & VM_FAULT_RETRY) {
		flags |= FAULT_FLAG_TRIED;
		goto retry;
	}
	if ((flags & FAULT_FLAG_USER) && !(result.fault & VM_FAULT_ERROR))
		um_fault_ahead(vma, addr, flags);
	mmap_read_unlock(mm);
	return result;
}

int um_fault_in(unsigned long addr, bool write)
{
	unsigned int flags = (FAULT_FLAG_DEFAULT & ~FAULT_FLAG_INTERRUPTIBLE) |
			     (write ? FAULT_FLAG_WRITE : 0);
	struct mm_struct *mm = current->mm;
	struct fault_result result;
	struct pt_regs *regs = NULL;

	if (!mm || faulthandler_disabled() || addr >= TASK_SIZE)
		return -EFAULT;
	/*
	 * The guest's registers, not the kernel's: this is an access on behalf
	 * of the guest, which may grow its stack.  A worker has none.
	 */
	if (!(current->flags & (PF_KTHREAD | PF_USER_WORKER)))
		regs = current_pt_regs();
	result = fault_handle(mm, addr, flags, regs);
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
	pte_t pte = walk_page_anywhere(mm, addr);

	*present = pte_val(pte) & _PAGE_PRESENT;
	return walk_grants(pte, flags & FAULT_FLAG_WRITE,
			   flags & FAULT_FLAG_INSTRUCTION);
}

/* An instruction is at most 15 bytes and may reach into the next page. */
static bool fault_is_fetch(struct pt_regs *regs, unsigned long addr)
{
	return addr - regs->ip < 15;
}

/* The instruction is read as the CPU has fetched it: without faults. */
static enum um_access fault_decode(struct mm_struct *mm, unsigned long ip)
{
	unsigned int size = min(15UL, PAGE_SIZE - offset_in_page(ip));
	pte_t pte;

	if (ip >= TASK_SIZE)
		return UM_ACCESS_UNKNOWN;
	pte = walk_page(mm, ip);
	if (!(pte_val(pte) & _PAGE_PRESENT))
		return UM_ACCESS_UNKNOWN;
	return um_insn_access(__va(PFN_PHYS(pte_pfn(pte))) + offset_in_page(ip),
			      size);
}

bool um_fault_guess(struct mm_struct *mm, struct pt_regs *regs,
		    struct trap_event *event)
{
	unsigned long addr = event->address;
	pte_t pte;

	if (addr >= TASK_SIZE || fault_is_fetch(regs, addr))
		return false;
	pte = walk_page(mm, addr);
	event->error_code = X86_PF_USER;
	/* What the host has mapped can be read, and it was not a fetch. */
	if ((pte_val(pte) & _PAGE_PRESENT) && event->code == SEGV_ACCERR) {
		event->error_code |= X86_PF_WRITE;
	} else {
		switch (fault_decode(mm, regs->ip)) {
		case UM_ACCESS_WRITE:
			event->error_code |= X86_PF_WRITE;
			break;
		case UM_ACCESS_READ:
			break;
		default:
			return false;
		}
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
	/* The host's protection keys, which this kernel does not hand out. */
	if (event->error_code & X86_PF_PK) {
		result.code = SEGV_ACCERR;
		fault_failed(&result, regs, event);
		return;
	}
	if (fault_is_refill(mm, addr, flags, &present)) {
		um_fork_learn(mm, addr, flags & FAULT_FLAG_WRITE);
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
	else
		um_fork_learn(mm, addr, flags & FAULT_FLAG_WRITE);
}
