/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one page of code that a guest's host process has besides the guest's own:
 * mapped at UM_STUB_CODE, read and execute only.  It uses no stack, and behind
 * it lie the control page, which the guest can't write, and the signal stack
 * with struct stub_state, which it can.
 *
 * Guest code may jump to any byte of it.  Of a guest thread that is traced,
 * every system call is trapped wherever it is.  Of one that is not, the filter
 * lets two pass (seccomp_filter_host.c).
 */
#include <linux/linkage.h>
#include <uapi/linux/sched.h>
#include <uapi/asm-generic/mman-common.h>
#include <asm/page.h>
#include <asm/unistd.h>
#include <um/stub.h>

/* A mapping thread keeps in %r14 where its control page is. */
#define CONTROL(field)	STUB_CONTROL_##field(%r14)
#define STATE(field)	UM_STUB_STACK - UM_STUB_ORDERS + \
			STUB_STATE_##field(%r14)

/* From headers that have more than constants in them */
#define FUTEX_WAIT			0
#define FUTEX_WAKE			1
#define PR_SET_PDEATHSIG		1
#define SECCOMP_SET_MODE_FILTER		1
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW	4
#define SECCOMP_FILTER_FLAG_NEW_LISTENER 8
#define SECCOMP_IOCTL_NOTIF_SEND	0xc0182101
#define CLOSE_RANGE_UNSHARE		2
#define SIG_SETMASK			2
#define SIGTRAP				5
#define SIGKILL				9
#define SIGCHLD				17
#define MAP_SHARED_FIXED	(0x01 | MAP_FIXED)

/* The order at %rbx; "above or equal" if it failed. */
	.macro	carry_out
	movq	STUB_ORDER_NR(%rbx), %rax
	movq	STUB_ORDER_ARGS+0x00(%rbx), %rdi
	movq	STUB_ORDER_ARGS+0x08(%rbx), %rsi
	movq	STUB_ORDER_ARGS+0x10(%rbx), %rdx
	movq	STUB_ORDER_ARGS+0x18(%rbx), %r10
	movq	STUB_ORDER_ARGS+0x20(%rbx), %r8
	movq	STUB_ORDER_ARGS+0x28(%rbx), %r9
	syscall
	cmpq	$-4095, %rax
	.endm

/* A thread or process, by the flags in %edi, which goes on behind this. */
	.macro	clone_and_tell
	xorl	%esi, %esi
	leaq	STATE(TID), %rdx
	xorl	%r10d, %r10d
	xorl	%r8d, %r8d
	movl	$__NR_clone, %eax
	syscall
	testq	%rax, %rax
	js	mapper_failed
	jnz	mapper_tell
	.endm

	.pushsection .text.um_stub, "ax"
	.balign	PAGE_SIZE
SYM_CODE_START(um_stub)

/* ---- For a tracer ---- */

/* One system call; all registers are set by who sends the thread here. */
SYM_INNER_LABEL(um_stub_syscall, SYM_L_GLOBAL)
	syscall
	int3

/*
 * A batch: %rbx is the first order, %rbp their number, not zero.  Stops with
 * the last result in %rax, and what is left to do in %rbp.
 */
SYM_INNER_LABEL(um_stub_batch, SYM_L_GLOBAL)
	carry_out
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

/* ---- The mapping thread, which runs no guest code ---- */

/*
 * %r14 is its control page, %r15d the batch it did last.  Its word that it is done must be one that
 * guest code can't forge, so it goes by a write to the file of physical memory.
 */
SYM_INNER_LABEL(um_stub_mapper, SYM_L_GLOBAL)
	movl	CONTROL(SEQ), %eax
	cmpl	%eax, %r15d
	jne	mapper_work
	leaq	CONTROL(SEQ), %rdi
	movl	$FUTEX_WAIT, %esi
	movl	%r15d, %edx
	xorl	%r10d, %r10d
	movl	$__NR_futex, %eax
	syscall
	jmp	um_stub_mapper

mapper_work:
	movl	%eax, %r15d
	leaq	CONTROL(ORDERS), %rbx
	movl	CONTROL(COUNT), %ebp
	testl	%ebp, %ebp
	jz	mapper_then
mapper_next:
	carry_out
	jae	mapper_drop
	addq	$STUB_ORDER_SIZE, %rbx
	decl	%ebp
	jnz	mapper_next

	jmp	mapper_then

/*
 * An order failed: the host grants no more mappings.  They are a cache; to drop
 * them all needs no new ones, and stands for every order.
 */
mapper_drop:
	xorl	%edi, %edi
	movq	$UM_TASK_SIZE, %rsi
	movl	$__NR_munmap, %eax
	syscall
	testq	%rax, %rax
	jnz	stub_exit
	/* But a new thread needs those that were ordered. */
	cmpl	$STUB_THEN_MAPPER, CONTROL(THEN)
	je	mapper_failed

mapper_then:
	movl	CONTROL(THEN), %eax
	cmpl	$STUB_THEN_RESUME, %eax
	je	mapper_resume
	cmpl	$STUB_THEN_THREAD, %eax
	je	mapper_thread
	cmpl	$STUB_THEN_PROCESS, %eax
	je	mapper_process
	cmpl	$STUB_THEN_MAPPER, %eax
	je	mapper_mapper
mapper_tell:
	leaq	CONTROL(OK), %rsi
mapper_report:
	movq	CONTROL(MEMORY_FD), %rdi
	movl	$4, %edx
	movq	CONTROL(DONE_PHYS), %r10
	movl	$__NR_pwrite64, %eax
	syscall
	leaq	CONTROL(DONE), %rdi
	movl	$FUTEX_WAKE, %esi
	movl	$1, %edx
	movl	$__NR_futex, %eax
	syscall
	jmp	um_stub_mapper
