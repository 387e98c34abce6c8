// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a signal says about itself, in which order signals come, and the ways
 * of taking them without a handler.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "tap.h"

static siginfo_t info;
static volatile int info_count;

static void info_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	CHECK_EQ(sig, si->si_signo);
	info = *si;
	info_count++;
}

static void info_block(int sig, int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	REQUIRE(sigprocmask(how, &set, NULL) == 0);
}

static int info_wait(int sig, siginfo_t *si)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigwaitinfo(&set, si);
}

/* ---- senders ---- */

static void info_expect(int sig, int code)
{
	CHECK_EQ(info.si_signo, sig);
	CHECK_EQ(info.si_code, code);
	CHECK_EQ(info.si_errno, 0);
}

static void test_kill(void)
{
	tap_handle(SIGUSR1, info_handler, 0);
	REQUIRE(kill(getpid(), SIGUSR1) == 0);
	CHECK_EQ(info_count, 1);
	info_expect(SIGUSR1, SI_USER);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_EQ(info.si_uid, getuid());
	REQUIRE(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1) == 0);
	CHECK_EQ(info_count, 2);
	info_expect(SIGUSR1, SI_TKILL);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_ERR(syscall(SYS_tgkill, getpid(), getppid(), 0), ESRCH);
}

static void test_sigqueue(void)
{
	siginfo_t forged = { .si_signo = SIGUSR1, .si_code = SI_USER };
	union sigval value = { .sival_ptr = (void *)0x123456789abcdef0 };

	tap_handle(SIGRTMIN, info_handler, 0);
	REQUIRE(sigqueue(getpid(), SIGRTMIN, value) == 0);
	info_expect(SIGRTMIN, SI_QUEUE);
	CHECK_EQ(info.si_value.sival_ptr, value.sival_ptr);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &forged),
		  EPERM);
}

static void test_timer(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGRTMIN,
			       .sigev_value.sival_int = 4711 };
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	timer_t timer;
	siginfo_t si;

	info_block(SIGRTMIN, SIG_BLOCK);
	REQUIRE(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	REQUIRE(timer_settime(timer, 0, &soon, NULL) == 0);
	CHECK_EQ(info_wait(SIGRTMIN, &si), SIGRTMIN);
	CHECK_EQ(si.si_code, SI_TIMER);
	CHECK_EQ(si.si_value.sival_int, 4711);
	CHECK_EQ(si.si_overrun, 0);
}

static void test_alarm(void)
{
	struct itimerval soon = { .it_value.tv_usec = 1000 };
	siginfo_t si;

	info_block(SIGALRM, SIG_BLOCK);
	REQUIRE(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CHECK_EQ(info_wait(SIGALRM, &si), SIGALRM);
	CHECK_EQ(si.si_code, SI_KERNEL);
}

static void test_kernel_sent(void)
{
	struct rlimit small = { 4096, 4096 };
	int fds[2], fd = memfd_create("limited", 0);

	tap_handle(SIGPIPE, info_handler, 0);
	REQUIRE(pipe(fds) == 0);
	close(fds[0]);
	CHECK_ERR(write(fds[1], "x", 1), EPIPE);
	CHECK_EQ(info_count, 1);
	info_expect(SIGPIPE, SI_USER);
	tap_handle(SIGXFSZ, info_handler, 0);
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK_ERR(pwrite(fd, "x", 1, 4096), EFBIG);
	CHECK_EQ(info_count, 2);
	CHECK_EQ(info.si_signo, SIGXFSZ);
}

static void test_sigio(void)
{
	int fds[2];

	tap_handle(SIGRTMIN + 1, info_handler, 0);
	REQUIRE(pipe(fds) == 0);
	REQUIRE(fcntl(fds[0], F_SETOWN, getpid()) == 0);
	REQUIRE(fcntl(fds[0], F_SETSIG, SIGRTMIN + 1) == 0);
	REQUIRE(fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK) == 0);
	REQUIRE(write(fds[1], "x", 1) == 1);
	CHECK_EQ(info_count, 1);
	info_expect(SIGRTMIN + 1, POLL_IN);
	CHECK_EQ(info.si_fd, fds[0]);
	CHECK_EQ(info.si_band & POLLIN, POLLIN);
}

