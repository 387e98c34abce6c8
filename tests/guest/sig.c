// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signal delivery and return: stacks, nesting, masks, the machine context a
 * handler sees and what becomes of it when the handler returns.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>

#include "tap.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

#define ALTSTACK_SIZE (64 * 1024)
#define EFLAGS_DF 0x400UL
#define EFLAGS_TF 0x100UL
#define EFLAGS_ARITH 0x8d5UL /* OF SF ZF AF PF CF */
#define USER_CS 0x33
#define USER_DS 0x2b

/* ---- all general registers, loaded, interrupted, stored ---- */

enum { R_RAX,
       R_RBX,
       R_RDX,
       R_RSI,
       R_RDI,
       R_RBP,
       R_R8,
       R_R9,
       R_R10,
       R_R11,
       R_R12,
       R_R13,
       R_R14,
       R_R15,
       R_FLAGS,
       R_RSP,
       R_COUNT };

static const int sig_gregs[R_COUNT] = {
	REG_RAX,
	REG_RBX,
	REG_RDX,
	REG_RSI,
	REG_RDI,
	REG_RBP,
	REG_R8,
	REG_R9,
	REG_R10,
	REG_R11,
	REG_R12,
	REG_R13,
	REG_R14,
	REG_R15,
	REG_EFL,
	REG_RSP,
};

unsigned long regs_in[R_COUNT], regs_out[R_COUNT], regs_sp;
unsigned long regs_red_zone[16];
volatile int regs_flag;
static volatile int regs_hits;

/*
 * regs_spin() loads regs_in, waits for a handler to set regs_flag without
 * touching any register but rcx, nor the flags, and stores what is then in
 * the registers and in the red zone. regs_trap() raises SIGILL instead.
 */
void regs_spin(void);
void regs_trap(void);
extern char regs_loop[], regs_loop_end[];
asm(".macro regs_move what:req\n"
    "\\what rax, 0\n \\what rbx, 1\n \\what rdx, 2\n \\what rsi, 3\n"
    "\\what rdi, 4\n \\what rbp, 5\n \\what r8, 6\n \\what r9, 7\n"
    "\\what r10, 8\n \\what r11, 9\n \\what r12, 10\n \\what r13, 11\n"
    "\\what r14, 12\n \\what r15, 13\n"
    ".endm\n"
    ".macro regs_load reg, n\n mov regs_in+8*\\n(%rip), %\\reg\n .endm\n"
    ".macro regs_store reg, n\n mov %\\reg, regs_out+8*\\n(%rip)\n .endm\n"
    ".macro regs_fill n=0\n"
    "movq $0x1234567+\\n, -8*(\\n+1)(%rsp)\n"
    ".if \\n-15\n regs_fill \\n+1\n .endif\n"
    ".endm\n"
    ".macro regs_read_zone n=0\n"
    "mov -8*(\\n+1)(%rsp), %rax\n mov %rax, regs_red_zone+8*(\\n)(%rip)\n"
    ".if \\n-15\n regs_read_zone \\n+1\n .endif\n"
    ".endm\n"
    ".macro regs_function name, insn:vararg\n"
    ".globl \\name\n"
    "\\name:\n"
    "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "pushfq\n mov %rsp, regs_sp(%rip)\n"
    "pushq regs_in+8*14(%rip)\n popfq\n"
    "regs_fill\n regs_move regs_load\n"
    "\\insn\n"
    "regs_move regs_store\n mov %rsp, regs_out+8*15(%rip)\n"
    "regs_read_zone\n"
    "pushfq\n popq regs_out+8*14(%rip)\n mov regs_sp(%rip), %rsp\n popfq\n"
    "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
    "ret\n"
    ".endm\n"
    ".macro regs_wait\n"
    "regs_loop: mov regs_flag(%rip), %ecx\n jrcxz regs_loop\n"
    "regs_loop_end:\n"
    ".endm\n"
    "regs_function regs_spin, regs_wait\n"
    "regs_function regs_trap, ud2\n");

static void regs_choose(unsigned long seed, unsigned long flags)
{
	for (int i = 0; i < R_COUNT; i++)
		regs_in[i] = seed * (i + 3) + 0x1111111111111111UL * i;
	regs_in[R_FLAGS] = 0x202 | flags;
	regs_flag = 0;
}

