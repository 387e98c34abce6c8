// SPDX-License-Identifier: GPL-2.0-only
/*
 * Namespaces, one kind at a time and all at once: what containers are made
 * of. A user who may not make them skips.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "tap.h"

#define STACK_SIZE (64 * 1024)

static bool ns_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) ==
				     (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Root in a user namespace of its own, which allows all the other kinds. */
static void ns_become_root(int more)
{
	int uid = getuid(), gid = getgid();
	char map[40];

	if (unshare(CLONE_NEWUSER | more)) {
		if (errno == EPERM || errno == ENOSYS || errno == EINVAL ||
		    errno == ENOSPC)
			SKIP("unshare(%#x): %s", CLONE_NEWUSER | more,
			     strerror(errno));
		REQUIRE(!"unshare");
	}
	snprintf(map, sizeof(map), "0 %d 1", uid);
	REQUIRE(ns_write("/proc/self/setgroups", "deny"));
	CHECK(ns_write("/proc/self/uid_map", map));
	snprintf(map, sizeof(map), "0 %d 1", gid);
	CHECK(ns_write("/proc/self/gid_map", map));
}

static ino_t ns_id(const char *kind)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	return stat(path, &st) ? 0 : st.st_ino;
}

static void test_user(void)
{
	ino_t before = ns_id("user");

	ns_become_root(0);
	CHECK(ns_id("user") != before);
	CHECK_EQ(getuid(), 0);
	CHECK_EQ(getgid(), 0);
	CHECK_ERR(setuid(1), EINVAL);
}

static void test_uts(void)
{
	struct utsname outside, inside;
	pid_t pid;

	REQUIRE(uname(&outside) == 0);
	pid = fork();
	if (!pid) {
		ns_become_root(CLONE_NEWUTS);
		CHECK_EQ(sethostname("inside", 6), 0);
		uname(&inside);
		CHECK(!strcmp(inside.nodename, "inside"));
		_exit(tap_shared->fails != 0);
	}
	CHECK_EXITED(pid, 0);
	uname(&inside);
	CHECK(!strcmp(inside.nodename, outside.nodename));
}

static int ns_first(void *arg)
{
	(void)arg;
	if (getpid() != 1 || getppid() != 0)
		return 1;
	signal(SIGTERM, SIG_DFL);
	kill(1, SIGTERM); /* does not reach the first process */
	kill(1, SIGKILL);
	return tap_wait(tap_fork(ns_first, NULL)) == 1 << 8 ? 21 : 2;
}

static void test_pid(void)
{
	ns_become_root(CLONE_NEWPID);
	CHECK_EXITED(tap_fork(ns_first, NULL), 21);
	CHECK_ERR(fork(), ENOMEM); /* its first process is gone */
}

static int ns_sleep(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

static int ns_first_dies(void *arg)
{
	int *pipe_end = arg;

	tap_fork(ns_sleep, NULL);
	tap_fork(ns_sleep, NULL);
	close(*pipe_end);
	return 5;
}

/* All processes of a pid namespace end with its first one. */
static void test_pid_all_die(void)
{
	int fds[2];
	pid_t pid;
	char c;

	ns_become_root(CLONE_NEWPID);
	REQUIRE(pipe(fds) == 0);
	pid = tap_fork(ns_first_dies, &fds[0]);
	close(fds[1]);
	CHECK_EXITED(pid, 5);
	CHECK_EQ(read(fds[0], &c, 1), 0);
}

static void test_mount(void)
{
	struct stat outside, inside;
	pid_t pid;

	REQUIRE(stat("/tmp", &outside) == 0);
	pid = fork();
	if (!pid) {
		ns_become_root(CLONE_NEWNS);
		CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
		CHECK_EQ(mount("t", "/tmp", "tmpfs", 0, "size=1m"), 0);
		stat("/tmp", &inside);
		CHECK(inside.st_dev != outside.st_dev);
		_exit(tap_shared->fails != 0);
	}
	CHECK_EXITED(pid, 0);
	stat("/tmp", &inside);
	CHECK_EQ(inside.st_dev, outside.st_dev);
}

static void test_ipc(void)
{
	int id = shmget(0x7e57, 4096, IPC_CREAT | 0600);
	int err = errno;
	pid_t pid;

	if (id < 0)
		SKIP("shmget: %s", strerror(err));
	pid = fork();
	if (!pid) {
		ns_become_root(CLONE_NEWIPC);
		CHECK_ERR(shmget(0x7e57, 4096, 0), ENOENT);
		_exit(tap_shared->fails != 0);
	}
	CHECK_EXITED(pid, 0);
	CHECK_EQ(shmget(0x7e57, 4096, 0), id);
	shmctl(id, IPC_RMID, NULL);
}

static void test_net(void)
{
	struct if_nameindex *list;
	int count = 0;

	ns_become_root(CLONE_NEWNET);
	list = if_nameindex();
	REQUIRE(list);
	while (list[count].if_index)
		count++;
	CHECK(count >= 1 && !strcmp(list[0].if_name, "lo"));
	CHECK_EQ(list[0].if_index, 1);
}

static int ns_everything(void *arg)
{
	(void)arg;
	return getpid() == 1 ? 33 : 1;
}

static void test_clone_all(void)
{
	const int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
			  CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;
	char *stack = tap_pages(STACK_SIZE / 4096, PROT_READ | PROT_WRITE);
	pid_t pid = clone(ns_everything, stack + STACK_SIZE, flags | SIGCHLD,
			  NULL);

	if (pid < 0 && (errno == EPERM || errno == EINVAL || errno == ENOSPC))
		SKIP("clone(%#x): %s", flags, strerror(errno));
	CHECK_EXITED(pid, 33);
}

static void test_setns(void)
{
	int outside = open("/proc/self/ns/user", O_RDONLY), mine;
	pid_t pid;

	REQUIRE(outside >= 0);
	ns_become_root(CLONE_NEWUTS);
	CHECK_EQ(sethostname("ours", 4), 0);
	mine = open("/proc/self/ns/uts", O_RDONLY);
	pid = fork();
	if (!pid) {
		struct utsname name;

		CHECK_EQ(unshare(CLONE_NEWUTS), 0);
		CHECK_EQ(sethostname("other", 5), 0);
		CHECK_EQ(setns(mine, CLONE_NEWUTS), 0);
		uname(&name);
		CHECK(!strcmp(name.nodename, "ours"), "%s", name.nodename);
		_exit(tap_shared->fails != 0);
	}
	CHECK_EXITED(pid, 0);
	CHECK_ERR(setns(outside, CLONE_NEWUTS), EINVAL);
}

static const struct tap_test tests[] = {
	{ "user", test_user, 0 },
	{ "uts", test_uts, 0 },
	{ "pid", test_pid, 0 },
	{ "pid: all end with the first", test_pid_all_die, 0 },
	{ "mount", test_mount, 0 },
	{ "ipc", test_ipc, 0 },
	{ "net", test_net, 0 },
	{ "all at once by clone", test_clone_all, 0 },
	{ "setns", test_setns, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
