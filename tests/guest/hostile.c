// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that attacks what it runs on. A user mode kernel may keep code and
 * data of its own in a guest process's address space (hostile.h says where):
 * this program jumps into it, forges what is saved there, and rewrites it while
 * it is in use. It may be killed for that; nobody else may notice.
 *
 * On other kernels those addresses are like any that are not mapped. What is to
 * be seen from outside, tests/boot/hostile.exp looks at; it sets HOSTILE_EXEC,
 * the path of a program that exists on the host and not in the guest.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "hostile.h"

#define PROBE 0x100000000000UL
#define FILE_NAME "hostile.file"
#define SECRET 0x5ec2e7c0ffee5ec2UL
#define CANARY 0xca9a7ec0deUL
#define WITNESS_WORDS (128 * 1024)
#define NOBODY 0x3ffffff0

/* Which jump is next; and what the witness, a bystander, has done. */
static struct {
	volatile unsigned int next;
	volatile unsigned long progress;
	volatile int stop;
} * shared;

static bool has_stub;
static unsigned long memory_fd, done_phys;
static pid_t outside;
static unsigned long canary[512] = { [0 ... 511] = CANARY };

/* ---- The witness ---- */

static unsigned long mix(unsigned long x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static void wait_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Counts how often its memory, of others no business, was still right. */
static int witness_run(void *arg)
{
	unsigned long *memory = tap_pages(WITNESS_WORDS / 512,
					  PROT_READ | PROT_WRITE);

	(void)arg;
	for (unsigned long i = 0, x = SECRET; i < WITNESS_WORDS; i++, x = mix(x))
		memory[i] = i % 8 ? x : SECRET;
	while (!shared->stop) {
		for (unsigned long i = 0, x = SECRET; i < WITNESS_WORDS; i++) {
			if (memory[i] != (i % 8 ? x : SECRET))
				return 1;
			if (i % 64 == 0)
				shared->progress++;
			x = mix(x);
		}
		wait_ms(2);
	}
	return 0;
}

static pid_t witness_start(void)
{
	shared->stop = 0;
	shared->progress = 0;
	return tap_fork(witness_run, NULL);
}

static void witness_end(pid_t pid)
{
	shared->stop = 1;
	CHECK_EXITED(pid, 0);
	for (size_t i = 0; i < ARRAY_SIZE(canary); i++)
		CHECK_EQ(canary[i], CANARY);
}

static void witnessed(void (*attack)(void))
{
	pid_t witness = witness_start();

	attack();
	witness_end(witness);
}

#define WITNESSED(name) \
	static void test_##name(void) \
	{ \
		witnessed(name##_all); \
	}

/* ---- What there is to attack ---- */

static void look(void)
{
	unsigned long value = 0;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(shared != MAP_FAILED);
	hostile_catch();
	has_stub = hostile_peek(STUB, NULL);
	memory_fd = hostile_peek(CONTROL_FD, &value) ? value : 9;
	done_phys = hostile_peek(CONTROL_DONE_PHYS, &value) ? value : 0;
	outside = hostile_peek(CONTROL_PARENT, &value) ? value : NOBODY;
	/* By chance it may be somebody inside. */
	if (!outside || !kill(outside, 0))
		outside = NOBODY;
}

/*
 * Fresh handlers; the descriptors that the jumps name are not ours, and a read
 * by number 0 would stop a job in the background.
 */
static void prepare(void)
{
	int null = open("/dev/null", O_RDWR);

	hostile_catch();
	dup2(null, STDIN_FILENO);
	for (int fd = 3; fd < 10; fd++)
		close(fd);
}

static void check_unharmed(void)
{
	unsigned long value = 0;
	unsigned char resident;

	/* What the guest's kernel has mapped there, it knows of. */
	if (hostile_peek(PROBE, &value))
		CHECK(!mincore((void *)PROBE, PAGE, &resident),
		      "there is memory: %#lx", value);
	munmap((void *)PROBE, PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(canary); i++)
		CHECK_EQ(canary[i], CANARY);
	CHECK(has_stub == hostile_peek(STUB, NULL));
	if (has_stub && hostile_peek(CONTROL_DONE, &value))
		CHECK((unsigned int)value != (unsigned int)CANARY,
		      "the control page was written");
}

/* ---- 1. Jumps to every byte ---- */

struct order {
	unsigned long nr, args[6];
};

/* In hostile_memory: where %rbx points, where %rsp does, a path. */
#define ORDERS ((struct order *)hostile_memory)
#define FRAME ((ucontext_t *)(hostile_memory + 8 * PAGE))
#define WORD ((unsigned long)hostile_memory + 12 * PAGE)
#define TEXT (hostile_memory + 13 * PAGE)
#define PATTERN ((unsigned long *)(hostile_memory + 14 * PAGE))
#define OWN_STACK 1

static void forge_regs(ucontext_t *uc, unsigned long rip)
{
	greg_t *regs = uc->uc_mcontext.gregs;

	regs[REG_RIP] = rip;
	regs[REG_RSP] = (greg_t)hostile_memory + 4 * PAGE;
	regs[REG_EFL] = FLAG_IF;
	regs[REG_CSGSFS] = HOSTILE_SELECTORS;
}

/* The host's struct ucontext, with as much of it set as a jump needs. */
static void forge_plain(ucontext_t *uc, unsigned long rip)
{
	memset(uc, 0, 512);
	uc->uc_stack.ss_flags = SS_DISABLE;
	forge_regs(uc, rip);
}

#define SET(name, nr, ...) \
	static void name(struct hostile_regs *r, unsigned int offset) \
	{ \
		(void)offset; \
		r->rax = (nr); \
		__VA_ARGS__; \
	}

/* What the guest's kernel makes of these is harmless. */
SET(jump_mmap, SYS_mmap, r->rdi = PROBE, r->rsi = PAGE, r->rdx = 7,
    r->r10 = MAP_SHARED | MAP_FIXED, r->r8 = memory_fd)
SET(jump_mmap_any, SYS_mmap, r->rdi = PROBE, r->rsi = PAGE, r->rdx = 7,
    r->r10 = MAP_SHARED | MAP_FIXED, r->r8 = 3 + offset % 7)
SET(jump_mmap_new, SYS_mmap, r->rdi = PROBE, r->rsi = PAGE, r->rdx = 7,
    r->r10 = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, r->r8 = -1)
SET(jump_creat, SYS_creat, r->rdi = (long)FILE_NAME, r->rsi = 0600)
SET(jump_open, SYS_open, r->rdi = (long)"/tmp/" FILE_NAME,
    r->rsi = O_CREAT | O_RDWR | O_CLOEXEC, r->rdx = 0600)
SET(jump_kill, SYS_kill, r->rdi = outside, r->rsi = SIGTERM)
SET(jump_name, SYS_prctl, r->rdi = PR_SET_NAME, r->rsi = (long)"hostile")
SET(jump_ptrace, SYS_ptrace, r->rdi = PTRACE_ATTACH, r->rsi = outside)
SET(jump_exec, SYS_execve, r->rdi = (long)TEXT, r->rsi = 0, r->rdx = 0)
SET(jump_wait, SYS_futex, r->rdi = WORD, r->rsi = 0, r->rdx = 0)
SET(jump_wake, SYS_futex, r->rdi = CONTROL + 4 * (offset % 2), r->rsi = 1,
    r->rdx = INT_MAX)
SET(jump_requeue, SYS_futex, r->rdi = STACK, r->rsi = 3, r->rdx = INT_MAX,
    r->r10 = INT_MAX, r->r8 = WORD)
SET(jump_return, SYS_rt_sigreturn,
    forge_plain(FRAME, (long)hostile_landing))
SET(jump_clone, SYS_clone, r->rdi = SIGCHLD, r->rsi = 0)
SET(jump_pwrite, SYS_pwrite64, r->rdi = memory_fd, r->rsi = (long)PATTERN,
    r->rdx = 8, r->r10 = done_phys)

/* @full: from every byte; else from those not far before a system call. */
static const struct jump {
	void (*set)(struct hostile_regs *r, unsigned int offset);
	unsigned long rsp, flags;
	bool full;
} jumps[] = {
	{ jump_mmap, OWN_STACK, 0, true },
	{ jump_mmap_any, STACK_END - 64, 0, true },
	{ jump_mmap_new, OWN_STACK, 0, false },
	{ jump_creat, OWN_STACK, 0, false },
	{ jump_open, 0, FLAG_TF, false },
	{ jump_kill, OWN_STACK, 0, false },
	{ jump_ptrace, STACK + 256, 0, false },
	{ jump_exec, OWN_STACK, 0, false },
	{ jump_wait, OWN_STACK, 0, false },
	{ jump_wake, OWN_STACK, 0, false },
	{ jump_requeue, OWN_STACK, 0, false },
	{ jump_return, OWN_STACK, 0, true },
	{ jump_return, OWN_STACK, FLAG_TF, false },
	{ jump_clone, OWN_STACK, 0, false },
	{ jump_pwrite, OWN_STACK, 0, false },
	{ jump_name, 0, 0, false },
};

static void jump_memory(void)
{
	const char *path = getenv("HOSTILE_EXEC");
	unsigned long name = (unsigned long)"hostile";

	memset(hostile_memory, 0, sizeof(hostile_memory));
	snprintf(TEXT, PAGE, "%s", path ? path : "/nonexistent/hostile");
	*PATTERN = CANARY;
	ORDERS[0] = (struct order){ SYS_prctl, { PR_SET_NAME, name } };
	ORDERS[1] = (struct order){
		SYS_pwrite64, { memory_fd, (long)PATTERN, 8, done_phys }
	};
	ORDERS[2] = (struct order){
		SYS_mmap, { PROBE, PAGE, 7, MAP_SHARED | MAP_FIXED, memory_fd }
	};
}

/* "syscall" */
static bool is_syscall(unsigned int offset)
{
	const unsigned char *code = (void *)STUB;

	return offset < PAGE - 4 && code[offset] == 0x0f &&
	       code[offset + 1] == 0x05;
}

static bool jump_wanted(const struct jump *jump, unsigned int offset)
{
	if (!has_stub)
		return offset % 64 == 0;
	for (unsigned int i = 0; i < 12; i++)
		if (is_syscall(offset + i))
			return true;
	return jump->full;
}

static void jump_once(const struct jump *jump, unsigned int offset)
{
	struct hostile_regs *r = &hostile_set;

	hostile_plain(STUB + offset);
	r->rbx = (unsigned long)ORDERS;
	r->rbp = 1 + offset % 3;
	r->r15 = offset % 5 == 4 ? -1UL : offset % 5;
	r->flags |= jump->flags;
	if (jump->rsp != OWN_STACK)
		r->rsp = jump->rsp;
	jump->set(r, offset);
	hostile_steps = 20;
	hostile_enter_timed();
}

/* A thread or process that a jump has made is not to go on here. */
static void leave_if_new(long self)
{
	if (hostile_raw(SYS_gettid, 0, 0) != self)
		hostile_raw(SYS_exit, 0, 0);
}

static int jump_run(void *arg)
{
	long self = hostile_raw(SYS_gettid, 0, 0);
	const struct jump *jump = arg;

	prepare();
	jump_memory();
	for (; shared->next < PAGE; shared->next++) {
		if (!jump_wanted(jump, shared->next))
			continue;
		jump_once(jump, shared->next);
		leave_if_new(self);
		if (!jump->full || shared->next % 32 == 31)
			check_unharmed();
	}
	check_unharmed();
	return 0;
}

/* Children that were jumped into being are ours too. */
static void reap_all(pid_t pid)
{
	hostile_reap(pid, 2000);
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
}

static void jump_everywhere(const struct jump *jump)
{
	shared->next = 0;
	while (shared->next < PAGE) {
		unsigned int from = shared->next;

		reap_all(tap_fork(jump_run, (void *)jump));
		/* Not from there again. */
		if (shared->next < PAGE)
			shared->next++;
		REQUIRE(shared->next > from);
	}
}

/* What the guest's own kernel did, as it was asked. */
static void remove_files(void)
{
	unlink(FILE_NAME);
	unlink("/tmp/" FILE_NAME);
}

static void jumps_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++)
		jump_everywhere(&jumps[i]);
	remove_files();
}

