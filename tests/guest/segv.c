// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory faults: the signal, its code, its address and the machine context it
 * carries are exactly those of the processor.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/resource.h>

#include "fault.h"

OP(op_load1, "movb (%rdi), %al");
OP(op_load8, "movq (%rdi), %rax");
OP(op_load16, "movups (%rdi), %xmm0");
OP(op_store1, "movb $0x5a, (%rdi)");
OP(op_store8, "movq %rdi, (%rdi)");
OP(op_store16, "movups %xmm0, (%rdi)");
OP(op_rmw, "lock incl (%rdi)");
OP(op_jump, "jmp *%rdi");
OP(op_stack, "movq (%rsp, %rdi), %rax");
OP(op_stosb, "rep stosb");

/*
 * A page fault of @op(@at). The present bit depends on what is in the page
 * table, which only the test that cares about it knows: elsewhere it is
 * dropped from both sides.
 */
static void segv_page_fault(const char *name, op_fn *op, unsigned long at,
			    unsigned long addr, int sig, int code, long err)
{
	struct fault want = { sig, code, addr, TRAP_PF, err, addr, (long)op };

	if (err & PF_INSTR)
		want.ip = at;
	fault_run(op, at, 0);
	fault_got.err &= ~PF_PRESENT;
	want.err &= ~PF_PRESENT;
	fault_expect(name, &want);
}

#define PAGE_FAULT(op, at, addr, sig, code, err) \
	segv_page_fault(#op " of " #at, op, (unsigned long)(at), \
			(unsigned long)(addr), sig, code, err)
#define RUNS(op, at) \
	do { \
		fault_run(op, (unsigned long)(at), 0); \
		CHECK_EQ(fault_got.sig, 0); \
	} while (0)

static void test_unmapped(void)
{
	char *p = tap_pages(1, PROT_READ | PROT_WRITE);

	fault_catch();
	p[0] = 1;
	munmap(p, PAGE);
	PAGE_FAULT(op_load1, p + 0x123, p + 0x123, SIGSEGV, SEGV_MAPERR,
		   PF_USER);
	PAGE_FAULT(op_store1, p + 0xfff, p + 0xfff, SIGSEGV, SEGV_MAPERR,
		   PF_USER | PF_WRITE);
	PAGE_FAULT(op_rmw, p + 8, p + 8, SIGSEGV, SEGV_MAPERR,
		   PF_USER | PF_WRITE);
	PAGE_FAULT(op_jump, p + 3, p + 3, SIGSEGV, SEGV_MAPERR,
		   PF_USER | PF_INSTR);
	PAGE_FAULT(op_load1, 0, 0, SIGSEGV, SEGV_MAPERR, PF_USER);
	PAGE_FAULT(op_store8, 8, 8, SIGSEGV, SEGV_MAPERR, PF_USER | PF_WRITE);
	PAGE_FAULT(op_jump, 0, 0, SIGSEGV, SEGV_MAPERR, PF_USER | PF_INSTR);
}

static void test_prot_none(void)
{
	char *p = tap_pages(1, PROT_READ | PROT_WRITE);

	fault_catch();
	for (int touched = 0; touched < 2; touched++) {
		mprotect(p, PAGE, PROT_NONE);
		PAGE_FAULT(op_load8, p + 0x10, p + 0x10, SIGSEGV, SEGV_ACCERR,
			   PF_USER);
		PAGE_FAULT(op_store1, p + 0x11, p + 0x11, SIGSEGV, SEGV_ACCERR,
			   PF_USER | PF_WRITE);
		PAGE_FAULT(op_jump, p + 0x12, p + 0x12, SIGSEGV, SEGV_ACCERR,
			   PF_USER | PF_INSTR);
		mprotect(p, PAGE, PROT_READ | PROT_WRITE);
		RUNS(op_store1, p);
		CHECK_EQ(p[0], 0x5a);
	}
}

static void test_read_only(void)
{
	char *p = tap_pages(1, PROT_READ);

	fault_catch();
	PAGE_FAULT(op_store1, p + 5, p + 5, SIGSEGV, SEGV_ACCERR,
		   PF_USER | PF_WRITE);
	RUNS(op_load1, p + 5);
	PAGE_FAULT(op_store1, p + 6, p + 6, SIGSEGV, SEGV_ACCERR,
		   PF_USER | PF_WRITE);
	PAGE_FAULT(op_rmw, p + 8, p + 8, SIGSEGV, SEGV_ACCERR,
		   PF_USER | PF_WRITE);
	PAGE_FAULT(op_store1, (char *)op_load1, op_load1, SIGSEGV,
		   SEGV_ACCERR, PF_USER | PF_WRITE);
	CHECK_EQ(p[5] | p[6], 0);
}

