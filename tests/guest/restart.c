// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of a system call that a signal interrupts: signal(7) says
 * which calls are restarted after a handler with SA_RESTART, which give EINTR
 * all the same, and which do so even when a stopped process goes on.
 *
 * A child sits in the call. That it does is read from its state in /proc: it
 * announces itself in shared memory right before, and nothing between that
 * and the call sleeps.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "tap.h"

#define FOREVER 1000

/* All of it belongs to one call at a time. */
struct restart_shared {
	volatile int entering, handled;
	volatile long ret;
	volatile int err;
	int pipe[2], sock[2], listener, file, word;
	struct sockaddr_un addr;
	socklen_t addr_len;
};

static struct restart_shared *shared;

/**
 * struct restart_call - a call that blocks
 * @name: of the call
 * @enter: makes it, in the child
 * @complete: ends it from outside; NULL when only a signal does
 * @ret: its result once completed
 * @restarts: after a handler with SA_RESTART
 * @eintr_after_stop: even SIGSTOP and SIGCONT end it
 */
struct restart_call {
	const char *name;
	long (*enter)(void);
	void (*complete)(void);
	long ret;
	bool restarts, eintr_after_stop;
};

static long enter_read(void)
{
	char c;

	return read(shared->pipe[0], &c, 1);
}

static void complete_pipe(void)
{
	CHECK_EQ(write(shared->pipe[1], "x", 1), 1);
}

static long enter_recv(void)
{
	char c;

	return recv(shared->sock[0], &c, 1, 0);
}

static void complete_recv(void)
{
	CHECK_EQ(send(shared->sock[1], "x", 1, 0), 1);
}

static long enter_accept(void)
{
	return accept(shared->listener, NULL, NULL) < 0 ? -1 : 0;
}

static void complete_accept(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK_EQ(connect(fd, (struct sockaddr *)&shared->addr,
			 shared->addr_len),
		 0);
	close(fd);
}

static int read_and_exit(void *arg)
{
	char c;

	(void)arg;
	return read(shared->pipe[0], &c, 1) == 1 ? 7 : 1;
}

static pid_t restart_grandchild;

static long enter_wait4(void)
{
	int status = 0;

	if (wait4(restart_grandchild, &status, 0, NULL) < 0)
		return -1;
	return status;
}

static long enter_waitid(void)
{
	siginfo_t si;

	if (waitid(P_PID, restart_grandchild, &si, WEXITED) < 0)
		return -1;
	return si.si_status;
}

static long futex(int op, int val, const struct timespec *timeout)
{
	return syscall(SYS_futex, &shared->word, op, val, timeout, NULL, 0);
}

static long enter_futex(void)
{
	return futex(FUTEX_WAIT, 0, NULL);
}

static long enter_futex_timed(void)
{
	struct timespec ts = { FOREVER, 0 };

	return futex(FUTEX_WAIT, 0, &ts);
}

static void complete_futex(void)
{
	CHECK_EQ(futex(FUTEX_WAKE, 1, NULL), 1);
}

static long enter_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK };

	return fcntl(shared->file, F_SETLKW, &lock);
}

static void complete_lock(void)
{
	struct flock unlock = { .l_type = F_UNLCK };

	CHECK_EQ(fcntl(shared->file, F_SETLK, &unlock), 0);
}

static long enter_poll(void)
{
	struct pollfd p = { .fd = shared->pipe[0], .events = POLLIN };

	return poll(&p, 1, FOREVER * 1000);
}

static long enter_ppoll(void)
{
	struct pollfd p = { .fd = shared->pipe[0], .events = POLLIN };

	return ppoll(&p, 1, NULL, NULL);
}

static long enter_select(void)
{
	struct timeval tv = { FOREVER, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(shared->pipe[0], &set);
	return select(shared->pipe[0] + 1, &set, NULL, NULL, &tv);
}

static long enter_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = epoll_create1(0);

	epoll_ctl(fd, EPOLL_CTL_ADD, shared->pipe[0], &ev);
	return epoll_wait(fd, &ev, 1, -1);
}

static long enter_nanosleep(void)
{
	struct timespec ts = { FOREVER, 0 }, left = { 0, 0 };
	long ret = syscall(SYS_nanosleep, &ts, &left);
	int err = errno;

	CHECK(left.tv_sec >= FOREVER - 60 && left.tv_sec <= FOREVER,
	      "%ld s are left", left.tv_sec);
	errno = err;
	return ret;
}

