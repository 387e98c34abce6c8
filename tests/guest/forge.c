// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that forges what a user mode kernel may keep in a guest process's
 * address space (hostile.h): frames to return to, stops that were none, threads
 * that nothing stops, signals written where they must not be. It may be killed for that; nobody else may notice.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include "witness.h"

/* ---- 1. Forged state ---- */

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

/* ---- 2. Who will not stop ---- */

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

/* Has the witness gone on, at the latest after @ms? */
static bool progress_in(unsigned int ms)
{
	unsigned long before = shared->progress;

	for (unsigned int i = 0; i < ms && shared->progress == before; i += 50)
		wait_ms(50);
	return shared->progress != before;
}

static void spin_beside_witness(const struct spin *spin)
{
	pid_t pid = tap_fork(spin_run, (void *)spin);
	bool progress;

	/* For it to begin. */
	wait_ms(100);
	progress = progress_in(600);

	CHECK(progress, "from %#lx, stack %#lx, call %d, %s", spin->rip,
	      spin->stack, spin->nr, spin->blocked ? "blocked" : "");
	/* One that does no harm may go on until it is killed. */
	kill(pid, SIGKILL);
	progress = progress_in(600);
	CHECK(progress, "killed, from %#lx, stack %#lx, call %d, %s",
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

/* ---- 3. Frames in memory that is somebody else's by then ---- */

#define STALE_BYTES (2 * PAGE)
#define STALE_MS 3000

/* Where signals are to be written: in memory at PROBE, or harmless. */
static void stale_return(unsigned long rip, bool harmless)
{
	greg_t *regs = FRAME->uc_mcontext.gregs;

	forge_plain(FRAME, rip);
	FRAME->uc_stack = (stack_t){ .ss_sp = (void *)PROBE,
				     .ss_size = STALE_BYTES };
	/* As the stub has it. */
	if (harmless && has_stub)
		FRAME->uc_stack = (stack_t){ .ss_sp = (void *)(STACK + 64),
					     .ss_size = 3 * PAGE - 64 };
	regs[REG_RAX] = SYS_mmap;
	regs[REG_RDI] = PROBE;
	regs[REG_RSI] = STALE_BYTES;
	regs[REG_RDX] = PROT_READ;
	regs[REG_R10] = MAP_SHARED | MAP_FIXED | MAP_POPULATE;
	regs[REG_R8] = shared->next;
	forged_return(stub_call(SYS_rt_sigreturn), FRAME);
}

/* A file takes the place of the memory, while interrupts come. */
static int stale_run(void *arg)
{
	int fd = *(int *)arg;

	hostile_catch();
	shared->next = fd;
	for (;;) {
		REQUIRE(!ftruncate(fd, 0) && !ftruncate(fd, STALE_BYTES));
		munmap((void *)PROBE, STALE_BYTES);
		mmap((void *)PROBE, STALE_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1,
		     0);
		stale_return((unsigned long)hostile_call, false);
		stale_return((unsigned long)hostile_landing, true);
	}
	return 0;
}

static int wake_run(void *arg)
{
	const struct timespec ts = { 0, 30000 };

	(void)arg;
	while (!shared->stop)
		nanosleep(&ts, NULL);
	return 0;
}

static bool is_all_zero(int fd)
{
	static char data[STALE_BYTES];

	REQUIRE(pread(fd, data, sizeof(data), 0) >= 0);
	for (size_t i = 0; i < sizeof(data); i++)
		if (data[i])
			return false;
	return true;
}

static void stale_all(void)
{
	int fd = memfd_create("stale", 0);
	pid_t pid = tap_fork(wake_run, NULL);
	long end = now_ms() + STALE_MS;

	REQUIRE(fd >= 0);
	do {
		hostile_reap(tap_fork(stale_run, &fd), 300);
		CHECK(is_all_zero(fd), "the host has written to the file");
	} while (now_ms() < end);
	shared->stop = 1;
	CHECK_EXITED(pid, 0);
	close(fd);
}

WITNESSED(stale)

/* ---- 6. What a new thread of the host says of itself ---- */

/* Of a thread for a CPU from the second on: behind a page that is not for us. */
#define NEWBORN (0x7fffffe00000UL + PAGE)
#define NEWBORN_LIES 40
/* "Nothing to say yet" */
#define NEWBORN_SILENT (-4096)

static sigjmp_buf newborn_start;
static volatile bool newborn_done;

static void newborn_fault(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)si;
	(void)context;
	siglongjmp(newborn_start, 1);
}

static bool newborn_move(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* It is not mapped before there is such a thread. */
static void *newborn_lie(void *arg)
{
	volatile int *said = (volatile int *)NEWBORN;

	(void)arg;
	sigsetjmp(newborn_start, 1);
	while (!newborn_done) {
		said[0] = getpid();
		for (int i = 0; i < 1000; i++)
			said[1] = NEWBORN_SILENT;
	}
	return NULL;
}

/*
 * One thread stays and lies, the other has a thread of the host made. Lives on, so
 * that none of them gets the host process of another, which has its threads.
 */
static int newborn_run(void *arg)
{
	pthread_t thread;

	(void)arg;
	tap_handle(SIGSEGV, newborn_fault, SA_NODEFER);
	if (pthread_create(&thread, NULL, newborn_lie, NULL))
		return 1;
	usleep(2000);
	newborn_move(1);
	newborn_done = true;
	pthread_join(thread, NULL);
	pause();
	return 0;
}

static void newborn_all(void)
{
	pid_t pids[NEWBORN_LIES];

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		tap_diag("one CPU: nobody is born");
	/* So that the first thread of each is this CPU's. */
	newborn_move(0);
	for (int i = 0; i < NEWBORN_LIES; i++) {
		pids[i] = tap_fork(newborn_run, NULL);
		usleep(5000);
	}
	for (int i = 0; i < NEWBORN_LIES; i++)
		hostile_reap(pids[i], 1);
}

WITNESSED(newborn)

static const struct tap_test tests[] = {
	{ "forged frames", test_frames, 0 },
	{ "forged stops", test_claims, 0 },
	{ "spinning", test_spins, 0 },
	{ "waiting for itself", test_waits, 0 },
	{ "frames in memory of others", test_stale, 0 },
	{ "lies about new threads", test_newborn, 0 },
};

TAP_NO_ROLES

int main(int argc, char **argv)
{
	look();
	return tap_main(tests, ARRAY_SIZE(tests), argc, argv);
}
