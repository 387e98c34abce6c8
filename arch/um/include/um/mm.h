/* SPDX-License-Identifier: GPL-2.0-only */
/* Page tables and host mappings, between files of the port. */
#ifndef _UM_MM_H
#define _UM_MM_H

#include <linux/mm_types.h>
#include <linux/percpu.h>

struct pt_regs;
struct trap_event;

/** um_backing_init() - get ready for the core's first allocation of a page */
void um_backing_init(void);

/** um_backing_released() - the host has the pages of this memory again */
void um_backing_released(phys_addr_t phys, unsigned long size);

/**
 * um_mm_sync() - bring the host mappings up to the page table
 * @mm: an address space
 *
 * Context: trap_ops.has_thread().
 * Return: 0 or a negative errno: the guest can't go on.
 */
int um_mm_sync(struct mm_struct *mm);

/**
 * um_mm_enter() - guest code of an address space is about to run on this CPU
 * @mm: it
 *
 * Brings the host mappings up to the page table.  From here to um_mm_leave() a
 * flush by another CPU waits until it has taken effect for this one.
 *
 * Context: interrupts disabled, trap_ops.has_thread().
 * Return: 0, or a negative errno: the guest can't go on.
 */
int um_mm_enter(struct mm_struct *mm);

/** um_mm_leave() - guest code has stopped */
void um_mm_leave(void);

/*
 * The kernel's own use of a page that it has found in a guest's page table:
 * odd while there is one.  See uaccess.c.
 */
DECLARE_PER_CPU(unsigned int, um_uaccess_seq);

/** um_uaccess_forget() - this task ends in a fault, in the middle of such a use
 * Context: the CPU on which it faulted, interrupts disabled.
 */
void um_uaccess_forget(void);

/** um_map_later() - queue a change of host mappings for the next sync */
void um_map_later(struct mm_struct *mm, unsigned long start, unsigned long end,
		  enum um_change change);

/**
 * um_fault_around() - offer a fault's neighbours to the next sync
 * @mm:   current->mm
 * @addr: an address of the page that was faulted in
 */
void um_fault_around(struct mm_struct *mm, unsigned long addr);

/**
 * um_fault_guess() - find out what access an inexact fault was
 * @mm:    current->mm
 * @regs:  the guest's
 * @event: the fault; its error_code is set if that succeeds
 *
 * The kernel's page table and the host's mapping together often tell, or the
 * instruction does.  Should another thread have changed that meanwhile, the
 * access faults again, or a page is written to that needn't be.
 *
 * Context: interrupts disabled.
 * Return: true if error_code can be used.
 */
bool um_fault_guess(struct mm_struct *mm, struct pt_regs *regs,
		    struct trap_event *event);

/** um_user_fault() - a page fault of guest code; interrupts enabled, sleeps */
void um_user_fault(struct pt_regs *regs, struct trap_event *event);

/**
 * um_kernel_map_fault() - fill in a lost host mapping of the vmalloc area
 * Return: true if the access can be tried again.
 */
bool um_kernel_map_fault(unsigned long addr);

#endif /* _UM_MM_H */
