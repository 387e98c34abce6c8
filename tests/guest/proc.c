// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and threads: every way to make one, what it shares, how it ends
 * and what its parent hears of it; thread-local storage.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

#define STACK_SIZE (64 * 1024)
#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE (1 << 1)
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static volatile int *proc_shared;

static void proc_share(void)
{
	proc_shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(proc_shared != MAP_FAILED);
}

static pid_t proc_gettid(void)
{
	return syscall(SYS_gettid);
}

/* ---- clone() by flags ---- */

struct clone_view {
	volatile int memory, done;
	volatile pid_t child_tid, pid, ppid, tid;
	int fd;
};

static struct clone_view view;

/* Leaves a mark on everything that might be shared with the parent. */
static int clone_marks(void *arg)
{
	(void)arg;
	view.memory = 2;
	view.pid = syscall(SYS_getpid);
	view.ppid = syscall(SYS_getppid);
	view.tid = proc_gettid();
	syscall(SYS_close, view.fd);
	syscall(SYS_chdir, "/proc");
	syscall(SYS_umask, 0123);
	signal(SIGUSR2, SIG_IGN);
	if (proc_shared)
		proc_shared[0] = view.child_tid == view.tid;
	view.done = 1;
	return 23;
}

static pid_t clone_run(int flags, volatile pid_t *parent_tid)
{
	char *stack = tap_pages(STACK_SIZE / 4096, PROT_READ | PROT_WRITE);
	pid_t pid;

	REQUIRE(chdir("/") == 0);
	umask(022);
	signal(SIGUSR2, SIG_DFL);
	view = (struct clone_view){ .memory = 1, .fd = dup(0) };
	if (view.fd < 0)
		view.fd = memfd_create("fd", 0);
	pid = clone(clone_marks, stack + STACK_SIZE, flags, NULL, parent_tid,
		    NULL, &view.child_tid);
	REQUIRE(pid > 0, "flags %#x", flags);
	return pid;
}

static void clone_check_shared(int flags)
{
	struct sigaction sa;
	char cwd[64];

	CHECK(view.memory == (flags & CLONE_VM ? 2 : 1), "flags %#x", flags);
	CHECK((fcntl(view.fd, F_GETFD) < 0) == !!(flags & CLONE_FILES),
	      "flags %#x", flags);
	CHECK(!strcmp(getcwd(cwd, sizeof(cwd)), flags & CLONE_FS ? "/proc" : "/"), "flags %#x: %s", flags, cwd);
	CHECK(umask(0) == (flags & CLONE_FS ? 0123 : 022), "flags %#x", flags);
	sigaction(SIGUSR2, NULL, &sa);
	CHECK((sa.sa_handler == SIG_IGN) == !!(flags & CLONE_SIGHAND),
	      "flags %#x", flags);
	close(view.fd);
}

/* Every set of these flags that may be given, with a child of its own pid. */
static void test_clone_sharing(void)
{
	static const int bits[] = { CLONE_VM, CLONE_FS, CLONE_FILES,
				    CLONE_SIGHAND, CLONE_PARENT_SETTID, CLONE_CHILD_SETTID,
				    CLONE_VFORK };

	proc_share();
	for (unsigned int set = 0; set < 1U << ARRAY_SIZE(bits); set++) {
		volatile pid_t tid = 0;
		int flags = 0;
		pid_t pid;

		for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
			flags |= set >> i & 1 ? bits[i] : 0;
		if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
			continue;
		proc_shared[0] = 0;
		pid = clone_run(flags | SIGCHLD, &tid);
		CHECK_EXITED(pid, 23);
		clone_check_shared(flags);
		CHECK_EQ(tid, flags & CLONE_PARENT_SETTID ? pid : 0);
		CHECK_EQ(proc_shared[0], !!(flags & CLONE_CHILD_SETTID));
		if (flags & CLONE_VM) {
			CHECK_EQ(view.pid, pid);
			CHECK_EQ(view.ppid, getpid());
		}
	}
}

