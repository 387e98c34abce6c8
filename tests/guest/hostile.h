/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jumping where no compiler would: any address, with any registers.
 *
 * hostile_enter() leaves C with the registers in hostile_set. Whatever signal
 * that ends in, SIGALRM after HOSTILE_PATIENCE_US too, brings it back to its
 * caller, with the segment base of the thread as it was.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <asm/prctl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include "tap.h"

#define PAGE 4096UL
/* Where a port with a stub in the guest's address space has it, if any. */
#define STUB 0x7fffffff3000UL
#define CONTROL (STUB + PAGE)
#define STACK (STUB + 2 * PAGE)
#define STACK_END (STUB + 5 * PAGE)
/* What is where in CONTROL. */
#define CONTROL_DONE (CONTROL + 0x04)
#define CONTROL_DONE_PHYS (CONTROL + 0x18)
#define CONTROL_FD (CONTROL + 0x20)
#define CONTROL_FRAME (CONTROL + 0x28)
#define CONTROL_PARENT (CONTROL + 0x48)
#define CONTROL_RUN (CONTROL + 0x6c)

#define HOSTILE_PATIENCE_US 1000
/* %cs and %ss of a program, as a signal frame has them. */
#define HOSTILE_SELECTORS (0x33 | 0x2bL << 48)
#define FLAG_TF 0x100UL
#define FLAG_IF 0x200UL

struct hostile_regs {
	unsigned long r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	unsigned long rax, rcx, rdx, rsi, rdi, rip, flags, rsp;
};

extern struct hostile_regs hostile_set;
extern volatile int hostile_inside, hostile_landed;
extern unsigned long hostile_stack;
extern void hostile_enter(void);
extern char hostile_back[], hostile_landing[], hostile_read[], hostile_write[], hostile_syscall[], hostile_call[],
	hostile_spin[], hostile_spin_call[], hostile_break[];

struct hostile_regs hostile_set;
volatile int hostile_inside, hostile_landed;
unsigned long hostile_stack;

/* The offsets are those of struct hostile_regs. */
asm(".pushsection .text\n"
    ".globl hostile_enter\n"
    "hostile_enter:\n"
    "	pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
    "	movq %rsp, hostile_stack(%rip)\n"
    "	movl $1, hostile_inside(%rip)\n"
    "	pushq hostile_set+128(%rip)\n"
    "	movq hostile_set+0(%rip), %r15\n"
    "	movq hostile_set+8(%rip), %r14\n"
    "	movq hostile_set+16(%rip), %r13\n"
    "	movq hostile_set+24(%rip), %r12\n"
    "	movq hostile_set+32(%rip), %rbp\n"
    "	movq hostile_set+40(%rip), %rbx\n"
    "	movq hostile_set+48(%rip), %r11\n"
    "	movq hostile_set+56(%rip), %r10\n"
    "	movq hostile_set+64(%rip), %r9\n"
    "	movq hostile_set+72(%rip), %r8\n"
    "	movq hostile_set+80(%rip), %rax\n"
    "	movq hostile_set+88(%rip), %rcx\n"
    "	movq hostile_set+96(%rip), %rdx\n"
    "	movq hostile_set+104(%rip), %rsi\n"
    "	movq hostile_set+112(%rip), %rdi\n"
    "	popfq\n"
    "	movq hostile_set+136(%rip), %rsp\n"
    "	jmp *hostile_set+120(%rip)\n"
    "hostile_read:\n"
    "	movq (%rdi), %rax\n"
    "	movq %rax, hostile_set+80(%rip)\n"
    "	jmp hostile_landing\n"
    "hostile_write:\n"
    "	movl %esi, (%rdi)\n"
    "hostile_landing:\n"
    "	movl $1, hostile_landed(%rip)\n"
    ".globl hostile_back\n"
    "hostile_back:\n"
    "	movl $0, hostile_inside(%rip)\n"
    "	movq hostile_stack(%rip), %rsp\n"
    "	popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
    "	ret\n"
    "hostile_call:\n"
    "	syscall\n"
    "	jmp hostile_landing\n"
    "hostile_syscall:\n"
    "	syscall\n"
    "hostile_break:\n"
    "	int3\n"
    "hostile_spin:\n"
    "	jmp hostile_spin\n"
    /* %ebx says which. */
    "hostile_spin_call:\n"
    "	movl %ebx, %eax\n"
    "	syscall\n"
    "	jmp hostile_spin_call\n"
    ".popsection");