static void test_no_exec(void)
{
	char *p = tap_pages(1, PROT_READ | PROT_WRITE);
	char on_stack[16] = { (char)0xc3 };

	fault_catch();
	PAGE_FAULT(op_jump, p, p, SIGSEGV, SEGV_ACCERR, PF_USER | PF_INSTR);
	p[1] = (char)0xc3;
	PAGE_FAULT(op_jump, p + 1, p + 1, SIGSEGV, SEGV_ACCERR,
		   PF_USER | PF_INSTR);
	PAGE_FAULT(op_jump, on_stack, on_stack, SIGSEGV, SEGV_ACCERR,
		   PF_USER | PF_INSTR);
	mprotect(p, PAGE, PROT_READ | PROT_EXEC);
	RUNS(op_jump, p + 1);
	mprotect(p, PAGE, PROT_READ);
	PAGE_FAULT(op_jump, p + 1, p + 1, SIGSEGV, SEGV_ACCERR,
		   PF_USER | PF_INSTR);
}

/* For pages that are in the page table, all of REG_ERR is known. */
static void test_present_bit(void)
{
	char *p = tap_pages(2, PROT_READ | PROT_WRITE);

	fault_catch();
	memset(p, (char)0xc3, PAGE);
	fault_run(op_jump, (unsigned long)p, 0);
	CHECK_EQ(fault_got.err, PF_PRESENT | PF_USER | PF_INSTR);
	mprotect(p, 2 * PAGE, PROT_READ);
	fault_run(op_store1, (unsigned long)p, 0);
	CHECK_EQ(fault_got.err, PF_PRESENT | PF_USER | PF_WRITE);
	fault_run(op_store1, (unsigned long)p + PAGE, 0);
	CHECK_EQ(fault_got.err, PF_USER | PF_WRITE);
	munmap(p, 2 * PAGE);
	fault_run(op_load1, (unsigned long)p, 0);
	CHECK_EQ(fault_got.err, PF_USER);
}

static int segv_file(off_t size)
{
	int fd = memfd_create("segv", 0);

	REQUIRE(fd >= 0 && ftruncate(fd, size) == 0);
	return fd;
}

static void test_past_end_of_file(void)
{
	int fd = segv_file(PAGE + 100);
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       0);

	REQUIRE(p != MAP_FAILED);
	fault_catch();
	RUNS(op_store1, p + 2 * PAGE - 1);
	PAGE_FAULT(op_load1, p + 2 * PAGE + 7, p + 2 * PAGE + 7, SIGBUS,
		   BUS_ADRERR, PF_USER);
	PAGE_FAULT(op_store1, p + 2 * PAGE, p + 2 * PAGE, SIGBUS, BUS_ADRERR,
		   PF_USER | PF_WRITE);
	RUNS(op_store1, p + PAGE);
	REQUIRE(ftruncate(fd, 10) == 0);
	PAGE_FAULT(op_load1, p + PAGE, p + PAGE, SIGBUS, BUS_ADRERR, PF_USER);
	REQUIRE(ftruncate(fd, 3 * PAGE) == 0);
	RUNS(op_load1, p + PAGE);
	CHECK_EQ(p[PAGE], 0);
	RUNS(op_store1, p + 2 * PAGE);
}

static void test_non_canonical(void)
{
	unsigned long top = 0x800000000000UL, rsp;

	fault_catch();
	GENERAL(op_load1, top, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_store8, 0xffff7fffffffffffUL, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_load1, 0xdeadbeef00000000UL, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_load8, top - 4, SIGSEGV, TRAP_GP, 0);
	asm volatile("mov %%rsp, %0"
		     : "=r"(rsp));
	GENERAL(op_stack, 0x4000000000000000UL - rsp, SIGBUS, TRAP_SS, 0);
	fault_run(op_jump, 0x1234000000000000UL, 0);
	CHECK_EQ(fault_got.sig, SIGSEGV);
	CHECK_EQ(fault_got.code, SI_KERNEL);
	CHECK_EQ(fault_got.addr, 0);
	CHECK_EQ(fault_got.trapno, TRAP_GP);
}

/*
 * Whatever the kernel has there, a program sees nothing of it: the error code
 * always says present, so that nobody can tell what is.
 */
static void test_kernel_half(void)
{
	static const unsigned long addrs[] = {
		0xffff800000000000UL,
		0xffff888000000000UL,
		0xffffc90000000000UL,
		0xffffffff81000000UL,
		0xfffffffffffffff0UL,
	};

	fault_catch();
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		fault_run(op_load1, addrs[i], 0);
		CHECK_EQ(fault_got.err, PF_PRESENT | PF_USER);
		PAGE_FAULT(op_load1, addrs[i], addrs[i], SIGSEGV, SEGV_MAPERR,
			   PF_USER);
		PAGE_FAULT(op_store1, addrs[i], addrs[i], SIGSEGV,
			   SEGV_MAPERR, PF_USER | PF_WRITE);
		PAGE_FAULT(op_jump, addrs[i], addrs[i], SIGSEGV, SEGV_MAPERR,
			   PF_USER | PF_INSTR);
	}
}

