// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of one process that run at the same time: what one of them takes
 * away from the address space the others have lost when the call returns, and
 * what belongs to a thread follows it from CPU to CPU. On one CPU all of this
 * holds too, with less to go wrong.
 */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <time.h>

#include "tap.h"

#define THREADS 4
#define SECONDS 1

static volatile bool par_stop;

static double par_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static pthread_t par_ids[64];

static void par_begin(void *(*f)(void *), int count)
{
	par_stop = false;
	for (long i = 0; i < count; i++)
		REQUIRE(!pthread_create(&par_ids[i], NULL, f, (void *)i));
}

static void par_end(int count)
{
	par_stop = true;
	for (int i = 0; i < count; i++)
		pthread_join(par_ids[i], NULL);
}

static int par_cpus(cpu_set_t *set)
{
	REQUIRE(sched_getaffinity(0, sizeof(*set), set) == 0);
	return CPU_COUNT(set);
}

static void par_pause(void)
{
	for (volatile int i = 0; i < 2000; i++)
		;
}

/* ---- mprotect ---- */

static volatile unsigned long *prot_page;
static __thread sigjmp_buf prot_env;

static void prot_on_segv(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	siglongjmp(prot_env, 1);
}

static void *prot_writer(void *arg)
{
	volatile unsigned long *word = prot_page + (long)arg;

	while (!par_stop)
		if (!sigsetjmp(prot_env, 1))
			while (!par_stop)
				(*word)++;
	return NULL;
}

static void test_mprotect(void)
{
	unsigned long seen[THREADS], rounds = 0, moved = 0;
	double end = par_now() + SECONDS;

	prot_page = tap_pages(1, PROT_READ | PROT_WRITE);
	tap_handle(SIGSEGV, prot_on_segv, SA_NODEFER);
	par_begin(prot_writer, THREADS);
	while (par_now() < end) {
		unsigned long before = prot_page[0];

		REQUIRE(mprotect((void *)prot_page, 4096, PROT_READ) == 0);
		for (int i = 0; i < THREADS; i++)
			seen[i] = prot_page[i];
		par_pause();
		for (int i = 0; i < THREADS; i++)
			CHECK_EQ(prot_page[i], seen[i]);
		REQUIRE(mprotect((void *)prot_page, 4096, PROT_READ | PROT_WRITE) == 0);
		par_pause();
		moved += prot_page[0] != before;
		rounds++;
	}
	par_end(THREADS);
	CHECK(moved > 0, "no writer ever ran in %lu rounds", rounds);
	tap_diag("%lu rounds, in %lu a writer ran", rounds, moved);
}

/* ---- a page replaced, a page dropped ---- */

/* The page holds at least this much, or nothing. */
static volatile unsigned long page_least, page_dropped;
static volatile unsigned long *page_at;

static void *page_reader(void *arg)
{
	(void)arg;
	while (!par_stop) {
		unsigned long least = page_least, value = *page_at;

		if (value < least) {
			TAP_FAIL("read %lu after %lu was there", value, least);
			break;
		}
	}
	return NULL;
}

static void test_replace(void)
{
	double end = par_now() + SECONDS;
	unsigned long n;

	page_at = tap_pages(1, PROT_READ | PROT_WRITE);
	page_least = 0;
	par_begin(page_reader, THREADS);
	for (n = 1; par_now() < end; n++) {
		unsigned long *fresh = tap_pages(1, PROT_READ | PROT_WRITE);

		*fresh = n;
		REQUIRE(mremap(fresh, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED,
			       (void *)page_at) == (void *)page_at);
		page_least = n;
	}
	par_end(THREADS);
	tap_diag("%lu pages", n);
}

static void *drop_reader(void *arg)
{
	(void)arg;
	while (!par_stop) {
		unsigned long dropped = page_dropped, value = *page_at;

		if (value && value <= dropped) {
			TAP_FAIL("read %lu after it was dropped", value);
			break;
		}
	}
	return NULL;
}

