/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_ENTRY_COMMON_H
#define _ASM_UM_ENTRY_COMMON_H

#include <linux/sched.h>

static inline bool on_thread_stack(void)
{
	return !(((unsigned long)current->stack ^ current_stack_pointer) &
		 ~(THREAD_SIZE - 1));
}

#endif /* _ASM_UM_ENTRY_COMMON_H */