WITNESSED(jumps)

/* ---- 2. Forged state ---- */

/* A real frame, to forge from. */
static char taken[32768] __attribute__((aligned(4096)));
#define TAKEN ((ucontext_t *)taken)
#define TAKEN_STATE (taken + 1024)
#define MASK(uc) (*(unsigned long *)&(uc)->uc_sigmask)
/* The state's words about itself, and its header (<asm/sigcontext.h>). */
#define STATE_SIZE_AT 468
#define STATE_HEADER_AT 512
#define STATE_MXCSR_AT 24

static void take_handler(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	char *state = (char *)uc->uc_mcontext.fpregs;
	unsigned int size = *(unsigned int *)(state + STATE_SIZE_AT);

	(void)sig;
	(void)si;
	/* The kernel's struct ends with a mask of 64 bits. */
	memcpy(TAKEN, uc, offsetof(ucontext_t, uc_sigmask) + 8);
	if (size < 512 || size > sizeof(taken) - 1024)
		size = 512;
	memcpy(TAKEN_STATE, state, size);
	TAKEN->uc_mcontext.fpregs = (void *)TAKEN_STATE;
}

static void take(void)
{
	tap_handle(SIGUSR1, take_handler, 0);
	raise(SIGUSR1);
	TAKEN->uc_mcontext.gregs[REG_RIP] = (greg_t)hostile_landing;
	TAKEN->uc_mcontext.gregs[REG_RSP] = (greg_t)hostile_memory + 4 * PAGE;
}