/* A bare CLONE_THREAD: the tid word is cleared and woken at its end. */
static void test_clone_thread(void)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			  CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
			  CLONE_CHILD_CLEARTID;
	volatile pid_t tid = 0;
	pid_t ret = clone_run(flags, &tid);

	CHECK_EQ(tid, ret);
	view.child_tid = ret;
	while (!view.done)
		sched_yield();
	CHECK_EQ(view.pid, getpid());
	CHECK_EQ(view.tid, ret);
	CHECK(ret != getpid());
}

static void test_clone_cleartid(void)
{
	const int flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	pid_t ret = clone_run(flags, NULL);

	while (!view.done)
		sched_yield();
	while (view.child_tid)
		syscall(SYS_futex, &view.child_tid, 0, ret, NULL, NULL, 0);
	while (syscall(SYS_tgkill, getpid(), ret, 0) == 0)
		sched_yield();
	CHECK_EQ(errno, ESRCH);
}

static void test_clone_refused(void)
{
	static const long flags[] = {
		CLONE_SIGHAND,
		CLONE_THREAD,
		CLONE_THREAD | CLONE_VM,
		CLONE_FS | CLONE_NEWNS,
		CLONE_FS | CLONE_NEWUSER,
		CLONE_PIDFD | CLONE_PARENT_SETTID,
	};
	int word;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		CHECK_ERR(syscall(SYS_clone, flags[i], 0L, &word, NULL, 0L),
			  EINVAL);
}

static void test_clone3(void)
{
	int pidfd = -1, parent_tid = 0, exit_signal = SIGUSR1;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = exit_signal,
		.parent_tid = (uintptr_t)&parent_tid,
	};
	struct pollfd p = { .events = POLLIN };
	siginfo_t si;
	pid_t pid;

	signal(SIGUSR1, SIG_IGN);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid) {
		pause();
		_exit(0);
	}
	REQUIRE(pid > 0);
	CHECK_EQ(parent_tid, pid);
	p.fd = pidfd;
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_ERR(waitpid(pid, NULL, WNOHANG), ECHILD);
	CHECK_EQ(syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0), 0);
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(waitid(P_PIDFD, pidfd, &si, WEXITED | __WALL), 0);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_status, SIGTERM);
	args.stack = 64;
	CHECK_ERR(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
	CHECK_ERR(syscall(SYS_clone3, &args, 8), EINVAL);
}

static int clone_sibling(void *arg)
{
	return (long)arg;
}

/* CLONE_PARENT: the child of a child is ours. */
static int clone_for_parent(void *arg)
{
	char *stack = tap_pages(STACK_SIZE / 4096, PROT_READ | PROT_WRITE);

	(void)arg;
	proc_shared[1] = clone(clone_sibling, stack + STACK_SIZE, CLONE_PARENT | SIGCHLD, (void *)31L);
	return 0;
}

static void test_clone_parent(void)
{
	proc_share();
	CHECK_EXITED(tap_fork(clone_for_parent, NULL), 0);
	REQUIRE(proc_shared[1] > 0);
	CHECK_EXITED(proc_shared[1], 31);
}

/* ---- vfork, execve ---- */

static void test_vfork(void)
{
	volatile int seen = 0;
	pid_t pid;

	for (int i = 0; i < 50; i++) {
		pid = vfork();
		if (!pid) {
			seen++;
			_exit(i);
		}
		CHECK_EQ(seen, i + 1);
		CHECK_EXITED(pid, i);
	}
}

static void test_vfork_exec(void)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = vfork();

		if (!pid) {
			tap_exec_role("exit", "9");
			_exit(1);
		}
		CHECK_EXITED(pid, 9);
	}
}

static void test_vfork_killed(void)
{
	pid_t pid = vfork();

	if (!pid) {
		kill(syscall(SYS_getpid), SIGKILL);
		_exit(0);
	}
	CHECK_KILLED(pid, SIGKILL);
}

static void *exec_from_thread(void *arg)
{
	(void)arg;
	tap_exec_role("leader", "");
	return NULL;
}