static long enter_nanosleep_absolute(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += FOREVER;
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME,
		       &ts, NULL);
}

static long enter_pause(void)
{
	return pause();
}

static long enter_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	return sigsuspend(&none);
}

static long enter_sigtimedwait(void)
{
	struct timespec ts = { FOREVER, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return sigtimedwait(&set, NULL, &ts);
}

static long enter_semop(void)
{
	struct sembuf take = { .sem_op = -1 };
	int id = semget(IPC_PRIVATE, 1, 0600);
	long ret = semop(id, &take, 1);
	int err = errno;

	semctl(id, 0, IPC_RMID);
	errno = err;
	return ret;
}

static const struct restart_call calls[] = {
	{ "read", enter_read, complete_pipe, 1, true, false },
	{ "recv", enter_recv, complete_recv, 1, true, false },
	{ "accept", enter_accept, complete_accept, 0, true, false },
	{ "wait4", enter_wait4, complete_pipe, 7 << 8, true, false },
	{ "waitid", enter_waitid, complete_pipe, 7, true, false },
	{ "futex", enter_futex, complete_futex, 0, true, false },
	{ "fcntl(F_SETLKW)", enter_lock, complete_lock, 0, true, false },
	{ "futex with timeout", enter_futex_timed, complete_futex, 0, false,
	  false },
	{ "poll", enter_poll, complete_pipe, 1, false, false },
	{ "ppoll", enter_ppoll, complete_pipe, 1, false, false },
	{ "select", enter_select, complete_pipe, 1, false, false },
	{ "epoll_wait", enter_epoll, complete_pipe, 1, false, true },
	{ "nanosleep", enter_nanosleep, NULL, 0, false, false },
	{ "clock_nanosleep", enter_nanosleep_absolute, NULL, 0, false, false },
	{ "pause", enter_pause, NULL, 0, false, false },
	{ "sigsuspend", enter_sigsuspend, NULL, 0, false, false },
	{ "sigtimedwait", enter_sigtimedwait, NULL, 0, false, true },
	{ "semop", enter_semop, NULL, 0, false, true },
};

static void restart_listen(void)
{
	shared->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	shared->addr.sun_family = AF_UNIX;
	shared->addr_len = sizeof(shared->addr);
	REQUIRE(bind(shared->listener, (struct sockaddr *)&shared->addr,
		     sizeof(sa_family_t)) == 0);
	REQUIRE(listen(shared->listener, 1) == 0);
	getsockname(shared->listener, (struct sockaddr *)&shared->addr,
		    &shared->addr_len);
}

static void restart_prepare(void)
{
	struct flock lock = { .l_type = F_WRLCK };

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(shared != MAP_FAILED);
	REQUIRE(pipe(shared->pipe) == 0);
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, shared->sock) == 0);
	restart_listen();
	shared->file = memfd_create("lock", 0);
	REQUIRE(fcntl(shared->file, F_SETLK, &lock) == 0);
}

static void restart_unprepare(void)
{
	close(shared->pipe[0]);
	close(shared->pipe[1]);
	close(shared->sock[0]);
	close(shared->sock[1]);
	close(shared->listener);
	close(shared->file);
	munmap(shared, 4096);
}

static char restart_state(pid_t pid)
{
	char text[512];

	REQUIRE(tap_proc_line(pid, "stat", text, sizeof(text)), "of %d", pid);
	REQUIRE(strrchr(text, ')'));
	return strrchr(text, ')')[2];
}

static void restart_await_state(pid_t pid, char state)
{
	while (restart_state(pid) != state)
		sched_yield();
}

static void restart_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	(void)ctx;
	shared->handled++;
}

static int restart_child(void *arg)
{
	const struct restart_call *call = arg;

	if (call->enter == enter_wait4 || call->enter == enter_waitid)
		restart_grandchild = tap_fork(read_and_exit, NULL);
	errno = 0;
	shared->entering = 1;
	shared->ret = call->enter();
	shared->err = errno;
	if (restart_grandchild)
		kill(restart_grandchild, SIGKILL);
	return 0;
}