#define FORGE(name, ...) \
	static void name(ucontext_t *uc, char *state) \
	{ \
		greg_t *r __attribute__((unused)) = \
			uc->uc_mcontext.gregs; \
		(void)state; \
		__VA_ARGS__; \
	}

#define SELECTORS(cs, ss) (r[REG_CSGSFS] = (cs) | (unsigned long)(ss) << 48)
FORGE(forge_nothing, (void)uc)
FORGE(forge_cs_kernel, SELECTORS(0x10, 0x18))
FORGE(forge_cs_zero, SELECTORS(0, 0))
FORGE(forge_cs_compat, SELECTORS(0x23, 0x2b);
      r[REG_RIP] = (greg_t)hostile_break)
FORGE(forge_cs_data, SELECTORS(0x2b, 0x2b))
FORGE(forge_cs_beyond, SELECTORS(0xffff, 0xffff))
FORGE(forge_ss_code, SELECTORS(0x33, 0x33))
FORGE(forge_ss_zero, SELECTORS(0x33, 0))
FORGE(forge_flags_all, r[REG_EFL] = -1)
FORGE(forge_flags_none, r[REG_EFL] = 0)
FORGE(forge_flags_iopl, r[REG_EFL] = 0x3202)
FORGE(forge_flags_nt, r[REG_EFL] = 0x4202)
FORGE(forge_flags_vm, r[REG_EFL] = 0x20202)
FORGE(forge_flags_tf, r[REG_EFL] = 0x302)
FORGE(forge_flags_ac, r[REG_EFL] = 0x40202)
FORGE(forge_ip_hole, r[REG_RIP] = 0x800000000000)
FORGE(forge_ip_kernel, r[REG_RIP] = 0xffffffff81000000)
FORGE(forge_ip_stub, r[REG_RIP] = STUB + 3)
FORGE(forge_ip_direct, r[REG_RIP] = 0x700000000000)
FORGE(forge_sp_hole, r[REG_RSP] = 0x800000000000)
FORGE(forge_sp_stack, r[REG_RSP] = STACK + 128)
FORGE(forge_xstate_ones, memset(state + STATE_HEADER_AT, 0xff, 64))
FORGE(forge_xstate_compact, state[STATE_HEADER_AT + 15] = (char)0x80)
FORGE(forge_xstate_all, memset(state, 0xff, 2048))
FORGE(forge_mxcsr, memset(state + STATE_MXCSR_AT, 0xff, 4))
FORGE(forge_state_size, memset(state + STATE_SIZE_AT, 0xff, 28))
FORGE(forge_state_odd, uc->uc_mcontext.fpregs = (void *)(state + 1))
FORGE(forge_state_none, uc->uc_mcontext.fpregs = NULL)
FORGE(forge_state_low, uc->uc_mcontext.fpregs = (void *)64)
FORGE(forge_state_stub, uc->uc_mcontext.fpregs = (void *)STUB)
FORGE(forge_state_stack, uc->uc_mcontext.fpregs = (void *)(STACK_END - 64))
FORGE(forge_state_kernel,
      uc->uc_mcontext.fpregs = (void *)0xffff888000000000)
