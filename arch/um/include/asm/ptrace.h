/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_PTRACE_H
#define _ASM_UM_PTRACE_H

#include <uapi/asm/ptrace-abi.h>
#include <asm/processor-flags.h>

#ifndef __ASSEMBLY__

#include <linux/types.h>
#include <um/regs.h>

/**
 * struct pt_regs - the registers of guest code, or of interrupted kernel code
 *
 * The order is that of struct user_regs_struct (x86-64 ptrace(2)), so that
 * a backend and a debugger can copy it whole.  After a system call @orig_ax is
 * its number, else -1.  The segment bases and data segments mean something in
 * guest registers only.
 */
struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
	unsigned long fs_base;
	unsigned long gs_base;
	unsigned long ds;
	unsigned long es;
	unsigned long fs;
	unsigned long gs;
};

/* The selectors a 64-bit process of Linux has (asm/segment.h of x86). */
#define UM_USER_CS	0x33
#define UM_USER_SS	0x2b

/*
 * Guest code and kernel both run in the host's user mode, so the privilege
 * level says nothing: registers of the kernel are marked by a code segment
 * of zero when they are taken from a host signal.
 */
static __always_inline bool user_mode(const struct pt_regs *regs)
{
	return regs->cs != 0;
}

#define instruction_pointer(regs)	((regs)->ip)
#define instruction_pointer_set(regs, value)	((regs)->ip = (value))
#define user_stack_pointer(regs)	((regs)->sp)
#define kernel_stack_pointer(regs)	((regs)->sp)
#define frame_pointer(regs)		((regs)->bp)
#define profile_pc(regs)		instruction_pointer(regs)

static inline unsigned long regs_return_value(struct pt_regs *regs)
{
	return regs->ax;
}

static inline bool is_syscall_success(struct pt_regs *regs)
{
	return regs->ax < -4095UL;
}

static inline void regs_set_return_value(struct pt_regs *regs,
					 unsigned long value)
{
	regs->ax = value;
}

static __always_inline bool regs_irqs_disabled(struct pt_regs *regs)
{
	return !(regs->flags & X86_EFLAGS_IF);
}

#define arch_has_single_step()	(1)
#define arch_ptrace_stop_needed()	(1)
#define arch_ptrace_stop()	um_regs_complete()
#define ARCH_HAS_USER_SINGLE_STEP_REPORT
#define current_pt_regs()	task_pt_regs(current)

int regs_query_register_offset(const char *name);
const char *regs_query_register_name(unsigned int offset);

static inline unsigned long regs_get_register(struct pt_regs *regs,
					      unsigned int offset)
{
	return offset < sizeof(*regs) ?
	       *(unsigned long *)((char *)regs + offset) : 0;
}

#endif /* !__ASSEMBLY__ */

#endif /* _ASM_UM_PTRACE_H */
