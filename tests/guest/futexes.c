// SPDX-License-Identifier: GPL-2.0-only
/*
 * Futexes: exact counts under contention, wake, requeue, time-outs, priority
 * inheritance, robust lists, and the atomic operations on user memory that
 * the kernel itself makes for them.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

#include "tap.h"

#define THREADS 8
#define ROUNDS 3000

static long futex(volatile void *word, int op, long val, const void *timeout,
		  volatile void *word2, long val3)
{
	return syscall(SYS_futex, word, op, val, timeout, word2, val3);
}

static void fut_threads(void *(*f)(void *), int count)
{
	pthread_t threads[32];

	for (long i = 0; i < count; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, f, (void *)i));
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* ---- contention ---- */

static volatile int lock_word;
static volatile long lock_counter;

/* 0 free, 1 held, 2 held and waited for. */
static void lock_take(void)
{
	int seen = __sync_val_compare_and_swap(&lock_word, 0, 1);

	while (seen) {
		if (seen == 2 ||
		    __sync_val_compare_and_swap(&lock_word, 1, 2) != 0)
			futex(&lock_word, FUTEX_WAIT, 2, NULL, NULL, 0);
		seen = __sync_val_compare_and_swap(&lock_word, 0, 2);
	}
}

static void lock_give(void)
{
	if (__sync_fetch_and_sub(&lock_word, 1) != 1) {
		__sync_lock_release(&lock_word);
		futex(&lock_word, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
}

static void *lock_thread(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		long seen;

		lock_take();
		seen = lock_counter;
		if ((i & 31) == (long)arg)
			sched_yield();
		lock_counter = seen + 1;
		lock_give();
	}
	return NULL;
}

static void test_contention(void)
{
	fut_threads(lock_thread, THREADS);
	CHECK_EQ(lock_counter, THREADS * ROUNDS);
	CHECK_EQ(lock_word, 0);
}

static struct {
	volatile int turn;
	volatile long count;
} * ring;

/* Each waits for its turn, across processes and address spaces. */
static int ring_process(void *arg)
{
	const int me = (long)arg;

	for (int i = 0; i < 500; i++) {
		int now;

		while ((now = ring->turn) % 4 != me)
			futex(&ring->turn, FUTEX_WAIT, now, NULL, NULL, 0);
		ring->count++;
		ring->turn = now + 1;
		futex(&ring->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	}
	return 0;
}

static void test_processes(void)
{
	pid_t pids[4];

	ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < 4; i++)
		pids[i] = tap_fork(ring_process, (void *)i);
	for (int i = 0; i < 4; i++)
		CHECK_EXITED(pids[i], 0);
	CHECK_EQ(ring->count, 2000);
}

static pthread_mutex_t cond_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int cond_turn;

static void *cond_thread(void *arg)
{
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&cond_mutex);
		while (cond_turn % 6 != (long)arg)
			pthread_cond_wait(&cond, &cond_mutex);
		cond_turn++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&cond_mutex);
	}
	for (int i = 0; i < 100; i++)
		pthread_barrier_wait(&barrier);
	return NULL;
}

static void test_pthreads(void)
{
	pthread_barrier_init(&barrier, NULL, 6);
	fut_threads(cond_thread, 6);
	CHECK_EQ(cond_turn, 1200);
}

/* ---- waiters that can be counted ---- */

static volatile int wait_word, wait_word2, wait_woken;
static int wait_bits = -1;

static void *wait_thread(void *arg)
{
	long ret;

	(void)arg;
	do
		ret = futex(&wait_word, FUTEX_WAIT_BITSET, 0, NULL, NULL,
			    wait_bits);
	while (ret && errno == EINTR);
	CHECK_EQ(ret, 0);
	__sync_add_and_fetch(&wait_woken, 1);
	return NULL;
}

/* Which of n waiters wait is known by requeueing them to where they are. */
static void wait_start(pthread_t *threads, int n)
{
	int seen = 0;

	for (int i = 0; i < n; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, wait_thread, NULL));
	while (seen < n) {
		sched_yield();
		seen += futex(&wait_word, FUTEX_CMP_REQUEUE, 0,
			      (void *)(long)n, &wait_word2, 0);
	}
	CHECK_EQ(futex(&wait_word2, FUTEX_REQUEUE, 0, (void *)(long)n,
		       &wait_word, 0),
		 n);
}

static void wait_end(pthread_t *threads, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(wait_woken, n);
}