FORGE(forge_uc_flags, uc->uc_flags = -1)
FORGE(forge_stack_own, uc->uc_stack.ss_sp = hostile_memory,
      uc->uc_stack.ss_size = 4 * PAGE, uc->uc_stack.ss_flags = 0)
FORGE(forge_stack_stub, uc->uc_stack.ss_sp = (void *)STUB,
      uc->uc_stack.ss_size = 5 * PAGE, uc->uc_stack.ss_flags = 0)
FORGE(forge_stack_once, uc->uc_stack.ss_sp = (void *)STACK,
      uc->uc_stack.ss_size = 3 * PAGE, uc->uc_stack.ss_flags = 1 << 31)
FORGE(forge_stack_small, uc->uc_stack.ss_sp = hostile_memory,
      uc->uc_stack.ss_size = 1, uc->uc_stack.ss_flags = 0)
FORGE(forge_stack_flags, uc->uc_stack.ss_flags = -1)
FORGE(forge_mask, MASK(uc) = ~0UL)

typedef void forge_fn(ucontext_t *uc, char *state);

static forge_fn *const forges[] = {
	forge_nothing,
	forge_cs_kernel,
	forge_cs_zero,
	forge_cs_compat,
	forge_cs_data,
	forge_cs_beyond,
	forge_ss_code,
	forge_ss_zero,
	forge_flags_all,
	forge_flags_none,
	forge_flags_iopl,
	forge_flags_nt,
	forge_flags_vm,
	forge_flags_tf,
	forge_flags_ac,
	forge_ip_hole,
	forge_ip_kernel,
	forge_ip_stub,
	forge_ip_direct,
	forge_sp_hole,
	forge_sp_stack,
	forge_xstate_ones,
	forge_xstate_compact,
	forge_xstate_all,
	forge_mxcsr,
	forge_state_size,
	forge_state_odd,
	forge_state_none,
	forge_state_low,
	forge_state_stub,
	forge_state_stack,
	forge_state_kernel,
	forge_uc_flags,
	forge_stack_own,
	forge_stack_stub,
	forge_stack_once,
	forge_stack_small,
	forge_stack_flags,
	forge_mask,
};