static void regs_compare(const unsigned long *want)
{
	unsigned long flags = EFLAGS_ARITH | EFLAGS_DF;

	for (int i = 0; i < R_FLAGS; i++)
		CHECK(regs_out[i] == want[i], "register %d: %#lx, not %#lx", i,
		      regs_out[i], want[i]);
	CHECK_EQ(regs_out[R_FLAGS] & flags, want[R_FLAGS] & flags);
}

static void sig_set_flag(int sig, siginfo_t *si, void *ctx)
{
	const greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	unsigned long flags;

	(void)sig;
	(void)si;
	asm volatile("pushfq\n\tpop %0"
		     : "=r"(flags));
	CHECK_EQ(flags & EFLAGS_DF, 0);
	if (r[REG_RIP] >= (long)regs_loop && r[REG_RIP] < (long)regs_loop_end) {
		regs_hits++;
		for (int i = 0; i < R_FLAGS; i++)
			CHECK_EQ(r[sig_gregs[i]], regs_in[i]);
	}
	asm volatile(""
		     :
		     :
		     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8",
		       "r9", "r10", "r11", "r12", "r13", "r14", "r15");
	regs_flag = 1;
}

static void test_registers_restored(void)
{
	struct itimerval soon = { .it_value = { 0, 1000 } };

	tap_handle(SIGALRM, sig_set_flag, 0);
	for (unsigned long i = 1; i <= 100; i++) {
		regs_choose(i * 0x9e3779b97f4a7c15UL,
			    i & 1 ? EFLAGS_ARITH : EFLAGS_DF);
		REQUIRE(setitimer(ITIMER_REAL, &soon, NULL) == 0);
		regs_spin();
		regs_compare(regs_in);
		for (int j = 0; j < 16; j++)
			CHECK_EQ(regs_red_zone[j], 0x1234567 + j);
	}
	CHECK(regs_hits > 50, "only %d interrupted the loop", regs_hits);
}

static unsigned long sig_new_regs[R_COUNT];

/* Shows what was loaded, and asks for other values and to go on. */
static void sig_replace_regs(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	(void)sig;
	(void)si;
	for (int i = 0; i < R_FLAGS; i++) {
		CHECK(r[sig_gregs[i]] == (long)regs_in[i],
		      "saved register %d", i);
		r[sig_gregs[i]] = sig_new_regs[i];
	}
	CHECK_EQ(r[REG_EFL] & (EFLAGS_ARITH | EFLAGS_DF),
		 regs_in[R_FLAGS] & (EFLAGS_ARITH | EFLAGS_DF));
	r[REG_EFL] = sig_new_regs[R_FLAGS];
	r[REG_RSP] = sig_new_regs[R_RSP];
	r[REG_RIP] += 2;
}

static void test_registers_replaced(void)
{
	static unsigned long stack[64];
	const unsigned long iopl = 0x3000;

	tap_handle(SIGILL, sig_replace_regs, 0);
	for (int i = 0; i < 2; i++) {
		regs_choose(77, i ? EFLAGS_ARITH : EFLAGS_DF);
		for (int j = 0; j < R_COUNT; j++)
			sig_new_regs[j] = ~regs_in[j];
		sig_new_regs[R_FLAGS] = iopl | (i ? EFLAGS_DF : EFLAGS_ARITH);
		sig_new_regs[R_RSP] = (unsigned long)&stack[60];
		regs_trap();
		regs_compare(sig_new_regs);
		CHECK_EQ(regs_out[R_RSP], &stack[60]);
		CHECK_EQ(regs_out[R_FLAGS] & iopl, 0);
		CHECK_EQ(regs_out[R_FLAGS] & 0x200, 0x200);
	}
}

/* ---- the handler's side of the ABI ---- */

unsigned long entry_regs[6];
void entry_handler(int sig, siginfo_t *si, void *ctx);
asm(".globl entry_handler\n"
    "entry_handler:\n"
    "mov %rdi, entry_regs(%rip)\n mov %rsi, entry_regs+8(%rip)\n"
    "mov %rdx, entry_regs+16(%rip)\n mov %rsp, entry_regs+24(%rip)\n"
    "mov %rax, entry_regs+32(%rip)\n"
    "mov (%rsp), %rax\n mov %rax, entry_regs+40(%rip)\n"
    "ret\n");

