// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory mappings against a model: random sequences of mmap, munmap,
 * mprotect, mremap, madvise, writes by all paths, and fork, in an arena of
 * pages of which the model knows what each must be.
 *
 * MAP_SEED and MAP_STEPS in the environment choose another sequence; a
 * failure names the seed and the step, so that it can be made again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tap.h"

#define PAGE 4096UL
#define ARENA_PAGES 96
/* Far from where the kernel places mappings of its own choice. */
#define ARENA ((char *)0x1000000000UL)
#define OBJECTS 40
#define OBJECT_PAGES 24
#define FILES 2
#define RW (PROT_READ | PROT_WRITE)

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/**
 * struct map_page - what the model knows of a page of the arena
 * @prot: PROT_NONE, R, RW, RX or RWX, when @mapped
 * @object: which object backs it, -1 for private anonymous memory
 * @index: which page of the object
 * @own: a private page that has its own content, @value
 */
struct map_page {
	bool mapped, shared, own;
	int prot, object, index;
	unsigned long value;
};

struct map_object {
	int fd;
	unsigned long values[OBJECT_PAGES];
};

static struct map_page pages[ARENA_PAGES];
static struct map_object objects[OBJECTS];
static unsigned long map_state, map_step;
static int map_mem, map_scratch;

static unsigned long map_random(unsigned long below)
{
	map_state = map_state * 6364136223846793005UL + 1442695040888963407UL;
	return (map_state >> 33) % below;
}

static char *map_addr(int page)
{
	return ARENA + page * PAGE;
}

static unsigned long *map_value(int page)
{
	struct map_page *p = &pages[page];

	if (p->object < 0 || p->own)
		return &p->value;
	return &objects[p->object].values[p->index];
}

/* ---- looking at a page ---- */

static sigjmp_buf map_back;
static volatile int map_code;

static void map_fault(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	map_code = sig == SIGSEGV ? si->si_code : -sig;
	siglongjmp(map_back, 1);
}

/* What a page says with nothing in it but @value at both ends. */
static bool map_content(const char *at, unsigned long value)
{
	return *(volatile unsigned long *)at == value &&
	       *(volatile unsigned long *)(at + PAGE - 8) == value &&
	       *(volatile unsigned long *)(at + PAGE / 2) == 0;
}

static int map_expected_code(int page, int need)
{
	if (!pages[page].mapped)
		return SEGV_MAPERR;
	return pages[page].prot & need ? 0 : SEGV_ACCERR;
}

static void map_look(int page)
{
	const volatile unsigned long wanted = *map_value(page);
	volatile unsigned long seen = wanted;
	volatile bool same = true;

	map_code = 0;
	if (!sigsetjmp(map_back, 1)) {
		same = map_content(map_addr(page), wanted);
		seen = *(unsigned long *)map_addr(page);
	}
	CHECK(map_code == map_expected_code(page, PROT_READ),
	      "step %lu, page %d: reading gives code %d, not %d", map_step,
	      page, map_code, map_expected_code(page, PROT_READ));
	CHECK(same, "step %lu, page %d: holds %lx, not %lx", map_step, page,
	      seen, wanted);
}

/* The same by the kernel, which says EFAULT where a program would crash. */
static void map_look_by_kernel(int page)
{
	bool readable = !map_expected_code(page, PROT_READ);
	static char copy[PAGE];
	struct iovec to = { copy, PAGE }, from = { map_addr(page), PAGE };
	long n;

	if (map_random(2))
		n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	else
		n = pwrite(map_scratch, map_addr(page), PAGE, 0) < 0 ? -1 : pread(map_scratch, copy, PAGE, 0);
	if (!readable)
		CHECK(n == -1 && errno == EFAULT, "step %lu, page %d: %ld",
		      map_step, page, n);
	else
		CHECK(n == PAGE && map_content(copy, *map_value(page)),
		      "step %lu, page %d: %ld", map_step, page, n);
}

