// SPDX-License-Identifier: GPL-2.0-only
/*
 * seccomp: what a filter sees of a system call, what each of its answers
 * does, and strict mode.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "tap.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_HIGH(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
		 offsetof(struct seccomp_data, field) + 4)
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)

/* Calls that no kernel has: what they give is the filter's doing. */
#define CALL_A 700
#define CALL_B 701

static void sec_install(struct sock_filter *filter, unsigned short len,
			int flags)
{
	struct sock_fprog prog = { len, filter };

	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog)) {
		if (errno == ENOSYS || errno == EINVAL)
			SKIP("no seccomp filters here");
		REQUIRE(!"seccomp()");
	}
}

/* @answer for call @nr, and all others as they are. */
static void sec_answer(int nr, unsigned int answer)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(nr, 1),
		ANSWER(answer),
		ANSWER(SECCOMP_RET_ALLOW),
	};

	sec_install(filter, ARRAY_SIZE(filter), 0);
}

static void test_errno(void)
{
	sec_answer(CALL_A, SECCOMP_RET_ERRNO | EXDEV);
	CHECK_ERR(syscall(CALL_A), EXDEV);
	CHECK_ERR(syscall(CALL_B), ENOSYS);
	sec_answer(SYS_getppid, SECCOMP_RET_ERRNO);
	CHECK_EQ(syscall(SYS_getppid), 0);
	CHECK(getpid() > 0);
}

static void test_arch(void)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		UNLESS(AUDIT_ARCH_X86_64, 3),
		LOAD(nr),
		UNLESS(CALL_A, 1),
		ANSWER(SECCOMP_RET_ERRNO | EDOM),
		ANSWER(SECCOMP_RET_ALLOW),
	};

	sec_install(filter, ARRAY_SIZE(filter), 0);
	CHECK_ERR(syscall(CALL_A), EDOM);
}

/* Six arguments of 64 bits, each compared by halves. */
static void test_arguments(void)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(CALL_A, 21),
		LOAD(args[0]),
		UNLESS(0x11111111, 19),
		LOAD_HIGH(args[0]),
		UNLESS(0xa1, 17),
		LOAD(args[1]),
		UNLESS(0x22222222, 15),
		LOAD(args[2]),
		UNLESS(0x33333333, 13),
		LOAD(args[3]),
		UNLESS(0x44444444, 11),
		LOAD_HIGH(args[3]),
		UNLESS(0xa4, 9),
		LOAD(args[4]),
		UNLESS(0x55555555, 7),
		LOAD(args[5]),
		UNLESS(0x66666666, 5),
		LOAD_HIGH(args[5]),
		UNLESS(0xa6, 3),
		LOAD_HIGH(args[1]),
		UNLESS(0, 1),
		ANSWER(SECCOMP_RET_ERRNO | ERANGE),
		ANSWER(SECCOMP_RET_ALLOW),
	};

	sec_install(filter, ARRAY_SIZE(filter), 0);
	CHECK_ERR(syscall(CALL_A, 0xa111111111, 0x22222222, 0x33333333,
			  0xa444444444, 0x55555555, 0xa666666666),
		  ERANGE);
	CHECK_ERR(syscall(CALL_A, 0xa211111111, 0x22222222, 0x33333333,
			  0xa444444444, 0x55555555, 0xa666666666),
		  ENOSYS);
}

/* The instruction pointer is that behind the system call instruction. */
extern char sec_before[], sec_after[];

static __attribute__((noinline)) long sec_call(void)
{
	long ret = CALL_A;

	asm volatile(".globl sec_before, sec_after\n"
		     "sec_before: syscall\n"
		     "sec_after:"
		     : "+a"(ret)
		     : "D"(11), "S"(22)
		     : "rcx", "r11", "memory");
	return ret;
}

static void test_instruction_pointer(void)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(CALL_A, 3),
		LOAD(instruction_pointer),
		UNLESS((unsigned int)(long)sec_after, 1),
		ANSWER(SECCOMP_RET_ERRNO | EDOM),
		ANSWER(SECCOMP_RET_ALLOW),
	};

	sec_install(filter, ARRAY_SIZE(filter), 0);
	CHECK_EQ(sec_call(), -EDOM);
	CHECK_ERR(syscall(CALL_A), ENOSYS);
}

static siginfo_t sec_info;
static volatile int sec_traps;

/* Emulates the call, as a sandbox does. */
static void sec_sigsys(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	(void)sig;
	sec_info = *si;
	sec_traps++;
	CHECK_EQ(r[REG_RIP], sec_after);
	CHECK_EQ(r[REG_RAX], CALL_A);
	CHECK_EQ(r[REG_RDI], 11);
	CHECK_EQ(r[REG_RSI], 22);
	r[REG_RAX] = 4242;
}

static void test_trap(void)
{
	tap_handle(SIGSYS, sec_sigsys, 0);
	sec_answer(CALL_A, SECCOMP_RET_TRAP | 77);
	CHECK_EQ(sec_call(), 4242);
	CHECK_EQ(sec_traps, 1);
	CHECK_EQ(sec_info.si_code, SYS_SECCOMP);
	CHECK_EQ(sec_info.si_errno, 77);
	CHECK_EQ(sec_info.si_syscall, CALL_A);
	CHECK_EQ(sec_info.si_arch, AUDIT_ARCH_X86_64);
	CHECK_EQ(sec_info.si_call_addr, sec_after);
}