static void test_handler_entry(void)
{
	struct {
		void *handler;
		unsigned long flags, restorer, mask;
	} raw;

	tap_handle(SIGUSR1, entry_handler, 0);
	REQUIRE(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &raw, 8) == 0);
	raise(SIGUSR1);
	CHECK_EQ(entry_regs[0], SIGUSR1);
	CHECK_EQ((entry_regs[3] + 8) % 16, 0);
	CHECK_EQ(entry_regs[4], 0);
	CHECK_EQ(entry_regs[5], raw.restorer);
	CHECK_EQ(entry_regs[2], entry_regs[3] + 8);
	CHECK(entry_regs[1] > entry_regs[2] &&
		      entry_regs[1] < entry_regs[3] + 1024,
	      "siginfo at %#lx, rsp %#lx",
	      entry_regs[1], entry_regs[3]);
}

static void sig_check_segments(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	unsigned long csgsfs = uc->uc_mcontext.gregs[REG_CSGSFS];
	unsigned short cs, ss;

	(void)sig;
	(void)si;
	asm("mov %%cs, %0\n\tmov %%ss, %1"
	    : "=r"(cs), "=r"(ss));
	CHECK_EQ(cs, USER_CS);
	CHECK_EQ(ss, USER_DS);
	CHECK_EQ(csgsfs & 0xffff, USER_CS);
	CHECK_EQ(csgsfs >> 48, USER_DS);
	CHECK_EQ(uc->uc_flags & 7, 7); /* FP_XSTATE, SIGCONTEXT_SS, STRICT */
	CHECK_EQ(uc->uc_link, 0);
	CHECK_EQ(uc->uc_mcontext.gregs[REG_OLDMASK],
		 *(unsigned long *)&uc->uc_sigmask);
}

static void test_segments(void)
{
	unsigned short cs, ss, ds, es;

	tap_handle(SIGUSR1, sig_check_segments, 0);
	raise(SIGUSR1);
	asm volatile("mov %%cs, %0\n\tmov %%ss, %1\n\tmov %%ds, %2\n\t"
		     "mov %%es, %3"
		     : "=r"(cs), "=r"(ss), "=r"(ds), "=r"(es));
	CHECK_EQ(cs, USER_CS);
	CHECK_EQ(ss, USER_DS);
	CHECK_EQ(ds | es, 0);
}

/* ---- alternate stacks ---- */

static char *alt_base;
static volatile int alt_depth;
static volatile unsigned long alt_seen[2];

static bool alt_within(const void *p)
{
	return (char *)p >= alt_base && (char *)p < alt_base + ALTSTACK_SIZE;
}

static void alt_install(int flags)
{
	stack_t ss = { .ss_size = ALTSTACK_SIZE, .ss_flags = flags };

	alt_base = tap_pages(ALTSTACK_SIZE / 4096, PROT_READ | PROT_WRITE);
	ss.ss_sp = alt_base;
	REQUIRE(sigaltstack(&ss, NULL) == 0);
}

static void alt_nested(int sig, siginfo_t *si, void *ctx)
{
	stack_t now, other = { .ss_sp = alt_base, .ss_size = ALTSTACK_SIZE };
	ucontext_t *uc = ctx;
	volatile char here;

	(void)si;
	CHECK(alt_within((char *)&here));
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK_EQ(now.ss_flags, SS_ONSTACK);
	CHECK_EQ(now.ss_sp, alt_base);
	CHECK_EQ(now.ss_size, ALTSTACK_SIZE);
	CHECK_ERR(sigaltstack(&other, NULL), EPERM);
	CHECK_EQ(uc->uc_stack.ss_sp, alt_base);
	CHECK_EQ(uc->uc_stack.ss_size, ALTSTACK_SIZE);
	alt_seen[alt_depth++] = (unsigned long)&here;
	if (sig == SIGUSR1)
		raise(SIGUSR2);
}

