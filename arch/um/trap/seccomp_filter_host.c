// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "seccomp": the filter of guest threads.
 *
 * A system call of guest code is a user notification: it reaches the kernel
 * with its number and arguments, and the thread waits for the answer.  What the
 * kernel will need all registers for is a signal instead, whose frame has them;
 * so is everything where the kernel runs under a filter itself (a container's),
 * since that one's errors go before a notification, but not before a signal.
 *
 * Guest code can jump into the stub for what the filter lets pass:
 *
 * - rt_sigreturn: it can load any user registers, block any signal, and choose
 *   where the host writes the frame of the next one (seccomp_host.c)
 * - close_range of everything, in a table of its own: that is empty already
 */
#include <stddef.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>
#include "seccomp_host_internal.h"

/*
 * Clones and what leaves the program copy or replace all registers, signals
 * save them; a call by "int 0x80" looks like one of these too.  A futex is
 * likely to wait for another thread of the program, which needs this one's
 * host thread.
 */
static const int seccomp_trapped[] = {
	SYS_clone, SYS_clone3, SYS_fork, SYS_vfork, SYS_execve, SYS_execveat,
	SYS_exit, SYS_exit_group, SYS_arch_prctl, SYS_sigaltstack,
	SYS_rt_sigsuspend, SYS_pause, SYS_kill, SYS_tkill, SYS_tgkill,
	SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_futex,
	/* The host could not make this one again after an interruption. */
	-1,
};

#define SECCOMP_TRAPPED \
	(sizeof(seccomp_trapped) / sizeof(seccomp_trapped[0]))

/* A filter under construction */
struct seccomp_builder {
	struct sock_filter	*next;
};

static struct sock_filter *seccomp_add(struct seccomp_builder *b,
				       unsigned short code, unsigned int k)
{
	*b->next = (struct sock_filter) { .code = code, .k = k };
	return b->next++;
}

/* Load 32 bits at an offset of struct seccomp_data. */
static void seccomp_load(struct seccomp_builder *b, unsigned int offset)
{
	seccomp_add(b, BPF_LD | BPF_W | BPF_ABS, offset);
}

static void seccomp_return(struct seccomp_builder *b, unsigned int action)
{
	seccomp_add(b, BPF_RET | BPF_K, action);
}

/* If what is loaded is @value, go to where seccomp_land() says. */
static struct sock_filter *seccomp_branch(struct seccomp_builder *b,
					  unsigned long value)
{
	return seccomp_add(b, BPF_JMP | BPF_JEQ | BPF_K, value & 0xffffffff);
}

static void seccomp_land(struct seccomp_builder *b, struct sock_filter *from)
{
	from->jt = b->next - from - 1;
}

/* Trap unless the 32 bits at @offset are @value. */
static void seccomp_require(struct seccomp_builder *b, unsigned int offset,
			    unsigned long value)
{
	struct sock_filter *match;

	seccomp_load(b, offset);
	match = seccomp_branch(b, value);
	seccomp_return(b, SECCOMP_RET_TRAP);
	seccomp_land(b, match);
}

static void seccomp_require_long(struct seccomp_builder *b,
				 unsigned int offset, unsigned long value)
{
	seccomp_require(b, offset, value);
	seccomp_require(b, offset + 4, value >> 32);
}

static void seccomp_branch_to_trap(struct seccomp_builder *b,
				   struct sock_filter **branches)
{
	unsigned int i;

	for (i = 0; i < SECCOMP_TRAPPED; i++)
		branches[i] = seccomp_branch(b, seccomp_trapped[i]);
}

/* A call of the stub's own, at its place. */
static void seccomp_allow_at(struct seccomp_builder *b, const char *label)
{
	seccomp_require_long(b, offsetof(struct seccomp_data,
					 instruction_pointer),
			     stub_address(label));
	seccomp_return(b, SECCOMP_RET_ALLOW);
}

void seccomp_build_filter(struct sock_fprog *program,
			  struct sock_filter *filter, bool notify)
{
	const unsigned int args = offsetof(struct seccomp_data, args);
	struct sock_filter *branches[SECCOMP_TRAPPED];
	struct seccomp_builder builder = { filter }, *b = &builder;
	struct sock_filter *to_return, *to_close, *vsyscall = NULL;
	unsigned int i;

	seccomp_require(b, offsetof(struct seccomp_data, arch),
			AUDIT_ARCH_X86_64);
	/* What the host emulates there is no call of its own, nor of ours. */
	if (notify) {
		seccomp_load(b, offsetof(struct seccomp_data,
					 instruction_pointer) + 4);
		vsyscall = seccomp_branch(b, ~0U);
	}
	seccomp_load(b, offsetof(struct seccomp_data, nr));
	to_return = seccomp_branch(b, SYS_rt_sigreturn);
	to_close = seccomp_branch(b, SYS_close_range);
	if (notify) {
		seccomp_branch_to_trap(b, branches);
	} else {
		seccomp_require_long(b, offsetof(struct seccomp_data,
						 instruction_pointer),
				     stub_address(um_stub_stopped));
	}
	seccomp_return(b, SECCOMP_RET_USER_NOTIF);
	if (notify) {
		seccomp_land(b, vsyscall);
		for (i = 0; i < SECCOMP_TRAPPED; i++)
			seccomp_land(b, branches[i]);
		seccomp_return(b, SECCOMP_RET_TRAP);
	}

	seccomp_land(b, to_return);
	seccomp_allow_at(b, um_stub_returned);

	seccomp_land(b, to_close);
	seccomp_require_long(b, args, 0);
	seccomp_require(b, args + 8, ~0U);
	seccomp_require(b, args + 16, CLOSE_RANGE_UNSHARE);
	seccomp_allow_at(b, um_stub_alone);

	program->len = b->next - filter;
	program->filter = (void *)(stub_address(um_stub_filter) +
				   sizeof(*program));
}