static int __attribute__((noreturn)) limit_cpu(void *arg)
{
	struct rlimit limit = { 1, 2 };

	(void)arg;
	tap_handle(SIGXCPU, info_handler, 0);
	setrlimit(RLIMIT_CPU, &limit);
	while (!info_count)
		;
	CHECK_EQ(info.si_signo, SIGXCPU);
	CHECK_EQ(info.si_code, SI_KERNEL);
	for (;;)
		;
}

/* Two seconds of CPU time, of which a busy host gives few. */
static void test_cpu_limit(void)
{
	CHECK_KILLED(tap_fork(limit_cpu, NULL), SIGKILL);
}

/* ---- SIGCHLD ---- */

static int child_exit(void *arg)
{
	return (long)arg;
}

static int child_die(void *arg)
{
	raise((long)arg);
	return 1;
}

static void child_expect(pid_t pid, int code, int status)
{
	siginfo_t si;

	CHECK_EQ(info_wait(SIGCHLD, &si), SIGCHLD);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_code, code);
	CHECK_EQ(si.si_status, status);
	CHECK_EQ(si.si_uid, getuid());
}

static void test_sigchld(void)
{
	siginfo_t si;
	pid_t pid;

	info_block(SIGCHLD, SIG_BLOCK);
	pid = tap_fork(child_exit, (void *)42);
	child_expect(pid, CLD_EXITED, 42);
	CHECK_EQ(waitid(P_PID, pid, &si, WEXITED | WNOWAIT), 0);
	CHECK_EQ(si.si_code, CLD_EXITED);
	CHECK_EQ(si.si_status, 42);
	CHECK_EXITED(pid, 42);
	pid = tap_fork(child_die, (void *)SIGTERM);
	child_expect(pid, CLD_KILLED, SIGTERM);
	CHECK_KILLED(pid, SIGTERM);
	pid = tap_fork(child_die, (void *)SIGSTOP);
	child_expect(pid, CLD_STOPPED, SIGSTOP);
	CHECK_EQ(waitid(P_PID, pid, &si, WSTOPPED), 0);
	CHECK_EQ(si.si_code, CLD_STOPPED);
	kill(pid, SIGKILL);
	child_expect(pid, CLD_KILLED, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static int child_stop_and_wait(void *arg)
{
	(void)arg;
	raise(SIGSTOP);
	for (;;)
		pause();
	return 0;
}

static void test_sigchld_continued(void)
{
	siginfo_t si;
	pid_t pid;
	int status;

	info_block(SIGCHLD, SIG_BLOCK);
	pid = tap_fork(child_stop_and_wait, NULL);
	child_expect(pid, CLD_STOPPED, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGCONT);
	CHECK_EQ(waitid(P_PID, pid, &si, WCONTINUED), 0);
	CHECK_EQ(si.si_code, CLD_CONTINUED);
	CHECK_EQ(si.si_status, SIGCONT);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

static void test_no_zombies(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL,
				.sa_flags = SA_NOCLDWAIT };

	signal(SIGCHLD, SIG_IGN);
	tap_fork(child_exit, NULL);
	CHECK_ERR(wait(NULL), ECHILD);
	sigaction(SIGCHLD, &sa, NULL);
	tap_fork(child_exit, NULL);
	CHECK_ERR(wait(NULL), ECHILD);
}

/* ---- queues ---- */

static volatile int order[128], order_count;

static void order_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	if (order_count < (int)ARRAY_SIZE(order))
		order[order_count] = (sig - SIGRTMIN) * 1000 +
				     si->si_value.sival_int;
	order_count++;
}

/* Lowest number first, first in first out among equals. */
static void test_realtime_order(void)
{
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (int i = 0; i < 8; i++) {
		struct sigaction sa = { .sa_sigaction = order_handler,
					.sa_flags = SA_SIGINFO,
					.sa_mask = all };

		sigaction(SIGRTMIN + i, &sa, NULL);
	}
	for (int n = 0; n < 10; n++)
		for (int i = 7; i >= 0; i--)
			REQUIRE(!sigqueue(getpid(), SIGRTMIN + i,
					  (union sigval){ .sival_int = n }));
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK_EQ(order_count, 80);
	for (int i = 0; i < 80; i++)
		CHECK_EQ(order[i], i / 10 * 1000 + i % 10);
}

static void test_standard_not_queued(void)
{
	sigset_t pending;

	tap_handle(SIGUSR1, info_handler, 0);
	info_block(SIGUSR1, SIG_BLOCK);
	for (int i = 0; i < 5; i++)
		kill(getpid(), SIGUSR1);
	sigpending(&pending);
	CHECK(sigismember(&pending, SIGUSR1));
	CHECK_EQ(info_count, 0);
	info_block(SIGUSR1, SIG_UNBLOCK);
	CHECK_EQ(info_count, 1);
	sigpending(&pending);
	CHECK(!sigismember(&pending, SIGUSR1));
}

static void test_queue_limit(void)
{
	struct rlimit limit;
	int sent = 0;
	siginfo_t si;

	info_block(SIGRTMIN, SIG_BLOCK);
	REQUIRE(getrlimit(RLIMIT_SIGPENDING, &limit) == 0);
	limit.rlim_cur = 50;
	REQUIRE(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
	while (sent < 100 && !sigqueue(getpid(), SIGRTMIN,
				       (union sigval){ .sival_int = sent }))
		sent++;
	CHECK_EQ(errno, EAGAIN);
	CHECK(sent > 0 && sent <= 50, "%d were queued", sent);
	for (int i = 0; i < sent; i++) {
		CHECK_EQ(info_wait(SIGRTMIN, &si), SIGRTMIN);
		CHECK_EQ(si.si_value.sival_int, i);
	}
}

static int flood_parent(void *count)
{
	pid_t parent = getppid();

	for (long i = 0; i < (long)count; i++)
		while (sigqueue(parent, SIGRTMIN,
				(union sigval){ .sival_int = i }))
			sched_yield();
	return 0;
}

static void flood_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)ctx;
	CHECK_EQ(si->si_value.sival_int, info_count);
	info_count++;
}

