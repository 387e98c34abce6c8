// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory in pieces larger than a page: what was written stays, whatever the
 * kernel maps at once, ahead, or shares between parent and child.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "fault.h"

#define HUGE (2UL << 20)
#define SIZE (4 * HUGE)

OP(op_load, "movq (%rdi), %rax");
OP(op_store, "movq %rsi, (%rdi)");

static uint64_t value_of(const void *at, unsigned int salt)
{
	return ((uint64_t)at << 8 ^ salt) * 0x9e3779b97f4a7c15;
}

static void fill(char *base, size_t size, unsigned int salt)
{
	for (char *p = base; p < base + size; p += PAGE)
		*(uint64_t *)p = value_of(p, salt);
}

static void check(const char *base, size_t size, const char *name,
		  unsigned int salt)
{
	for (const char *p = base; p < base + size; p += PAGE, name += PAGE)
		CHECK(*(uint64_t *)p == value_of(name, salt), "page %p", p);
}

static void check_zero(const char *base, size_t size)
{
	for (const char *p = base; p < base + size; p += PAGE)
		CHECK(*(uint64_t *)p == 0, "page %p", p);
}

/* Aligned, so that pages of 2 MB fit. */
static char *area(size_t size)
{
	char *p = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *base = (char *)(((uintptr_t)p + HUGE - 1) & -HUGE);

	if (!CHECK(p != MAP_FAILED))
		_exit(1);
	munmap(p, base - p);
	munmap(base + size, p + HUGE - base);
	return base;
}

static char *huge_area(void)
{
	char *base = area(SIZE);

	madvise(base, SIZE, MADV_HUGEPAGE);
	return base;
}

/* Kilobytes of pages of 2 MB that /proc/self/smaps has for the area. */
static long huge_kilobytes(const char *base)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	char line[400];
	bool here = false;
	long sum = -1, n;
	char *start;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%p-", (void **)&start) == 1 && strchr(line, '-') &&
		    strchr(line, '-') < strchr(line, ' '))
			here = start == base;
		else if (here && sscanf(line, "AnonHugePages: %ld", &n) == 1)
			sum = n;
	}
	if (file)
		fclose(file);
	return sum;
}

/* Unless its owner has forbidden it, an area that asks for them gets them. */
static bool huge_allowed(void)
{
	char line[100] = "[never]";
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = 0;
		fclose(file);
	}
	return !strstr(line, "[never]");
}

static void test_huge(void)
{
	char *base = huge_area();

	fill(base, SIZE, 1);
	check(base, SIZE, base, 1);
	if (huge_allowed())
		CHECK(huge_kilobytes(base) > 0, "%ld kB", huge_kilobytes(base));
	munmap(base, SIZE);
}