static unsigned long hostile_fs;
static volatile int hostile_steps;
static char hostile_altstack[65536] __attribute__((aligned(64)));
/* Registers point here where they must point to memory. */
static char hostile_memory[16 * 4096] __attribute__((aligned(4096)));

/* No thread-local storage here: the segment base may be anything. */
static inline long hostile_raw(long nr, long a, long b)
{
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b)
		     : "rcx", "r11", "memory");
	return ret;
}

__attribute__((optimize("no-stack-protector"))) static void
hostile_handler(int sig, siginfo_t *si, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)si;
	hostile_raw(SYS_arch_prctl, ARCH_SET_FS, hostile_fs);
	if (!hostile_inside) {
		if (sig != SIGALRM)
			signal(sig, SIG_DFL);
		return;
	}
	if (sig == SIGTRAP && (regs[REG_EFL] & FLAG_TF) && hostile_steps > 0) {
		hostile_steps--;
		return;
	}
	regs[REG_RIP] = (greg_t)hostile_back;
	regs[REG_EFL] = FLAG_IF;
	regs[REG_CSGSFS] = HOSTILE_SELECTORS;
}

static void hostile_catch(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL,
				       SIGTRAP, SIGSYS, SIGALRM };
	stack_t stack = { .ss_sp = hostile_altstack,
			  .ss_size = sizeof(hostile_altstack) };
	struct sigaction sa = { .sa_sigaction = hostile_handler,
				.sa_flags = SA_SIGINFO | SA_ONSTACK };

	hostile_raw(SYS_arch_prctl, ARCH_GET_FS, (long)&hostile_fs);
	REQUIRE(!sigaltstack(&stack, NULL));
	sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		REQUIRE(!sigaction(signals[i], &sa, NULL));
}

/* The registers of a jump that means no harm. */
static void hostile_plain(unsigned long rip)
{
	memset(&hostile_set, 0, sizeof(hostile_set));
	hostile_set.flags = FLAG_IF;
	hostile_set.rsp = (unsigned long)hostile_memory + 8 * PAGE;
	hostile_set.rip = rip;
	hostile_landed = 0;
}

/* Read or write as a program does; false if that raised a signal. */
static bool hostile_peek(unsigned long address, unsigned long *value)
{
	hostile_plain((unsigned long)hostile_read);
	hostile_set.rdi = address;
	hostile_enter();
	if (value)
		*value = hostile_landed ? hostile_set.rax : 0;
	return hostile_landed;
}

TAP_USED_OR_NOT static bool hostile_poke(unsigned long address, unsigned int value)
{
	hostile_plain((unsigned long)hostile_write);
	hostile_set.rdi = address;
	hostile_set.rsi = value;
	hostile_enter();
	return hostile_landed;
}

/* A jump that may not come back by itself. */
TAP_USED_OR_NOT static void hostile_enter_timed(void)
{
	struct itimerval timer = { .it_value.tv_usec = HOSTILE_PATIENCE_US };

	setitimer(ITIMER_REAL, &timer, NULL);
	hostile_enter();
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A process to play with: its status, or -1 if it had to be killed. */
TAP_USED_OR_NOT static int hostile_reap(pid_t pid, unsigned int ms)
{
	long end = now_ms() + ms, left;
	sigset_t set;
	int status;
	pid_t got;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		struct timespec limit;

		got = waitpid(pid, &status, WNOHANG | __WALL);
		if (got == pid)
			return status;
		left = end - now_ms();
		if (left <= 0)
			break;
		/* Other children end too. */
		limit.tv_sec = left / 1000;
		limit.tv_nsec = left % 1000 * 1000000;
		sigtimedwait(&set, NULL, &limit);
	}
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, __WALL) == pid);
	return -1;
}

#endif
