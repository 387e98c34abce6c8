// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own accesses to a program's memory: buffers that span good and
 * bad pages give the exact partial result or EFAULT, writes by the kernel
 * break copy-on-write, and no address of the kernel is ever taken.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#include "tap.h"

#define PAGE 4096UL

static const unsigned long bad_addresses[] = {
	0,
	8,
	0x7ffffffff000UL,
	0x800000000000UL,
	0x8000000000000000UL,
	0xffff800000000000UL,
	0xffff888000000000UL,
	0xffffffff81000000UL,
	0xfffffffffffff000UL,
	0xfffffffffffffffcUL,
};

static char *good, *bad;
static int file, pipes[2];

/* Two good pages between two holes: @bad is where the second begins. */
static void ua_prepare(void)
{
	good = (char *)tap_pages(6, PROT_READ | PROT_WRITE) + 2 * PAGE;
	bad = good + 2 * PAGE;
	munmap(good - 2 * PAGE, 2 * PAGE);
	munmap(bad, 2 * PAGE);
	file = memfd_create("uaccess", 0);
	REQUIRE(file >= 0 && pipe(pipes) == 0);
	for (unsigned long i = 0; i < 2 * PAGE; i++)
		good[i] = (char)(i * 7 + i / 251);
	REQUIRE(write(file, good, 2 * PAGE) == 2 * PAGE);
}

static void test_file_read_partial(void)
{
	static const int lengths[] = { 1, 7, 8, 63, 100, 4095, 4096, 4097 };

	ua_prepare();
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		int n = lengths[i];

		memset(good, 0, 2 * PAGE);
		CHECK_EQ(pread(file, bad - n, 2 * PAGE, 0), n);
		for (int j = 0; j < n; j++)
			CHECK_EQ(bad[j - n], (char)(j * 7 + j / 251));
		CHECK_EQ(bad[-n - 1], 0);
	}
	CHECK_ERR(pread(file, bad, 1, 0), EFAULT);
	CHECK_ERR(pread(file, good - PAGE, 1, 0), EFAULT);
}

static void test_file_write_partial(void)
{
	static const int lengths[] = { 1, 7, 8, 63, 100, 4095, 4096, 4097 };
	static char copy[2 * PAGE];

	ua_prepare();
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		int n = lengths[i];

		REQUIRE(ftruncate(file, 0) == 0);
		CHECK_EQ(pwrite(file, bad - n, 2 * PAGE, 0), n);
		CHECK_EQ(pread(file, copy, sizeof(copy), 0), n);
		CHECK(!memcmp(copy, bad - n, n), "%d bytes", n);
	}
	CHECK_ERR(pwrite(file, bad, 1, 0), EFAULT);
}

/* A pipe takes or gives a whole buffer of its own, or nothing of it. */
static void test_pipe(void)
{
	char copy[200], sent[200];

	ua_prepare();
	memcpy(sent, bad - 200, 200);
	CHECK_ERR(write(pipes[1], bad - 100, 200), EFAULT);
	CHECK_EQ(write(pipes[1], bad - 200, 200), 200);
	CHECK_ERR(read(pipes[0], bad - 100, 200), EFAULT);
	CHECK_EQ(read(pipes[0], copy, 200), 200);
	CHECK(!memcmp(copy, sent, 200));
}

static void test_vectors(void)
{
	struct iovec iov[3] = { { good, 10 }, { bad, 10 }, { good + 20, 10 } };
	char copy[64];

	ua_prepare();
	iov[0].iov_base = good;
	iov[1].iov_base = bad - 5;
	iov[2].iov_base = good + 20;
	REQUIRE(ftruncate(file, 0) == 0);
	CHECK_EQ(pwritev(file, iov, 3, 0), 15);
	CHECK_EQ(pread(file, copy, sizeof(copy), 0), 15);
	iov[1].iov_base = good + 100;
	CHECK_EQ(pwritev(file, iov, 3, 0), 30);
	iov[1].iov_base = bad;
	CHECK_EQ(preadv(file, iov, 3, 0), 10);
	CHECK_ERR(preadv(file, (struct iovec *)(bad - 8), 3, 0), EFAULT);
	memcpy(bad - 48, iov, 48);
	CHECK_EQ(preadv(file, (struct iovec *)(bad - 48), 2, 0), 10);
}