static void test_dontneed(void)
{
	double end = par_now() + SECONDS;
	unsigned long n;

	page_at = tap_pages(1, PROT_READ | PROT_WRITE);
	page_dropped = 0;
	par_begin(drop_reader, THREADS);
	for (n = 1; par_now() < end; n++) {
		*page_at = n;
		REQUIRE(madvise((void *)page_at, 4096, MADV_DONTNEED) == 0);
		page_dropped = n;
	}
	par_end(THREADS);
	tap_diag("%lu drops", n);
}

/* Memory that was unmapped belongs to somebody else soon, who must be alone. */
static void *unmap_owner(void *arg)
{
	unsigned long mark = (long)arg + 1;

	while (!par_stop) {
		volatile unsigned long *p = tap_pages(8, PROT_READ | PROT_WRITE);

		for (int i = 0; i < 8; i++)
			if (p[i * 512])
				TAP_FAIL("a fresh page holds %lu", p[i * 512]);
		for (int i = 0; i < 8; i++)
			p[i * 512] = mark;
		for (int i = 0; i < 8; i++)
			if (p[i * 512] != mark)
				TAP_FAIL("a page of %lu holds %lu", mark, p[i * 512]);
		munmap((void *)p, 8 * 4096);
	}
	return NULL;
}

static void test_munmap(void)
{
	par_begin(unmap_owner, THREADS);
	sleep(SECONDS);
	par_end(THREADS);
}

/* ---- fork ---- */

static volatile unsigned long *fork_page;

static void *fork_writer(void *arg)
{
	while (!par_stop)
		fork_page[(long)arg]++;
	return NULL;
}

static int fork_child(void *arg)
{
	unsigned long seen[THREADS];

	(void)arg;
	for (int i = 0; i < THREADS; i++)
		seen[i] = fork_page[i];
	for (int n = 0; n < 20; n++) {
		par_pause();
		for (int i = 0; i < THREADS; i++)
			CHECK_EQ(fork_page[i], seen[i]);
	}
	return 0;
}

static void test_fork(void)
{
	double end = par_now() + SECONDS;
	int n = 0;

	fork_page = tap_pages(1, PROT_READ | PROT_WRITE);
	par_begin(fork_writer, THREADS);
	for (; par_now() < end; n++)
		CHECK_EXITED(tap_fork(fork_child, NULL), 0);
	par_end(THREADS);
	tap_diag("%d forks", n);
}

/* ---- what belongs to a thread ---- */

static cpu_set_t hop_cpus;

/* The value goes through a system call that may change the CPU in xmm8. */
static unsigned long hop_carry(int cpu, unsigned long value)
{
	cpu_set_t set;
	long ret;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	asm volatile("movq %[value], %%xmm8\n\t"
		     "syscall\n\t"
		     "movq %%xmm8, %[value]"
		     : "=a"(ret), [value] "+r"(value)
		     : "a"(SYS_sched_setaffinity), "D"(0), "S"(sizeof(set)), "d"(&set)
		     : "rcx", "r11", "memory", "xmm8");
	CHECK_EQ(ret, 0);
	return value;
}

static void *hop_thread(void *arg)
{
	unsigned long value = (long)arg << 32;

	while (!par_stop) {
		for (int cpu = 0; cpu < CPU_SETSIZE && !par_stop; cpu++) {
			unsigned int real = ~0U;

			if (!CPU_ISSET(cpu, &hop_cpus))
				continue;
			if (!CHECK_EQ(hop_carry(cpu, ++value), value))
				return NULL;
			syscall(SYS_getcpu, &real, NULL, NULL);
			CHECK_EQ(real, cpu);
			CHECK_EQ(sched_getcpu(), cpu);
		}
	}
	return (void *)(value & 0xffffffff);
}

