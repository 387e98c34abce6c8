// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clocks that agree and never go back, sleeps that never end early, timers
 * that do not drift, and CPU time that only passes while running.
 *
 * Lines "# drift NAME ..." give figures that a runner can compare with those
 * of the host.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#include "tap.h"

#define NS 1000000000L
#define MS 1000000L
#define DRIFT_SECONDS 3
/* How late a busy host may make a timer before it counts as an error. */
#define LATE (500 * MS)

static long tm_ns(struct timespec ts)
{
	return ts.tv_sec * NS + ts.tv_nsec;
}

static struct timespec tm_spec(long ns)
{
	return (struct timespec){ ns / NS, ns % NS };
}

static long tm_now(clockid_t clock)
{
	struct timespec ts;

	REQUIRE(clock_gettime(clock, &ts) == 0);
	CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < NS);
	return tm_ns(ts);
}

static long tm_now_by_syscall(clockid_t clock)
{
	struct timespec ts;

	REQUIRE(syscall(SYS_clock_gettime, clock, &ts) == 0);
	return tm_ns(ts);
}

static void tm_spin(long ns)
{
	long end = tm_now(CLOCK_PROCESS_CPUTIME_ID) + ns;

	while (tm_now(CLOCK_PROCESS_CPUTIME_ID) < end)
		;
}

static void tm_threads(void *(*f)(void *), int count)
{
	pthread_t threads[32];

	for (long i = 0; i < count; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, f, (void *)i));
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* ---- clocks ---- */

static const clockid_t forward[] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
				     CLOCK_BOOTTIME, CLOCK_MONOTONIC_COARSE, CLOCK_PROCESS_CPUTIME_ID };

static volatile long clock_last[ARRAY_SIZE(forward)];

static void *clock_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		int c = i % ARRAY_SIZE(forward);
		long seen = __atomic_load_n(&clock_last[c], __ATOMIC_SEQ_CST);
		long now = i % 7 ? tm_now(forward[c]) : tm_now_by_syscall(forward[c]);

		CHECK(now >= seen, "clock %d went back %ld ns", forward[c],
		      seen - now);
		while (now > seen &&
		       !__atomic_compare_exchange_n(&clock_last[c], &seen, now,
						    false, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST))
			;
		if (i % 500 == 0)
			sched_yield();
	}
	return NULL;
}

/* One thread's time is never before what another has seen already. */
static void test_never_back(void)
{
	tm_threads(clock_thread, 6);
}

static void test_vdso_agrees(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC,
					    CLOCK_BOOTTIME };

	if (!getauxval(AT_SYSINFO_EHDR))
		tap_diag("no vDSO: all by system calls");
	for (int i = 0; i < 3000; i++) {
		clockid_t c = clocks[i % 3];
		long before = tm_now_by_syscall(c), in_between = tm_now(c);
		long after = tm_now_by_syscall(c);

		CHECK(before <= in_between && in_between <= after,
		      "clock %d: %ld, %+ld, %+ld", c, before,
		      in_between - before, after - before);
	}
}

static void test_clocks_agree(void)
{
	long coarse = tm_now(CLOCK_REALTIME_COARSE);
	long fine = tm_now(CLOCK_REALTIME);
	struct timeval tv;
	struct timespec res;
	time_t seconds;

	CHECK(fine >= coarse && fine - coarse < LATE);
	gettimeofday(&tv, NULL);
	CHECK(tv.tv_sec * 1000000L + tv.tv_usec >= fine / 1000);
	CHECK(tv.tv_sec * 1000000L + tv.tv_usec - fine / 1000 < LATE / 1000);
	seconds = time(NULL);
	/* It is of the last tick, as the coarse clock is. */
	CHECK(seconds >= coarse / NS && seconds <= fine / NS + 2);
	CHECK_EQ(clock_getres(CLOCK_MONOTONIC, &res), 0);
	CHECK(tm_ns(res) > 0 && tm_ns(res) <= 10 * MS);
	if (tm_ns(res) != 1)
		tap_diag("CLOCK_MONOTONIC has a resolution of %ld ns",
			 tm_ns(res));
	CHECK_ERR(syscall(SYS_clock_gettime, 77, &res), EINVAL);
}

/* ---- sleeps ---- */

static long sleep_worst, sleep_total;

static void sleep_check(const char *how, long start, long wanted)
{
	long took = tm_now(CLOCK_MONOTONIC) - start;

	CHECK(took >= wanted, "%s: %ld ns early", how, wanted - took);
	CHECK(took < wanted + LATE, "%s: %ld ns late", how, took - wanted);
	if (took - wanted > sleep_worst)
		sleep_worst = took - wanted;
	sleep_total += took - wanted;
}

