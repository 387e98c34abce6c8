/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of guest tasks, as programs and debuggers set them. */
#ifndef _UM_REGS_H
#define _UM_REGS_H

struct mm_struct;
struct task_struct;

/**
 * um_flags_get() - the flags register as the program itself has set it
 * @task: current, or a task that is stopped or switched out
 *
 * Return: the flags.  A trap flag that only a debugger's single-stepping has
 * set is not shown.
 */
unsigned long um_flags_get(struct task_struct *task);

/**
 * um_flags_set() - set the flags that a program may change
 * @task:  as for um_flags_get()
 * @value: the flags; all other bits of it are ignored
 */
void um_flags_set(struct task_struct *task, unsigned long value);

/**
 * um_arch_prctl() - ARCH_SET_FS and the like, arch_prctl(2)
 * @task:   as for um_flags_get()
 * @option: ARCH_SET_FS, ARCH_SET_GS, ARCH_GET_FS or ARCH_GET_GS
 * @arg:    the address, or where current wants it stored
 *
 * Return: 0, -EPERM for an address outside the address space, -EFAULT, or
 * -EINVAL for any other option.
 */
long um_arch_prctl(struct task_struct *task, int option, unsigned long arg);

/**
 * um_regs_complete() - get those of current's registers that are not here yet
 *
 * Before anybody but a system call looks at them: a signal's frame, a debugger.
 *
 * Context: process context.
 */
void um_regs_complete(void);

/**
 * um_regs_before_run() - the same, if it was another CPU's guest thread that ran
 *
 * Context: from the entry code, interrupts disabled.
 */
void um_regs_before_run(void);

/** um_regs_forget() - @task leaves @mm: nobody will look at its registers */
void um_regs_forget(struct task_struct *task, struct mm_struct *mm);

#endif /* _UM_REGS_H */