static void test_wake_counts(void)
{
	pthread_t threads[10];

	CHECK_EQ(futex(&wait_word, FUTEX_WAKE, 5, NULL, NULL, 0), 0);
	wait_start(threads, 10);
	CHECK_EQ(futex(&wait_word, FUTEX_WAKE, 3, NULL, NULL, 0), 3);
	CHECK_EQ(futex(&wait_word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	CHECK_EQ(futex(&wait_word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 6);
	wait_end(threads, 10);
}

static void test_requeue(void)
{
	pthread_t threads[10];

	wait_start(threads, 10);
	CHECK_ERR(futex(&wait_word, FUTEX_CMP_REQUEUE, 1, (void *)3L,
			&wait_word2, 1),
		  EAGAIN);
	CHECK_EQ(futex(&wait_word, FUTEX_CMP_REQUEUE, 1, (void *)3L,
		       &wait_word2, 0),
		 4);
	CHECK_EQ(futex(&wait_word2, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 3);
	CHECK_EQ(futex(&wait_word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 6);
	wait_end(threads, 10);
}

static void test_bitset(void)
{
	pthread_t threads[4];

	wait_bits = 4;
	wait_start(threads, 4);
	CHECK_EQ(futex(&wait_word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 3), 0);
	CHECK_EQ(futex(&wait_word, FUTEX_WAKE_BITSET, 2, NULL, NULL, 6), 2);
	CHECK_EQ(futex(&wait_word, FUTEX_WAKE_BITSET, 9, NULL, NULL, -1), 2);
	wait_end(threads, 4);
	CHECK_ERR(futex(&wait_word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0),
		  EINVAL);
}

/* ---- time-outs and refusals ---- */

static double fut_now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void fut_timeout(int op, clockid_t clock, bool absolute)
{
	struct timespec ts = { 0, 50000000 };
	double start = fut_now(clock), took;

	if (absolute) {
		clock_gettime(clock, &ts);
		ts.tv_nsec += 50000000;
		ts.tv_sec += ts.tv_nsec / 1000000000;
		ts.tv_nsec %= 1000000000;
	}
	CHECK_ERR(futex(&wait_word, op, 0, &ts, NULL, -1), ETIMEDOUT);
	took = fut_now(clock) - start;
	CHECK(took >= 0.0499 && took < 5, "op %d took %f s", op, took);
}

static void test_timeouts(void)
{
	fut_timeout(FUTEX_WAIT, CLOCK_MONOTONIC, false);
	fut_timeout(FUTEX_WAIT_BITSET, CLOCK_MONOTONIC, true);
	fut_timeout(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME,
		    true);
	fut_timeout(FUTEX_WAIT | FUTEX_PRIVATE_FLAG, CLOCK_MONOTONIC, false);
}

static void test_refusals(void)
{
	static int words[2] = { 5, 5 };
	struct timespec bad = { 0, 1000000000 }, past = { 0, 0 };
	int *read_only = tap_pages(1, PROT_READ);

	CHECK_ERR(futex(words, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
	CHECK_ERR(futex((char *)words + 1, FUTEX_WAIT, 5, NULL, NULL, 0),
		  EINVAL);
	CHECK_ERR(futex(words, FUTEX_WAIT, 5, &bad, NULL, 0), EINVAL);
	CHECK_ERR(futex(words, FUTEX_WAIT_BITSET, 5, &past, NULL, -1),
		  ETIMEDOUT);
	CHECK_ERR(futex(words, FUTEX_WAIT, 5, (void *)8, NULL, 0), EFAULT);
	CHECK_ERR(futex((void *)4096, FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex((void *)0xffff888000000000, FUTEX_WAIT, 5, NULL, NULL,
			0),
		  EFAULT);
	CHECK_ERR(futex(words, 99, 0, NULL, NULL, 0), ENOSYS);
	CHECK_ERR(futex(read_only, FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex(read_only, FUTEX_WAIT_PRIVATE, 5, NULL, NULL, 0),
		  EAGAIN);
	CHECK_ERR(futex(words, FUTEX_WAKE_OP, 1, (void *)1L, read_only,
			FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)),
		  EFAULT);
	CHECK_ERR(futex(read_only, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EFAULT);
}

/* ---- FUTEX_WAKE_OP ---- */

struct wake_op {
	int op, arg, before, after;
};

static void test_wake_op(void)
{
	static const struct wake_op ops[] = {
		{ FUTEX_OP_SET, 7, 3, 7 },
		{ FUTEX_OP_ADD, 5, 3, 8 },
		{ FUTEX_OP_OR, 6, 3, 7 },
		{ FUTEX_OP_ANDN, 2, 3, 1 },
		{ FUTEX_OP_XOR, 5, 3, 6 },
		{ FUTEX_OP_ADD, 0xfff, 3, 2 },
		{ FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 30, 3, 0x40000003 },
	};
	int *word = tap_pages(1, PROT_READ | PROT_WRITE);

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		*word = ops[i].before;
		CHECK_EQ(futex(&wait_word, FUTEX_WAKE_OP, 1, (void *)1L, word,
			       FUTEX_OP(ops[i].op, ops[i].arg,
					FUTEX_OP_CMP_EQ, 0)),
			 0);
		CHECK_EQ(*word, ops[i].after);
	}
	CHECK_ERR(futex(&wait_word, FUTEX_WAKE_OP, 1, (void *)1L, word,
			FUTEX_OP(7, 1, FUTEX_OP_CMP_EQ, 0)),
		  ENOSYS);
}

/* The comparison decides whether the second word's waiters wake. */
static void test_wake_op_compare(void)
{
	static const struct {
		int cmp, arg, wakes;
	} cases[] = {
		{ FUTEX_OP_CMP_EQ, 1, 0 },
		{ FUTEX_OP_CMP_NE, 0, 0 },
		{ FUTEX_OP_CMP_LT, 0, 0 },
		{ FUTEX_OP_CMP_GT, 0, 0 },
		{ FUTEX_OP_CMP_LE, 0xfff, 0 },
		{ FUTEX_OP_CMP_GE, 1, 0 },
		{ FUTEX_OP_CMP_GE, 0, 1 },
	};
	pthread_t threads[1];

	wait_start(threads, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_EQ(futex(&wait_word2, FUTEX_WAKE_OP, 1, (void *)1L,
			       &wait_word, FUTEX_OP(FUTEX_OP_SET, 0, cases[i].cmp, cases[i].arg)),
			 cases[i].wakes);
	wait_end(threads, 1);
}

static volatile int atomic_word;

static void *atomic_thread(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		if ((long)arg & 1)
			__sync_add_and_fetch(&atomic_word, 1);
		else
			futex(&wait_word, FUTEX_WAKE_OP, 0, 0, &atomic_word,
			      FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, -1));
	return NULL;
}

/* The kernel's additions and the program's own never lose one another. */
static void test_atomic(void)
{
	fut_threads(atomic_thread, THREADS);
	CHECK_EQ(atomic_word, THREADS * ROUNDS);
}

/* ---- priority inheritance ---- */

static volatile int pi_word;
static volatile long pi_counter;

static void pi_take(void)
{
	int tid = syscall(SYS_gettid);

	if (!__sync_bool_compare_and_swap(&pi_word, 0, tid))
		CHECK_EQ(futex(&pi_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	CHECK_EQ(pi_word & FUTEX_TID_MASK, tid);
}

static void pi_give(void)
{
	int tid = syscall(SYS_gettid);

	if (!__sync_bool_compare_and_swap(&pi_word, tid, 0))
		CHECK_EQ(futex(&pi_word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0),
			 0);
}

static void *pi_thread(void *arg)
{
	for (int i = 0; i < 300; i++) {
		long seen;

		pi_take();
		seen = pi_counter;
		if (i % 16 == (long)arg)
			sched_yield();
		pi_counter = seen + 1;
		pi_give();
	}
	return NULL;
}

static void test_pi(void)
{
	int tid = syscall(SYS_gettid);

	if (futex(&pi_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0) &&
	    errno == ENOSYS)
		SKIP("no CONFIG_FUTEX_PI");
	CHECK_EQ(pi_word, tid);
	CHECK_ERR(futex(&pi_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
	CHECK_EQ(futex(&pi_word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	CHECK_EQ(pi_word, 0);
	CHECK_ERR(futex(&pi_word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
	fut_threads(pi_thread, THREADS);
	CHECK_EQ(pi_counter, THREADS * 300);
	CHECK_EQ(pi_word, 0);
}

static void *pi_try(void *arg)
{
	struct timespec soon;

	(void)arg;
	CHECK_ERR(futex(&pi_word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EAGAIN);
	clock_gettime(CLOCK_REALTIME, &soon);
	CHECK_ERR(futex(&pi_word, FUTEX_LOCK_PI, 0, &soon, NULL, 0),
		  ETIMEDOUT);
	return NULL;
}

static void test_pi_held(void)
{
	pi_take();
	fut_threads(pi_try, 1);
	pi_give();
	CHECK_EQ(pi_word, 0);
}

/* ---- robust lists ---- */

struct robust_lock {
	struct robust_list link;
	volatile int word;
};

static struct robust_lock *robust;

static int robust_die(void *how)
{
	struct robust_list_head head = {
		.list.next = &robust->link,
		.futex_offset = offsetof(struct robust_lock, word),
	};

	robust->link.next = &head.list;
	robust->word = syscall(SYS_gettid) | FUTEX_WAITERS;
	syscall(SYS_set_robust_list, &head, sizeof(head));
	if (how)
		raise(SIGKILL);
	return 0;
}

/* A thread that dies with a lock leaves word of it, and wakes a waiter. */
static void test_robust_list(void)
{
	robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (long how = 0; how < 2; how++) {
		pid_t pid;
		int seen;

		robust->word = 0;
		pid = tap_fork(robust_die, (void *)how);
		while (!((seen = robust->word) & FUTEX_OWNER_DIED))
			futex(&robust->word, FUTEX_WAIT, seen, NULL, NULL, 0);
		CHECK_EQ(robust->word & FUTEX_TID_MASK, 0);
		tap_wait(pid);
	}
}

static pthread_mutex_t robust_mutex;

static void *robust_thread(void *arg)
{
	pthread_mutex_lock(&robust_mutex);
	return arg;
}

static void test_robust_mutex(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust_mutex, &attr);
	fut_threads(robust_thread, 1);
	CHECK_EQ(pthread_mutex_lock(&robust_mutex), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(&robust_mutex), 0);
	CHECK_EQ(pthread_mutex_unlock(&robust_mutex), 0);
	CHECK_EQ(pthread_mutex_lock(&robust_mutex), 0);
}

/* ---- what a word is ---- */

/* Private memory after fork is two words; a file's page is one. */
static int key_child(void *arg)
{
	volatile int *words = arg;

	futex(words, FUTEX_WAKE, 1, NULL, NULL, 0);
	return futex(words + 1024, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static volatile int *key_words;

static void *key_waiter(void *arg)
{
	futex(key_words + ((long)arg ? 1024 : 0), FUTEX_WAIT, 0, NULL, NULL, 0);
	__sync_add_and_fetch(&wait_woken, 1 + (long)arg);
	return NULL;
}

static void test_keys(void)
{
	int fd = memfd_create("key", 0), woken = 0;
	pthread_t threads[2];

	REQUIRE(fd >= 0 && ftruncate(fd, 4096) == 0);
	key_words = tap_pages(2, PROT_READ | PROT_WRITE);
	key_words[0] = 0;
	REQUIRE(mmap((void *)(key_words + 1024), 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	for (long i = 0; i < 2; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, key_waiter,
					(void *)i));
	while (!woken)
		woken = tap_wait(tap_fork(key_child, (void *)key_words)) >> 8;
	pthread_join(threads[1], NULL);
	CHECK_EQ(wait_woken, 2);
	while (!futex(key_words, FUTEX_WAKE, 1, NULL, NULL, 0))
		sched_yield();
	pthread_join(threads[0], NULL);
}

static const struct tap_test tests[] = {
	{ "a lock under contention", test_contention, 60 },
	{ "between processes", test_processes, 60 },
	{ "mutexes, conditions and barriers of libc", test_pthreads, 60 },
	{ "FUTEX_WAKE wakes as many as it says", test_wake_counts, 0 },
	{ "FUTEX_CMP_REQUEUE", test_requeue, 0 },
	{ "bit sets", test_bitset, 0 },
	{ "time-outs", test_timeouts, 0 },
	{ "refusals", test_refusals, 0 },
	{ "FUTEX_WAKE_OP: operations", test_wake_op, 0 },
	{ "FUTEX_WAKE_OP: comparisons", test_wake_op_compare, 0 },
	{ "the kernel's operations are atomic", test_atomic, 60 },
	{ "priority inheritance", test_pi, 60 },
	{ "priority inheritance: held by another", test_pi_held, 0 },
	{ "robust list", test_robust_list, 0 },
	{ "robust mutex", test_robust_mutex, 0 },
	{ "private and shared words", test_keys, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
