// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that attacks what it runs on. A user mode kernel may keep code and
 * data of its own in a guest process's address space (hostile.h says where):
 * this program jumps into it and rewrites it while it is in use; forge.c forges
 * what is saved there. It may be killed for that; nobody else may notice.
 *
 * On other kernels those addresses are like any that are not mapped. What is to
 * be seen from outside, tests/boot/hostile.exp looks at; it sets HOSTILE_EXEC,
 * the path of a program that exists on the host and not in the guest.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "witness.h"

#define FILE_NAME "hostile.file"

/* ---- 1. Jumps to every byte ---- */

struct order {
	unsigned long nr, args[6];
};

/* In hostile_memory: where %rbx points, where %rsp does, a path. */
#define ORDERS ((struct order *)hostile_memory)
#define WORD ((unsigned long)hostile_memory + 12 * PAGE)
#define TEXT (hostile_memory + 13 * PAGE)
#define PATTERN ((unsigned long *)(hostile_memory + 14 * PAGE))
#define OWN_STACK 1

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

/* ---- 2. The stub's addresses are nobody's ---- */

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

/* ---- 3. A thread that rewrites it all, and who comes after ---- */

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

/* ---- 4. Anything ---- */

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