static void test_altstack(void)
{
	stack_t now;

	alt_install(0);
	tap_handle(SIGUSR1, alt_nested, SA_ONSTACK);
	tap_handle(SIGUSR2, alt_nested, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK_EQ(alt_depth, 2);
	CHECK(alt_seen[1] < alt_seen[0], "the second overwrote the first");
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK_EQ(now.ss_flags, 0);
}

static void alt_disarmed(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	stack_t now;

	(void)sig;
	(void)si;
	CHECK(alt_within(&now));
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK_EQ(now.ss_flags & ~SS_AUTODISARM, SS_DISABLE);
	CHECK_EQ((unsigned int)uc->uc_stack.ss_flags, SS_AUTODISARM);
	now = (stack_t){ .ss_flags = SS_DISABLE };
	CHECK_EQ(sigaltstack(&now, NULL), 0);
}

static void test_autodisarm(void)
{
	stack_t now;

	alt_install(SS_AUTODISARM);
	tap_handle(SIGUSR1, alt_disarmed, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK_EQ(now.ss_sp, alt_base);
	CHECK_EQ(now.ss_size, ALTSTACK_SIZE);
	CHECK_EQ((unsigned int)now.ss_flags, SS_AUTODISARM);
	raise(SIGUSR1);
}

static void sig_nothing(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	(void)ctx;
}

/* A frame that does not fit is a fault, not a write below the stack. */
static int alt_overflow(void *arg)
{
	char *p = tap_pages(3, PROT_READ | PROT_WRITE);
	stack_t ss = { .ss_sp = p + 4096, .ss_size = 2048 };

	(void)arg;
	if (sigaltstack(&ss, NULL))
		return errno == ENOMEM ? 77 : 1;
	tap_handle(SIGUSR1, sig_nothing, SA_ONSTACK);
	raise(SIGUSR1);
	return 2;
}

static void test_altstack_sizes(void)
{
	stack_t tiny = { .ss_sp = alt_overflow, .ss_size = 2047 };
	stack_t odd = { .ss_sp = alt_overflow, .ss_size = 65536, .ss_flags = 0x40 };
	int status;

	CHECK_ERR(sigaltstack(&tiny, NULL), ENOMEM);
	CHECK_ERR(sigaltstack(&odd, NULL), EINVAL);
	CHECK_ERR(sigaltstack((stack_t *)8, NULL), EFAULT);
	if (getauxval(AT_MINSIGSTKSZ) <= 2048)
		return;
	status = tap_wait(tap_fork(alt_overflow, NULL));
	CHECK(status == SIGSEGV || status == 77 << 8, "status %#x", status);
}

static sigjmp_buf overflow_back;
static volatile unsigned long overflow_addr, overflow_sp;
static volatile int overflow_code;

static void overflow_handler(int sig, siginfo_t *si, void *ctx)
{
	CHECK_EQ(sig, SIGSEGV);
	CHECK(alt_within(&sig));
	overflow_addr = (unsigned long)si->si_addr;
	overflow_code = si->si_code;
	overflow_sp = ((ucontext_t *)ctx)->uc_mcontext.gregs[REG_RSP];
	siglongjmp(overflow_back, 1);
}

static __attribute__((noinline)) int overflow_recurse(int n)
{
	volatile int frame[64] = { n };

	if (frame[0] < 0)
		return 0;
	return overflow_recurse(n + 1) + frame[n & 63];
}

static void *overflow_run(void *wanted_code)
{
	alt_install(0);
	for (int i = 0; i < 3; i++) {
		overflow_addr = 0;
		if (!sigsetjmp(overflow_back, 1))
			overflow_recurse(0);
		CHECK_EQ(overflow_code, (long)wanted_code);
		CHECK(overflow_addr + 4096 > overflow_sp - 8 &&
			      overflow_addr < overflow_sp + 4096,
		      "fault at %#lx, stack at %#lx", overflow_addr,
		      overflow_sp);
	}
	return NULL;
}

static void test_stack_overflow(void)
{
	pthread_t thread;

	tap_handle(SIGSEGV, overflow_handler, SA_ONSTACK);
	overflow_run((void *)SEGV_MAPERR);
	REQUIRE(!pthread_create(&thread, NULL, overflow_run,
				(void *)SEGV_ACCERR));
	pthread_join(thread, NULL);
}

static int overflow_fatal(void *arg)
{
	(void)arg;
	tap_handle(SIGSEGV, overflow_handler, 0);
	return overflow_recurse(0);
}

static void test_stack_overflow_kills(void)
{
	CHECK_KILLED(tap_fork(overflow_fatal, NULL), SIGSEGV);
}

/* ---- nesting and masks ---- */

static volatile int nest_log[8], nest_count;

static void nest_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)si;
	(void)ctx;
	nest_log[nest_count++ % 8] = sig;
	if (sig < SIGRTMIN + 3)
		raise(sig + 1);
	nest_log[nest_count++ % 8] = -sig;
}