/* A child that sits in @call. */
static pid_t restart_begin(const struct restart_call *call)
{
	pid_t pid;

	restart_prepare();
	pid = tap_fork(restart_child, (void *)call);
	while (!shared->entering)
		sched_yield();
	restart_await_state(pid, 'S');
	return pid;
}

static void restart_end(const struct restart_call *call, pid_t pid, bool eintr)
{
	if (!eintr)
		call->complete();
	CHECK_EXITED(pid, 0);
	if (eintr)
		CHECK(shared->ret == -1 && shared->err == EINTR,
		      "%s gave %ld, errno %d, not EINTR", call->name,
		      shared->ret, shared->err);
	else
		CHECK(shared->ret == call->ret, "%s gave %ld, errno %d",
		      call->name, shared->ret, shared->err);
	restart_unprepare();
}

static void restart_by_handler(const struct restart_call *call, int flags)
{
	bool restarts = call->restarts && (flags & SA_RESTART);
	pid_t pid;

	tap_handle(SIGUSR1, restart_handler, flags);
	pid = restart_begin(call);
	kill(pid, SIGUSR1);
	while (!shared->handled)
		sched_yield();
	for (int i = 2; restarts && i < 5; i++) {
		restart_await_state(pid, 'S');
		kill(pid, SIGUSR1);
		while (shared->handled < i)
			sched_yield();
	}
	if (restarts)
		restart_await_state(pid, 'S');
	restart_end(call, pid, !restarts);
}

static void test_without_restart(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		restart_by_handler(&calls[i], 0);
}

static void test_with_restart(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		restart_by_handler(&calls[i], SA_RESTART);
}

static void test_ignored_signal(void)
{
	signal(SIGUSR1, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		pid_t pid;

		if (!calls[i].complete)
			continue;
		pid = restart_begin(&calls[i]);
		kill(pid, SIGUSR1);
		kill(pid, SIGWINCH);
		restart_end(&calls[i], pid, false);
	}
}

static void restart_stop(pid_t pid)
{
	int status;

	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
	CHECK_EQ(restart_state(pid), 'T');
}

static void test_stop_and_continue(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		pid_t pid;

		if (!calls[i].complete && !calls[i].eintr_after_stop)
			continue;
		pid = restart_begin(&calls[i]);
		restart_stop(pid);
		kill(pid, SIGCONT);
		if (!calls[i].eintr_after_stop)
			restart_await_state(pid, 'S');
		restart_end(&calls[i], pid, calls[i].eintr_after_stop);
	}
}

static double restart_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

#define STOPPED_SECONDS 2

static long enter_sleep(void)
{
	struct timespec ts = { STOPPED_SECONDS, 0 };

	return syscall(SYS_nanosleep, &ts, NULL);
}

static long enter_poll_sleep(void)
{
	return syscall(SYS_poll, NULL, 0, STOPPED_SECONDS * 1000);
}

/*
 * restart_syscall(2): a sleep that a stop interrupts ends when it would have
 * ended, and not a whole sleep after the stop.
 */
static void test_restart_block(void)
{
	static const struct restart_call sleeps[] = {
		{ "nanosleep", enter_sleep, NULL, 0, false, false },
		{ "poll", enter_poll_sleep, NULL, 0, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sleeps); i++) {
		double start = restart_now(), resumed;
		pid_t pid = restart_begin(&sleeps[i]);

		restart_stop(pid);
		CHECK_EQ(enter_sleep(), 0);
		kill(pid, SIGCONT);
		resumed = restart_now();
		CHECK_EXITED(pid, 0);
		CHECK(shared->ret == 0, "%s: errno %d", sleeps[i].name,
		      shared->err);
		CHECK(restart_now() - start >= STOPPED_SECONDS);
		CHECK(restart_now() - resumed < STOPPED_SECONDS * 0.8,
		      "%s slept %.3f s again", sleeps[i].name,
		      restart_now() - resumed);
		restart_unprepare();
	}
}

static const struct tap_test tests[] = {
	{ "EINTR without SA_RESTART", test_without_restart, 0 },
	{ "restarted with SA_RESTART, or EINTR", test_with_restart, 0 },
	{ "ignored signals interrupt nothing", test_ignored_signal, 0 },
	{ "stopped and continued", test_stop_and_continue, 0 },
	{ "a stop does not prolong a sleep", test_restart_block, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