/* The last page below the kernel's half is never mapped. */
static void test_top_of_user_half(void)
{
	unsigned long last = 0x7ffffffff000UL;

	fault_catch();
	PAGE_FAULT(op_load1, last + 1, last + 1, SIGSEGV, SEGV_MAPERR,
		   PF_USER);
	PAGE_FAULT(op_jump, last, last, SIGSEGV, SEGV_MAPERR,
		   PF_USER | PF_INSTR);
	CHECK_ERR(mmap((void *)last, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
}

/*
 * Windows in which a port that shares an address space with its guest would
 * have its own kernel: to the guest they are memory like any other.
 */
static void test_low_and_high_windows(void)
{
	static const unsigned long addrs[] = {
		0x60000000UL,
		0x70000000UL,
		0x100000000UL,
		0x700000000000UL,
		0x7f0000000000UL,
		0x10000UL,
	};

	fault_catch();
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		char *at = (char *)addrs[i];
		char *p = mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (p == MAP_FAILED && (errno == EEXIST || errno == EPERM))
			continue;
		if (!CHECK_EQ(p, at))
			continue;
		RUNS(op_store8, p);
		CHECK_EQ(*(unsigned long *)p, addrs[i]);
		munmap(p, PAGE);
		PAGE_FAULT(op_load1, p, p, SIGSEGV, SEGV_MAPERR, PF_USER);
	}
}

static void test_crossing(void)
{
	char *p = tap_pages(3, PROT_READ | PROT_WRITE);
	char *good = p + PAGE, *bad = p + 2 * PAGE;

	fault_catch();
	memset(p, 7, 3 * PAGE);
	mprotect(p, PAGE, PROT_NONE);
	munmap(bad, PAGE);
	PAGE_FAULT(op_load8, bad - 4, bad, SIGSEGV, SEGV_MAPERR, PF_USER);
	PAGE_FAULT(op_load16, bad - 15, bad, SIGSEGV, SEGV_MAPERR, PF_USER);
	PAGE_FAULT(op_store8, bad - 1, bad, SIGSEGV, SEGV_MAPERR,
		   PF_USER | PF_WRITE);
	PAGE_FAULT(op_store16, bad - 7, bad, SIGSEGV, SEGV_MAPERR,
		   PF_USER | PF_WRITE);
	PAGE_FAULT(op_load8, good - 3, good - 3, SIGSEGV, SEGV_ACCERR,
		   PF_USER);
	PAGE_FAULT(op_store16, good - 9, good - 9, SIGSEGV, SEGV_ACCERR,
		   PF_USER | PF_WRITE);
	for (unsigned long i = 0; i < PAGE; i++)
		CHECK_EQ(good[i], 7);
}

static void test_crossing_fetch(void)
{
	static const unsigned char movabs[] = { 0x48, 0xb8, 1, 2, 3 };
	char *p = tap_pages(2, PROT_READ | PROT_WRITE | PROT_EXEC);
	char *insn = p + PAGE - sizeof(movabs);
	struct fault want = { SIGSEGV, SEGV_MAPERR, (long)p + PAGE, TRAP_PF,
			      PF_USER | PF_INSTR, (long)p + PAGE, (long)insn };

	fault_catch();
	memcpy(insn, movabs, sizeof(movabs));
	munmap(p + PAGE, PAGE);
	fault_run(op_jump, (unsigned long)insn, 0);
	fault_expect("fetch across pages", &want);
}

/* A string instruction stops where the fault is, with its progress kept. */
static void test_string_progress(void)
{
	char *p = tap_pages(2, PROT_READ | PROT_WRITE);

	fault_catch();
	mprotect(p + PAGE, PAGE, PROT_READ);
	memset(&fault_got, 0, sizeof(fault_got));
	if (!sigsetjmp(fault_back, 1)) {
		char *to = p + PAGE - 100;
		long count = 150;

		asm volatile("call op_stosb"
			     : "+D"(to), "+c"(count)
			     : "a"(9)
			     : "memory");
	}
	CHECK_EQ(fault_got.addr, p + PAGE);
	CHECK_EQ(fault_got.ip, op_stosb);
	CHECK_EQ(fault_regs[REG_RDI], p + PAGE);
	CHECK_EQ(fault_regs[REG_RCX], 50);
	CHECK_EQ(p[PAGE - 1], 9);
}

static volatile int segv_repairs;

static void segv_repair(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)ctx;
	segv_repairs++;
	mprotect((void *)((unsigned long)si->si_addr & ~(PAGE - 1)), PAGE,
		 PROT_READ | PROT_WRITE);
}