static void *spin_or_sleep(void *arg)
{
	if (arg)
		for (;;)
			pause();
	for (;;)
		asm volatile(""
			     :
			     :
			     : "memory");
	return NULL;
}

static void exec_threads(int count)
{
	pthread_t thread;

	for (long i = 0; i < count; i++)
		REQUIRE(!pthread_create(&thread, NULL, spin_or_sleep,
					(void *)(i & 1)));
}

static int exec_with_threads(void *arg)
{
	pthread_t thread;

	(void)arg;
	exec_threads(4);
	REQUIRE(!pthread_create(&thread, NULL, exec_from_thread, NULL));
	spin_or_sleep((void *)1);
	return 1;
}

/* The new program is the leader under the old pid, and alone. */
static void test_exec_from_thread(void)
{
	for (int i = 0; i < 10; i++)
		CHECK_EXITED(tap_fork(exec_with_threads, NULL), 0);
}

static void test_exec_refused(void)
{
	char *argv[] = { "x", NULL };
	int fd = memfd_create("script", 0);

	CHECK_ERR(execv("/nonexistent", argv), ENOENT);
	CHECK_ERR(execv("/", argv), EACCES);
	REQUIRE(write(fd, "not a program\n", 14) == 14);
	CHECK_ERR(fexecve(fd, argv, argv), ENOEXEC);
}

static int exec_long_arguments(void *arg)
{
	static char *argv[2000], *envp[] = { "A=1", NULL };

	(void)arg;
	argv[0] = tap_self;
	argv[1] = "--role";
	argv[2] = "arguments";
	for (int i = 3; i < 1999; i++) {
		argv[i] = malloc(100);
		memset(argv[i], 'a' + i % 26, 99);
		argv[i][99] = 0;
	}
	execve(tap_self, argv, envp);
	return 1;
}

static int role_arguments(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		for (int j = 0; j < 99; j++)
			if (argv[i][j] != 'a' + (i + 3) % 26)
				return 2;
	return argc == 1996 && !strcmp(getenv("A"), "1") ? 0 : 3;
}

static void test_exec_arguments(void)
{
	CHECK_EXITED(tap_fork(exec_long_arguments, NULL), 0);
}

/* ---- ends ---- */

static int exit_with_threads(void *how)
{
	exec_threads(4);
	if (how)
		kill(getpid(), SIGTERM);
	syscall(SYS_exit_group, 44);
	return 1;
}

static void test_exit_group(void)
{
	for (int i = 0; i < 10; i++) {
		CHECK_EXITED(tap_fork(exit_with_threads, NULL), 44);
		CHECK_KILLED(tap_fork(exit_with_threads, (void *)1), SIGTERM);
	}
}

static void *exit_later(void *leader_gone)
{
	(void)leader_gone;
	while (syscall(SYS_tgkill, getpid(), getpid(), 0) == 0 &&
	       proc_shared[0] < 1000) {
		proc_shared[0]++;
		sched_yield();
	}
	syscall(SYS_exit_group, 45);
	return NULL;
}

static int exit_leader_first(void *arg)
{
	pthread_t thread;

	(void)arg;
	REQUIRE(!pthread_create(&thread, NULL, exit_later, NULL));
	syscall(SYS_exit, 46);
	return 1;
}

/* The process ends with its last thread, not with its leader. */
static void test_leader_exits_first(void)
{
	proc_share();
	CHECK_EXITED(tap_fork(exit_leader_first, NULL), 45);
}

static int end_by(void *how)
{
	struct rlimit limit;
	char dir[] = "/tmp/core-XXXXXX";

	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
	if (!mkdtemp(dir) || chdir(dir))
		return 99;
	proc_shared[0] = limit.rlim_cur != 0;
	raise((long)how);
	return 1;
}

/* The parent takes away what a core dump may have left. */
static void end_clean_up(void)
{
	if (system("rm -rf /tmp/core-*") < 0)
		tap_diag("core dumps are left in /tmp");
}