/* As a debugger does, which sees what PROT_NONE hides too. */
static void map_look_by_debugger(int page)
{
	static char copy[PAGE];
	long n = pread(map_mem, copy, PAGE, (off_t)map_addr(page));

	if (!pages[page].mapped)
		CHECK(n <= 0, "step %lu, page %d: %ld", map_step, page, n);
	else
		CHECK(n == PAGE && map_content(copy, *map_value(page)),
		      "step %lu, page %d: %ld", map_step, page, n);
}

/* It stays with the memory of the process that opened it. */
static void map_open_mem(void)
{
	map_mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	REQUIRE(map_mem >= 0);
}

static void map_look_by_mincore(int page)
{
	unsigned char there;
	int ret = mincore(map_addr(page), PAGE, &there);

	CHECK((ret == 0) == pages[page].mapped, "step %lu, page %d: %d",
	      map_step, page, ret);
}

static void map_look_some_way(int page)
{
	switch (map_random(5)) {
	case 0:
		map_look_by_kernel(page);
		break;
	case 1:
		map_look_by_debugger(page);
		break;
	case 2:
		map_look_by_mincore(page);
		break;
	default:
		map_look(page);
	}
}

/* Every line of /proc/self/maps that lies in the arena, page by page. */
static void map_look_at_list(void)
{
	bool listed[ARENA_PAGES] = { false };
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char line[512], perms[8];

	REQUIRE(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, perms) != 3)
			continue;
		if (start < (unsigned long)ARENA ||
		    end > (unsigned long)map_addr(ARENA_PAGES))
			continue;
		for (char *at = (char *)start; at < (char *)end; at += PAGE) {
			int page = (at - ARENA) / PAGE;
			struct map_page *p = &pages[page];

			listed[page] = true;
			CHECK(p->mapped &&
				      (perms[0] == 'r') == !!(p->prot & PROT_READ) &&
				      (perms[1] == 'w') == !!(p->prot & PROT_WRITE) &&
				      (perms[2] == 'x') == !!(p->prot & PROT_EXEC) &&
				      (perms[3] == 's') == p->shared,
			      "step %lu, page %d is %s", map_step, page, perms);
		}
	}
	fclose(f);
	for (int i = 0; i < ARENA_PAGES; i++)
		CHECK(listed[i] == pages[i].mapped, "step %lu, page %d",
		      map_step, i);
}

static void map_look_at_all(void)
{
	map_look_at_list();
	for (int i = 0; i < ARENA_PAGES; i++)
		map_look_some_way(i);
}

/* ---- writing to a page ---- */

static void map_set(int page, unsigned long value)
{
	if (!pages[page].shared)
		pages[page].own = true;
	*map_value(page) = value;
}

static void map_store(int page, unsigned long value)
{
	volatile unsigned long *at = (unsigned long *)map_addr(page);

	map_code = 0;
	if (!sigsetjmp(map_back, 1)) {
		at[0] = value;
		at[PAGE / 8 - 1] = value;
	}
	CHECK(map_code == map_expected_code(page, PROT_WRITE),
	      "step %lu, page %d: writing gives code %d", map_step, page,
	      map_code);
	if (!map_code)
		map_set(page, value);
}

/* By read(): the kernel writes. */
static void map_store_by_kernel(int page, unsigned long value)
{
	unsigned long copy[PAGE / 8] = { [0] = value, [PAGE / 8 - 1] = value };
	bool writable = !map_expected_code(page, PROT_WRITE);
	long n;

	REQUIRE(pwrite(map_scratch, copy, PAGE, 0) == PAGE);
	n = pread(map_scratch, map_addr(page), PAGE, 0);
	CHECK(n == (writable ? (long)PAGE : -1), "step %lu, page %d: %ld",
	      map_step, page, n);
	if (writable)
		map_set(page, value);
}

/* By write() to the file that is behind some pages. */
static void map_store_to_file(unsigned long value)
{
	struct map_object *o = &objects[map_random(FILES)];
	int index = map_random(OBJECT_PAGES);
	unsigned long copy[PAGE / 8] = { [0] = value, [PAGE / 8 - 1] = value };

	REQUIRE(pwrite(o->fd, copy, PAGE, index * PAGE) == PAGE);
	o->values[index] = value;
}

