// SPDX-License-Identifier: GPL-2.0-only
/*
 * membarrier(2), and restartable sequences: what the kernel does to threads
 * that run while another one makes a call.
 */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <time.h>

#include "tap.h"

#define MB_GET_REGISTRATIONS (1 << 9) /* Linux 6.3 */

#define ROUNDS 2000
#define RSEQ_ROUNDS 100
#define RSEQ_MOVES 500

static int mb(int command, unsigned int flags, int cpu)
{
	return syscall(SYS_membarrier, command, flags, cpu);
}

static int mb_cpus(cpu_set_t *set)
{
	REQUIRE(sched_getaffinity(0, sizeof(*set), set) == 0);
	return CPU_COUNT(set);
}

static int mb_nth_cpu(const cpu_set_t *set, int n)
{
	int cpu = 0;

	for (;; cpu++)
		if (CPU_ISSET(cpu, set) && !n--)
			return cpu;
}

static void mb_bind(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	REQUIRE(sched_setaffinity(tid, sizeof(set), &set) == 0);
}

/* ---- the calls ---- */

static const struct {
	int register_command;
	int command;
} mb_expedited[] = {
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED },
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
	  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE },
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ },
};

static void test_query(void)
{
	int all = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
		  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
		  MB_GET_REGISTRATIONS;

	for (unsigned int i = 0; i < ARRAY_SIZE(mb_expedited); i++)
		all |= mb_expedited[i].register_command | mb_expedited[i].command;
	CHECK_EQ(mb(MEMBARRIER_CMD_QUERY, 0, 0) & all, all);
	CHECK_ERR(mb(MEMBARRIER_CMD_QUERY, 1, 0), EINVAL);
	CHECK_ERR(mb(1 << 20, 0, 0), EINVAL);
}