static void test_hop(void)
{
	unsigned long hops = 0;
	void *ret;

	par_cpus(&hop_cpus);
	par_begin(hop_thread, THREADS);
	sleep(SECONDS);
	par_stop = true;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(par_ids[i], &ret);
		hops += (unsigned long)ret;
	}
	CHECK(hops > 0);
	tap_diag("%lu moves", hops);
}

/* ---- the order of memory accesses ---- */

#define LITMUS_ROUNDS 30000

static volatile int lit_round[2];
static struct {
	volatile long value __attribute__((aligned(64)));
} lit_x, lit_y;
static volatile long lit_saw[2];
static bool lit_fence;

/* Both begin a round when both have said so. */
static void lit_meet(int self, int round)
{
	lit_round[self] = round;
	__sync_synchronize();
	for (int spins = 0; lit_round[!self] < round; spins++)
		if (spins % 4096 == 4095)
			sched_yield();
}

static void lit_store_then_load(int self, int round)
{
	volatile long *mine = self ? &lit_y.value : &lit_x.value;
	volatile long *other = self ? &lit_x.value : &lit_y.value;

	*mine = round;
	if (lit_fence)
		__sync_synchronize();
	lit_saw[self] = *other;
}

static void *lit_other(void *arg)
{
	(void)arg;
	for (int round = 1; round < LITMUS_ROUNDS; round++) {
		lit_meet(1, 2 * round);
		lit_store_then_load(1, round);
		lit_meet(1, 2 * round + 1);
	}
	return NULL;
}

/* How often neither saw what the other had stored before. */
static int lit_store_buffering(bool fence)
{
	int missed = 0;

	lit_fence = fence;
	lit_round[0] = lit_round[1] = 0;
	lit_x.value = lit_y.value = 0;
	par_begin(lit_other, 1);
	for (int round = 1; round < LITMUS_ROUNDS; round++) {
		lit_meet(0, 2 * round);
		lit_store_then_load(0, round);
		lit_meet(0, 2 * round + 1);
		missed += lit_saw[0] < round && lit_saw[1] < round;
	}
	par_end(1);
	return missed;
}

static void test_store_buffering(void)
{
	CHECK_EQ(lit_store_buffering(true), 0);
	tap_diag("without barriers seen %d times in %d", lit_store_buffering(false),
		 LITMUS_ROUNDS);
}

static void *lit_sender(void *arg)
{
	(void)arg;
	for (long n = 1; !par_stop; n++) {
		lit_x.value = n;
		lit_y.value = n;
	}
	return NULL;
}

static void test_message_passing(void)
{
	double end = par_now() + SECONDS;

	lit_x.value = lit_y.value = 0;
	par_begin(lit_sender, 1);
	while (par_now() < end) {
		long flag = lit_y.value, data = lit_x.value;

		if (data < flag) {
			TAP_FAIL("the flag says %ld, the data %ld", flag, data);
			break;
		}
	}
	par_end(1);
}

/*
 * Two count up a word each, two others read both, in different order. No two
 * of their readings may contradict each other on which word changed first.
 */
#define LITMUS_SAMPLES 100000

struct lit_sample {
	long x, y;
};

static struct lit_sample lit_samples[2][LITMUS_SAMPLES];

static void *lit_counter(void *arg)
{
	volatile long *word = arg ? &lit_y.value : &lit_x.value;

	while (!par_stop)
		(*word)++;
	return NULL;
}

static void *lit_sampler(void *arg)
{
	struct lit_sample *sample = lit_samples[(long)arg];

	for (int i = 0; i < LITMUS_SAMPLES; i++, sample++) {
		if (arg) {
			sample->y = lit_y.value;
			sample->x = lit_x.value;
		} else {
			sample->x = lit_x.value;
			sample->y = lit_y.value;
		}
	}
	return NULL;
}

static void *lit_independent(void *arg)
{
	return (long)arg < 2 ? lit_counter((void *)((long)arg & 1)) : lit_sampler((void *)((long)arg & 1));
}