/* Each of many signals is handled once, in order, wherever it interrupts. */
static void test_flood(void)
{
	const long count = 2000;
	pid_t pid;

	tap_handle(SIGRTMIN, flood_handler, SA_RESTART);
	pid = tap_fork(flood_parent, (void *)count);
	while (info_count < count)
		if (info_count & 1)
			getppid();
	CHECK_EXITED(pid, 0);
	CHECK_EQ(info_count, count);
}

static int pong(void *arg)
{
	siginfo_t si;

	for (long i = 0; i < (long)arg; i++) {
		if (info_wait(SIGUSR1, &si) != SIGUSR1 ||
		    si.si_pid != getppid())
			return 1;
		kill(getppid(), SIGUSR2);
	}
	return 0;
}

static void test_ping_pong(void)
{
	const long rounds = 1000;
	siginfo_t si;
	pid_t pid;

	info_block(SIGUSR1, SIG_BLOCK);
	info_block(SIGUSR2, SIG_BLOCK);
	pid = tap_fork(pong, (void *)rounds);
	for (long i = 0; i < rounds; i++) {
		kill(pid, SIGUSR1);
		CHECK_EQ(info_wait(SIGUSR2, &si), SIGUSR2);
		CHECK_EQ(si.si_pid, pid);
	}
	CHECK_EXITED(pid, 0);
}

/* ---- without a handler ---- */