static void test_core_flag(void)
{
	int status;

	proc_share();
	status = tap_wait(tap_fork(end_by, (void *)SIGQUIT));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
	if (proc_shared[0] && !WCOREDUMP(status))
		tap_diag("no core: core_pattern may forbid it");
	status = tap_wait(tap_fork(end_by, (void *)SIGTERM));
	CHECK_EQ(status, SIGTERM);
	end_clean_up();
}

static int orphan(void *arg)
{
	pid_t reaper = (long)arg;

	while (getppid() != reaper)
		sched_yield();
	return 12;
}

static int orphan_maker(void *arg)
{
	proc_shared[2] = tap_fork(orphan, arg);
	return 0;
}

static void test_orphans(void)
{
	proc_share();
	REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	CHECK_EXITED(tap_fork(orphan_maker, (void *)(long)getpid()), 0);
	CHECK_EXITED(proc_shared[2], 12);
}

static __attribute__((noreturn)) int pdeath_child(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	proc_shared[0] = 1;
	for (;;)
		pause();
}

static int pdeath_parent(void *arg)
{
	proc_shared[2] = tap_fork(pdeath_child, arg);
	while (!proc_shared[0])
		sched_yield();
	return 0;
}

static void test_pdeathsig(void)
{
	proc_share();
	REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	CHECK_EXITED(tap_fork(pdeath_parent, NULL), 0);
	CHECK_KILLED(proc_shared[2], SIGTERM);
}

static void test_rusage(void)
{
	struct rusage ru;
	pid_t pid = tap_fork(clone_sibling, NULL);
	int status;

	CHECK_EQ(wait4(pid, &status, 0, &ru), pid);
	CHECK(ru.ru_maxrss > 0);
	CHECK(ru.ru_minflt > 0);
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
	CHECK_ERR(waitpid(-1, NULL, WNOHANG), ECHILD);
	CHECK_ERR(waitid(P_ALL, 0, NULL, 0), EINVAL);
}

/* ---- thread-local storage ---- */

static __thread volatile long tls_value = 7;

static void *tls_thread(void *arg)
{
	CHECK_EQ(tls_value, 7);
	for (int i = 0; i < 300; i++) {
		tls_value = (long)arg;
		sched_yield();
		CHECK_EQ(tls_value, (long)arg);
	}
	return NULL;
}

static unsigned long tls_gs(void)
{
	unsigned long gs = 0;

	CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs), 0);
	return gs;
}

static void *tls_gs_thread(void *arg)
{
	static unsigned long cells[16];
	unsigned long *mine = &cells[(long)arg], seen;

	*mine = (unsigned long)arg * 1001;
	CHECK_EQ(syscall(SYS_arch_prctl, ARCH_SET_GS, mine), 0);
	for (int i = 0; i < 200; i++) {
		sched_yield();
		asm volatile("mov %%gs:0, %0"
			     : "=r"(seen));
		CHECK_EQ(seen, *mine);
		CHECK_EQ(tls_gs(), mine);
	}
	return tls_thread(arg);
}

static void proc_threads(void *(*f)(void *), int count)
{
	pthread_t threads[16];

	for (long i = 0; i < count; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, f, (void *)i));
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void test_tls(void)
{
	proc_threads(tls_thread, 16);
	proc_threads(tls_gs_thread, 16);
}

static void test_arch_prctl(void)
{
	unsigned long fs = 0, self;

	CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs), 0);
	asm("mov %%fs:0, %0"
	    : "=r"(self));
	CHECK_EQ(fs, self);
	CHECK_ERR(syscall(SYS_arch_prctl, ARCH_SET_GS, 1UL << 63), EPERM);
	CHECK_ERR(syscall(SYS_arch_prctl, ARCH_SET_FS, 0xffffffff81000000UL),
		  EPERM);
	CHECK_ERR(syscall(SYS_arch_prctl, ARCH_GET_GS, 8UL), EFAULT);
	CHECK_ERR(syscall(SYS_arch_prctl, 0x7777, 0), EINVAL);
	CHECK_EQ(tls_gs(), 0);
}