static void map_look_at_file(void)
{
	struct map_object *o = &objects[map_random(FILES)];
	int index = map_random(OBJECT_PAGES);
	static char copy[PAGE];

	REQUIRE(pread(o->fd, copy, PAGE, index * PAGE) == PAGE);
	CHECK(map_content(copy, o->values[index]), "step %lu, file page %d",
	      map_step, index);
}

/* ---- operations ---- */

static const int prots[] = { PROT_NONE, PROT_READ, RW, RW, RW,
			     PROT_READ | PROT_EXEC, RW | PROT_EXEC };

static void map_range(int *first, int *count)
{
	*first = map_random(ARENA_PAGES);
	*count = 1 + map_random(map_random(4) ? 6 : OBJECT_PAGES);
	if (*count > ARENA_PAGES - *first)
		*count = ARENA_PAGES - *first;
}

static bool map_any_mapped(int first, int count)
{
	for (int i = first; i < first + count; i++)
		if (pages[i].mapped)
			return true;
	return false;
}

/* A slot for the object behind a new shared anonymous mapping. */
static int map_free_object(void)
{
	bool used[OBJECTS] = { false };

	for (int i = 0; i < ARENA_PAGES; i++)
		if (pages[i].mapped && pages[i].object >= 0)
			used[pages[i].object] = true;
	for (int i = FILES; i < OBJECTS; i++)
		if (!used[i]) {
			memset(&objects[i], 0, sizeof(objects[i]));
			objects[i].fd = -1;
			return i;
		}
	return 0;
}

/* It fills private writable pages as a write would: they part from the file. */
static void map_populate(int page)
{
	unsigned long value = *map_value(page);

	if (!pages[page].shared && (pages[page].prot & PROT_WRITE))
		map_set(page, value);
}

static void map_op_mmap(void)
{
	int first, count, object = -1, index = 0, fd = -1, flags;
	struct map_page page = { .mapped = true };
	void *ret;

	map_range(&first, &count);
	page.shared = map_random(2);
	page.prot = prots[map_random(ARRAY_SIZE(prots))];
	if (map_random(2))
		object = map_random(FILES);
	else if (page.shared)
		object = map_free_object();
	if (object >= 0 && object < FILES) {
		fd = objects[object].fd;
		index = map_random(OBJECT_PAGES - count + 1);
	}
	flags = (page.shared ? MAP_SHARED : MAP_PRIVATE) |
		(fd < 0 ? MAP_ANONYMOUS : 0) |
		(map_random(3) ? MAP_FIXED : MAP_FIXED_NOREPLACE) |
		(map_random(4) ? 0 : MAP_POPULATE) |
		(map_random(8) ? 0 : MAP_NORESERVE);
	ret = mmap(map_addr(first), count * PAGE, page.prot, flags, fd,
		   index * PAGE);
	if (!(flags & MAP_FIXED) && map_any_mapped(first, count)) {
		CHECK(ret == MAP_FAILED && errno == EEXIST, "step %lu: %p",
		      map_step, ret);
		return;
	}
	REQUIRE(ret == map_addr(first), "step %lu: %p", map_step, ret);
	page.object = object;
	for (int i = 0; i < count; i++) {
		pages[first + i] = page;
		pages[first + i].index = index + i;
		if (flags & MAP_POPULATE)
			map_populate(first + i);
	}
}

static void map_op_munmap(void)
{
	int first, count;

	map_range(&first, &count);
	REQUIRE(munmap(map_addr(first), count * PAGE) == 0);
	for (int i = 0; i < count; i++)
		pages[first + i].mapped = false;
}

/* Up to the first hole it takes effect, and fails all the same. */
static void map_op_mprotect(void)
{
	int first, count, i, prot = prots[map_random(ARRAY_SIZE(prots))], ret;

	map_range(&first, &count);
	ret = mprotect(map_addr(first), count * PAGE, prot);
	for (i = 0; i < count && pages[first + i].mapped; i++)
		pages[first + i].prot = prot;
	CHECK(i == count ? ret == 0 : ret == -1 && errno == ENOMEM,
	      "step %lu: %d", map_step, ret);
}