/* "mov $nr, %eax; syscall" in the stub; ours if there is none. */
static unsigned long stub_call(unsigned char nr)
{
	const unsigned char code[] = { 0xb8, nr, 0, 0, 0, 0x0f, 0x05 };
	void *at = has_stub ? memmem((void *)STUB, PAGE, code, sizeof(code)) : NULL;

	return at ? (unsigned long)at : (unsigned long)hostile_syscall;
}

static void forged_return(unsigned long by, ucontext_t *uc)
{
	hostile_plain(by);
	hostile_set.rax = SYS_rt_sigreturn;
	hostile_set.rsp = (unsigned long)uc;
	hostile_enter();
}

/* The three that say who is meant: which forgery, and the way. */
static int forge_run(void *arg)
{
	unsigned long which = (unsigned long)arg;
	volatile double x = 3;

	prepare();
	take();
	forges[which / 2](TAKEN, TAKEN_STATE);
	forged_return(which % 2 ? stub_call(SYS_rt_sigreturn) : (unsigned long)hostile_syscall, TAKEN);
	/* Nothing came of it: this process can go on. */
	x = x / 7 * 7;
	if (getppid() <= 0 || x < 2.9 || x > 3.1)
		return 1;
	raise(SIGUSR1);
	return 0;
}

/* What a real kernel, or the end of a host process, makes of bad state. */
static bool is_fair_end(int status)
{
	if (!WIFSIGNALED(status))
		return status == 0;
	switch (WTERMSIG(status)) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
	case SIGKILL:
		return true;
	}
	return false;
}

static void frames_all(void)
{
	for (unsigned long i = 0; i < 2 * ARRAY_SIZE(forges); i++) {
		int status = hostile_reap(tap_fork(forge_run, (void *)i), 3000);

		CHECK(is_fair_end(status), "forgery %lu, way %lu: status %#x",
		      i / 2, i % 2, status);
		if (i == 0)
			CHECK_EQ(status, 0);
	}
}

WITNESSED(frames)

/**
 * struct claim - what is said to have stopped the thread
 * @signo:	the signal
 * @code:	its si_code
 * @runs:	how many runs of guest code ago; 1: that is over already
 * @frame:	where its frame is said to be, from the right place
 */
struct claim {
	int signo, code, runs;
	long frame;
};

/* The call by which the stub says that it has stopped, without it. */
static int claim_run(void *arg)
{
	const struct claim *claim = arg;
	unsigned long at, run, call = stub_call(SYS_getpid);
	ucontext_t *uc = FRAME;
	siginfo_t *info;

	prepare();
	if (hostile_peek(CONTROL_FRAME, &at))
		uc = (ucontext_t *)at;
	info = (void *)((char *)&uc->uc_sigmask + 8);
	hostile_peek(CONTROL_RUN & ~7UL, &run);
	/* No trap from here on: that would be in the frame. */
	forge_regs(uc, (long)hostile_landing);
	uc->uc_mcontext.gregs[REG_TRAPNO] = 14;
	info->si_signo = claim->signo;
	info->si_code = claim->code;
	hostile_plain(call);
	hostile_set.rdi = claim->signo;
	hostile_set.rsi = (long)info;
	hostile_set.rdx = (long)uc + claim->frame;
	hostile_set.r9 = (run >> 32) - claim->runs;
	hostile_enter();
	return 0;
}

static void claims_all(void)
{
	static const int signals[] = { 0, -1, SIGKILL, SIGSTOP, SIGCHLD, SIGSYS,
				       SIGTRAP, SIGSEGV, SIGUSR1, 64, 65, 1000,
				       0x10000000, INT_MAX, INT_MIN };
	static const int codes[] = { 0, 1, 2, 128, -6 };

	for (size_t i = 0; i < 16 * ARRAY_SIZE(signals); i++) {
		struct claim claim = {
			.signo = signals[i / 16],
			.code = codes[i % ARRAY_SIZE(codes)],
			.runs = i % 4 == 3,
			.frame = i % 16 == 7 ? 64 : i % 16 == 15 ? -STACK
								 : 0,
		};
		int status = hostile_reap(tap_fork(claim_run, &claim), 3000);

		CHECK(is_fair_end(status), "claim %zu: status %#x", i, status);
	}
}