static void *fsgsbase_thread(void *arg)
{
	unsigned long base = 0x10000UL * ((long)arg + 1), seen, fs, fs_now;

	asm volatile("rdfsbase %0"
		     : "=r"(fs));
	asm volatile("wrgsbase %0"
		     :
		     : "r"(base));
	for (int i = 0; i < 200; i++) {
		sched_yield();
		asm volatile("rdgsbase %0\n\trdfsbase %1"
			     : "=r"(seen), "=r"(fs_now));
		CHECK_EQ(seen, base);
		CHECK_EQ(fs_now, fs);
		CHECK_EQ(tls_gs(), base);
	}
	return NULL;
}

static void fsgsbase_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	(void)ctx;
	tls_value++;
}

static void test_fsgsbase(void)
{
	unsigned long seen;
	pid_t pid;

	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE))
		SKIP("AT_HWCAP2 has no FSGSBASE");
	proc_threads(fsgsbase_thread, 16);
	tap_handle(SIGUSR1, fsgsbase_handler, 0);
	asm volatile("wrgsbase %0"
		     :
		     : "r"(0x7777000UL));
	raise(SIGUSR1);
	pid = fork();
	asm volatile("rdgsbase %0"
		     : "=r"(seen));
	if (!pid)
		_exit(seen == 0x7777000 ? 0 : 1);
	CHECK_EXITED(pid, 0);
	CHECK_EQ(seen, 0x7777000);
	CHECK_EQ(tls_value, 8);
}

/* ---- many ---- */

static int many_child(void *arg)
{
	volatile char *p = tap_pages(20, PROT_READ | PROT_WRITE);

	for (int i = 0; i < 20; i++)
		p[i * 4096] = (long)arg;
	return p[19 * 4096];
}

static void test_many_processes(void)
{
	pid_t pids[50];

	for (int round = 0; round < 4; round++) {
		for (long i = 0; i < 50; i++)
			pids[i] = tap_fork(many_child, (void *)i);
		for (int i = 49; i >= 0; i--)
			CHECK_EXITED(pids[i], i);
	}
}

static const struct tap_test tests[] = {
	{ "clone: what each flag shares", test_clone_sharing, 0 },
	{ "clone: a bare thread", test_clone_thread, 0 },
	{ "clone: CLONE_CHILD_CLEARTID", test_clone_cleartid, 0 },
	{ "clone: impossible flags", test_clone_refused, 0 },
	{ "clone3, a pidfd, an exit signal", test_clone3, 0 },
	{ "clone: CLONE_PARENT", test_clone_parent, 0 },
	{ "vfork shares memory and waits", test_vfork, 0 },
	{ "vfork and execve", test_vfork_exec, 0 },
	{ "vfork: the child is killed", test_vfork_killed, 0 },
	{ "execve from a thread", test_exec_from_thread, 0 },
	{ "execve refused", test_exec_refused, 0 },
	{ "200 kB of arguments", test_exec_arguments, 0 },
	{ "exit_group with threads", test_exit_group, 0 },
	{ "the leader exits first", test_leader_exits_first, 0 },
	{ "core flag of the wait status", test_core_flag, 0 },
	{ "orphans go to the subreaper", test_orphans, 0 },
	{ "PR_SET_PDEATHSIG", test_pdeathsig, 0 },
	{ "wait4 and its refusals", test_rusage, 0 },
	{ "thread-local storage by FS and GS", test_tls, 0 },
	{ "arch_prctl", test_arch_prctl, 0 },
	{ "rdfsbase, wrgsbase", test_fsgsbase, 0 },
	{ "many processes", test_many_processes, 60 },
};

static int tap_role(const char *name, int argc, char **argv)
{
	if (!strcmp(name, "exit"))
		return atoi(argv[0]);
	if (!strcmp(name, "arguments"))
		return role_arguments(argc, argv);
	if (!strcmp(name, "leader"))
		return proc_gettid() == getpid() ? 0 : 1;
	return 2;
}

TAP_MAIN(tests)
