/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_THREAD_INFO_H
#define _ASM_UM_THREAD_INFO_H

#define THREAD_SIZE_ORDER	2
#define THREAD_SIZE		(PAGE_SIZE << THREAD_SIZE_ORDER)

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

#define _TIF_NOTIFY_RESUME	(1 << TIF_NOTIFY_RESUME)
#define _TIF_SIGPENDING		(1 << TIF_SIGPENDING)
#define _TIF_NEED_RESCHED	(1 << TIF_NEED_RESCHED)
#define _TIF_SINGLESTEP		(1 << TIF_SINGLESTEP)
#define _TIF_NOTIFY_SIGNAL	(1 << TIF_NOTIFY_SIGNAL)

#endif /* _ASM_UM_THREAD_INFO_H */
