/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_STACKTRACE_H
#define _ASM_UM_STACKTRACE_H

#include <linux/types.h>

/*
 * Called functions begin with "push %rbp; mov %rsp, %rbp", so the frame
 * pointer leads from one such pair to the next.
 */
struct stack_frame {
	struct stack_frame	*next_frame;
	unsigned long		return_address;
};

#endif /* _ASM_UM_STACKTRACE_H */