WITNESSED(claims)

/* ---- 3. Who will not stop ---- */

/**
 * struct spin - a way not to
 * @rip:	where
 * @stack:	where the host writes what interrupts it; 0: nowhere
 * @nr:		hostile_spin_call: the system call
 * @blocked:	with all signals blocked
 */
struct spin {
	unsigned long rip, stack;
	int nr;
	bool blocked;
};

static int spin_run(void *arg)
{
	const struct spin *spin = arg;
	greg_t *regs = FRAME->uc_mcontext.gregs;

	prepare();
	forge_plain(FRAME, spin->rip);
	if (spin->stack)
		FRAME->uc_stack = (stack_t){ .ss_sp = (void *)spin->stack,
					     .ss_size = 3 * PAGE - 64 };
	MASK(FRAME) = spin->blocked ? ~0UL : 0;
	regs[REG_RBX] = spin->nr;
	regs[REG_RAX] = SYS_futex;
	regs[REG_RDI] = CONTROL;
	forged_return(stub_call(SYS_rt_sigreturn), FRAME);
	return 0;
}

static unsigned long progress_in(unsigned int ms)
{
	unsigned long before = shared->progress;

	wait_ms(ms);
	return shared->progress - before;
}

static void spin_beside_witness(const struct spin *spin)
{
	pid_t pid = tap_fork(spin_run, (void *)spin);
	unsigned long progress = progress_in(150);

	CHECK(progress > 0, "from %#lx, stack %#lx, call %d, %s", spin->rip,
	      spin->stack, spin->nr, spin->blocked ? "blocked" : "");
	/* One that does no harm may go on until it is killed. */
	kill(pid, SIGKILL);
	progress = progress_in(150);
	CHECK(progress > 0, "killed, from %#lx, stack %#lx, call %d, %s",
	      spin->rip, spin->stack, spin->nr, spin->blocked ? "blocked" : "");
	CHECK(hostile_reap(pid, 3000) != -1);
}

static void spins_all(void)
{
	static const int calls[] = { SYS_getppid, SYS_sched_yield, SYS_pause,
				     SYS_rt_sigtimedwait };
	static const unsigned long stacks[] = { STACK + 64, 0, PROBE, STUB };

	for (int blocked = 0; blocked < 2; blocked++) {
		for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
			struct spin spin = { .rip = (long)hostile_spin,
					     .stack = stacks[i],
					     .blocked = blocked };

			spin_beside_witness(&spin);
			spin.rip = (unsigned long)hostile_spin_call;
			spin.nr = calls[i];
			spin_beside_witness(&spin);
		}
	}
}

WITNESSED(spins)

/* A wait for a word to change: "syscall; jmp" back to look at it. */
static bool is_wait(unsigned int offset)
{
	return is_syscall(offset) && ((unsigned char *)STUB)[offset + 2] == 0xeb;
}

static void waits_all(void)
{
	struct spin spin = { 0 };

	if (!has_stub)
		SKIP("there is no stub");
	for (unsigned int offset = 0; offset < PAGE; offset++) {
		if (!is_wait(offset))
			continue;
		for (int i = 0; i < 2; i++) {
			spin.rip = STUB + offset;
			spin.stack = STACK + 64;
			spin.blocked = i;
			spin_beside_witness(&spin);
		}
	}
}

WITNESSED(waits)

/* ---- 4. The stub's addresses are nobody's ---- */

static void calls_fail(unsigned long at)
{
	void *p = (void *)at, *own = tap_pages(1, PROT_READ | PROT_WRITE);
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC), pair[2];
	struct iovec mine = { own, 8 }, theirs = { p, 8 };

	CHECK(munmap(p, PAGE) < 0);
	CHECK(mmap(p, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
	CHECK(mmap(p, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != p);
	CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) < 0);
	CHECK(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK(mremap(own, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) ==
	      MAP_FAILED);
	CHECK(madvise(p, PAGE, MADV_DONTNEED) < 0);
	CHECK(mlock(p, PAGE) < 0);
	CHECK(msync(p, PAGE, MS_SYNC) < 0);
	CHECK(syscall(SYS_brk, at) != (long)at);
	REQUIRE(!pipe(pair));
	CHECK(write(pair[1], p, 8) < 0);
	CHECK(write(pair[1], own, 8) == 8);
	CHECK(read(pair[0], p, 8) < 0);
	CHECK(syscall(SYS_futex, p, 0, 0, NULL) < 0);
	CHECK(process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0) < 0);
	CHECK(process_vm_writev(getpid(), &mine, 1, &theirs, 1, 0) < 0);
	CHECK(pread(mem, own, 8, at) <= 0);
	CHECK(pwrite(mem, own, 8, at) <= 0);
	close(mem);
	close(pair[0]);
	close(pair[1]);
}

