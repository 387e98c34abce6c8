// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "seccomp", host part: host processes that nobody traces.
 *
 * Each has two threads.  The mapping thread runs the stub's loop over orders
 * and nothing else, ever.  The guest thread runs guest code; each of its
 * system calls but two becomes a SIGSYS, each exception a signal, whose handler
 * in the stub hands over to the kernel: it sets state->turn, wakes the kernel
 * and waits.  Both are made by the process's parent, the template, which is a
 * host process like the others that never gets an mm.
 *
 * What can guest code do with the system calls that the filter lets pass?  It
 * must jump into the stub for them, and what follows there are the stub's own
 * instructions:
 *
 * - futex wake on its turn: the kernel looks at the word and waits on
 * - futex wait on its turn: it has stopped
 * - rt_sigreturn: it can load any user registers and block any signal.  A guest
 *   thread that lets a kick go unheard is killed (seccomp_check())
 *
 * And it can write what it likes to state and to the signal stack, so that
 * state->turn says it has stopped proves nothing.  Where it matters (what it
 * has mapped is to be freed, another guest is to run, the process goes to the
 * pool) the host is asked: a thread that waits on the turn is in the stub, and
 * as no other guest thread of the mm runs, there it stays
 * (seccomp_host_confirm()).
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <ucontext.h>
#include <linux/audit.h>
#include <linux/auxvec.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <asm/layout.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>
#include "seccomp_host.h"
#include "stub_host.h"

#ifndef SA_RESTORER
#define SA_RESTORER	0x04000000
#endif

#define SECCOMP_KICK_SIGNAL	SIGUSR1
/* Between two looks at a process that does not answer. */
#define SECCOMP_LOOK_NS		50000000L
/* CPU time in which any thread that means well gets to the stub. */
#define SECCOMP_PATIENCE_NS	20000000ULL
/* A thread that means well waits after one or two. */
#define SECCOMP_YIELDS		16
/* The host's struct ucontext ends before libc's does. */
#define SECCOMP_INFO_OFFSET	(offsetof(ucontext_t, uc_sigmask) + 8)
/* The host's words about the frame's state (uapi asm/sigcontext.h). */
#define SECCOMP_SW_OFFSET	464
#define SECCOMP_SW_SIZE		48
#define SECCOMP_MAGIC1		0x46505853U
#define SECCOMP_MAGIC2		0x46505845U
#define SECCOMP_HWCAP2_FSGSBASE	2
/* Of a selector, and of EFLAGS (Intel SDM volume 3, sections 3.4.2, 2.3) */
#define SECCOMP_RPL_USER	3UL
#define SECCOMP_FLAGS_IF	0x200UL

/* libc's header has no such constant. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP	1
#endif

static struct seccomp_process seccomp_template;
static int seccomp_template_cpu = -1;
/* Behind the state of each frame, as the host wrote it in the first one. */
static unsigned char seccomp_sw[SECCOMP_SW_SIZE];

static long seccomp_futex(const volatile void *word, int op,
			  unsigned int value, const struct timespec *timeout)
{
	return host_syscall(SYS_futex, word, op, value, timeout);
}

/* Does a thread wait on a word?  To move a waiter to where it is counts it. */
static bool seccomp_has_waiter(const volatile unsigned int *word)
{
	return host_syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 0, 1, word,
			    *word) == 1;
}

/* ---- What the host says of a process ---- */

static bool seccomp_gone(const struct seccomp_process *p)
{
	siginfo_t info = { .si_pid = 0 };

	return host_syscall(SYS_waitid, P_PID, p->pid, &info,
			    WEXITED | WNOHANG | WNOWAIT, 0) || info.si_pid;
}