/* All but the holes, and it fails all the same. */
static void map_op_dontneed(void)
{
	int first, count, ret;
	bool hole = false;

	map_range(&first, &count);
	ret = madvise(map_addr(first), count * PAGE, MADV_DONTNEED);
	for (int i = first; i < first + count; i++) {
		hole |= !pages[i].mapped;
		if (pages[i].shared)
			continue;
		pages[i].own = false;
		pages[i].value = 0;
	}
	CHECK(hole ? ret == -1 && errno == ENOMEM : ret == 0, "step %lu: %d",
	      map_step, ret);
}

/* How many pages from @first on, @max at most, are surely one mapping. */
static int map_one_mapping(int first, int max)
{
	unsigned long at = (unsigned long)map_addr(first), start, end, left = 0;
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];

	REQUIRE(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 &&
		    start <= at && at < end)
			left = (end - at) / PAGE;
	fclose(f);
	return left < (unsigned long)max ? (int)left : max;
}

/* How far the pages from @first on could grow to the end of their object. */
static int map_room_to_grow(int first, int count)
{
	const struct map_page *last = &pages[first + count - 1];

	if (last->object < 0)
		return 5;
	if (last->object >= FILES)
		return 0;
	return OBJECT_PAGES - 1 - last->index;
}

static void map_move_pages(int from, int count, int to, int new_count,
			   bool keep)
{
	struct map_page moved[ARENA_PAGES];

	for (int i = 0; i < new_count; i++) {
		moved[i] = pages[from + (i < count ? i : count - 1)];
		if (i < count)
			continue;
		moved[i].index += i - count + 1;
		moved[i].own = false;
		moved[i].value = 0;
	}
	for (int i = from; i < from + count; i++) {
		pages[i].mapped = keep;
		if (!pages[i].shared) {
			pages[i].own = false;
			pages[i].value = 0;
		}
	}
	memcpy(&pages[to], moved, new_count * sizeof(moved[0]));
}

static bool map_overlap(int a, int na, int b, int nb)
{
	return a < b + nb && b < a + na;
}

static void map_op_mremap_fixed(void)
{
	int from, count, to, new_count, grow;
	bool keep = !map_random(3);
	void *ret;

	map_range(&from, &count);
	count = map_one_mapping(from, count);
	if (!count)
		return;
	grow = map_room_to_grow(from, count);
	new_count = 1 + map_random(count + grow);
	if (keep)
		new_count = count;
	to = map_random(ARENA_PAGES - new_count + 1);
	if (map_overlap(from, count, to, new_count))
		return;
	ret = mremap(map_addr(from), count * PAGE, new_count * PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED |
			     (keep ? MREMAP_DONTUNMAP : 0),
		     map_addr(to));
	REQUIRE(ret == map_addr(to), "step %lu: %p", map_step, ret);
	map_move_pages(from, count, to, new_count, keep);
}

/* In place: into free space, or not at all. */
static void map_op_mremap_in_place(void)
{
	int first, count, new_count;
	bool possible = true;
	void *ret;

	map_range(&first, &count);
	count = map_one_mapping(first, count);
	if (!count)
		return;
	new_count = 1 + map_random(count + map_room_to_grow(first, count));
	if (first + new_count > ARENA_PAGES)
		return;
	if (new_count > count)
		possible = !map_any_mapped(first + count, new_count - count);
	ret = mremap(map_addr(first), count * PAGE, new_count * PAGE, 0);
	if (!possible) {
		CHECK(ret == MAP_FAILED, "step %lu: %p", map_step, ret);
		return;
	}
	REQUIRE(ret == map_addr(first), "step %lu: %p", map_step, ret);
	for (int i = new_count; i < count; i++)
		pages[first + i].mapped = false;
	if (new_count > count)
		map_move_pages(first, count, first, new_count, true);
}

static unsigned long map_new_value(void)
{
	return (map_step + 1) << 20 | map_random(1 << 20);
}

static void map_op_store(void)
{
	for (int i = 0; i < 6; i++) {
		int page = map_random(ARENA_PAGES);

		if (map_random(3))
			map_store(page, map_new_value());
		else
			map_store_by_kernel(page, map_new_value());
	}
	if (!map_random(3))
		map_store_to_file(map_new_value());
}

