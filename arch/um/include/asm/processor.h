/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_PROCESSOR_H
#define _ASM_UM_PROCESSOR_H

#include <linux/cache.h>
#include <linux/types.h>
#include <asm/cpufeatures.h>
#include <asm/layout.h>
#include <asm/vdso/processor.h>

struct task_struct;
struct pt_regs;

/**
 * struct um_fpu - the floating point and vector state of a guest task
 * @area:	the state in the standard (not compacted) XSAVE format, of
 *		um_xstate_size bytes; NULL for a kernel thread that never ran
 *		guest code
 * @live:	the guest thread that runs this task holds newer state than @area
 * @reload:	@area is newer than what any guest thread holds
 * @cpu:	the virtual CPU whose guest thread had the state last
 */
struct um_fpu {
	void	*area;
	bool	live;
	bool	reload;
	unsigned int cpu;
};

/**
 * struct thread_struct - the architecture's part of a task
 * @sp:		the kernel stack pointer while switched out
 * @fpu:	floating point state
 * @regs_away:	the number and 1 of the virtual CPU whose guest thread has those
 *		registers that are not in pt_regs; 0: all are there
 * @offering:	what is put into the page table now, nobody has asked for yet
 * @fault:	the last fault of guest code, for signal frames
 */
struct thread_struct {
	unsigned long	sp;
	struct um_fpu	fpu;
	unsigned int	regs_away;
	bool		offering;
	struct {
		unsigned long	address;
		unsigned long	error_code;
		unsigned long	trap_nr;
	} fault;
};

extern union thread_union init_thread_union;
#define INIT_THREAD { .sp = (unsigned long)&init_thread_union + THREAD_SIZE }

#define TASK_SIZE	_AC(UM_TASK_SIZE, UL)
#define TASK_SIZE_MAX	TASK_SIZE
#define STACK_TOP	TASK_SIZE
#define STACK_TOP_MAX	TASK_SIZE
#define TASK_UNMAPPED_BASE	PAGE_ALIGN(TASK_SIZE / 3)

#define task_pt_regs(task) \
	((struct pt_regs *)((unsigned long)task_stack_page(task) + \
			    THREAD_SIZE - 16) - 1)
#define KSTK_EIP(task)	(task_pt_regs(task)->ip)
#define KSTK_ESP(task)	(task_pt_regs(task)->sp)

void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp);
unsigned long __get_wchan(struct task_struct *task);

extern const struct seq_operations cpuinfo_op;	/* /proc/cpuinfo */

static inline void prefetch(const void *x)
{
	__builtin_prefetch(x);
}

static inline void prefetchw(const void *x)
{
	__builtin_prefetch(x, 1);
}

/* What headers of x86 ask for; all CPUs have it that glibc runs on. */
#define boot_cpu_has(feature)	((feature) == X86_FEATURE_CX16)

#define ARCH_HAS_PREFETCH
#define ARCH_HAS_PREFETCHW

#endif /* _ASM_UM_PROCESSOR_H */