static void test_repair_and_restart(void)
{
	char *p = tap_pages(64, PROT_NONE);

	tap_handle(SIGSEGV, segv_repair, 0);
	for (int i = 0; i < 64; i++) {
		op_store8((unsigned long)p + i * PAGE + 8, 0);
		CHECK_EQ(segv_repairs, i + 1);
		CHECK_EQ(*(unsigned long *)(p + i * PAGE + 8),
			 p + i * PAGE + 8);
	}
	op_store8((unsigned long)p + 64 * PAGE - 8, 0);
	CHECK_EQ(segv_repairs, 64);
}

enum segv_deaf { SEGV_IGNORED,
		 SEGV_BLOCKED,
		 SEGV_DEFAULT };

static int segv_die(void *how)
{
	sigset_t all;

	sigfillset(&all);
	if ((enum segv_deaf)(long)how == SEGV_IGNORED)
		signal(SIGSEGV, SIG_IGN);
	if ((enum segv_deaf)(long)how == SEGV_BLOCKED) {
		tap_handle(SIGSEGV, fault_handler, 0);
		sigprocmask(SIG_BLOCK, &all, NULL);
	}
	op_store1(16, 0);
	return 0;
}

/* A fault can neither be ignored nor blocked. */
static void test_default_action(void)
{
	for (long how = SEGV_IGNORED; how <= SEGV_DEFAULT; how++)
		CHECK_KILLED(tap_fork(segv_die, (void *)how), SIGSEGV);
}

#define FAULT_THREADS 4
#define FAULT_ROUNDS 500

static void *segv_thread(void *arg)
{
	char *mine = arg;

	for (unsigned long i = 0; i < FAULT_ROUNDS; i++) {
		char *at = mine + i * 8 % PAGE;
		op_fn *op = i & 1 ? op_store1 : op_load1;

		fault_run(op, (unsigned long)at, 0);
		CHECK_EQ(fault_got.addr, at);
		CHECK_EQ(fault_got.cr2, at);
		CHECK_EQ(fault_got.ip, op);
		CHECK_EQ(fault_got.err & PF_WRITE, i & 1 ? PF_WRITE : 0);
	}
	return NULL;
}

static void test_threads(void)
{
	char *p = tap_pages(FAULT_THREADS, PROT_NONE);
	pthread_t threads[FAULT_THREADS];

	fault_catch();
	for (int i = 0; i < FAULT_THREADS; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, segv_thread,
					p + i * PAGE));
	for (int i = 0; i < FAULT_THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Pages that the stack has not reached yet are there when it does. */
static __attribute__((noinline)) unsigned long segv_recurse(int depth)
{
	volatile char frame[16 * PAGE];

	frame[0] = (char)depth;
	frame[sizeof(frame) - 1] = 1;
	if (!depth)
		return frame[0];
	return segv_recurse(depth - 1) + frame[sizeof(frame) - 1] + frame[PAGE];
}

static void test_stack_grows(void)
{
	char *below = (char *)__builtin_frame_address(0) - 6 * 1024 * 1024;

	fault_catch();
	CHECK_EQ(segv_recurse(80), 80);
	RUNS(op_store1, below);
	CHECK_EQ(*below, 0x5a);
}

static const struct tap_test tests[] = {
	{ "nothing mapped: SEGV_MAPERR", test_unmapped, 0 },
	{ "PROT_NONE: SEGV_ACCERR", test_prot_none, 0 },
	{ "write to read-only: SEGV_ACCERR", test_read_only, 0 },
	{ "no execute permission: SEGV_ACCERR", test_no_exec, 0 },
	{ "present bit of the error code", test_present_bit, 0 },
	{ "past the end of a file: SIGBUS", test_past_end_of_file, 0 },
	{ "non-canonical addresses", test_non_canonical, 0 },
	{ "the kernel's half", test_kernel_half, 0 },
	{ "the last page of the user's half", test_top_of_user_half, 0 },
	{ "no window is taken from the guest", test_low_and_high_windows, 0 },
	{ "accesses that cross pages", test_crossing, 0 },
	{ "instructions that cross pages", test_crossing_fetch, 0 },
	{ "progress of a string instruction", test_string_progress, 0 },
	{ "a handler repairs, the access restarts", test_repair_and_restart, 0 },
	{ "a fault when blocked or ignored", test_default_action, 0 },
	{ "faults of many threads", test_threads, 0 },
	{ "the stack grows", test_stack_grows, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
