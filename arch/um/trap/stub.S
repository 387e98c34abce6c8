/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one page of code that a guest's host process has besides the guest's own:
 * mapped at UM_STUB_CODE, read and execute only.  It uses no stack and no data
 * but the page of orders, which the guest can't write.
 *
 * Guest code may jump to any byte of it.  What it then reaches are system call
 * instructions, and those of a guest thread are trapped wherever they are.
 */
#include <linux/linkage.h>
#include <asm/page.h>
#include <um/stub.h>

	.pushsection .text.um_stub, "ax"
	.balign	PAGE_SIZE
SYM_CODE_START(um_stub)

/* One system call; all registers are set by who sends the thread here. */
SYM_INNER_LABEL(um_stub_syscall, SYM_L_GLOBAL)
	syscall
	int3

/*
 * A batch: %rbx is the first order, %rbp their number, not zero.  Stops with
 * the last result in %rax, and what is left to do in %rbp.
 */
SYM_INNER_LABEL(um_stub_batch, SYM_L_GLOBAL)
	movq	STUB_ORDER_NR(%rbx), %rax
	movq	STUB_ORDER_ARGS+0x00(%rbx), %rdi
	movq	STUB_ORDER_ARGS+0x08(%rbx), %rsi
	movq	STUB_ORDER_ARGS+0x10(%rbx), %rdx
	movq	STUB_ORDER_ARGS+0x18(%rbx), %r10
	movq	STUB_ORDER_ARGS+0x20(%rbx), %r8
	movq	STUB_ORDER_ARGS+0x28(%rbx), %r9
	syscall
	cmpq	$-4095, %rax
	jae	1f
	addq	$STUB_ORDER_SIZE, %rbx
	decq	%rbp
	jnz	um_stub_batch
1:	int3

/*
 * The handler of the signals that are exceptions of the CPU: the frame that
 * the host has built says what happened.
 */
SYM_INNER_LABEL(um_stub_fault, SYM_L_GLOBAL)
	int3
	ud2
SYM_CODE_END(um_stub)
	.balign	PAGE_SIZE
	.popsection

	.section .note.GNU-stack, "", @progbits