static unsigned long long seccomp_cpu_time(int pid)
{
	struct timespec ts = { 0 };

	/* The clock of a process's CPU time, as clock_getcpuclockid(3) has it. */
	host_syscall(SYS_clock_gettime, ~pid << 3 | 2, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/*
 * The process should have answered: has it gone?  Or does it use its time for
 * something else?  Then it has earned its end.
 */
static int seccomp_check(struct seccomp_process *p, unsigned long long *since)
{
	unsigned long long now;

	if (seccomp_gone(p))
		return -ESRCH;
	now = seccomp_cpu_time(p->pid);
	if (!*since)
		*since = now;
	if (now - *since < SECCOMP_PATIENCE_NS)
		return 0;
	host_syscall(SYS_kill, p->pid, SIGKILL);
	return -ESRCH;
}

/* ---- The mapping thread ---- */

static void seccomp_post(struct seccomp_process *p, unsigned int count,
			 unsigned int then)
{
	volatile struct stub_control *control = p->control;
	unsigned int seq = (control->seq + 1) & 0x7fffffff;

	control->count = count;
	control->then = then;
	control->ok = seq;
	control->failed = ~seq;
	control->seq = seq;
	seccomp_futex(&control->seq, FUTEX_WAKE, 1, NULL);
}

static int seccomp_tell(struct seccomp_process *p, unsigned int count,
			unsigned int then)
{
	volatile struct stub_control *control = p->control;
	const struct timespec look = { 0, SECCOMP_LOOK_NS };
	unsigned int done = control->done;

	seccomp_post(p, count, then);
	while (control->done == done) {
		if (seccomp_futex(&control->done, FUTEX_WAIT, done, &look) !=
		    -ETIMEDOUT)
			continue;
		if (seccomp_gone(p))
			return -ESRCH;
	}
	return control->done == control->failed ? -EAGAIN : 0;
}

int seccomp_host_batch(struct seccomp_process *p, unsigned int count)
{
	return seccomp_tell(p, count, STUB_THEN_TELL);
}

int seccomp_host_settle(struct seccomp_process *p)
{
	if (!p->posted)
		return 0;
	p->posted = false;
	/* It waits on a number only after having done that batch. */
	while (!seccomp_has_waiter(&p->control->seq)) {
		if (seccomp_gone(p))
			return -ESRCH;
		host_syscall(SYS_sched_yield);
	}
	return 0;
}

/* ---- The guest thread ---- */

/* A kicked thread should have stopped by now. */
static int seccomp_chase(struct seccomp_process *p, unsigned long long *since)
{
	volatile unsigned int *word = &p->state->turn;

	/* A thread that waits for the turn it has is up to no good. */
	if (!seccomp_host_settle(p) && seccomp_has_waiter(word) &&
	    *word != STUB_TURN_KERNEL)
		host_syscall(SYS_kill, p->pid, SIGKILL);
	return seccomp_check(p, since);
}

/*
 * Until the word says that it has stopped.  As guest code can write there, the
 * wait has a time-out, or the kernel's could be its last.
 */
static int seccomp_await(struct seccomp_process *p, bool chained)
{
	const struct timespec look = { 0, SECCOMP_LOOK_NS };
	volatile unsigned int *word = &p->state->turn;
	unsigned long long since = 0;
	unsigned int turn;
	long ret;

	while ((turn = *word) != STUB_TURN_KERNEL) {
		p->doubtful |= turn != STUB_TURN_GUEST;
		ret = seccomp_futex(word, FUTEX_WAIT, turn, &look);
		/* The mapping thread's wake-up is meant for the guest thread. */
		if (chained && !ret && *word != STUB_TURN_KERNEL)
			seccomp_futex(word, FUTEX_WAKE, 1, NULL);
		if (!ret || (ret != -ETIMEDOUT && !p->kicked))
			continue;
		/* The dead do not answer, and all other guests wait. */
		if (seccomp_gone(p) || (ret == -ETIMEDOUT && p->kicked &&
					seccomp_chase(p, &since)))
			return -ESRCH;
	}
	return 0;
}

/*
 * A kick may have reached a thread that waits without having blocked it: then
 * it is in the handler before it waits again.  So after a kick only a new wait
 * counts.
 */
int seccomp_host_confirm(struct seccomp_process *p)
{
	unsigned long long since = 0;
	unsigned int yields = 0;

	while (!p->sure) {
		if (!seccomp_has_waiter(&p->state->turn)) {
			if (seccomp_check(p, &since))
				return -ESRCH;
			host_syscall(SYS_sched_yield);
			p->doubtful |= ++yields > SECCOMP_YIELDS;
		} else if (p->unheard) {
			p->unheard = false;
			seccomp_futex(&p->state->turn, FUTEX_WAKE, 1, NULL);
		} else {
			p->sure = true;
		}
	}
	return 0;
}

static void seccomp_signal(struct seccomp_process *p)
{
	host_syscall(SYS_tgkill, p->pid, p->tid, SECCOMP_KICK_SIGNAL);
}

/* Too early, and it is left to who gives the turn. */
void seccomp_host_kick(struct seccomp_process *p)
{
	p->kicked = true;
	p->unheard = true;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (p->state->turn != STUB_TURN_KERNEL)
		seccomp_signal(p);
}

int seccomp_host_run(struct seccomp_process *p, unsigned int count)
{
	volatile struct stub_state *state = p->state;

	/*
	 * Orders that take something away come after a confirmation.  They must
	 * be done before guest code runs: so only the mapping thread's wake-up
	 * may let it, not that the turn changes between two of its waits.
	 */
	if (count && p->sure) {
		p->sure = false;
		if (seccomp_host_confirm(p))
			return -ESRCH;
	}
	p->sure = false;
	state->turn = STUB_TURN_GUEST;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (p->kicked)
		seccomp_signal(p);
	if (count) {
		p->posted = true;
		seccomp_post(p, count, STUB_THEN_RESUME);
	} else {
		seccomp_futex(&state->turn, FUTEX_WAKE, 1, NULL);
	}
	return seccomp_await(p, count);
}

/* ---- Its frame ---- */

/* Where each of the 27 registers is in the frame; -1: not there. */
static const signed char seccomp_gregs[27] = {
	REG_R15, REG_R14, REG_R13, REG_R12, REG_RBP, REG_RBX, REG_R11, REG_R10,
	REG_R9, REG_R8, REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, -1,
	REG_RIP, -1, REG_EFL, REG_RSP, -1, -1, -1, -1, -1, -1, -1
};

enum {
	SECCOMP_CS = 17, SECCOMP_FLAGS, SECCOMP_SS = 20,
	SECCOMP_FS_BASE, SECCOMP_GS_BASE
};

void seccomp_host_set_regs(struct seccomp_process *p, const unsigned long *regs)
{
	ucontext_t *uc = p->ucontext;
	greg_t *gregs = uc->uc_mcontext.gregs;
	unsigned int i;

	for (i = 0; i < sizeof(seccomp_gregs); i++)
		if (seccomp_gregs[i] >= 0)
			gregs[(int)seccomp_gregs[i]] = regs[i];
	gregs[REG_CSGSFS] = (regs[SECCOMP_CS] & 0xffff) |
			    regs[SECCOMP_SS] << 48;
	uc->uc_flags = p->uc_flags;
	uc->uc_link = NULL;
	uc->uc_stack = (stack_t) {
		.ss_sp = (void *)(UM_STUB_STACK + STUB_STATE_SIZE),
		.ss_size = UM_STUB_END - UM_STUB_STACK - STUB_STATE_SIZE,
	};
	uc->uc_mcontext.fpregs =
		(void *)(p->context + ((char *)p->xstate -
				       (char *)p->ucontext));
	*(unsigned long *)&uc->uc_sigmask = 0;
	p->control->fs = regs[SECCOMP_FS_BASE];
	p->control->gs = regs[SECCOMP_GS_BASE];
}

bool seccomp_host_get_regs(struct seccomp_process *p, unsigned long *regs,
			   struct seccomp_host_stop *stop)
{
	const ucontext_t *uc = p->ucontext;
	const greg_t *gregs = uc->uc_mcontext.gregs;
	const siginfo_t *info = (const void *)((char *)p->ucontext +
					       SECCOMP_INFO_OFFSET);
	unsigned int i;

	if (p->state->context != p->context)
		return false;
	for (i = 0; i < sizeof(seccomp_gregs); i++)
		if (seccomp_gregs[i] >= 0)
			regs[i] = gregs[(int)seccomp_gregs[i]];
	/* What says that this is not the kernel is not the guest's to say. */
	regs[SECCOMP_CS] = (gregs[REG_CSGSFS] & 0xffff) | SECCOMP_RPL_USER;
	regs[SECCOMP_SS] = (unsigned long)gregs[REG_CSGSFS] >> 48 |
			   SECCOMP_RPL_USER;
	regs[SECCOMP_FLAGS] |= SECCOMP_FLAGS_IF;
	regs[SECCOMP_FS_BASE] = p->state->fs;
	regs[SECCOMP_GS_BASE] = p->state->gs;
	*stop = (struct seccomp_host_stop) {
		.signo = p->state->signo,
		.code = info->si_code,
		.address = (unsigned long)info->si_addr,
		.trap_nr = gregs[REG_TRAPNO],
		.error_code = gregs[REG_ERR],
		.cr2 = gregs[REG_CR2],
	};
	stop->syscall = stop->signo == SIGSYS && stop->code == SYS_SECCOMP;
	stop->native = info->si_arch == AUDIT_ARCH_X86_64;
	return true;
}

void seccomp_host_get_xstate(struct seccomp_process *p, void *area)
{
	unsigned int i;

	host_copy(area, p->xstate, host_config.xstate_size);
	for (i = 0; i < SECCOMP_SW_SIZE; i++)
		((char *)area)[SECCOMP_SW_OFFSET + i] = 0;
}

void seccomp_host_set_xstate(struct seccomp_process *p, const void *area)
{
	char *to = p->xstate;

	host_copy(to, area, host_config.xstate_size);
	host_copy(to + SECCOMP_SW_OFFSET, seccomp_sw, SECCOMP_SW_SIZE);
	*(unsigned int *)(to + host_config.xstate_size) = SECCOMP_MAGIC2;
}

/* Its first stop: the frame is the host's own, no guest code has run yet. */
static int seccomp_adopt_frame(struct seccomp_process *p)
{
	unsigned long size = UM_STUB_END - UM_STUB_STACK;
	unsigned long offset = p->state->context - UM_STUB_STACK;
	ucontext_t *uc = (void *)((char *)p->state + offset);
	unsigned long xoffset;

	if (p->state->signo != SIGTRAP || offset >= size)
		return -EPERM;
	xoffset = (unsigned long)uc->uc_mcontext.fpregs - UM_STUB_STACK;
	if (xoffset >= size)
		return -EPERM;
	p->context = p->state->context;
	p->ucontext = uc;
	p->uc_flags = uc->uc_flags;
	p->xstate = (char *)p->state + xoffset;
	p->control->frame = p->context;
	return 0;
}

/* ---- Processes come and go ---- */

static void seccomp_prepare(struct seccomp_process *p, unsigned long phys)
{
	struct stub_control *control = p->control;

	control->done_phys = phys + offsetof(struct stub_control, done);
	control->memory_fd = host_config.memory_fd;
	control->parent = host_syscall(SYS_getpid);
	p->state->turn = STUB_TURN_GUEST;
	/* The wait for its first stop may look after it. */
	p->kicked = true;
}

/* The mapping thread is about to make the guest thread: wait for that. */
static int seccomp_finish(struct seccomp_process *p)
{
	int ret;

	ret = seccomp_tell(p, p->control->count, STUB_THEN_THREAD);
	if (!ret) {
		p->tid = p->state->tid;
		ret = seccomp_await(p, false);
	}
	if (!ret)
		ret = seccomp_host_confirm(p);
	return ret ? ret : seccomp_adopt_frame(p);
}

int seccomp_host_fork(struct seccomp_process *p, unsigned long phys)
{
	struct seccomp_process *template = &seccomp_template;
	int ret;

	/* A child inherits the binding. */
	if (seccomp_template_cpu != host_place_cpu()) {
		seccomp_template_cpu = host_place_cpu();
		host_place_thread(template->pid);
	}
	seccomp_prepare(p, phys);
	p->control->orders[0] = (struct stub_order) {
		SYS_mmap,
		{ UM_STUB_STACK, UM_STUB_END - UM_STUB_STACK,
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		  host_config.memory_fd,
		  phys + UM_STUB_STACK - UM_STUB_ORDERS },
	};
	p->control->count = 1;
	template->control->child = phys;
	ret = seccomp_tell(template, 0, STUB_THEN_PROCESS);
	if (ret)
		return ret;
	p->pid = template->state->tid;
	ret = seccomp_finish(p);
	if (ret)
		stub_kill(p->pid);
	/* Guest code can read it. */
	p->control->parent = 0;
	return ret;
}

static void seccomp_end(void)
{
	stub_end_group(seccomp_template.pid);
}

/* ---- The template ---- */

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

/*
 * The filter of guest threads: a wake and a wait on the turn, and sigreturn,
 * each at its place in the stub.  Everything else traps; that comes first, it
 * is what guest code does.
 */
static void seccomp_build_filter(struct sock_fprog *program,
				 struct sock_filter *filter)
{
	const unsigned int nr = offsetof(struct seccomp_data, nr);
	const unsigned int arch = offsetof(struct seccomp_data, arch);
	const unsigned int ip = offsetof(struct seccomp_data,
					 instruction_pointer);
	const unsigned int args = offsetof(struct seccomp_data, args);
	unsigned long waited = stub_address(um_stub_waited);
	struct seccomp_builder builder = { filter }, *b = &builder;
	struct sock_filter *to_futex, *to_return, *to_wait;

	seccomp_load(b, nr);
	to_futex = seccomp_branch(b, SYS_futex);
	to_return = seccomp_branch(b, SYS_rt_sigreturn);
	seccomp_return(b, SECCOMP_RET_TRAP);

	seccomp_land(b, to_futex);
	seccomp_require(b, arch, AUDIT_ARCH_X86_64);
	seccomp_require_long(b, args, UM_STUB_STACK + STUB_STATE_TURN);
	seccomp_load(b, ip);
	to_wait = seccomp_branch(b, waited);
	seccomp_require_long(b, ip, stub_address(um_stub_woken));
	seccomp_require(b, args + 8, FUTEX_WAKE);
	seccomp_return(b, SECCOMP_RET_ALLOW);

	seccomp_land(b, to_wait);
	seccomp_require_long(b, ip, waited);
	seccomp_require(b, args + 8, FUTEX_WAIT);
	/* No time-out */
	seccomp_require_long(b, args + 3 * 8, 0);
	seccomp_return(b, SECCOMP_RET_ALLOW);

	seccomp_land(b, to_return);
	seccomp_require(b, arch, AUDIT_ARCH_X86_64);
	seccomp_require_long(b, ip, stub_address(um_stub_returned));
	seccomp_return(b, SECCOMP_RET_ALLOW);

	program->len = b->next - filter;
	program->filter = (void *)(stub_address(um_stub_filter) +
				   sizeof(*program));
}

static void seccomp_child_signals(void)
{
	static const int signals[] = {
		SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
		SECCOMP_KICK_SIGNAL
	};
	struct {
		unsigned long handler, flags, restorer, mask;
	} action = {
		stub_address(um_stub_stop),
		SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
		stub_address(um_stub_returned), ~0UL
	};
	unsigned int i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		host_syscall(SYS_rt_sigaction, signals[i], &action, 0,
			     sizeof(action.mask));
	/* A mapping thread hears none; a guest thread unblocks them. */
	host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &action.mask, 0,
		     sizeof(action.mask));
}

static long seccomp_child_map(unsigned long addr, unsigned long size, int prot,
			      unsigned long phys)
{
	long ret = host_syscall(SYS_mmap, addr, size, prot,
				MAP_SHARED | MAP_FIXED, host_config.memory_fd,
				phys);

	return ret == (long)addr ? 0 : ret;
}

static long seccomp_child_setup(unsigned long stub_phys, long parent)
{
	unsigned int trap_action = SECCOMP_RET_TRAP;
	unsigned long phys = stub_phys + UM_STUB_ORDERS - UM_STUB_CODE;
	long ret;

	host_syscall(SYS_setsid);
	ret = host_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (ret || host_syscall(SYS_getppid) != parent)
		return -ESRCH;
	ret = host_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (ret)
		return ret;
	ret = host_syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0,
			   &trap_action);
	/* Before 4.14 it could not be asked. */
	if (ret && ret != -EINVAL)
		return ret;
	seccomp_child_signals();
	stub_child_no_core();
	stub_child_close();
	ret = seccomp_child_map(UM_STUB_CODE, UM_STUB_ORDERS - UM_STUB_CODE,
				PROT_READ | PROT_EXEC, stub_phys);
	if (!ret)
		ret = seccomp_child_map(UM_STUB_ORDERS,
					UM_STUB_STACK - UM_STUB_ORDERS,
					PROT_READ, phys);
	if (!ret)
		ret = seccomp_child_map(UM_STUB_STACK,
					UM_STUB_END - UM_STUB_STACK,
					PROT_READ | PROT_WRITE,
					phys + UM_STUB_STACK - UM_STUB_ORDERS);
	return ret;
}