static void test_sockets(void)
{
	int s[2];
	char c[8];

	ua_prepare();
	REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
	CHECK_ERR(send(s[0], bad - 4, 8, 0), EFAULT);
	CHECK_EQ(send(s[0], bad - 8, 8, 0), 8);
	CHECK_EQ(recv(s[1], c, 8, 0), 8);
	CHECK(!memcmp(c, bad - 8, 8));
	CHECK_ERR(recvmsg(s[1], (struct msghdr *)(bad - 8), 0), EFAULT);
	CHECK_ERR(connect(s[0], (struct sockaddr *)(bad - 1), 16), EFAULT);
}

static void test_read_only_target(void)
{
	ua_prepare();
	mprotect(good + PAGE, PAGE, PROT_READ);
	CHECK_EQ(pread(file, good + PAGE - 10, 100, 0), 10);
	CHECK_ERR(pread(file, good + PAGE, 100, 0), EFAULT);
	CHECK_EQ(pwrite(file, good + PAGE, 100, 0), 100);
	CHECK_ERR(uname((struct utsname *)(good + PAGE)), EFAULT);
	mprotect(good + PAGE, PAGE, PROT_NONE);
	CHECK_ERR(pwrite(file, good + PAGE, 100, 0), EFAULT);
	mprotect(good + PAGE, PAGE, PROT_READ | PROT_WRITE);
	CHECK_EQ(pread(file, good + PAGE - 10, 100, 0), 100);
	CHECK_ERR(pread(file, (void *)test_pipe, 100, 0), EFAULT);
}

/* Scalars that straddle two good pages, and a good and a bad one. */
static void test_scalars(void)
{
	struct timespec *ts, limit = { 0, 1 };
	struct stat *st;

	ua_prepare();
	for (int shift = 1; shift < 16; shift++) {
		ts = (struct timespec *)(good + PAGE - shift);
		memset(ts, 0xff, 16);
		CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, ts), 0);
		CHECK(ts->tv_nsec >= 0 && ts->tv_nsec < 1000000000);
		CHECK(ts->tv_sec >= 0 && ts->tv_sec < 1L << 33);
		memcpy(ts, &limit, 16);
		CHECK_EQ(syscall(SYS_nanosleep, ts, NULL), 0);
		ts = (struct timespec *)(bad - shift);
		CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, ts),
			  EFAULT);
		CHECK_ERR(syscall(SYS_nanosleep, ts, NULL), EFAULT);
	}
	st = (struct stat *)(good + PAGE - 20);
	CHECK_EQ(fstat(file, st), 0);
	CHECK_EQ(st->st_size, 2 * PAGE);
	CHECK_ERR(fstat(file, (struct stat *)(bad - 20)), EFAULT);
	CHECK_ERR(pipe((int *)(bad - 4)), EFAULT);
}

/* A string may end right before a bad page, and not in it. */
static void test_strings(void)
{
	static const char path[] = "/proc/self/exe";

	ua_prepare();
	for (int shift = 0; shift < 16; shift++) {
		char *at = good + PAGE - shift;

		strcpy(at, path);
		CHECK_EQ(access(at, F_OK), 0);
	}
	memcpy(bad - sizeof(path), path, sizeof(path));
	CHECK_EQ(access(bad - sizeof(path), F_OK), 0);
	memcpy(bad - sizeof(path) + 1, path, sizeof(path) - 1);
	CHECK_ERR(access(bad - sizeof(path) + 1, F_OK), EFAULT);
	CHECK_ERR(open(bad, O_RDONLY), EFAULT);
	memset(good, 'x', 2 * PAGE);
	CHECK_ERR(open(good, O_RDONLY), ENAMETOOLONG);
}

static int exec_bad(void *argv)
{
	execve(tap_self, argv, NULL);
	return errno == EFAULT ? 7 : 1;
}

static void test_execve(void)
{
	char **argv;

	ua_prepare();
	argv = (char **)(bad - 16);
	argv[0] = argv[1] = "x";
	CHECK_EXITED(tap_fork(exec_bad, argv), 7);
	argv[1] = bad;
	CHECK_EXITED(tap_fork(exec_bad, argv), 7);
	argv[0] = bad - 1;
	argv[1] = NULL;
	bad[-1] = 'x';
	CHECK_EXITED(tap_fork(exec_bad, argv - 1), 7);
}

