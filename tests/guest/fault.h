/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raising a fault on purpose and catching all that is said about it.
 *
 * Every instruction under test is the first one of a function op_*() written
 * in assembly, so that the address it is reported at is known too.
 */
#ifndef FAULT_H
#define FAULT_H

#include <setjmp.h>
#include <ucontext.h>

#include "tap.h"

#define PAGE 4096UL
#define ANY (-1L)

/* The bits of REG_ERR for trap 14, and the traps (Intel SDM 3A, 4.7, 6.3). */
enum { PF_PRESENT = 1,
       PF_WRITE = 2,
       PF_USER = 4,
       PF_INSTR = 16 };
enum { TRAP_DE,
       TRAP_DB,
       TRAP_BP = 3,
       TRAP_UD = 6,
       TRAP_SS = 12,
       TRAP_GP,
       TRAP_PF,
       TRAP_MF = 16,
       TRAP_AC,
       TRAP_XM = 19 };

typedef void op_fn(unsigned long, unsigned long);

#define OP(name, insn) \
	extern void name(unsigned long, unsigned long); \
	asm(".pushsection .text\n" \
	    ".globl " #name "\n" \
	    ".type " #name ", @function\n" #name ": " insn "\n\tret\n" \
	    ".popsection")

struct fault {
	long sig, code, addr, trapno, err, cr2, ip;
};

static __thread sigjmp_buf fault_back;
static __thread struct fault fault_got;
static __thread gregset_t fault_regs;

TAP_USED_OR_NOT static void fault_handler(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	fault_got = (struct fault){
		.sig = sig,
		.code = si->si_code,
		.addr = (long)si->si_addr,
		.trapno = r[REG_TRAPNO],
		.err = r[REG_ERR],
		.cr2 = r[REG_CR2],
		.ip = r[REG_RIP],
	};
	memcpy(fault_regs, r, sizeof(fault_regs));
	siglongjmp(fault_back, 1);
}

TAP_USED_OR_NOT static void fault_catch(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL,
				       SIGTRAP };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		tap_handle(signals[i], fault_handler, 0);
}

/* Runs @op; what it raised is in fault_got, sig 0 for nothing. */
TAP_USED_OR_NOT
static void fault_run(op_fn *op, unsigned long a, unsigned long b)
{
	memset(&fault_got, 0, sizeof(fault_got));
	if (!sigsetjmp(fault_back, 1))
		op(a, b);
}

TAP_USED_OR_NOT
static void fault_compare(const char *what, long got, long wanted)
{
	if (wanted != ANY && got != wanted && tap_fail())
		tap_diag("%s is %#lx, expected %#lx", what, got, wanted);
}

TAP_USED_OR_NOT
static void fault_expect(const char *name, const struct fault *want)
{
	int before = tap_shared->fails;

	fault_compare("signal", fault_got.sig, want->sig);
	fault_compare("si_code", fault_got.code, want->code);
	fault_compare("si_addr", fault_got.addr, want->addr);
	fault_compare("REG_TRAPNO", fault_got.trapno, want->trapno);
	fault_compare("REG_ERR", fault_got.err, want->err);
	fault_compare("REG_CR2", fault_got.cr2, want->cr2);
	fault_compare("REG_RIP", fault_got.ip, want->ip);
	if (tap_shared->fails != before)
		tap_diag("  in %s", name);
}

/* A general protection fault tells no address and no page. */
TAP_USED_OR_NOT
static void fault_general(const char *name, op_fn *op, unsigned long a,
			  int sig, long trapno, long err)
{
	struct fault want = { sig, SI_KERNEL, 0, trapno, err, ANY, (long)op };

	fault_run(op, a, 0);
	fault_expect(name, &want);
}

#define GENERAL(op, a, sig, trapno, err) \
	fault_general(#op, op, (unsigned long)(a), sig, trapno, err)

#endif