static void test_registration(void)
{
	int registered = 0;

	CHECK_EQ(mb(MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
	CHECK_EQ(mb(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0), 0);
	CHECK_EQ(mb(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
	registered |= MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
	for (unsigned int i = 0; i < ARRAY_SIZE(mb_expedited); i++) {
		CHECK_ERR(mb(mb_expedited[i].command, 0, 0), EPERM);
		CHECK_EQ(mb(mb_expedited[i].register_command, 0, 0), 0);
		CHECK_EQ(mb(mb_expedited[i].command, 0, 0), 0);
		registered |= mb_expedited[i].register_command;
		CHECK_EQ(mb(MB_GET_REGISTRATIONS, 0, 0) & registered, registered);
	}
}

/* ---- barriers: both store, then load; one of them must see the other's ---- */

static struct mb_pair {
	volatile int round[2];
	volatile long word[2] __attribute__((aligned(128)));
	volatile long saw[2];
} * mb_pair;

static void mb_meet(int self, int round)
{
	mb_pair->round[self] = round;
	__sync_synchronize();
	for (int spins = 0; mb_pair->round[!self] < round; spins++)
		if (spins % 4096 == 4095)
			sched_yield();
}

/* Has no barrier but for the compiler. */
static void mb_light(int rounds)
{
	for (int round = 1; round < rounds; round++) {
		mb_meet(1, 2 * round);
		mb_pair->word[1] = round;
		asm volatile("" ::
				     : "memory");
		mb_pair->saw[1] = mb_pair->word[0];
		mb_meet(1, 2 * round + 1);
	}
}

static void mb_heavy(int rounds, int command)
{
	for (int round = 1; round < rounds; round++) {
		mb_meet(0, 2 * round);
		mb_pair->word[0] = round;
		REQUIRE(mb(command, 0, 0) == 0);
		mb_pair->saw[0] = mb_pair->word[1];
		mb_meet(0, 2 * round + 1);
		if (mb_pair->saw[0] < round && mb_pair->saw[1] < round)
			TAP_FAIL("round %d: neither saw the other", round);
	}
}

static int mb_rounds;

static void *mb_light_thread(void *arg)
{
	(void)arg;
	mb_light(mb_rounds);
	return NULL;
}

static int mb_light_process(void *arg)
{
	(void)arg;
	REQUIRE(mb(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0);
	mb_light(mb_rounds);
	return 0;
}

static void mb_new_pair(void)
{
	mb_pair = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(mb_pair != MAP_FAILED);
}

static void mb_threads(int rounds, int command)
{
	pthread_t id;

	mb_new_pair();
	mb_rounds = rounds;
	REQUIRE(!pthread_create(&id, NULL, mb_light_thread, NULL));
	mb_heavy(rounds, command);
	pthread_join(id, NULL);
}

static void test_private(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mb_expedited) - 1; i++) {
		REQUIRE(mb(mb_expedited[i].register_command, 0, 0) == 0);
		mb_threads(ROUNDS, mb_expedited[i].command);
	}
}

static void test_global(void)
{
	mb_threads(ROUNDS / 100, MEMBARRIER_CMD_GLOBAL);
}

static void test_global_expedited(void)
{
	pid_t pid;

	mb_new_pair();
	mb_rounds = ROUNDS;
	pid = tap_fork(mb_light_process, NULL);
	mb_heavy(ROUNDS, MEMBARRIER_CMD_GLOBAL_EXPEDITED);
	CHECK_EXITED(pid, 0);
}

/* ---- instructions that another thread changes ---- */

static volatile unsigned int code_least;
static volatile bool code_stop;
static unsigned char *code_page;

static void *code_runner(void *arg)
{
	unsigned int (*function)(void) = (unsigned int (*)(void))code_page;
	long runs = 0;

	(void)arg;
	for (; !code_stop; runs++) {
		unsigned int least = code_least, value = function();

		if (value < least) {
			TAP_FAIL("the code of %u after that of %u was there", value, least);
			break;
		}
	}
	return (void *)runs;
}

static void test_sync_core(void)
{
	volatile unsigned int *operand;
	pthread_t id;
	void *runs;

	REQUIRE(mb(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0);
	code_page = tap_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	memcpy(code_page, "\x0f\x1f\x00\xb8\0\0\0\0\xc3", 9); /* nop; mov $0,%eax; ret */
	operand = (volatile unsigned int *)(code_page + 4);
	REQUIRE(!pthread_create(&id, NULL, code_runner, NULL));
	for (unsigned int n = 1; n < ROUNDS; n++) {
		*operand = n;
		REQUIRE(mb(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0);
		code_least = n;
	}
	code_stop = true;
	pthread_join(id, &runs);
	CHECK(runs != NULL);
	tap_diag("run %ld times", (long)runs);
}

/* ---- restartable sequences ---- */

static struct rseq *rs_this(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static void rs_need(void)
{
	if (!__rseq_size)
		SKIP("the C library uses no rseq()");
}

static void rs_check_cpu(unsigned int cpu)
{
	unsigned int real = ~0U;

	syscall(SYS_getcpu, &real, NULL, NULL);
	CHECK_EQ(real, cpu);
	CHECK_EQ(rs_this()->cpu_id, cpu);
	CHECK_EQ(rs_this()->cpu_id_start, cpu);
}

static void test_rseq_self(void)
{
	cpu_set_t cpus;
	int count = mb_cpus(&cpus);

	rs_need();
	for (int n = 0; n < ROUNDS; n++) {
		int cpu = mb_nth_cpu(&cpus, n % count);

		mb_bind(0, cpu);
		if (rs_this()->cpu_id != (unsigned int)cpu)
			rs_check_cpu(cpu);
	}
}

static volatile pid_t rs_tid;
static volatile int rs_asked, rs_answered;
static volatile unsigned int rs_cpu;

/* Never makes a system call that could tell. */
static void *rs_moved(void *arg)
{
	(void)arg;
	rs_tid = syscall(SYS_gettid);
	for (int n = 1; n < RSEQ_MOVES; n++) {
		while (rs_asked < n)
			;
		if (rs_this()->cpu_id != rs_cpu || rs_this()->cpu_id_start != rs_cpu)
			TAP_FAIL("on CPU %u, rseq says %u", rs_cpu, rs_this()->cpu_id);
		rs_answered = n;
	}
	return NULL;
}

static void test_rseq_moved(void)
{
	cpu_set_t cpus;
	int count = mb_cpus(&cpus);
	pthread_t id;

	rs_need();
	REQUIRE(!pthread_create(&id, NULL, rs_moved, NULL));
	while (!rs_tid)
		sched_yield();
	for (int n = 1; n < RSEQ_MOVES; n++) {
		rs_cpu = mb_nth_cpu(&cpus, n % count);
		mb_bind(rs_tid, rs_cpu);
		rs_asked = n;
		while (rs_answered < n)
			sched_yield();
	}
	pthread_join(id, NULL);
}

static volatile unsigned long rs_loops, rs_aborts;
static volatile bool rs_stop;

/* A sequence without an end: only the kernel gets anybody out of it. */
static void rs_sequence(void)
{
	asm volatile(".pushsection .data.rel.ro, \"aw\"\n\t"
		     ".balign 32\n"
		     "3:\n\t"
		     ".long 0, 0\n\t"
		     ".quad 1f, 2f - 1f, 4f\n\t"
		     ".popsection\n\t"
		     "leaq 3b(%%rip), %%rax\n\t"
		     "movq %%rax, %[cs]\n"
		     "1:\n\t"
		     "incq %[loops]\n\t"
		     "jmp 1b\n"
		     "2:\n\t"
		     ".byte 0x0f, 0xb9, 0x3d\n\t"
		     ".long %c[sig]\n"
		     "4:\n\t"
		     "incq %[aborts]"
		     : [cs] "=m"(rs_this()->rseq_cs), [loops] "+m"(rs_loops),
		       [aborts] "+m"(rs_aborts)
		     : [sig] "i"(RSEQ_SIG)
		     : "rax", "memory", "cc");
}

static void *rs_runner(void *arg)
{
	rs_tid = syscall(SYS_gettid);
	mb_bind(0, (long)arg);
	while (!rs_stop)
		rs_sequence();
	return NULL;
}

/* False if nothing has changed in a second. */
static bool rs_wait(volatile unsigned long *word, unsigned long before)
{
	time_t end = time(NULL) + 2;

	while (*word == before && time(NULL) < end)
		sched_yield();
	return *word != before;
}

/* Who is in a sequence when the call is made is not in it when it has returned. */
static void rs_abort(unsigned int flags)
{
	unsigned long before, loops, lone = 0;
	cpu_set_t cpus;
	int cpu = mb_nth_cpu(&cpus, mb_cpus(&cpus) - 1);
	pthread_t id;

	rs_tid = 0;
	rs_stop = false;
	mb_bind(0, mb_nth_cpu(&cpus, 0));
	REQUIRE(!pthread_create(&id, NULL, rs_runner, (void *)(long)cpu));
	for (int n = 0; n < RSEQ_ROUNDS; n++) {
		loops = rs_loops;
		REQUIRE(rs_wait(&rs_loops, loops));
		before = rs_aborts;
		REQUIRE(mb(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, flags, cpu) == 0);
		if (!CHECK(rs_wait(&rs_aborts, before), "still in the sequence"))
			break;
		lone += rs_aborts == before + 1;
	}
	rs_stop = true;
	mb(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
	pthread_join(id, NULL);
	tap_diag("%lu of %d calls ended one sequence each", lone, RSEQ_ROUNDS);
}

static void test_rseq_abort(void)
{
	rs_need();
	REQUIRE(mb(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0) == 0);
	rs_abort(0);
	rs_abort(MEMBARRIER_CMD_FLAG_CPU);
}

static const struct tap_test tests[] = {
	{ "membarrier() has all commands", test_query, 0 },
	{ "membarrier() wants a registration", test_registration, 0 },
	{ "a barrier for the threads of a process", test_private, 60 },
	{ "a barrier for all", test_global, 60 },
	{ "a quick barrier for all who want it", test_global_expedited, 60 },
	{ "instructions that another thread changes", test_sync_core, 60 },
	{ "rseq knows where a thread has moved", test_rseq_self, 60 },
	{ "rseq knows where a thread was moved to", test_rseq_moved, 60 },
	{ "membarrier() ends a restartable sequence", test_rseq_abort, 60 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
