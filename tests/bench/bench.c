// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small measurements of what a port of the kernel costs its programs.
 *
 *	bench [NAME...]		all of them, or those named
 *
 * Static, so that the same file runs on the host and in any guest. As a
 * guest's init it mounts what it needs, takes its arguments from the kernel's
 * command line (behind "--"), and powers the guest off at the end; with the
 * argument "hold" it does nothing instead, for ever. With "work" and "calls" it
 * begins when there is a byte on its input.
 *
 * Prints "bench NAME VALUE UNIT" for each, and "bench ready" before the first.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL
#define LONG_ENOUGH (NS_PER_S / 4) /* of one measurement, in ns */
#define FAULT_BYTES (32UL << 20)
#define FILE_BYTES (64UL << 20)
#define FILE_CHUNK (1UL << 20)
#define FORK_BYTES (16UL << 20)
#define MAP_BYTES (1UL << 20)
#define WORK_NS (5 * NS_PER_S)
#define WORK_CHUNK 20000
#define READ_BYTES (64UL << 10)
#define CALLS 200000
#define COMPUTE 1000000000L
#define SCRATCH "bench.tmp"
#define EXEC_ARG "exec-and-exit"

static bool bench_is_init;
static char bench_path[] = "/proc/self/exe";

static void __attribute__((noreturn, format(printf, 1, 2)))
bench_die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	printf("bench failed: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(": %s\n", strerror(err));
	fflush(stdout);
	if (bench_is_init)
		reboot(RB_POWER_OFF);
	_exit(1);
}

static int64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void bench_report(const char *name, double value, const char *unit)
{
	printf("bench %s %.3f %s\n", name, value, unit);
	fflush(stdout);
}

/*
 * Run @op in ever larger numbers until one measurement is long enough to mean
 * something, whatever the speed of what runs it.
 */
static double bench_ns_per_op(void (*op)(long n))
{
	int64_t start, spent;
	long n = 1;

	op(n);
	for (;;) {
		start = bench_now();
		op(n);
		spent = bench_now() - start;
		if (spent >= LONG_ENOUGH)
			return (double)spent / n;
		if (spent < LONG_ENOUGH / 16)
			n *= 8;
		else
			n = n * (LONG_ENOUGH * 5 / 4) / spent + 1;
	}
}

static void bench_wait(pid_t pid)
{
	int status;

	if (pid < 0)
		bench_die("fork");
	if (waitpid(pid, &status, 0) != pid || status)
		bench_die("a child ended with status %#x", status);
}

static void bench_getppid(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void bench_clock(long n)
{
	struct timespec ts;

	while (n--)
		clock_gettime(CLOCK_REALTIME, &ts);
}

static void bench_fork(long n)
{
	pid_t pid;

	while (n--) {
		pid = fork();
		if (!pid)
			_exit(0);
		bench_wait(pid);
	}
}

static void bench_exec(long n)
{
	char *argv[] = { bench_path, EXEC_ARG, NULL };
	char *envp[] = { NULL };
	pid_t pid;

	while (n--) {
		pid = vfork();
		if (!pid) {
			execve(bench_path, argv, envp);
			_exit(127);
		}
		bench_wait(pid);
	}
}

static void bench_echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1)
		if (write(out, &byte, 1) != 1)
			break;
	_exit(0);
}