/* No copy, in either direction, for any address that is not the program's. */
static void test_bad_addresses(void)
{
	ua_prepare();
	for (size_t i = 0; i < ARRAY_SIZE(bad_addresses); i++) {
		char *at = (char *)bad_addresses[i];

		CHECK_ERR(syscall(SYS_pread64, file, at, 8, 0), EFAULT);
		CHECK_ERR(syscall(SYS_pwrite64, file, at, 8, 0), EFAULT);
		CHECK_ERR(syscall(SYS_write, pipes[1], at, 8), EFAULT);
		CHECK_ERR(syscall(SYS_uname, at), EFAULT);
		CHECK_ERR(syscall(SYS_open, at, O_RDONLY), EFAULT);
		CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, at),
			  EFAULT);
		CHECK_ERR(syscall(SYS_futex, at, 0, 0, NULL, NULL, 0),
			  (unsigned long)at & 3 ? EINVAL : EFAULT);
		CHECK_ERR(syscall(SYS_poll, at, 1, 0), EFAULT);
	}
}

static void test_bad_lengths(void)
{
	char *low = mmap((void *)0x1000000000UL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			 0);

	ua_prepare();
	REQUIRE(low == (char *)0x1000000000UL);
	CHECK_EQ(syscall(SYS_pread64, file, low, 1L << 40, 0), PAGE);
	CHECK_EQ(syscall(SYS_pread64, file, low + 4086, 1L << 40, 0), 10);
	CHECK_ERR(syscall(SYS_pread64, file, low, -1L, 0), EFAULT);
	CHECK_ERR(syscall(SYS_pread64, file, low, LONG_MAX, 0), EFAULT);
	CHECK_ERR(syscall(SYS_pread64, file, low, 1L << 47, 0), EFAULT);
	CHECK_ERR(syscall(SYS_pread64, file, -16L, 4096, 0), EFAULT);
}

static int cow_look(void *wanted)
{
	char c;

	if (read(pipes[0], &c, 1) != 1)
		return 2;
	return memcmp(good, wanted, PAGE) ? 1 : 0;
}

/* What the kernel writes for one process, another does not see. */
static void test_copy_on_write(void)
{
	static char before[PAGE];
	pid_t pid;

	ua_prepare();
	memset(good, 0x11, 2 * PAGE);
	memset(before, 0x11, PAGE);
	pid = tap_fork(cow_look, before);
	CHECK_EQ(pread(file, good + 100, 1000, 0), 1000);
	CHECK_EQ(write(pipes[1], "x", 1), 1);
	CHECK_EXITED(pid, 0);
	CHECK_EQ(good[99], 0x11);
	CHECK_EQ(good[101], 7);
}

static void test_private_file_page(void)
{
	char *p;
	char c;

	ua_prepare();
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	REQUIRE(p != MAP_FAILED);
	CHECK_EQ(p[1], 7);
	CHECK_EQ(pread(file, p, 10, PAGE), 10);
	CHECK_EQ(pread(file, &c, 1, 1), 1);
	CHECK_EQ(c, 7);
	CHECK_EQ(p[1], good[PAGE + 1]);
}

static void test_shared_file_page(void)
{
	char *p, c;

	ua_prepare();
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	REQUIRE(p != MAP_FAILED);
	CHECK_EQ(write(pipes[1], "abc", 3), 3);
	CHECK_EQ(read(pipes[0], p + 5000, 3), 3);
	CHECK_EQ(pread(file, &c, 1, 5002), 1);
	CHECK_EQ(c, 'c');
	REQUIRE(ftruncate(file, PAGE) == 0);
	CHECK_ERR(write(pipes[1], p + PAGE, 1), EFAULT);
	CHECK_ERR(uname((struct utsname *)(p + PAGE)), EFAULT);
}

/* Memory that no one has touched yet, or only read: the zero page. */
static void test_fresh_pages(void)
{
	char *p = tap_pages(4, PROT_READ | PROT_WRITE);
	char c = 1;

	ua_prepare();
	CHECK_EQ(write(pipes[1], p, 1), 1);
	CHECK_EQ(read(pipes[0], &c, 1), 1);
	CHECK_EQ(c, 0);
	CHECK_EQ(((volatile char *)p)[PAGE], 0);
	CHECK_EQ(pread(file, p + PAGE, PAGE, 0), PAGE);
	CHECK_EQ(((volatile char *)p)[PAGE + 1], 7);
	CHECK_EQ(pread(file, p + 2 * PAGE, 1, 1), 1);
	CHECK_EQ(((volatile char *)p)[2 * PAGE], 7);
	CHECK_EQ(((volatile char *)p)[3 * PAGE], 0);
}