static void test_nested(void)
{
	for (int i = 0; i < 4; i++)
		tap_handle(SIGRTMIN + i, nest_handler, 0);
	raise(SIGRTMIN);
	CHECK_EQ(nest_count, 8);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(nest_log[i], SIGRTMIN + i);
		CHECK_EQ(nest_log[7 - i], -(SIGRTMIN + i));
	}
}

static volatile int defer_depth, defer_deepest, defer_total;

static void defer_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)si;
	(void)ctx;
	if (++defer_depth > defer_deepest)
		defer_deepest = defer_depth;
	if (++defer_total < 5)
		raise(sig);
	defer_depth--;
}

static void test_nodefer(void)
{
	tap_handle(SIGUSR1, defer_handler, SA_NODEFER);
	raise(SIGUSR1);
	CHECK_EQ(defer_total, 5);
	CHECK_EQ(defer_deepest, 5);
	defer_total = defer_deepest = 0;
	tap_handle(SIGUSR1, defer_handler, 0);
	raise(SIGUSR1);
	CHECK_EQ(defer_total, 5);
	CHECK_EQ(defer_deepest, 1);
}

static int reset_child(void *arg)
{
	struct sigaction sa;

	(void)arg;
	tap_handle(SIGUSR1, sig_nothing, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &sa);
	CHECK(sa.sa_handler == SIG_DFL);
	raise(SIGUSR1);
	return 0;
}

static void test_resethand(void)
{
	CHECK_KILLED(tap_fork(reset_child, NULL), SIGUSR1);
}

static sigset_t mask_inside;

static void mask_handler(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)si;
	sigprocmask(SIG_SETMASK, NULL, &mask_inside);
	CHECK(!sigismember(&uc->uc_sigmask, sig));
	CHECK(sigismember(&uc->uc_sigmask, SIGHUP));
	sigaddset(&uc->uc_sigmask, SIGWINCH);
	sigaddset(&uc->uc_sigmask, SIGKILL);
}

static void test_masks(void)
{
	struct sigaction sa = { .sa_sigaction = mask_handler,
				.sa_flags = SA_SIGINFO };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	REQUIRE(sigprocmask(SIG_SETMASK, &set, NULL) == 0);
	sigaddset(&sa.sa_mask, SIGUSR2);
	REQUIRE(sigaction(SIGUSR1, &sa, NULL) == 0);
	raise(SIGUSR1);
	CHECK(sigismember(&mask_inside, SIGUSR1));
	CHECK(sigismember(&mask_inside, SIGUSR2));
	CHECK(sigismember(&mask_inside, SIGHUP));
	CHECK(!sigismember(&mask_inside, SIGTERM));
	sigprocmask(SIG_SETMASK, NULL, &set);
	CHECK(!sigismember(&set, SIGUSR1));
	CHECK(!sigismember(&set, SIGUSR2));
	CHECK(!sigismember(&set, SIGKILL));
	CHECK(sigismember(&set, SIGHUP));
	CHECK(sigismember(&set, SIGWINCH));
}

static void test_bad_arguments(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };

	CHECK_ERR(sigaction(SIGKILL, &sa, NULL), EINVAL);
	CHECK_ERR(sigaction(SIGSTOP, &sa, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, 65, &sa, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, &sa, NULL, 4), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, 8L, NULL, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, -8L, NULL, 8),
		  EFAULT);
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_EQ(kill(getpid(), 0), 0);
}

/* ---- frames that are no frames ---- */

enum { BAD_STACK_UNMAPPED,
       BAD_STACK_NON_CANONICAL,
       BAD_STACK_READ_ENDS,
       BAD_RIP_NON_CANONICAL,
       BAD_RIP_KERNEL,
       BAD_RIP_UNMAPPED,
       BAD_COUNT };

static void bad_rip(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	(void)sig;
	r[REG_RIP] = (greg_t)si->si_value.sival_ptr;
}

static __attribute__((noreturn)) void bad_return(unsigned long sp)
{
	asm volatile("mov %0, %%rsp\n\tsyscall"
		     :
		     : "r"(sp), "a"(15L)
		     : "memory");
	__builtin_unreachable();
}

static void bad_jump(unsigned long rip)
{
	tap_handle(SIGUSR1, bad_rip, 0);
	sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_ptr = (void *)rip });
}