static void seccomp_child(unsigned long stub_phys, long parent)
{
	long ret = seccomp_child_setup(stub_phys, parent);

	if (ret)
		host_syscall(SYS_exit_group, -ret);
	asm volatile("xorl %%r15d, %%r15d; jmp *%0"
		     : : "r" (stub_address(um_stub_mapper)) : "memory");
	__builtin_unreachable();
}

/* Its first orders empty it but for the stub. */
static void seccomp_template_orders(struct stub_control *control)
{
	control->orders[0] = (struct stub_order) {
		SYS_munmap, { 0, UM_STUB_CODE }
	};
	control->orders[1] = (struct stub_order) {
		SYS_munmap, { UM_STUB_END, 0x7ffffffff000 - UM_STUB_END }
	};
	control->count = 2;
}

static void seccomp_learn_xstate(struct seccomp_process *p)
{
	const char *sw = (char *)p->xstate + SECCOMP_SW_OFFSET;

	host_copy(seccomp_sw, sw, SECCOMP_SW_SIZE);
	host_config.xstate_mask = *(unsigned long *)(sw + 8);
	host_config.xstate_size = *(unsigned int *)(sw + 16);
}

#define SECCOMP_FORBIDDEN \
	"seccomp filters are forbidden here (by a seccomp filter or a container's policy)"
