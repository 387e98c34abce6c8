/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/linkage.h>

	.text
/*
 * um_switch_stack(prev, &prev->thread.sp, next->thread.sp) - change stacks
 *
 * Comes back on the stack of next, with prev, the task it was called by there.
 * A new task's stack is laid out by copy_thread() as if it had called this.
 */
SYM_FUNC_START(um_switch_stack)
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rsi)
	movq	%rdx, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rdi, %rax
	RET
SYM_FUNC_END(um_switch_stack)

/*
 * The first thing a new task does; copy_thread() put its function in %rbx.
 * Nobody called it, which a debugger is told.
 */
	.cfi_sections .debug_frame
SYM_CODE_START(um_ret_from_fork)
	.cfi_startproc
	.cfi_undefined rip
	movq	%rax, %rdi
	movq	%rbx, %rsi
	movq	%r12, %rdx
	xorl	%ebp, %ebp
	call	um_task_start
	ud2
	.cfi_endproc
SYM_CODE_END(um_ret_from_fork)

	.section .note.GNU-stack, "", @progbits