static int bad_child(void *how)
{
	char *p = tap_pages(2, PROT_READ | PROT_WRITE);

	munmap(p + 4096, 4096);
	switch ((long)how) {
	case BAD_STACK_UNMAPPED:
		bad_return((unsigned long)p + 4096 + 64);
	case BAD_STACK_NON_CANONICAL:
		bad_return(0x8000000000000000UL);
	case BAD_STACK_READ_ENDS:
		bad_return((unsigned long)p + 4096 - 64);
	case BAD_RIP_NON_CANONICAL:
		bad_jump(0x8000000000000000UL);
		break;
	case BAD_RIP_KERNEL:
		bad_jump(0xffffffff81000000UL);
		break;
	case BAD_RIP_UNMAPPED:
		bad_jump((unsigned long)p + 4096);
		break;
	}
	return 0;
}

static void test_bad_frames(void)
{
	for (long how = 0; how < BAD_COUNT; how++)
		CHECK(tap_wait(tap_fork(bad_child, (void *)how)) == SIGSEGV,
		      "bad frame %ld", how);
}

/* A frame that can't be written: the thread's stack pointer is bad. */
static int bad_stack_delivery(void *arg)
{
	(void)arg;
	tap_handle(SIGUSR1, sig_nothing, 0);
	asm volatile("mov $64, %%rsp\n\tmov %0, %%edi\n\tmov %1, %%esi\n\t"
		     "mov $62, %%eax\n\tsyscall\n\tmov $60, %%eax\n\tsyscall"
		     :
		     : "r"(getpid()), "r"(SIGUSR1)
		     : "rax", "rcx", "rdi", "rsi", "r11", "memory");
	return 0;
}

static void test_bad_stack(void)
{
	CHECK_KILLED(tap_fork(bad_stack_delivery, NULL), SIGSEGV);
}

/* ---- interrupting code that makes no system calls ---- */

static volatile int spin_ready, spin_seen;

static void spin_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	(void)ctx;
	spin_seen++;
}

static void *spin_thread(void *arg)
{
	(void)arg;
	spin_ready = 1;
	while (spin_seen < 50)
		;
	return NULL;
}

static void test_interrupt_spinning(void)
{
	pthread_t thread;

	tap_handle(SIGUSR1, spin_handler, 0);
	REQUIRE(!pthread_create(&thread, NULL, spin_thread, NULL));
	while (!spin_ready)
		sched_yield();
	for (int i = 0; i < 50; i++) {
		REQUIRE(!pthread_kill(thread, SIGUSR1));
		while (spin_seen <= i)
			sched_yield();
	}
	pthread_join(thread, NULL);
}

static int spin_forever(void *arg)
{
	int *ready = arg;

	signal(SIGTERM, SIG_IGN);
	*ready = 1;
	for (;;)
		asm volatile(""
			     :
			     :
			     : "memory");
	return 0;
}

static void test_kill_spinning(void)
{
	volatile int *ready = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 20; i++) {
		pid_t pid;

		*ready = 0;
		pid = tap_fork(spin_forever, (void *)ready);
		while (!*ready)
			sched_yield();
		kill(pid, SIGTERM);
		kill(pid, SIGKILL);
		CHECK_KILLED(pid, SIGKILL);
	}
}

static const struct tap_test tests[] = {
	{ "all registers restored after a handler", test_registers_restored, 0 },
	{ "a changed context is honoured", test_registers_replaced, 0 },
	{ "handler entry: arguments, stack, restorer", test_handler_entry, 0 },
	{ "segment registers", test_segments, 0 },
	{ "alternate stack", test_altstack, 0 },
	{ "SS_AUTODISARM", test_autodisarm, 0 },
	{ "alternate stacks that are too small", test_altstack_sizes, 0 },
	{ "stack overflow onto the alternate stack", test_stack_overflow, 0 },
	{ "stack overflow without one kills", test_stack_overflow_kills, 0 },
	{ "nested handlers", test_nested, 0 },
	{ "SA_NODEFER", test_nodefer, 0 },
	{ "SA_RESETHAND", test_resethand, 0 },
	{ "masks in and after a handler", test_masks, 0 },
	{ "bad arguments", test_bad_arguments, 0 },
	{ "bad frames in rt_sigreturn", test_bad_frames, 0 },
	{ "delivery on a bad stack", test_bad_stack, 0 },
	{ "a spinning thread is interrupted", test_interrupt_spinning, 0 },
	{ "a spinning process is killed", test_kill_spinning, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