#define SECCOMP_NO_FSGSBASE \
	"the host does not let programs set their segment bases (needs an x86-64 CPU of 2012 and Linux 5.9 or later)"

static const char *seccomp_refusal(long error)
{
	if (error == -ENOSYS || error == -EINVAL || error == -EOPNOTSUPP)
		return "the host has no seccomp filters (needs Linux 4.8 or later)";
	if (error == -EPERM || error == -EACCES || error == -ESRCH)
		return SECCOMP_FORBIDDEN;
	return host_strerror(error);
}

/* A child that gave up says why by its exit status. */
static long seccomp_template_end(int pid, long error)
{
	int status;

	host_syscall(SYS_kill, pid, SIGKILL);
	status = stub_wait(pid);
	return status >= 0 && WIFEXITED(status) ? -WEXITSTATUS(status) : error;
}

const char *seccomp_host_template(unsigned long stub_phys)
{
	unsigned long phys = stub_phys + UM_STUB_ORDERS - UM_STUB_CODE;
	struct seccomp_process *p = &seccomp_template;
	long parent = host_syscall(SYS_getpid);
	char *code = (char *)UM_DIRECT_START + stub_phys;
	struct sock_fprog *program;
	long ret;

	if (!(host_auxv(AT_HWCAP2) & SECCOMP_HWCAP2_FSGSBASE))
		return SECCOMP_NO_FSGSBASE;

	stub_place(stub_phys);
	program = (void *)(code + (um_stub_filter - um_stub));
	seccomp_build_filter(program, (void *)(program + 1));

	p->control = (void *)(UM_DIRECT_START + phys);
	p->state = (void *)(UM_DIRECT_START + phys + UM_STUB_STACK -
			    UM_STUB_ORDERS);
	seccomp_prepare(p, phys);
	seccomp_template_orders(p->control);

	ret = host_syscall(SYS_clone, SIGCHLD);
	if (!ret)
		seccomp_child(stub_phys, parent);
	if (ret < 0)
		return host_strerror(ret);
	p->pid = ret;
	ret = seccomp_finish(p);
	if (ret)
		return seccomp_refusal(seccomp_template_end(p->pid, ret));
	if (*(unsigned int *)((char *)p->xstate + SECCOMP_SW_OFFSET) !=
	    SECCOMP_MAGIC1) {
		stub_kill(p->pid);
		return "the host's signal frames have no extended state";
	}
	seccomp_learn_xstate(p);
	return host_at_exit(seccomp_end) ? "too many exit functions" : NULL;
}