static int traced_run(void *arg)
{
	(void)arg;
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	return 0;
}

static void tracer_fails(unsigned long at)
{
	pid_t pid = tap_fork(traced_run, NULL);

	REQUIRE(WIFSTOPPED(tap_wait(pid)));
	errno = 0;
	CHECK(ptrace(PTRACE_PEEKDATA, pid, at, 0) < 0 && errno);
	CHECK(ptrace(PTRACE_POKEDATA, pid, at, 0) < 0);
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	CHECK_EXITED(pid, 0);
}

static void maps_say_nothing(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char line[512];

	REQUIRE(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 &&
		    !strstr(line, "vsyscall"))
			CHECK(end <= STUB, "%s", line);
	fclose(maps);
}

static void test_addresses(void)
{
	static char before[PAGE];

	if (!has_stub)
		SKIP("there is no stub");
	prepare();
	memcpy(before, (void *)STUB, PAGE);
	for (unsigned long at = STUB; at < STACK_END; at += PAGE) {
		calls_fail(at);
		tracer_fails(at);
	}
	maps_say_nothing();
	for (unsigned long at = STUB; at < STACK; at += 8)
		CHECK(!hostile_poke(at, 0), "at %#lx", at);
	hostile_plain(CONTROL);
	hostile_enter();
	CHECK(!memcmp(before, (void *)STUB, PAGE));
}

/* ---- 5. A thread that rewrites it all, and who comes after ---- */

static void *rewrite_thread(void *arg)
{
	unsigned long x = (unsigned long)arg;
	volatile unsigned long *words = (unsigned long *)STACK;

	for (;;) {
		x = mix(x);
		/* Now all, now the words that are looked at first. */
		for (unsigned int i = 0; i < (x & 1 ? 1536 : 4); i++)
			words[i] = x & 2 ? x % 3 : mix(x + i);
	}
	return NULL;
}