/*
 * The child sees all, and writes; of what it wrote, the parent sees what is
 * shared. The model, too, is copied by fork, which tells the parent nothing:
 * it makes the same choices again, and drops the private ones.
 */
static void map_op_fork(void)
{
	unsigned long seed = map_random(1 << 30), after = map_state;
	struct map_page before[ARENA_PAGES];
	int status;
	pid_t pid = fork();

	REQUIRE(pid >= 0);
	memcpy(before, pages, sizeof(pages));
	map_state = seed;
	if (!pid) {
		map_open_mem();
		map_look_at_all();
		map_state = seed;
		map_op_store();
		map_look_at_all();
		_exit(tap_shared->fails != 0);
	}
	status = tap_wait(pid);
	CHECK(status == 0, "step %lu: child %#x", map_step, status);
	for (int i = 0; i < 6; i++) {
		int page = map_random(ARENA_PAGES);
		unsigned long value;

		map_random(3);
		value = map_new_value();
		if (before[page].shared &&
		    !map_expected_code(page, PROT_WRITE))
			*map_value(page) = value;
	}
	if (!map_random(3)) {
		unsigned long value = map_new_value();
		struct map_object *o = &objects[map_random(FILES)];

		o->values[map_random(OBJECT_PAGES)] = value;
	}
	map_state = after;
}

static void map_one_step(void)
{
	unsigned long kind = map_random(100);

	if (kind < 22)
		map_op_mmap();
	else if (kind < 30)
		map_op_munmap();
	else if (kind < 47)
		map_op_mprotect();
	else if (kind < 52)
		map_op_dontneed();
	else if (kind < 62)
		map_op_mremap_fixed();
	else if (kind < 68)
		map_op_mremap_in_place();
	else if (kind < 71)
		map_op_fork();
	else
		map_op_store();
	for (int i = 0; i < 4; i++)
		map_look_some_way(map_random(ARENA_PAGES));
	map_look_at_file();
}

/* ---- tests ---- */

static int map_temporary_file(void)
{
	const char *dir = getenv("TMPDIR");
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/map-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0) {
		tap_diag("no temporary file %s, a memfd instead", path);
		return memfd_create("map", 0);
	}
	unlink(path);
	return fd;
}

static void map_prepare(void)
{
	void *arena = mmap(ARENA, ARENA_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	REQUIRE(arena == ARENA);
	munmap(arena, ARENA_PAGES * PAGE);
	objects[0].fd = memfd_create("map", 0);
	objects[1].fd = map_temporary_file();
	for (int i = 0; i < FILES; i++)
		REQUIRE(ftruncate(objects[i].fd, OBJECT_PAGES * PAGE) == 0);
	map_open_mem();
	map_scratch = memfd_create("scratch", 0);
	REQUIRE(map_scratch >= 0);
	tap_handle(SIGSEGV, map_fault, 0);
	tap_handle(SIGBUS, map_fault, 0);
}

static void map_run(unsigned long seed)
{
	const char *chosen = getenv("MAP_SEED"), *steps = getenv("MAP_STEPS");
	unsigned long count = steps ? strtoul(steps, NULL, 0) : 2000;

	if (chosen)
		seed = strtoul(chosen, NULL, 0);
	map_prepare();
	map_state = seed;
	for (map_step = 0; map_step < count; map_step++) {
		map_one_step();
		if (map_step % 64 == 0)
			map_look_at_all();
		if (tap_shared->fails)
			break;
	}
	map_look_at_all();
	tap_diag("MAP_SEED=%lu MAP_STEPS=%lu", seed, map_step);
}

static void test_seed_1(void)
{
	map_run(1);
}

static void test_seed_2(void)
{
	map_run(2);
}

static void test_seed_random(void)
{
	unsigned int seed = 0;

	CHECK_EQ(getentropy(&seed, sizeof(seed)), 0);
	map_run(seed);
}

static const struct tap_test tests[] = {
	{ "random sequence, seed 1", test_seed_1, 120 },
	{ "random sequence, seed 2", test_seed_2, 120 },
	{ "random sequence, random seed", test_seed_random, 120 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