/* The first reader's first sample with a later x must have no earlier y. */
static int lit_contradictions(void)
{
	const struct lit_sample *p = lit_samples[0], *end = p + LITMUS_SAMPLES;
	int found = 0;

	for (int i = 0; i < LITMUS_SAMPLES; i++) {
		const struct lit_sample *q = &lit_samples[1][i];

		while (p < end && p->x <= q->x)
			p++;
		found += p < end && p->y < q->y;
	}
	return found;
}

static void test_independent_writes(void)
{
	for (int i = 0; i < 20; i++) {
		lit_x.value = lit_y.value = 0;
		par_begin(lit_independent, 4);
		pthread_join(par_ids[2], NULL);
		pthread_join(par_ids[3], NULL);
		par_end(2);
		CHECK_EQ(lit_contradictions(), 0);
	}
}

/* Store buffering with the barrier of one side made by the kernel on both. */
static void *lit_light(void *arg)
{
	(void)arg;
	for (int round = 1; round < LITMUS_ROUNDS / 10; round++) {
		lit_meet(1, 2 * round);
		lit_y.value = round;
		asm volatile(""
			     :
			     :
			     : "memory");
		lit_saw[1] = lit_x.value;
		lit_meet(1, 2 * round + 1);
	}
	return NULL;
}

static void test_membarrier(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		SKIP("no membarrier()");
	lit_round[0] = lit_round[1] = 0;
	lit_x.value = lit_y.value = 0;
	par_begin(lit_light, 1);
	for (int round = 1; round < LITMUS_ROUNDS / 10; round++) {
		lit_meet(0, 2 * round);
		lit_x.value = round;
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
		lit_saw[0] = lit_y.value;
		lit_meet(0, 2 * round + 1);
		if (lit_saw[0] < round && lit_saw[1] < round)
			TAP_FAIL("round %d: neither saw the other", round);
	}
	par_end(1);
}

/* ---- the end of a process whose threads run ---- */

static void *end_spin(void *arg)
{
	(void)arg;
	for (;;)
		;
	return NULL;
}

static int end_by_exit(void *arg)
{
	(void)arg;
	par_begin(end_spin, THREADS);
	par_pause();
	_exit(7);
}

static void *end_exec(void *arg)
{
	tap_exec_role("exit", arg);
	return NULL;
}

static int end_by_exec(void *arg)
{
	pthread_t id;

	par_begin(end_spin, THREADS);
	pthread_create(&id, NULL, end_exec, arg);
	pause();
	return 1;
}

static void test_exit(void)
{
	for (int i = 0; i < 50; i++)
		CHECK_EXITED(tap_fork(end_by_exit, NULL), 7);
}

static void test_exec(void)
{
	for (int i = 0; i < 50; i++)
		CHECK_EXITED(tap_fork(end_by_exec, (void *)"9"), 9);
}

static const struct tap_test tests[] = {
	{ "mprotect() holds for those who run", test_mprotect, 60 },
	{ "a page replaced is so for all", test_replace, 60 },
	{ "a page dropped is so for all", test_dontneed, 60 },
	{ "nobody has memory that was unmapped", test_munmap, 60 },
	{ "fork() while others write", test_fork, 60 },
	{ "registers and CPU number after a move", test_hop, 60 },
	{ "store buffering", test_store_buffering, 60 },
	{ "message passing", test_message_passing, 60 },
	{ "independent reads of independent writes", test_independent_writes, 60 },
	{ "membarrier() instead of a barrier", test_membarrier, 60 },
	{ "exit_group() while others run", test_exit, 60 },
	{ "exec by another thread than the first", test_exec, 60 },
};

static int tap_role(const char *name, int argc, char **argv)
{
	if (!strcmp(name, "exit") && argc == 1)
		return atoi(argv[0]);
	return 2;
}

TAP_MAIN(tests)