static int sec_killed(void *answer)
{
	tap_handle(SIGSYS, sec_sigsys, 0);
	sec_answer(CALL_A, (unsigned int)(long)answer);
	syscall(CALL_A);
	return 7;
}

static void test_kill_process(void)
{
	CHECK_KILLED(tap_fork(sec_killed, (void *)(long)SECCOMP_RET_KILL_PROCESS),
		     SIGSYS);
	CHECK_KILLED(tap_fork(sec_killed, (void *)(long)SECCOMP_RET_KILL_THREAD),
		     SIGSYS);
	CHECK_EXITED(tap_fork(sec_killed, (void *)(long)SECCOMP_RET_ALLOW), 7);
	CHECK_EXITED(tap_fork(sec_killed, (void *)(long)SECCOMP_RET_LOG), 7);
}

static void *sec_thread(void *arg)
{
	(void)arg;
	sec_answer(CALL_A, SECCOMP_RET_KILL_THREAD);
	syscall(CALL_A);
	sec_traps = 100;
	return NULL;
}

static void test_kill_thread(void)
{
	pthread_t thread;

	REQUIRE(!pthread_create(&thread, NULL, sec_thread, NULL));
	pthread_join(thread, NULL);
	CHECK_EQ(sec_traps, 0);
}

static volatile int sec_stage;

static void *sec_synced(void *ret)
{
	while (!sec_stage)
		sched_yield();
	*(long *)ret = syscall(CALL_A) < 0 ? errno : 0;
	return NULL;
}

static void test_thread_sync(void)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(CALL_A, 1),
		ANSWER(SECCOMP_RET_ERRNO | EDOM),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	long ret = 0;
	pthread_t thread;

	REQUIRE(!pthread_create(&thread, NULL, sec_synced, &ret));
	sec_install(filter, ARRAY_SIZE(filter), SECCOMP_FILTER_FLAG_TSYNC);
	sec_stage = 1;
	pthread_join(thread, NULL);
	CHECK_EQ(ret, EDOM);
}

/* The strictest of several filters wins; fork and execve keep them. */
static void test_stacked(void)
{
	pid_t pid;

	sec_answer(CALL_A, SECCOMP_RET_ERRNO | EDOM);
	sec_answer(CALL_A, SECCOMP_RET_ALLOW);
	CHECK_ERR(syscall(CALL_A), EDOM);
	CHECK_EQ(prctl(PR_GET_SECCOMP), 2);
	pid = fork();
	if (!pid) {
		tap_exec_role("filtered", "");
		_exit(1);
	}
	CHECK_EXITED(pid, EDOM);
}

static int sec_strict(void *call)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 99;
	if (call)
		syscall((long)call);
	syscall(SYS_exit, 7);
	return 1;
}

static void test_strict(void)
{
	CHECK_EXITED(tap_fork(sec_strict, NULL), 7);
	CHECK_KILLED(tap_fork(sec_strict, (void *)SYS_getpid), SIGKILL);
	CHECK_KILLED(tap_fork(sec_strict, (void *)SYS_exit_group), SIGKILL);
}

static void sec_send_fd(int via, int fd)
{
	CHECK_EQ(write(via, &fd, sizeof(fd)), sizeof(fd));
}

static int sec_supervised(void *via)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(CALL_A, 1),
		ANSWER(SECCOMP_RET_USER_NOTIF),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(filter), filter };
	int fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	sec_send_fd((long)via, fd);
	if (fd < 0)
		return 99;
	return syscall(CALL_A, 5, 6) == 321 ? 0 : 1;
}

/* A supervisor answers a system call of its child. */
static void test_user_notification(void)
{
	struct seccomp_notif_resp resp = { .val = 321 };
	struct seccomp_notif req = { 0 };
	int pair[2], theirs, fd, pidfd;
	pid_t pid;

	REQUIRE(pipe(pair) == 0);
	pid = tap_fork(sec_supervised, (void *)(long)pair[1]);
	REQUIRE(read(pair[0], &theirs, sizeof(theirs)) == sizeof(theirs));
	REQUIRE(theirs >= 0);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	fd = syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	REQUIRE(fd >= 0);
	REQUIRE(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) == 0);
	CHECK_EQ(req.data.nr, CALL_A);
	CHECK_EQ(req.data.args[1], 6);
	CHECK_EQ(req.pid, pid);
	resp.id = req.id;
	CHECK_EQ(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp), 0);
	CHECK_EXITED(pid, 0);
}

static const struct tap_test tests[] = {
	{ "SECCOMP_RET_ERRNO", test_errno, 0 },
	{ "the architecture is x86-64", test_arch, 0 },
	{ "all six arguments", test_arguments, 0 },
	{ "the instruction pointer", test_instruction_pointer, 0 },
	{ "SECCOMP_RET_TRAP, and a handler that emulates", test_trap, 0 },
	{ "SECCOMP_RET_KILL_PROCESS", test_kill_process, 0 },
	{ "SECCOMP_RET_KILL_THREAD ends one thread", test_kill_thread, 0 },
	{ "SECCOMP_FILTER_FLAG_TSYNC", test_thread_sync, 0 },
	{ "stacked filters, fork and execve", test_stacked, 0 },
	{ "strict mode", test_strict, 0 },
	{ "SECCOMP_RET_USER_NOTIF", test_user_notification, 0 },
};

static int tap_role(const char *name, int argc, char **argv)
{
	(void)name;
	(void)argc;
	(void)argv;
	return syscall(CALL_A) < 0 ? errno : 0;
}

TAP_MAIN(tests)