static void test_sigtimedwait(void)
{
	struct timespec none = { 0, 0 }, brief = { 0, 20000000 }, bad = { 0, -1 };
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_ERR(sigtimedwait(&set, &si, &none), EAGAIN);
	CHECK_ERR(sigtimedwait(&set, &si, &brief), EAGAIN);
	CHECK_ERR(sigtimedwait(&set, &si, &bad), EINVAL);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 9 });
	kill(getpid(), SIGUSR1);
	CHECK_EQ(sigtimedwait(&set, &si, &none), SIGUSR1);
	CHECK_EQ(sigtimedwait(&set, &si, NULL), SIGRTMIN);
	CHECK_EQ(si.si_value.sival_int, 9);
	CHECK_ERR(sigtimedwait(&set, &si, &none), EAGAIN);
}

static void test_sigsuspend(void)
{
	sigset_t none, now;

	sigemptyset(&none);
	tap_handle(SIGUSR1, info_handler, 0);
	info_block(SIGUSR1, SIG_BLOCK);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(info_count, 0);
	CHECK_ERR(sigsuspend(&none), EINTR);
	CHECK_EQ(info_count, 1);
	sigprocmask(SIG_SETMASK, NULL, &now);
	CHECK(sigismember(&now, SIGUSR1));
}

/* The mask of ppoll() is there while it waits, and gone when it returns. */
static void test_ppoll_mask(void)
{
	struct pollfd p = { .fd = -1 };
	sigset_t none, now;

	sigemptyset(&none);
	tap_handle(SIGUSR1, info_handler, 0);
	info_block(SIGUSR1, SIG_BLOCK);
	kill(getpid(), SIGUSR1);
	CHECK_ERR(ppoll(&p, 1, NULL, &none), EINTR);
	CHECK_EQ(info_count, 1);
	sigprocmask(SIG_SETMASK, NULL, &now);
	CHECK(sigismember(&now, SIGUSR1));
}

static void test_signalfd(void)
{
	struct signalfd_siginfo got[3];
	struct pollfd p = { .events = POLLIN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	REQUIRE(p.fd >= 0);
	CHECK_ERR(read(p.fd, got, sizeof(got)), EAGAIN);
	sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = 5 });
	kill(getpid(), SIGUSR1);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(read(p.fd, got, sizeof(got)), 2 * sizeof(got[0]));
	CHECK_EQ(got[0].ssi_signo, SIGUSR1);
	CHECK_EQ(got[0].ssi_code, SI_USER);
	CHECK_EQ(got[0].ssi_pid, getpid());
	CHECK_EQ(got[1].ssi_signo, SIGRTMIN + 2);
	CHECK_EQ(got[1].ssi_int, 5);
	CHECK_EQ(poll(&p, 1, 0), 0);
}

/* ---- threads and processes ---- */

static volatile pid_t handled_by;
static volatile int thread_stage;

static void tid_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	(void)ctx;
	handled_by = syscall(SYS_gettid);
	thread_stage = 2;
}

static void *thread_that_takes_signals(void *tid)
{
	info_block(SIGUSR1, SIG_UNBLOCK);
	*(volatile pid_t *)tid = syscall(SYS_gettid);
	thread_stage = 1;
	while (thread_stage < 3)
		sched_yield();
	return NULL;
}

static void test_thread_choice(void)
{
	volatile pid_t tid = 0;
	pthread_t thread;

	tap_handle(SIGUSR1, tid_handler, 0);
	info_block(SIGUSR1, SIG_BLOCK);
	REQUIRE(!pthread_create(&thread, NULL, thread_that_takes_signals,
				(void *)&tid));
	while (thread_stage < 1)
		sched_yield();
	kill(getpid(), SIGUSR1);
	while (thread_stage < 2)
		sched_yield();
	CHECK_EQ(handled_by, tid);
	pthread_kill(pthread_self(), SIGUSR1);
	sched_yield();
	CHECK_EQ(handled_by, tid);
	info_block(SIGUSR1, SIG_UNBLOCK);
	CHECK_EQ(handled_by, getpid());
	thread_stage = 3;
	pthread_join(thread, NULL);
}

