/* SPDX-License-Identifier: GPL-2.0-only */
/* From one file of arch/um/kernel to another. */
#ifndef _UM_ENTRY_H
#define _UM_ENTRY_H

#include <linux/types.h>

struct pt_regs;
struct task_struct;

/**
 * um_guest_loop() - run the guest code of current for good
 *
 * Context: interrupts disabled, exit work done (syscall_exit_to_user_mode()).
 */
void um_guest_loop(void) __noreturn;

/** um_syscall() - one system call of guest code; interrupts disabled */
void um_syscall(struct pt_regs *regs);

/**
 * um_irq_run() - handle the interrupts that are pending on this CPU
 * @regs: what was interrupted
 *
 * Context: interrupts disabled, as after an interrupt of the hardware.
 */
void um_irq_run(struct pt_regs *regs);

void um_time_init(void);
void um_timer_interrupt(void);
void um_time_setup_cpu(void);
void um_ipi_interrupt(void);
/** um_cpu_disturb() - have another CPU leave guest code for a moment */
void um_cpu_disturb(unsigned int cpu);

/**
 * um_progress() - something was done that another CPU may be in cpu_relax() for
 *
 * It sees that sooner or later without this, too.  @um_waiters: how many sleep.
 */
void um_progress(void);
extern atomic_t um_waiters;

void um_cpu_setup(void);
void um_cpu_identify(void);
void um_debug_trap(struct pt_regs *regs, int code);

/* Between kernel/process.c and kernel/switch.S */
struct task_struct *um_switch_stack(struct task_struct *prev,
				    unsigned long *prev_sp,
				    unsigned long next_sp);
void um_ret_from_fork(void);
void um_task_start(struct task_struct *prev, int (*function)(void *),
		   void *arg) __noreturn;

#endif /* _UM_ENTRY_H */