static void bench_pipe(long n)
{
	int there[2], back[2];
	char byte = 'x';
	pid_t pid;

	if (pipe(there) || pipe(back))
		bench_die("pipe");
	pid = fork();
	if (!pid) {
		close(there[1]);
		close(back[0]);
		bench_echo(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	while (n--)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			bench_die("round trip");
	close(there[1]);
	close(back[0]);
	bench_wait(pid);
}

static void bench_handler(int sig)
{
	(void)sig;
}

static void bench_signal(long n)
{
	signal(SIGUSR1, bench_handler);
	while (n--)
		kill(getpid(), SIGUSR1);
}

static void *bench_thread_body(void *arg)
{
	return arg;
}

static void bench_thread(long n)
{
	pthread_t thread;

	while (n--)
		if (pthread_create(&thread, NULL, bench_thread_body, NULL) ||
		    pthread_join(thread, NULL))
			bench_die("thread");
}

static char *bench_map(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bench_die("mmap");
	return p;
}

static void bench_fork_large(long n)
{
	static char *memory;

	if (!memory) {
		memory = bench_map(FORK_BYTES);
		memset(memory, 1, FORK_BYTES);
	}
	bench_fork(n);
}

static void bench_mmap(long n)
{
	size_t at;
	char *p;

	while (n--) {
		p = bench_map(MAP_BYTES);
		for (at = 0; at < MAP_BYTES; at += 4096)
			((volatile char *)p)[at] = 1;
		munmap(p, MAP_BYTES);
	}
}

static void bench_futex(volatile int *word, int op, int value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void bench_turns(volatile int *turn, int mine, long n)
{
	while (n--) {
		while (*turn != mine)
			bench_futex(turn, FUTEX_WAIT, !mine);
		*turn = !mine;
		bench_futex(turn, FUTEX_WAKE, 1);
	}
}

/* Stay on this CPU, children too; @before is for the way back. */
static void bench_bind(cpu_set_t *before)
{
	cpu_set_t one;

	sched_getaffinity(0, sizeof(*before), before);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static volatile int *bench_shared_int(void)
{
	volatile int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (word == MAP_FAILED)
		bench_die("mmap");
	return word;
}

/* Two processes on one CPU take turns, n in all. */
static void bench_switch(long n)
{
	volatile int *turn = bench_shared_int();
	cpu_set_t before;
	pid_t pid;

	bench_bind(&before);
	pid = fork();
	if (!pid) {
		bench_turns(turn, 1, (n + 1) / 2);
		_exit(0);
	}
	bench_turns(turn, 0, (n + 1) / 2);
	bench_wait(pid);
	sched_setaffinity(0, sizeof(before), &before);
	munmap((void *)turn, 4096);
}

/* From here on getppid() waits for who has the descriptor. */
static int bench_ask_for_answers(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

static void bench_answer_calls(int listener, long n)
{
	struct seccomp_notif_resp answer;
	struct seccomp_notif call;

	while (n--) {
		memset(&call, 0, sizeof(call));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
			bench_die("SECCOMP_IOCTL_NOTIF_RECV");
		answer = (struct seccomp_notif_resp){ .id = call.id };
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer))
			bench_die("SECCOMP_IOCTL_NOTIF_SEND");
	}
}

/*
 * System calls that another process on this CPU answers, which is the least that
 * a kernel in a process of its own can do.
 */
static void bench_answer(long n)
{
	volatile int *listener = bench_shared_int();
	cpu_set_t before;
	pid_t pid;

	bench_bind(&before);
	*listener = -1;
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		int fd = bench_ask_for_answers();

		*listener = fd < 0 ? -2 : fd;
		if (fd >= 0)
			bench_getppid(n);
		_exit(0);
	}
	while (*listener == -1)
		sched_yield();
	if (*listener < 0)
		bench_die("no seccomp listener");
	bench_answer_calls(*listener, n);
	bench_wait(pid);
	close(*listener);
	sched_setaffinity(0, sizeof(before), &before);
	munmap((void *)listener, 4096);
}

/* The same by ptrace(2), which stops at each call and does not make it. */
static void bench_trace(long n)
{
	cpu_set_t before;
	int status;
	pid_t pid;

	bench_bind(&before);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (;;)
			bench_getppid(1);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		bench_die("ptrace");
	while (n--) {
		ptrace(PTRACE_SYSEMU, pid, NULL, NULL);
		waitpid(pid, &status, __WALL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	sched_setaffinity(0, sizeof(before), &before);
}

static void bench_create(long n)
{
	int fd;

	while (n--) {
		fd = open(SCRATCH, O_CREAT | O_WRONLY, 0600);
		if (fd < 0 || close(fd) || unlink(SCRATCH))
			bench_die(SCRATCH);
	}
}

/* A file without a name, of @size bytes that are in the page cache. */
static int bench_cached_file(size_t size)
{
	static char chunk[READ_BYTES];
	int fd = open(SCRATCH, O_CREAT | O_TRUNC | O_RDWR, 0600);
	size_t done;

	if (fd < 0 || unlink(SCRATCH))
		bench_die(SCRATCH);
	for (done = 0; done < size; done += sizeof(chunk))
		if (write(fd, chunk, sizeof(chunk)) != sizeof(chunk))
			bench_die("write");
	return fd;
}

static void bench_pread(long n)
{
	static char buffer[READ_BYTES];
	int fd = bench_cached_file(READ_BYTES);

	while (n--)
		if (pread(fd, buffer, sizeof(buffer), 0) != sizeof(buffer))
			bench_die("pread");
	close(fd);
}

static double bench_file_fault(void)
{
	long pages = FAULT_BYTES / 4096, i;
	int64_t start, spent, best = INT64_MAX;
	int fd = bench_cached_file(FAULT_BYTES);
	volatile char *p;
	int round;

	for (round = 0; round < 5; round++) {
		p = mmap(NULL, FAULT_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			bench_die("mmap");
		start = bench_now();
		for (i = 0; i < pages; i++)
			(void)p[i * 4096];
		spent = bench_now() - start;
		if (spent < best)
			best = spent;
		munmap((void *)p, FAULT_BYTES);
	}
	close(fd);
	return (double)best / pages;
}

/* The best of a few: one mapping is over too soon to be repeated for long. */
static double bench_fault(void)
{
	long pages = FAULT_BYTES / 4096, i;
	int64_t start, spent, best = INT64_MAX;
	volatile char *p;
	int round;

	for (round = 0; round < 5; round++) {
		p = mmap(NULL, FAULT_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			bench_die("mmap");
		/* Page by page everywhere, also where pages are huge. */
		madvise((void *)p, FAULT_BYTES, MADV_NOHUGEPAGE);
		start = bench_now();
		for (i = 0; i < pages; i++)
			p[i * 4096] = 1;
		spent = bench_now() - start;
		if (spent < best)
			best = spent;
		munmap((void *)p, FAULT_BYTES);
	}
	return (double)best / pages;
}

/* Only where there is a disk of our own to write to: in a guest. */
static double bench_file(void)
{
	static char chunk[FILE_CHUNK];
	int64_t start, spent;
	size_t done;
	int fd;

	memset(chunk, 0x5a, sizeof(chunk));
	mkdir("/mnt", 0755);
	if (mount("/dev/ubda", "/mnt", "ext4", 0, NULL))
		bench_die("mount /dev/ubda");
	fd = open("/mnt/file", O_CREAT | O_TRUNC | O_WRONLY, 0644);
	if (fd < 0)
		bench_die("/mnt/file");
	start = bench_now();
	for (done = 0; done < FILE_BYTES; done += FILE_CHUNK)
		if (write(fd, chunk, FILE_CHUNK) != (ssize_t)FILE_CHUNK)
			bench_die("write");
	if (fsync(fd))
		bench_die("fsync");
	spent = bench_now() - start;
	close(fd);
	umount("/mnt");
	return spent / 1e6;
}

static void bench_await(void)
{
	char byte;

	if (read(0, &byte, 1) != 1)
		bench_die("read");
}

/* Computing mixed with system calls; returns how much of it, in a second. */
static double bench_work(void)
{
	volatile unsigned int sum = 0;
	int64_t start, spent;
	long done, i;

	bench_await();
	start = bench_now();
	for (done = 0; (spent = bench_now() - start) < WORK_NS; done++) {
		for (i = 0; i < WORK_CHUNK; i++)
			sum += i;
		syscall(SYS_getppid);
	}
	return (double)done * NS_PER_S / spent;
}

static double bench_calls(void)
{
	long i;

	bench_await();
	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return CALLS;
}

static void *bench_compute(void *arg)
{
	volatile unsigned int sum = 0;
	long i, n = *(long *)arg;

	for (i = 0; i < n; i++)
		sum += i;
	return NULL;
}

static void bench_compute_threads(long n)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, bench_compute, &n))
		bench_die("pthread_create");
	bench_compute(&n);
	pthread_join(thread, NULL);
}

static void bench_compute_processes(long n)
{
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork");
	bench_compute(&n);
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

/* How long two take, of the time one takes for the same work. */
static double bench_two(void (*two)(long n))
{
	long n = COMPUTE;
	int64_t start = bench_now(), one;

	bench_compute(&n);
	one = bench_now() - start;
	start = bench_now();
	two(n / 2);
	return (double)(bench_now() - start) / one;
}

static double bench_two_threads(void)
{
	return bench_two(bench_compute_threads);
}

static double bench_two_processes(void)
{
	return bench_two(bench_compute_processes);
}

struct bench {
	const char *name;
	void (*op)(long n);      /* does it n times; reported in ns each, or */
	double (*measure)(void); /* measures by itself, */
	const char *unit;        /* in this unit */
	bool guest_only;
	bool host_only;
	bool only_if_named;
};

static const struct bench benches[] = {
	{ .name = "getppid", .op = bench_getppid },
	{ .name = "answer", .op = bench_answer, .host_only = true },
	{ .name = "trace", .op = bench_trace, .host_only = true },
	{ .name = "clock_gettime", .op = bench_clock },
	{ .name = "signal", .op = bench_signal },
	{ .name = "fault", .measure = bench_fault, .unit = "ns" },
	{ .name = "file_fault", .measure = bench_file_fault, .unit = "ns" },
	{ .name = "mmap", .op = bench_mmap },
	{ .name = "fork", .op = bench_fork },
	{ .name = "exec", .op = bench_exec },
	{ .name = "thread", .op = bench_thread },
	{ .name = "pipe", .op = bench_pipe },
	{ .name = "switch", .op = bench_switch },
	{ .name = "pread", .op = bench_pread },
	{ .name = "create", .op = bench_create },
	{ .name = "fork_large", .op = bench_fork_large },
	{ .name = "ext4", .measure = bench_file, .unit = "ms", .guest_only = true },
	{ .name = "work", .measure = bench_work, .unit = "/s", .only_if_named = true },
	{ .name = "calls", .measure = bench_calls, .unit = "calls", .only_if_named = true },
	{ .name = "two_threads", .measure = bench_two_threads, .unit = "times", .only_if_named = true },
	{ .name = "two_processes", .measure = bench_two_processes, .unit = "times", .only_if_named = true },
};

static bool bench_named(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return false;
}

static bool bench_wanted(const struct bench *b, int argc, char **argv)
{
	if (bench_is_init ? b->host_only : b->guest_only)
		return false;
	if (argc <= 1)
		return !b->only_if_named;
	return bench_named(b->name, argc, argv);
}

static void bench_init_mounts(void)
{
	int fd;

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	fd = open("/dev/console", O_RDWR);
	if (fd >= 0) {
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	}
}

int main(int argc, char **argv)
{
	const struct bench *b;

	if (argc == 2 && !strcmp(argv[1], EXEC_ARG))
		return 0;
	bench_is_init = getpid() == 1;
	if (bench_is_init)
		bench_init_mounts();
	printf("bench ready\n");
	fflush(stdout);
	for (b = benches; b < benches + sizeof(benches) / sizeof(*b); b++) {
		if (!bench_wanted(b, argc, argv))
			continue;
		if (b->op)
			bench_report(b->name, bench_ns_per_op(b->op), "ns");
		else
			bench_report(b->name, b->measure(), b->unit);
	}
	while (bench_named("hold", argc, argv))
		pause();
	printf("bench done\n");
	fflush(stdout);
	if (bench_is_init) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return 0;
}
