// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions other than page faults: the signal, its code, its address and
 * the machine context it carries are exactly those of the processor.
 */
#define _GNU_SOURCE
#include "fault.h"

#define EFLAGS_TF 0x100L
#define EFLAGS_AC 0x40000L

OP(op_load16_aligned, "movaps (%rdi), %xmm0");
OP(op_div, "divl %esi");
OP(op_idiv, "idivl %esi");
OP(op_divss, "divss %xmm1, %xmm0");
OP(op_mulss, "mulss %xmm1, %xmm0");
OP(op_fwait, "fwait");
OP(op_ud2, "ud2");
OP(op_int3, "int3");
OP(op_int_3, ".byte 0xcd, 0x03");
OP(op_int_81, "int $0x81");
OP(op_hlt, "hlt");
OP(op_cli, "cli");
OP(op_in, "inb $0x80, %al");
OP(op_out, "outb %al, $0x80");
OP(op_rdcr0, "mov %cr0, %rax");
OP(op_wrcr3, "mov %rdi, %cr3");
OP(op_rdmsr, "rdmsr");
OP(op_wrmsr, "wrmsr");
OP(op_lgdt, "lgdt (%rdi)");
OP(op_swapgs, "swapgs");
OP(op_wbinvd, "wbinvd");
OP(op_badseg, "mov %edi, %ds");
OP(op_load8, "movq (%rdi), %rax");

static void test_arithmetic(void)
{
	struct fault want = { SIGFPE, FPE_INTDIV, (long)op_div, TRAP_DE, 0,
			      ANY, (long)op_div };

	fault_catch();
	fault_run(op_div, 1, 0);
	fault_expect("div by zero", &want);
	want.addr = want.ip = (long)op_idiv;
	if (!sigsetjmp(fault_back, 1))
		asm volatile("call op_idiv"
			     :
			     : "a"(INT_MIN), "d"(-1),
			       "S"(-1)
			     : "memory");
	fault_expect("idiv overflow", &want);
}

/* What an operation raises with only that exception unmasked in mxcsr. */
struct sse_case {
	const char *name;
	op_fn *op;
	float a, b;
	unsigned int mask_bit;
	int code;
};

static void test_sse_exceptions(void)
{
	static const struct sse_case cases[] = {
		{ "invalid", op_divss, 0, 0, 1 << 7, FPE_FLTINV },
		{ "zero divide", op_divss, 1, 0, 1 << 9, FPE_FLTDIV },
		{ "overflow", op_mulss, 1e30f, 1e30f, 1 << 10, FPE_FLTOVF },
		{ "underflow", op_mulss, 1e-30f, 1e-30f, 1 << 11, FPE_FLTUND },
		{ "inexact", op_divss, 1, 3, 1 << 12, FPE_FLTRES },
	};

	fault_catch();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct sse_case *c = &cases[i];
		unsigned int mxcsr = 0x1f80 & ~c->mask_bit;
		struct fault want = { SIGFPE, c->code, (long)c->op, TRAP_XM,
				      0, ANY, (long)c->op };

		memset(&fault_got, 0, sizeof(fault_got));
		if (!sigsetjmp(fault_back, 1))
			asm volatile("movss %0, %%xmm0\n\tmovss %1, %%xmm1\n\t"
				     "ldmxcsr %2\n\tcall *%3"
				     :
				     : "m"(c->a), "m"(c->b), "m"(mxcsr),
				       "r"(c->op)
				     : "xmm0", "xmm1", "memory");
		fault_expect(c->name, &want);
	}
}

static void test_x87_exception(void)
{
	unsigned short unmask_zero_divide = 0x37f & ~4;
	struct fault want = { SIGFPE, FPE_FLTDIV, (long)op_fwait, TRAP_MF, 0,
			      ANY, (long)op_fwait };

	fault_catch();
	if (!sigsetjmp(fault_back, 1))
		asm volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\t"
			     "call op_fwait"
			     :
			     : "m"(unmask_zero_divide)
			     : "memory");
	fault_expect("x87 zero divide", &want);
}

static void test_debug_instructions(void)
{
	struct fault ud = { SIGILL, ILL_ILLOPN, (long)op_ud2, TRAP_UD, 0, ANY,
			    (long)op_ud2 };
	struct fault bp = { SIGTRAP, SI_KERNEL, 0, TRAP_BP, 0, ANY,
			    (long)op_int3 + 1 };

	fault_catch();
	fault_run(op_ud2, 0, 0);
	fault_expect("ud2", &ud);
	fault_run(op_int3, 0, 0);
	fault_expect("int3", &bp);
	bp.ip = (long)op_int_3 + 2;
	fault_run(op_int_3, 0, 0);
	fault_expect("int $3", &bp);
}

