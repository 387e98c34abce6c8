/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the host starts the process (psABI 3.4.1): the stack pointer points at
 * the argument count, followed by arguments, environment and auxiliary vector.
 */
#include <linux/linkage.h>

	.text
	.cfi_sections .debug_frame
SYM_CODE_START(_start)
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	host_main
	ud2
	.cfi_endproc
SYM_CODE_END(_start)
	/*
	 * To step one thread while others run, gdb copies instructions to the
	 * entry point: nothing that is still needed may be near it.
	 */
	.skip	64

/* The end of a signal handler: SA_RESTORER of host/signal.c. */
SYM_CODE_START(host_sigreturn)
	movl	$15, %eax		/* rt_sigreturn */
	syscall
	ud2
SYM_CODE_END(host_sigreturn)

/* host_run_on(stack, function): never returns */
SYM_CODE_START(host_run_on)
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	movq	%rdi, %rsp
	call	*%rsi
	ud2
	.cfi_endproc
SYM_CODE_END(host_run_on)

/*
 * long host_breakable_call(const volatile bool *broken, nr, a, b, c), see
 * host_internal.h.  host/signal.c has a handler that interrupts it before its
 * system call, or in it, return behind it.
 */
SYM_FUNC_START(host_breakable_call)
	.cfi_startproc
	movq	%rdi, %r9
	movq	%rsi, %rax
	movq	%rdx, %rdi
	movq	%rcx, %rsi
	movq	%r8, %rdx
SYM_INNER_LABEL(host_breakable_start, SYM_L_GLOBAL)
	cmpb	$0, (%r9)
	jne	host_breakable_broken
	syscall
SYM_INNER_LABEL(host_breakable_end, SYM_L_GLOBAL)
	ret
SYM_INNER_LABEL(host_breakable_broken, SYM_L_GLOBAL)
	movq	$-4, %rax		/* -EINTR */
	ret
	.cfi_endproc
SYM_FUNC_END(host_breakable_call)

/*
 * host_clone(flags, stack, function, arg): the new thread's id or a negative
 * errno; the new thread calls the function and never returns.
 */
SYM_FUNC_START(host_clone)
	subq	$16, %rsi
	movq	%rdx, (%rsi)
	movq	%rcx, 8(%rsi)
	xorl	%edx, %edx
	xorl	%r10d, %r10d
	xorl	%r8d, %r8d
	movl	$56, %eax		/* clone */
	syscall
	testq	%rax, %rax
	jz	1f
	RET
1:	xorl	%ebp, %ebp
	popq	%rax
	popq	%rdi
	call	*%rax
	ud2
SYM_FUNC_END(host_clone)

	.section .note.GNU-stack, "", @progbits