static void test_nanosleep(void)
{
	for (int i = 0; i < 100; i++) {
		long ns = i * 100000L, start = tm_now(CLOCK_MONOTONIC);
		struct timespec ts = tm_spec(ns);

		CHECK_EQ(nanosleep(&ts, NULL), 0);
		sleep_check("nanosleep", start, ns);
	}
	tap_diag("drift nanosleep mean %ld us, worst %ld us late",
		 sleep_total / 100 / 1000, sleep_worst / 1000);
}

static void test_absolute(void)
{
	struct timespec past = { 1, 0 }, bad = { 0, NS }, at;

	for (int i = 0; i < 50; i++) {
		long start = tm_now(CLOCK_MONOTONIC);

		at = tm_spec(start + 3 * MS);
		CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at,
					 NULL),
			 0);
		sleep_check("clock_nanosleep", start, 3 * MS);
	}
	CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL),
		 0);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
	CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &past, NULL),
		 EINVAL);
}

static void test_waits(void)
{
	struct timespec ts = { 0, 7 * MS };
	struct timeval tv = { 0, 7000 };
	int epoll = epoll_create1(0);
	struct epoll_event ev;
	long start = tm_now(CLOCK_MONOTONIC);

	CHECK_EQ(poll(NULL, 0, 7), 0);
	sleep_check("poll", start, 7 * MS);
	start = tm_now(CLOCK_MONOTONIC);
	CHECK_EQ(ppoll(NULL, 0, &ts, NULL), 0);
	sleep_check("ppoll", start, 7 * MS);
	start = tm_now(CLOCK_MONOTONIC);
	CHECK_EQ(select(0, NULL, NULL, NULL, &tv), 0);
	sleep_check("select", start, 7 * MS);
	start = tm_now(CLOCK_MONOTONIC);
	CHECK_EQ(epoll_wait(epoll, &ev, 1, 7), 0);
	sleep_check("epoll_wait", start, 7 * MS);
}

static void *sleep_thread(void *arg)
{
	for (long i = 0; i < 20; i++) {
		long ns = ((long)arg * 7 + i * 13) % 19 * MS;
		long start = tm_now(CLOCK_MONOTONIC);
		struct timespec ts = tm_spec(ns);

		CHECK_EQ(nanosleep(&ts, NULL), 0);
		sleep_check("nanosleep in a thread", start, ns);
	}
	return NULL;
}

static void test_many_sleepers(void)
{
	tm_threads(sleep_thread, 24);
}

/* ---- periods ---- */

static volatile long alarms;

static void tm_on_alarm(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	(void)ctx;
	alarms++;
}

static timer_t tm_create(clockid_t clock, int sig)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = sig };
	timer_t timer;

	REQUIRE(timer_create(clock, &ev, &timer) == 0);
	return timer;
}

static void drift_report(const char *name, long count, long period, long took)
{
	long off = took - count * period;

	tap_diag("drift %s %ld us in %ld us, %ld periods", name, off / 1000,
		 took / 1000, count);
	CHECK(off >= 0, "%s: %ld ns too fast", name, -off);
	CHECK(off < 2 * period + LATE, "%s: %ld ns too slow", name, off);
}

static volatile long posix_ticks;

static void tm_on_tick(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)ctx;
	posix_ticks += 1 + si->si_overrun;
}

static void test_periods(void)
{
	struct itimerspec each = { tm_spec(7 * MS), tm_spec(7 * MS) };
	struct itimerval real = { { 0, 11000 }, { 0, 11000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	unsigned long ticks = 0, n;
	long start, took = 0;
	timer_t timer;

	REQUIRE(fd >= 0);
	tap_handle(SIGALRM, tm_on_alarm, SA_RESTART);
	tap_handle(SIGRTMIN, tm_on_tick, SA_RESTART);
	timer = tm_create(CLOCK_MONOTONIC, SIGRTMIN);
	start = tm_now(CLOCK_MONOTONIC);
	REQUIRE(timerfd_settime(fd, 0, &each, NULL) == 0);
	REQUIRE(timer_settime(timer, 0, &each, NULL) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &real, NULL) == 0);
	while (took < DRIFT_SECONDS * NS) {
		REQUIRE(read(fd, &n, sizeof(n)) == sizeof(n));
		ticks += n;
		took = tm_now(CLOCK_MONOTONIC) - start;
	}
	timer_delete(timer);
	drift_report("timerfd", ticks, 7 * MS, took);
	drift_report("timer_create", posix_ticks, 7 * MS, took);
	tap_diag("drift setitimer %ld signals in %ld us, period 11000 us",
		 alarms, took / 1000);
	CHECK(alarms <= took / (11 * MS) && alarms > took / (11 * MS) / 2,
	      "%ld alarms", alarms);
}

static void test_overrun(void)
{
	struct itimerspec each = { tm_spec(MS), tm_spec(MS) }, off = { 0 };
	timer_t timer = tm_create(CLOCK_MONOTONIC, SIGRTMIN);
	long start, took;
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	start = tm_now(CLOCK_MONOTONIC);
	REQUIRE(timer_settime(timer, 0, &each, NULL) == 0);
	CHECK_EQ(poll(NULL, 0, 100), 0);
	CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN);
	took = (tm_now(CLOCK_MONOTONIC) - start) / MS;
	CHECK(si.si_overrun >= 98 && si.si_overrun < took,
	      "%d overruns in %ld ms", si.si_overrun, took);
	CHECK_EQ(timer_settime(timer, 0, &off, &each), 0);
	CHECK_EQ(tm_ns(each.it_interval), MS);
	CHECK_EQ(timer_delete(timer), 0);
	CHECK_ERR(syscall(SYS_timer_delete, 0x7777), EINVAL);
}

