/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_THREAD_INFO_H
#define _ASM_UM_THREAD_INFO_H

/* A frame of the host with AVX-512 state is 3.5 kB, and two may be nested. */
#define THREAD_SIZE_ORDER	3
#define THREAD_SIZE		(PAGE_SIZE << THREAD_SIZE_ORDER)

#include <linux/bits.h>

#ifndef __ASSEMBLY__

#include <asm/page.h>
#include <asm/processor.h>

/**
 * struct thread_info - what the entry code needs of a task at once
 * @flags:		TIF_*
 * @syscall_work:	SYSCALL_WORK_* of the generic entry code
 * @cpu:		the virtual CPU the task is on
 * @preempt_count:	0: preemptible
 */
struct thread_info {
	unsigned long	flags;
	unsigned long	syscall_work;
	u32		cpu;
	int		preempt_count;
};

#define INIT_THREAD_INFO(tsk)				\
{							\
	.preempt_count	= INIT_PREEMPT_COUNT,		\
}

#endif /* !__ASSEMBLY__ */

#define TIF_NOTIFY_RESUME	1
#define TIF_SIGPENDING		2
#define TIF_NEED_RESCHED	3
#define TIF_SINGLESTEP		4
#define TIF_NOTIFY_SIGNAL	5
#define TIF_RESTORE_SIGMASK	6
#define TIF_MEMDIE		7
#define TIF_FORCED_TF		8	/* the trap flag is a debugger's */

#define _TIF_NOTIFY_RESUME	BIT(TIF_NOTIFY_RESUME)
#define _TIF_SIGPENDING		BIT(TIF_SIGPENDING)
#define _TIF_NEED_RESCHED	BIT(TIF_NEED_RESCHED)
#define _TIF_SINGLESTEP		BIT(TIF_SINGLESTEP)
#define _TIF_NOTIFY_SIGNAL	BIT(TIF_NOTIFY_SIGNAL)

#endif /* _ASM_UM_THREAD_INFO_H */