static int rewrite_run(void *arg)
{
	pthread_t thread;

	if (!has_stub)
		return 0;
	prepare();
	signal(SIGUSR1, SIG_IGN);
	pthread_create(&thread, NULL, rewrite_thread, arg);
	for (unsigned int i = 0; i < 300; i++) {
		volatile char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pid_t pid;

		if (p != MAP_FAILED) {
			p[0] = p[PAGE] = 1;
			munmap((void *)p, 4 * PAGE);
		}
		hostile_peek(PROBE, NULL);
		raise(SIGUSR1);
		sched_yield();
		if (i % 32 == 31) {
			pid = fork();
			if (!pid)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
	}
	return 0;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Everything that may be read and is not this program's.  It is compared by
 * halves: what this program has in a register, an interrupt puts there.
 */
static bool finds_secret(void)
{
	for (unsigned long at = CONTROL; at < STACK_END; at += PAGE) {
		volatile unsigned int *half = (unsigned int *)at;

		if (!hostile_peek(at, NULL))
			continue;
		for (unsigned int i = 0; i < PAGE / 4; i += 2) {
			if (half[i] == (unsigned int)SECRET &&
			    half[i + 1] == SECRET >> 32) {
				tap_diag("the secret is at %#lx", at + 4 * i);
				return true;
			}
		}
	}
	return false;
}

/* A fresh program, maybe in a host process that another one has had. */
static int role_look(void)
{
	unsigned long *memory = tap_pages(64, PROT_READ | PROT_WRITE);

	hostile_catch();
	if (finds_secret())
		return 1;
	for (unsigned int i = 0; i < 64 * 512; i++) {
		if (memory[i])
			return 2;
		memory[i] = i;
	}
	sched_yield();
	for (unsigned int i = 0; i < 64 * 512; i++)
		if (memory[i] != i)
			return 3;
	return 42;
}

static int exec_run(void *arg)
{
	tap_exec_role(arg, "");
	return 1;
}

static void others_work(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		CHECK_EXITED(tap_fork(exec_run, "look"), 42);
}

static void rewriting_all(void)
{
	long end = now_ms() + 1500;

	for (unsigned long seed = 1; now_ms() < end; seed++)
		CHECK(hostile_reap(tap_fork(rewrite_run, (void *)mix(seed)),
				   3000) != -1);
	others_work(200);
}

WITNESSED(rewriting)

/* Leaves a secret wherever it can, the registers too, and dies. */
static int leave_run(void *arg)
{
	prepare();
	if (has_stub)
		for (unsigned long at = STACK + 64; at < STACK_END; at += 8)
			*(volatile unsigned long *)at = SECRET;
	asm volatile("movq %0, %%xmm8; movq %0, %%xmm15" ::"r"(SECRET)
		     : "xmm8", "xmm15");
	hostile_plain((unsigned long)arg);
	hostile_set.rax = SYS_kill;
	hostile_set.rdi = getpid();
	hostile_set.rsi = SIGKILL;
	hostile_set.rbx = hostile_set.r12 = hostile_set.r15 = SECRET;
	/* getpid() was a trap. */
	if (has_stub)
		for (unsigned long at = STACK + 64; at < STACK_END; at += 8)
			*(volatile unsigned long *)at = SECRET;
	hostile_enter();
	return 1;
}

static void heirs_all(void)
{
	for (int i = 1; i <= 20; i += 6) {
		pid_t pids[20];

		for (int j = 0; j < i; j++)
			pids[j] = tap_fork(leave_run, hostile_syscall);
		for (int j = 0; j < i; j++)
			CHECK_KILLED(pids[j], SIGKILL);
		others_work(i);
	}
}

WITNESSED(heirs)

/* ---- 6. Anything ---- */

static unsigned long fuzz_seed, fuzz_state;

static unsigned long fuzz(void)
{
	return fuzz_state = mix(fuzz_state);
}

/* No kill, no exit, nothing that would end the test by the guest's rules. */
static unsigned long fuzz_call(void)
{
	static const short calls[] = {
		SYS_mmap,
		SYS_mprotect,
		SYS_munmap,
		SYS_futex,
		SYS_rt_sigreturn,
		SYS_sigaltstack,
		SYS_rt_sigprocmask,
		SYS_prctl,
		SYS_getppid,
		SYS_pwrite64,
		SYS_close,
		SYS_madvise,
		SYS_seccomp,
		600,
	};

	return calls[fuzz() % ARRAY_SIZE(calls)];
}

static unsigned long fuzz_value(void)
{
	switch (fuzz() % 6) {
	case 0:
		return fuzz();
	case 1:
		return fuzz() % 64 + 3;
	case 2:
		return STUB + fuzz() % (5 * PAGE);
	case 3:
		return PROBE + fuzz() % 4 * PAGE;
	default:
		return (unsigned long)hostile_memory +
		       fuzz() % sizeof(hostile_memory);
	}
}

static int fuzz_run(void *arg)
{
	unsigned long *regs = (unsigned long *)&hostile_set;
	long self = hostile_raw(SYS_gettid, 0, 0);

	fuzz_state = (unsigned long)arg;
	prepare();
	for (;;) {
		for (size_t i = 0; i < sizeof(hostile_memory) / 8; i += 7)
			((unsigned long *)hostile_memory)[i] = fuzz_value();
		for (size_t i = 0; i < sizeof(hostile_set) / 8; i++)
			regs[i] = fuzz_value();
		hostile_set.rax = fuzz_call();
		hostile_set.rip = STUB + fuzz() % 1280;
		hostile_set.flags = FLAG_IF | (fuzz() & 7 ? 0 : FLAG_TF);
		hostile_steps = 20;
		hostile_enter_timed();
		leave_if_new(self);
		shared->next++;
	}
	return 0;
}

static void fuzzing_all(void)
{
	const char *seed = getenv("HOSTILE_SEED");
	long end = now_ms() + 2000;

	fuzz_seed = seed ? strtoul(seed, NULL, 0) : (unsigned long)now_ms();
	tap_diag("HOSTILE_SEED=%lu", fuzz_seed);
	shared->next = 0;
	for (unsigned long i = 1; now_ms() < end; i++) {
		hostile_reap(tap_fork(fuzz_run, (void *)mix(fuzz_seed + i)), 100);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
	}
	tap_diag("%u jumps", shared->next);
	others_work(20);
}

WITNESSED(fuzzing)

static const struct tap_test tests[] = {
	{ "jumps to every byte of the stub", test_jumps, 60 },
	{ "forged frames", test_frames, 0 },
	{ "forged stops", test_claims, 0 },
	{ "spinning", test_spins, 0 },
	{ "waiting for itself", test_waits, 0 },
	{ "calls on the stub's addresses", test_addresses, 0 },
	{ "a thread that rewrites what was saved", test_rewriting, 0 },
	{ "nothing is left for who comes after", test_heirs, 0 },
	{ "random jumps", test_fuzzing, 0 },
};

static int tap_role(const char *name, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return strcmp(name, "look") ? 2 : role_look();
}

int main(int argc, char **argv)
{
	look();
	return tap_main(tests, ARRAY_SIZE(tests), argc, argv);
}