static void test_one_shot(void)
{
	struct itimerspec soon = { .it_value = tm_spec(5 * MS) }, left;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct pollfd p = { fd, POLLIN, 0 };
	long start = tm_now(CLOCK_MONOTONIC);
	unsigned long n;

	REQUIRE(timerfd_settime(fd, 0, &soon, NULL) == 0);
	CHECK_EQ(timerfd_gettime(fd, &left), 0);
	CHECK(tm_ns(left.it_value) <= 5 * MS);
	CHECK_EQ(poll(&p, 1, -1), 1);
	sleep_check("timerfd", start, 5 * MS);
	CHECK_EQ(read(fd, &n, sizeof(n)), sizeof(n));
	CHECK_EQ(n, 1);
	CHECK_ERR(read(fd, &n, sizeof(n)), EAGAIN);
	soon.it_value = tm_spec(NS);
	CHECK_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &soon, NULL), 0);
	CHECK_EQ(poll(&p, 1, -1), 1);
	soon.it_value = tm_spec(1000 * NS);
	CHECK_EQ(timerfd_settime(fd, 0, &soon, NULL), 0);
	CHECK_EQ(timerfd_settime(fd, 0, &(struct itimerspec){ 0 }, &left), 0);
	CHECK(tm_ns(left.it_value) > 900 * NS);
	CHECK_EQ(poll(&p, 1, 3), 0);
}

static void test_alarm_returns(void)
{
	struct itimerval tv = { .it_value = { 100, 0 } }, old;

	alarm(0);
	CHECK_EQ(alarm(100), 0);
	CHECK_EQ(alarm(50), 100);
	CHECK_EQ(setitimer(ITIMER_REAL, &tv, &old), 0);
	CHECK(old.it_value.tv_sec >= 40 && old.it_value.tv_sec <= 50);
	CHECK_EQ(alarm(20), 100);
}

/* ---- CPU time ---- */

static void test_cpu_clock(void)
{
	long process = tm_now(CLOCK_PROCESS_CPUTIME_ID), spent;
	long thread = tm_now(CLOCK_THREAD_CPUTIME_ID);

	CHECK_EQ(poll(NULL, 0, 300), 0);
	spent = tm_now(CLOCK_PROCESS_CPUTIME_ID) - process;
	CHECK(spent < 100 * MS, "%ld ns of CPU time in a sleep", spent);
	tm_spin(200 * MS);
	spent = tm_now(CLOCK_PROCESS_CPUTIME_ID) - process;
	CHECK(spent >= 200 * MS && spent < 200 * MS + LATE, "%ld ns", spent);
	spent = tm_now(CLOCK_THREAD_CPUTIME_ID) - thread;
	CHECK(spent >= 190 * MS && spent < 200 * MS + LATE, "%ld ns", spent);
}

static long thread_cpu[4];