static void test_large_unaligned(void)
{
	const size_t size = 3 << 20;
	char *from = tap_pages(size / PAGE + 1, PROT_READ | PROT_WRITE);
	char *to = tap_pages(size / PAGE + 1, PROT_READ | PROT_WRITE);
	unsigned long x = 1;

	ua_prepare();
	for (size_t i = 0; i < size; i++) {
		x = x * 6364136223846793005UL + 1;
		from[i + 13] = (char)(x >> 56);
	}
	CHECK_EQ(pwrite(file, from + 13, size, 777), size);
	CHECK_EQ(pread(file, to + 3001, size, 777), size);
	CHECK(!memcmp(from + 13, to + 3001, size));
	CHECK_EQ(to[3000] | to[3001 + size], 0);
}

static void test_process_vm(void)
{
	struct iovec local[2] = { { NULL, 50 }, { NULL, 50 } };
	struct iovec remote[2] = { { NULL, 60 }, { NULL, 40 } };
	static char to[100];

	ua_prepare();
	local[0].iov_base = to;
	local[1].iov_base = to + 50;
	remote[0].iov_base = good + PAGE - 30;
	remote[1].iov_base = good;
	CHECK_EQ(process_vm_readv(getpid(), local, 2, remote, 2, 0), 100);
	CHECK(!memcmp(to, good + PAGE - 30, 60));
	CHECK(!memcmp(to + 60, good, 40));
	remote[1].iov_base = bad;
	CHECK_EQ(process_vm_readv(getpid(), local, 2, remote, 2, 0), 60);
	CHECK_EQ(process_vm_writev(getpid(), local, 2, remote, 2, 0), 60);
	remote[0].iov_base = bad;
	CHECK_ERR(process_vm_readv(getpid(), local, 2, remote, 2, 0), EFAULT);
}

#define RACE_ROUNDS 300

static void *race_flip(void *page)
{
	for (int i = 0; i < RACE_ROUNDS; i++) {
		mprotect(page, PAGE, PROT_READ);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		madvise(page, PAGE, MADV_DONTNEED);
	}
	return NULL;
}

/* While another thread takes rights away: all of it, or EFAULT. */
static void test_race_with_mprotect(void)
{
	pthread_t thread;

	ua_prepare();
	REQUIRE(!pthread_create(&thread, NULL, race_flip, good));
	for (int i = 0; i < RACE_ROUNDS; i++) {
		long n = pread(file, good, 64, 0);

		CHECK(n == 64 || (n == -1 && errno == EFAULT) ||
			      (n > 0 && n < 64),
		      "%ld", n);
	}
	pthread_join(thread, NULL);
	CHECK_EQ(pread(file, good, 64, 0), 64);
	CHECK_EQ(good[1], 7);
}

static const struct tap_test tests[] = {
	{ "read from a file into a bad page", test_file_read_partial, 0 },
	{ "write to a file from a bad page", test_file_write_partial, 0 },
	{ "pipes", test_pipe, 0 },
	{ "vectors", test_vectors, 0 },
	{ "sockets", test_sockets, 0 },
	{ "read-only and PROT_NONE pages", test_read_only_target, 0 },
	{ "scalars that straddle pages", test_scalars, 0 },
	{ "strings", test_strings, 0 },
	{ "arguments of execve", test_execve, 0 },
	{ "addresses that are not the program's", test_bad_addresses, 0 },
	{ "lengths", test_bad_lengths, 0 },
	{ "copy on write", test_copy_on_write, 0 },
	{ "private file pages", test_private_file_page, 0 },
	{ "shared file pages", test_shared_file_page, 0 },
	{ "fresh pages", test_fresh_pages, 0 },
	{ "3 MB, unaligned", test_large_unaligned, 0 },
	{ "process_vm_readv and writev", test_process_vm, 0 },
	{ "against mprotect in another thread", test_race_with_mprotect, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