static void test_privileged(void)
{
	unsigned long here = (unsigned long)&fault_got;

	fault_catch();
	GENERAL(op_hlt, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_cli, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_in, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_out, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_rdcr0, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_wrcr3, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_rdmsr, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_wrmsr, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_lgdt, here, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_swapgs, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_wbinvd, 0, SIGSEGV, TRAP_GP, 0);
	GENERAL(op_int_81, 0, SIGSEGV, TRAP_GP, 0x81 * 8 + 2);
	GENERAL(op_badseg, 0x1f8, SIGSEGV, TRAP_GP, 0x1f8);
	GENERAL(op_load16_aligned, here | 1, SIGSEGV, TRAP_GP, 0);
}

static void traps_clear_ac(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	asm volatile("pushf\n\tandl %0, (%%rsp)\n\tpopf"
		     :
		     : "i"(~EFLAGS_AC)
		     : "memory", "cc");
	fault_got = (struct fault){ sig, si->si_code, (long)si->si_addr,
				    r[REG_TRAPNO], r[REG_ERR], 0, r[REG_RIP] };
	r[REG_EFL] &= ~EFLAGS_AC;
}

static void test_alignment_check(void)
{
	static long aligned[2];
	struct fault want = { SIGBUS, BUS_ADRALN, 0, TRAP_AC, 0, ANY,
			      (long)op_load8 };
	long at = (long)aligned + 1;

	tap_handle(SIGBUS, traps_clear_ac, 0);
	asm volatile("sub $128, %%rsp\n\tpushf\n\torl %1, (%%rsp)\n\tpopf\n\t"
		     "call op_load8\n\tadd $128, %%rsp"
		     : "+D"(at)
		     : "i"(EFLAGS_AC)
		     : "rax", "memory", "cc");
	fault_expect("unaligned load with EFLAGS.AC", &want);
}

extern char step_first[], step_second[], step_third[], step_last[];
static volatile long traps_steps[16];
static volatile int traps_step_count;

static void traps_stepper(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	unsigned long flags;

	asm volatile("pushf\n\tpop %0"
		     : "=r"(flags));
	CHECK(!(flags & EFLAGS_TF), "the handler is stepped itself");
	CHECK_EQ(sig, SIGTRAP);
	CHECK_EQ(si->si_code, TRAP_TRACE);
	CHECK_EQ(si->si_addr, r[REG_RIP]);
	CHECK_EQ(r[REG_TRAPNO], TRAP_DB);
	CHECK(r[REG_EFL] & EFLAGS_TF);
	if (traps_step_count < (int)ARRAY_SIZE(traps_steps))
		traps_steps[traps_step_count++] = r[REG_RIP];
	if (r[REG_RIP] == (long)step_last ||
	    traps_step_count == ARRAY_SIZE(traps_steps))
		r[REG_EFL] &= ~EFLAGS_TF;
}

static void test_single_step(void)
{
	tap_handle(SIGTRAP, traps_stepper, 0);
	asm volatile("sub $128, %%rsp\n\tpushf\n\torl %0, (%%rsp)\n\tpopf\n\t"
		     "step_first: nop\n\t"
		     "step_second: mov $1, %%eax\n\t"
		     "step_third: jmp step_last\n\t"
		     "ud2\n\t"
		     "step_last: add $128, %%rsp"
		     :
		     : "i"(EFLAGS_TF)
		     : "rax", "memory", "cc");
	CHECK_EQ(traps_step_count, 3);
	CHECK_EQ(traps_steps[0], step_second);
	CHECK_EQ(traps_steps[1], step_third);
	CHECK_EQ(traps_steps[2], step_last);
}

/* Call 20 is getpid of the 32-bit table and writev of the 64-bit one. */
static void test_int80(void)
{
	long ret = 20;

	fault_catch();
	memset(&fault_got, 0, sizeof(fault_got));
	if (!sigsetjmp(fault_back, 1)) {
		asm volatile("int $0x80"
			     : "+a"(ret)
			     : "b"(0), "c"(0), "d"(0),
			       "S"(0), "D"(-1)
			     : "memory", "r8", "r9", "r10",
			       "r11");
		CHECK_EQ(ret, getpid());
		tap_diag("int 0x80: 32-bit system calls are there");
		return;
	}
	CHECK_EQ(fault_got.sig, SIGSEGV);
	CHECK_EQ(fault_got.code, SI_KERNEL);
	CHECK_EQ(fault_got.trapno, TRAP_GP);
	CHECK_EQ(fault_got.err, 0x80 * 8 + 2);
	tap_diag("int 0x80: SIGSEGV, no 32-bit system calls");
}

static const struct tap_test tests[] = {
	{ "integer division", test_arithmetic, 0 },
	{ "SSE exceptions", test_sse_exceptions, 0 },
	{ "x87 exception", test_x87_exception, 0 },
	{ "ud2, int3", test_debug_instructions, 0 },
	{ "privileged instructions", test_privileged, 0 },
	{ "alignment check", test_alignment_check, 0 },
	{ "single step by EFLAGS.TF", test_single_step, 0 },
	{ "int 0x80", test_int80, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