static void test_split(void)
{
	char *base = huge_area(), *moved;

	fill(base, SIZE, 2);
	fault_catch();
	/* One page of the first loses its permissions, and gets them back. */
	mprotect(base + 5 * PAGE, PAGE, PROT_NONE);
	fault_run(op_load, (unsigned long)base + 5 * PAGE, 0);
	CHECK_EQ(fault_got.sig, SIGSEGV);
	CHECK_EQ(fault_got.code, SEGV_ACCERR);
	mprotect(base + 5 * PAGE, PAGE, PROT_READ);
	fault_run(op_store, (unsigned long)base + 5 * PAGE, 0);
	CHECK_EQ(fault_got.sig, SIGSEGV);
	fault_run(op_load, (unsigned long)base + 5 * PAGE, 0);
	CHECK_EQ(fault_got.sig, 0);
	mprotect(base + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	check(base, SIZE, base, 2);

	/* A hole in the second, and zeroes in the third. */
	munmap(base + HUGE + 16 * PAGE, 8 * PAGE);
	fault_run(op_load, (unsigned long)base + HUGE + 16 * PAGE, 0);
	CHECK_EQ(fault_got.code, SEGV_MAPERR);
	check(base + HUGE, 16 * PAGE, base + HUGE, 2);
	check(base + HUGE + 24 * PAGE, HUGE - 24 * PAGE, base + HUGE + 24 * PAGE, 2);
	madvise(base + 2 * HUGE + 7 * PAGE, 3 * PAGE, MADV_DONTNEED);
	check(base + 2 * HUGE, 7 * PAGE, base + 2 * HUGE, 2);
	check_zero(base + 2 * HUGE + 7 * PAGE, 3 * PAGE);
	check(base + 2 * HUGE + 10 * PAGE, HUGE - 10 * PAGE,
	      base + 2 * HUGE + 10 * PAGE, 2);

	/* The fourth goes elsewhere, to no aligned place. */
	moved = area(2 * HUGE);
	moved = mremap(base + 3 * HUGE, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       moved + 3 * PAGE);
	check(moved, HUGE, base + 3 * HUGE, 2);
	fault_run(op_load, (unsigned long)base + 3 * HUGE, 0);
	CHECK_EQ(fault_got.code, SEGV_MAPERR);
}

static int huge_child(void *base)
{
	check(base, SIZE, base, 3);
	fill((char *)base + PAGE, HUGE, 4);
	check((char *)base + PAGE, HUGE, (char *)base + PAGE, 4);
	check((char *)base + PAGE + HUGE, SIZE - HUGE - PAGE,
	      (char *)base + PAGE + HUGE, 3);
	return tap_shared->fails != 0;
}

static void test_huge_fork(void)
{
	char *base = huge_area();

	fill(base, SIZE, 3);
	CHECK_EXITED(tap_fork(huge_child, base), 0);
	check(base, SIZE, base, 3);
	fill(base, SIZE, 5);
	check(base, SIZE, base, 5);
}

/* Every way through an area: none may show what is not there. */
static void test_orders(void)
{
	size_t size = 2 * HUGE;
	char *up = area(size), *down = area(size), *strides = area(size);

	fill(up, size, 6);
	for (char *p = down + size; (p -= PAGE) >= down;)
		*(uint64_t *)p = value_of(p, 6);
	for (char *p = strides; p < strides + size; p += 3 * PAGE)
		*(uint64_t *)p = value_of(p, 6);
	check(up, size, up, 6);
	check(down, size, down, 6);
	for (char *p = strides; p < strides + size; p += PAGE)
		CHECK_EQ(*(uint64_t *)p,
			 (p - strides) / PAGE % 3 ? 0 : value_of(p, 6));
}

/* What follows an area in memory stays out of bounds, however it is reached. */
static void test_bounds(void)
{
	char *base = area(HUGE);

	fault_catch();
	mprotect(base + 100 * PAGE, PAGE, PROT_NONE);
	munmap(base + 200 * PAGE, PAGE);
	fill(base, 100 * PAGE, 7);
	fault_run(op_store, (unsigned long)base + 100 * PAGE, 1);
	CHECK_EQ(fault_got.code, SEGV_ACCERR);
	fill(base + 101 * PAGE, 99 * PAGE, 7);
	fault_run(op_store, (unsigned long)base + 200 * PAGE, 1);
	CHECK_EQ(fault_got.code, SEGV_MAPERR);
	check(base, 100 * PAGE, base, 7);
	check(base + 101 * PAGE, 99 * PAGE, base + 101 * PAGE, 7);
}

#define FORKS 60
#define FORK_AREA 24

static int fork_child(void *base)
{
	/* The parent writes meanwhile. */
	for (int i = 0; i < 3; i++) {
		check(base, FORK_AREA * PAGE, base, 8);
		sched_yield();
	}
	fill((char *)base + 2 * PAGE, 9 * PAGE, 9);
	sched_yield();
	check((char *)base + 2 * PAGE, 9 * PAGE, (char *)base + 2 * PAGE, 9);
	check(base, 2 * PAGE, base, 8);
	return tap_shared->fails != 0;
}

/*
 * One fork after the other, with the same pages written by both sides, while
 * the pages come, go and change their permissions in between.
 */
static void test_forks(void)
{
	char *base = area(HUGE);
	int status;

	for (int i = 0; i < FORKS; i++) {
		pid_t pid;

		fill(base, FORK_AREA * PAGE, 8);
		fflush(stdout);
		pid = fork();
		if (!pid)
			_exit(fork_child(base));
		fill(base, FORK_AREA * PAGE, 10 + i);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
		check(base, FORK_AREA * PAGE, base, 10 + i);
		if (i % 4 == 1)
			madvise(base + 4 * PAGE, 4 * PAGE, MADV_DONTNEED);
		if (i % 4 == 2)
			mmap(base + 3 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
}

static int forbidden_child(void *base)
{
	fault_catch();
	fault_run(op_store, (unsigned long)base, 1);
	CHECK_EQ(fault_got.sig, SIGSEGV);
	fault_run(op_load, (unsigned long)base + PAGE, 1);
	CHECK_EQ(fault_got.code, SEGV_MAPERR);
	return tap_shared->fails != 0;
}

/* A page that each child wrote to may be gone, or read-only, for the next. */
static void test_forbidden(void)
{
	char *base = area(HUGE);

	for (int i = 0; i < 4; i++) {
		fill(base, FORK_AREA * PAGE, 8);
		CHECK_EXITED(tap_fork(fork_child, base), 0);
	}
	mprotect(base, PAGE, PROT_READ);
	munmap(base + PAGE, PAGE);
	CHECK_EXITED(tap_fork(forbidden_child, base), 0);
	fault_catch();
	fault_run(op_store, (unsigned long)base, 1);
	CHECK_EQ(fault_got.code, SEGV_ACCERR);
}

#define FILE_PAGES 64

static int writing_child(void *base)
{
	fill((char *)base + 40 * PAGE, 4 * PAGE, 1);
	return 0;
}

/*
 * A private page is the file's until the program writes to it, not to its
 * neighbours, nor in another process.
 */
static void test_private_file(void)
{
	int fd = memfd_create("folios", 0);
	char *base;

	if (!CHECK(fd >= 0 && !ftruncate(fd, FILE_PAGES * PAGE)))
		return;
	base = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE, fd, 0);
	check_zero(base, FILE_PAGES * PAGE);
	fill(base, 16 * PAGE, 2);
	for (int i = 0; i < 3; i++)
		CHECK_EXITED(tap_fork(writing_child, base), 0);
	for (int i = 16; i < FILE_PAGES; i++) {
		uint64_t value = value_of(base + i * PAGE, 3);

		CHECK_EQ(pwrite(fd, &value, sizeof(value), i * PAGE), sizeof(value));
	}
	check(base, 16 * PAGE, base, 2);
	check(base + 16 * PAGE, (FILE_PAGES - 16) * PAGE, base + 16 * PAGE, 3);
	close(fd);
}

static const struct tap_test tests[] = {
	{ "pages of 2 MB hold what was written", test_huge, 0 },
	{ "and come apart", test_split, 0 },
	{ "and are copied on a write after fork", test_huge_fork, 0 },
	{ "memory touched in any order", test_orders, 0 },
	{ "nothing is mapped beyond an area", test_bounds, 0 },
	{ "a private page is the file's until it is written to", test_private_file, 0 },
	{ "many forks, both sides write", test_forks, 60 },
	{ "a page that was taken from the next child", test_forbidden, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