mapper_failed:
	leaq	CONTROL(FAILED), %rsi
	jmp	mapper_report

/* Should it not wait for an answer any more, the kernel will notice. */
mapper_resume:
	movl	CONTROL(LISTENER), %edi
	movl	$SECCOMP_IOCTL_NOTIF_SEND, %esi
	leaq	CONTROL(ANSWER), %rdx
	movl	$__NR_ioctl, %eax
	syscall
	jmp	um_stub_mapper

/*
 * The guest thread leaves the descriptor of its listener in the table that it
 * shares with this thread, and goes on with an empty one.
 */
mapper_thread:
	movl	$(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
		  CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID), %edi
	clone_and_tell

	leaq	CONTROL(STACK), %rdi
	xorl	%esi, %esi
	movl	$__NR_sigaltstack, %eax
	syscall
	testq	%rax, %rax
	jnz	stub_exit
	movl	$SIG_SETMASK, %edi
	leaq	stub_first_signals(%rip), %rsi
	xorl	%edx, %edx
	movl	$8, %r10d
	movl	$__NR_rt_sigprocmask, %eax
	syscall
	movl	$SECCOMP_SET_MODE_FILTER, %edi
	movl	$(SECCOMP_FILTER_FLAG_SPEC_ALLOW | \
		  SECCOMP_FILTER_FLAG_NEW_LISTENER), %esi
	leaq	um_stub_filter(%rip), %rdx
	movl	$__NR_seccomp, %eax
	syscall
	movl	%eax, STATE(LISTENER)
	testq	%rax, %rax
	js	stub_exit
	xorl	%edi, %edi
	movl	$-1, %esi
	movl	$CLOSE_RANGE_UNSHARE, %edx
	movl	$__NR_close_range, %eax
	syscall
SYM_INNER_LABEL(um_stub_alone, SYM_L_GLOBAL)
	testq	%rax, %rax
	jnz	1f
	/* Its first stop: the host builds the frame that all others reuse. */
	int3
1:	ud2

/* A child of the kernel, not of this process, that dies with its parent. */
mapper_process:
	movl	$(CLONE_PARENT | CLONE_FS | CLONE_PARENT_SETTID | \
		  SIGCHLD), %edi
	clone_and_tell

	movl	$PR_SET_PDEATHSIG, %edi
	movl	$SIGKILL, %esi
	movl	$__NR_prctl, %eax
	syscall
	movl	$__NR_getppid, %eax
	syscall
	cmpq	CONTROL(PARENT), %rax
	jne	stub_exit
	movq	%r14, %rdi
	movl	$(UM_STUB_STACK - UM_STUB_ORDERS), %esi
	movl	$PROT_READ, %edx
	movl	$MAP_SHARED_FIXED, %r10d
	movq	CONTROL(MEMORY_FD), %r8
	movq	CONTROL(CHILD), %r9
	movl	$__NR_mmap, %eax
	syscall
	testq	%rax, %rax
	js	stub_exit
	xorl	%r15d, %r15d
	jmp	um_stub_mapper

/* For the guest thread of another CPU; with a table of descriptors of its own. */
mapper_mapper:
	movl	$(CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | \
		  CLONE_SYSVSEM | CLONE_PARENT_SETTID), %edi
	clone_and_tell
	movq	CONTROL(CHILD), %r14
	xorl	%r15d, %r15d
	jmp	um_stub_mapper

stub_exit:
	movl	$1, %edi
	movl	$__NR_exit_group, %eax
	syscall
	jmp	stub_exit

/* ---- The guest thread ---- */

/*
 * The handler of all its signals, with all signals blocked: %rdi is the
 * signal, %rdx the ucontext.  Makes a call that the kernel receives, of which
 * only the arguments and where it is matter, and leaves by sigreturn when that
 * has been answered.  The answer is where the control page is.  Until then it is
 * taken to be before the stack; who comes here with another stack reads what it
 * likes.
 */
SYM_INNER_LABEL(um_stub_stop, SYM_L_GLOBAL)
	movq	%rsp, %r14
	andq	$-UM_STUB_SLOT_SIZE, %r14
	rdfsbase %r10
	rdgsbase %r8
	movl	CONTROL(RUN), %r9d
	movl	$__NR_getpid, %eax
	syscall
SYM_INNER_LABEL(um_stub_stopped, SYM_L_GLOBAL)
	movq	%rax, %r14
	movq	CONTROL(FS), %rax
	wrfsbase %rax
	movq	CONTROL(GS), %rax
	wrgsbase %rax
	movq	CONTROL(FRAME), %rsp
	movl	$__NR_rt_sigreturn, %eax
	syscall
SYM_INNER_LABEL(um_stub_returned, SYM_L_GLOBAL)
	ud2

/* ---- Constants ---- */

	/*
	 * Before there is a filter nothing may have the handler run; after it, the
	 * return from the first stop opens the others.
	 */
	.balign	8
stub_first_signals:
	.quad	~(1 << (SIGTRAP - 1))

	/* Filled in at boot. */
SYM_INNER_LABEL(um_stub_filter, SYM_L_GLOBAL)
	.skip	STUB_FILTER_SIZE
SYM_CODE_END(um_stub)
	.balign	PAGE_SIZE

/* The template's own control page and signal stack. */
	.skip	UM_STUB_END - UM_STUB_ORDERS
	.popsection

	.section .note.GNU-stack, "", @progbits