static int inherit_child(void *arg)
{
	struct sigaction sa;
	sigset_t set;

	(void)arg;
	sigpending(&set);
	CHECK(!sigismember(&set, SIGUSR1));
	sigprocmask(SIG_SETMASK, NULL, &set);
	CHECK(sigismember(&set, SIGUSR1));
	sigaction(SIGUSR2, NULL, &sa);
	CHECK(sa.sa_sigaction == info_handler);
	kill(getpid(), SIGUSR1);
	tap_exec_role("inherit", "");
	return 1;
}

/* After execve: mask and pending signals stay, handlers and stack go. */
static int inherit_role(void)
{
	struct sigaction sa;
	sigset_t set;
	stack_t ss;

	sigpending(&set);
	CHECK(sigismember(&set, SIGUSR1));
	sigprocmask(SIG_SETMASK, NULL, &set);
	CHECK(sigismember(&set, SIGUSR1));
	sigaction(SIGUSR2, NULL, &sa);
	CHECK(sa.sa_handler == SIG_DFL);
	sigaction(SIGHUP, NULL, &sa);
	CHECK(sa.sa_handler == SIG_IGN);
	sigaltstack(NULL, &ss);
	CHECK_EQ(ss.ss_flags, SS_DISABLE);
	return tap_shared->fails != 0;
}

static void test_inheritance(void)
{
	stack_t ss = { .ss_sp = tap_pages(16, PROT_READ | PROT_WRITE),
		       .ss_size = 65536 };

	signal(SIGHUP, SIG_IGN);
	sigaltstack(&ss, NULL);
	tap_handle(SIGUSR2, info_handler, SA_ONSTACK);
	info_block(SIGUSR1, SIG_BLOCK);
	kill(getpid(), SIGUSR1);
	CHECK_EXITED(tap_fork(inherit_child, NULL), 0);
}

/* SIGCONT takes away a pending stop, and the other way round. */
static void test_stop_and_cont_cancel(void)
{
	sigset_t pending;

	info_block(SIGTSTP, SIG_BLOCK);
	info_block(SIGCONT, SIG_BLOCK);
	tap_handle(SIGCONT, info_handler, 0);
	kill(getpid(), SIGTSTP);
	kill(getpid(), SIGCONT);
	sigpending(&pending);
	CHECK(sigismember(&pending, SIGCONT));
	CHECK(!sigismember(&pending, SIGTSTP));
	kill(getpid(), SIGTSTP);
	sigpending(&pending);
	CHECK(!sigismember(&pending, SIGCONT));
	CHECK(sigismember(&pending, SIGTSTP));
}

static const struct tap_test tests[] = {
	{ "kill and tgkill", test_kill, 0 },
	{ "sigqueue", test_sigqueue, 0 },
	{ "timer_create", test_timer, 0 },
	{ "setitimer", test_alarm, 0 },
	{ "SIGPIPE and SIGXFSZ", test_kernel_sent, 0 },
	{ "F_SETSIG", test_sigio, 0 },
	{ "SIGXCPU", test_cpu_limit, 100 },
	{ "SIGCHLD: exited, killed, stopped", test_sigchld, 0 },
	{ "SIGCHLD: continued", test_sigchld_continued, 0 },
	{ "SIGCHLD ignored leaves no zombies", test_no_zombies, 0 },
	{ "order of real-time signals", test_realtime_order, 0 },
	{ "standard signals are not queued", test_standard_not_queued, 0 },
	{ "RLIMIT_SIGPENDING", test_queue_limit, 0 },
	{ "a flood of queued signals", test_flood, 0 },
	{ "two processes signal each other", test_ping_pong, 0 },
	{ "sigtimedwait", test_sigtimedwait, 0 },
	{ "sigsuspend", test_sigsuspend, 0 },
	{ "the mask of ppoll", test_ppoll_mask, 0 },
	{ "signalfd", test_signalfd, 0 },
	{ "which thread takes a signal", test_thread_choice, 0 },
	{ "fork and execve", test_inheritance, 0 },
	{ "stop and continue cancel each other", test_stop_and_cont_cancel, 0 },
};

static int tap_role(const char *name, int argc, char **argv)
{
	(void)name;
	(void)argc;
	(void)argv;
	return inherit_role();
}

TAP_MAIN(tests)
