// SPDX-License-Identifier: GPL-2.0-only
/*
 * 70,000 mappings in one process, more than Linux allows by default: root
 * raises vm.max_map_count for as long as this runs. A port that keeps one
 * host mapping for each must find a way round the host's own limit.
 */
#define _GNU_SOURCE
#include <sys/sysinfo.h>

#include "tap.h"

#define MAPPINGS 70000L
#define NEEDED (MAPPINGS + 1000)
#define PAGE 4096L
#define LIMIT "/proc/sys/vm/max_map_count"

/*
 * The shared mappings are of a file this small, so that they fit a guest with
 * little memory: each is one page of it, and has a word of its own there.
 */
#define FILE_PAGES 512L

static char *many_base;
static bool many_shared;

static long many_limit(void)
{
	FILE *f = fopen(LIMIT, "re");
	long limit = 65530;

	if (f && fscanf(f, "%ld", &limit) != 1)
		limit = 0;
	if (f)
		fclose(f);
	return limit;
}

static bool many_set_limit(long limit)
{
	FILE *f = fopen(LIMIT, "we");
	bool ok = f && fprintf(f, "%ld\n", limit) > 0;

	return f && !fclose(f) && ok;
}

static unsigned long *many_word(long i)
{
	long slot = many_shared ? i / FILE_PAGES : i % 500;

	return (unsigned long *)(many_base + i * PAGE + slot * 8);
}

static unsigned long many_value(long i)
{
	return (i + 1) * 0x9e3779b97f4a7c15UL;
}

/* Neighbours differ in protection, so that none merge. */
static void many_map(void)
{
	many_base = mmap(NULL, MAPPINGS * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(many_base != MAP_FAILED);
	madvise(many_base, MAPPINGS * PAGE, MADV_NOHUGEPAGE);
	for (long i = 1; i < MAPPINGS; i += 2)
		REQUIRE(mprotect(many_base + i * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0,
			"mapping %ld", i);
}

/* Neighbours are not neighbours in the file. */
static void many_map_shared(void)
{
	int fd = memfd_create("many", 0);

	REQUIRE(fd >= 0 && ftruncate(fd, FILE_PAGES * PAGE) == 0);
	many_base = mmap(NULL, MAPPINGS * PAGE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(many_base != MAP_FAILED);
	for (long i = 0; i < MAPPINGS; i++)
		REQUIRE(mmap(many_base + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, fd,
			     i * 7 % FILE_PAGES * PAGE) != MAP_FAILED,
			"mapping %ld", i);
}

static long many_listed(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start;
	char line[256];
	long count = 0;

	REQUIRE(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-", &start) == 1 &&
		    start >= (unsigned long)many_base &&
		    start < (unsigned long)(many_base + MAPPINGS * PAGE))
			count++;
	fclose(f);
	return count;
}

static void many_fill(void)
{
	for (long i = 0; i < MAPPINGS; i++)
		*many_word(i) = many_value(i);
}

static void many_check(void)
{
	for (long i = 0; i < MAPPINGS; i++)
		CHECK(*many_word(i) == many_value(i), "mapping %ld", i);
}

/* Writes what the parent will see, or not. */
static int many_child(void *arg)
{
	(void)arg;
	many_check();
	for (long i = 0; i < MAPPINGS; i += 1000)
		*many_word(i) = ~many_value(i);
	return tap_shared->fails != 0;
}

static void many_check_after_child(void)
{
	for (long i = 0; many_shared && i < MAPPINGS; i += 1000) {
		CHECK_EQ(*many_word(i), ~many_value(i));
		*many_word(i) = many_value(i);
	}
	many_check();
}

static int many_run(void *shared)
{
	many_shared = shared != NULL;
	if (many_shared)
		many_map_shared();
	else
		many_map();
	CHECK_EQ(many_listed(), MAPPINGS);
	many_fill();
	many_check();
	CHECK_EXITED(tap_fork(many_child, NULL), 0);
	many_check_after_child();
	for (long i = 0; i < MAPPINGS; i += 3)
		munmap(many_base + i * PAGE, PAGE);
	for (long i = 1; i < MAPPINGS; i += 3)
		CHECK(*many_word(i) == many_value(i), "mapping %ld", i);
	CHECK_EQ(munmap(many_base, MAPPINGS * PAGE), 0);
	return tap_shared->fails != 0;
}

/* Not for ever: it is the machine's, not this program's. */
static void many_with_limit(void *shared)
{
	long limit = many_limit();

	if (limit < NEEDED && !many_set_limit(NEEDED))
		SKIP("vm.max_map_count is %ld, and may not be raised", limit);
	CHECK_EXITED(tap_fork(many_run, shared), 0);
	if (limit < NEEDED)
		CHECK(many_set_limit(limit));
}

static void test_shared(void)
{
	many_with_limit((void *)1);
}

static void test_private(void)
{
	struct sysinfo si;

	if (sysinfo(&si) == 0 &&
	    si.freeram / PAGE * si.mem_unit < MAPPINGS * 5 / 4)
		SKIP("too little memory is free for %ld pages", MAPPINGS);
	many_with_limit(NULL);
}

static const struct tap_test tests[] = {
	{ "70,000 shared mappings hold what was written", test_shared, 300 },
	{ "70,000 private mappings hold what was written", test_private, 300 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