static void *cpu_thread(void *arg)
{
	while (tm_now(CLOCK_THREAD_CPUTIME_ID) < 50 * MS)
		;
	thread_cpu[(long)arg] = tm_now(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

/* The process's time is the sum of its threads'. */
static void test_cpu_clock_of_threads(void)
{
	long start = tm_now(CLOCK_PROCESS_CPUTIME_ID), sum = 0, spent;

	tm_threads(cpu_thread, 4);
	spent = tm_now(CLOCK_PROCESS_CPUTIME_ID) - start;
	for (int i = 0; i < 4; i++)
		sum += thread_cpu[i];
	CHECK(spent >= sum && spent < sum + LATE, "%ld of %ld ns", sum, spent);
}

static long tv_ns(struct timeval tv)
{
	return tv.tv_sec * NS + tv.tv_usec * 1000;
}

static void test_rusage(void)
{
	struct rusage before, after;
	long user, system, cpu = tm_now(CLOCK_PROCESS_CPUTIME_ID), total;

	getrusage(RUSAGE_SELF, &before);
	while (tm_now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 300 * MS)
		for (volatile int i = 0; i < 200000; i++)
			;
	getrusage(RUSAGE_SELF, &after);
	user = tv_ns(after.ru_utime) - tv_ns(before.ru_utime);
	system = tv_ns(after.ru_stime) - tv_ns(before.ru_stime);
	total = user + system;
	CHECK(user > system, "user %ld, system %ld ns", user, system);
	CHECK(total > 250 * MS && total < 300 * MS + LATE, "%ld ns", total);
}

static void cpu_timer_by(int which, int sig)
{
	struct itimerval each = { { 0, 10000 }, { 0, 10000 } }, off = { 0 };
	struct rusage ru;
	long spent;

	alarms = 0;
	tap_handle(sig, tm_on_alarm, SA_RESTART);
	REQUIRE(setitimer(which, &each, NULL) == 0);
	CHECK_EQ(poll(NULL, 0, 200), 0);
	CHECK(alarms <= 5, "%ld signals in a sleep", alarms);
	alarms = 0;
	getrusage(RUSAGE_SELF, &ru);
	spent = tv_ns(ru.ru_utime) + tv_ns(ru.ru_stime);
	while (alarms < 10)
		;
	setitimer(which, &off, NULL);
	getrusage(RUSAGE_SELF, &ru);
	spent = tv_ns(ru.ru_utime) + tv_ns(ru.ru_stime) - spent;
	CHECK(spent > 60 * MS && spent < 200 * MS + LATE,
	      "10 signals after %ld ns", spent);
}

static void test_virtual_and_prof(void)
{
	cpu_timer_by(ITIMER_VIRTUAL, SIGVTALRM);
	cpu_timer_by(ITIMER_PROF, SIGPROF);
}

static void test_cpu_timer(void)
{
	struct itimerspec soon = { .it_value = tm_spec(50 * MS) };
	timer_t timer = tm_create(CLOCK_THREAD_CPUTIME_ID, SIGUSR1);
	long start = tm_now(CLOCK_THREAD_CPUTIME_ID), spent;

	alarms = 0;
	tap_handle(SIGUSR1, tm_on_alarm, 0);
	REQUIRE(timer_settime(timer, 0, &soon, NULL) == 0);
	while (!alarms)
		;
	spent = tm_now(CLOCK_THREAD_CPUTIME_ID) - start;
	CHECK(spent >= 50 * MS && spent < 50 * MS + LATE, "%ld ns", spent);
}

static volatile int yield_stop;

static void *yield_spin(void *count)
{
	while (!yield_stop)
		++*(volatile long *)count;
	return NULL;
}

/* Threads that spin share the processors: none starves. */
static void test_fair(void)
{
	static long counts[6 * 8];
	pthread_t threads[6];
	long least = LONG_MAX, most = 0;

	for (int i = 0; i < 6; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, yield_spin,
					&counts[i * 8]));
	CHECK_EQ(poll(NULL, 0, 1000), 0);
	yield_stop = 1;
	for (int i = 0; i < 6; i++) {
		pthread_join(threads[i], NULL);
		least = counts[i * 8] < least ? counts[i * 8] : least;
		most = counts[i * 8] > most ? counts[i * 8] : most;
	}
	CHECK(least > most / 20, "from %ld to %ld", least, most);
}

static const struct tap_test tests[] = {
	{ "clocks never go back, whoever looks", test_never_back, 0 },
	{ "clocks by vDSO and by system call agree", test_vdso_agrees, 0 },
	{ "clocks agree with each other", test_clocks_agree, 0 },
	{ "nanosleep", test_nanosleep, 0 },
	{ "clock_nanosleep to a point in time", test_absolute, 0 },
	{ "poll, ppoll, select, epoll_wait", test_waits, 0 },
	{ "24 threads sleep", test_many_sleepers, 0 },
	{ "periods do not drift", test_periods, 0 },
	{ "overruns", test_overrun, 0 },
	{ "timerfd once", test_one_shot, 0 },
	{ "what alarm and setitimer return", test_alarm_returns, 0 },
	{ "CPU clocks", test_cpu_clock, 0 },
	{ "CPU clocks of threads", test_cpu_clock_of_threads, 0 },
	{ "getrusage: user time of a computation", test_rusage, 0 },
	{ "ITIMER_VIRTUAL and ITIMER_PROF", test_virtual_and_prof, 0 },
	{ "timer on a thread's CPU clock", test_cpu_timer, 0 },
	{ "spinning threads share the processors", test_fair, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
