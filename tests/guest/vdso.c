// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vDSO, as a C library finds it: an ELF image whose address is in the
 * auxiliary vector, with the names and the version of x86-64. Its clocks agree
 * with the system calls to the nanosecond and need none.
 *
 * Without a vDSO it must be missing in every place, and the rest is skipped.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "tap.h"

#define NS 1000000000L
#define PAGE 4096UL

/**
 * struct vdso - the image, parsed
 * @bias: what to add to an address in it
 */
static struct vdso {
	const char *base;
	unsigned long bias;
	const Elf64_Sym *symbols;
	const char *names;
	const Elf32_Word *hash;
	const Elf64_Half *versions;
	const Elf64_Verdef *definitions;
} vdso;

static int (*v_gettime)(clockid_t, struct timespec *);
static int (*v_getres)(clockid_t, struct timespec *);
static int (*v_timeofday)(struct timeval *, struct timezone *);
static time_t (*v_time)(time_t *);
static long (*v_getcpu)(unsigned int *, unsigned int *, void *);

/* ---- the image ---- */

static void vdso_dynamic(const Elf64_Dyn *dyn)
{
	for (; dyn->d_tag != DT_NULL; dyn++) {
		const void *table = (void *)(vdso.bias + dyn->d_un.d_ptr);

		if (dyn->d_tag == DT_SYMTAB)
			vdso.symbols = table;
		else if (dyn->d_tag == DT_STRTAB)
			vdso.names = table;
		else if (dyn->d_tag == DT_HASH)
			vdso.hash = table;
		else if (dyn->d_tag == DT_VERSYM)
			vdso.versions = table;
		else if (dyn->d_tag == DT_VERDEF)
			vdso.definitions = table;
	}
}

static void vdso_parse(const char *base)
{
	const Elf64_Ehdr *header = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + header->e_phoff);
	const Elf64_Dyn *dyn = NULL;

	vdso.base = base;
	for (int i = 0; i < header->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			vdso.bias = (unsigned long)base + ph[i].p_offset - ph[i].p_vaddr;
		else if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(base + ph[i].p_offset);
	}
	REQUIRE(dyn);
	vdso_dynamic(dyn);
	REQUIRE(vdso.symbols && vdso.names && vdso.hash);
}

static const char *vdso_version(Elf32_Word symbol)
{
	const Elf64_Verdef *def = vdso.definitions;
	Elf64_Half wanted = vdso.versions[symbol] & 0x7fff;

	while (def) {
		const Elf64_Verdaux *aux = (const void *)((const char *)def + def->vd_aux);

		if ((def->vd_ndx & 0x7fff) == wanted)
			return vdso.names + aux->vda_name;
		def = def->vd_next ? (const void *)((const char *)def + def->vd_next) : NULL;
	}
	return "none";
}

static const Elf64_Sym *vdso_find(const char *name)
{
	for (Elf32_Word i = 0; i < vdso.hash[1]; i++) {
		const Elf64_Sym *symbol = &vdso.symbols[i];

		if (symbol->st_shndx != SHN_UNDEF && !strcmp(vdso.names + symbol->st_name, name))
			return symbol;
	}
	return NULL;
}

static void *vdso_function(const char *name)
{
	const Elf64_Sym *symbol = vdso_find(name);

	REQUIRE(symbol, "no %s", name);
	return (void *)(vdso.bias + symbol->st_value);
}

static void vdso_look_up(void)
{
	v_gettime = vdso_function("__vdso_clock_gettime");
	v_getres = vdso_function("__vdso_clock_getres");
	v_timeofday = vdso_function("__vdso_gettimeofday");
	v_time = vdso_function("__vdso_time");
	v_getcpu = vdso_function("__vdso_getcpu");
}

static void vdso_need(void)
{
	unsigned long base = getauxval(AT_SYSINFO_EHDR);

	if (!base)
		SKIP("there is no vDSO");
	vdso_parse((const char *)base);
	vdso_look_up();
}

/* The range of the mapping with this name in /proc/self/maps. */
static bool vdso_mapping(const char *name, unsigned long *start, unsigned long *end, char *rights)
{
	char line[300];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");

	REQUIRE(maps);
	while (!found && fgets(line, sizeof(line), maps))
		found = strstr(line, name) &&
			sscanf(line, "%lx-%lx %4s", start, end, rights) == 3;
	fclose(maps);
	return found;
}

static void test_mapped(void)
{
	unsigned long base = getauxval(AT_SYSINFO_EHDR), start, end;
	char rights[5];

	if (!base) {
		CHECK(!vdso_mapping("[vdso]", &start, &end, rights));
		CHECK(!vdso_mapping("[vvar]", &start, &end, rights));
		SKIP("there is no vDSO");
	}
	REQUIRE(vdso_mapping("[vdso]", &start, &end, rights));
	CHECK_EQ(base, start);
	CHECK(!strcmp(rights, "r-xp"), "%s", rights);
	CHECK(!memcmp((void *)base, ELFMAG, SELFMAG));
	REQUIRE(vdso_mapping("[vvar]", &start, &end, rights));
	CHECK(!strcmp(rights, "r--p"), "%s", rights);
	CHECK(end <= base);
}

static void test_symbols(void)
{
	static const struct {
		const char *alias, *name;
	} names[] = {
		{ "clock_gettime", "__vdso_clock_gettime" },
		{ "clock_getres", "__vdso_clock_getres" },
		{ "gettimeofday", "__vdso_gettimeofday" },
		{ "time", "__vdso_time" },
		{ "getcpu", "__vdso_getcpu" },
	};

	vdso_need();
	REQUIRE(vdso.versions && vdso.definitions);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const Elf64_Sym *symbol = vdso_find(names[i].name);
		const Elf64_Sym *alias = vdso_find(names[i].alias);

		if (!CHECK(symbol && alias, "%s", names[i].name))
			continue;
		CHECK_EQ(ELF64_ST_BIND(symbol->st_info), STB_GLOBAL);
		CHECK_EQ(ELF64_ST_BIND(alias->st_info), STB_WEAK);
		CHECK_EQ(ELF64_ST_TYPE(symbol->st_info), STT_FUNC);
		CHECK_EQ(symbol->st_value, alias->st_value);
		CHECK(!strcmp(vdso_version(symbol - vdso.symbols), "LINUX_2.6"), "%s: version %s",
		      names[i].name, vdso_version(symbol - vdso.symbols));
		CHECK(!strcmp(vdso_version(alias - vdso.symbols), "LINUX_2.6"));
	}
}

static int vdso_print(void *arg)
{
	dup2(*(int *)arg, STDOUT_FILENO);
	tap_exec_role("address", "");
	return 1;
}

/* Each program has it elsewhere. */
static void test_random(void)
{
	char seen[4][32] = { 0 };
	int randomize = -1, differ = 0, fds[2];
	FILE *setting = fopen("/proc/sys/kernel/randomize_va_space", "r");

	vdso_need();
	if (!setting || fscanf(setting, "%d", &randomize) != 1 || !randomize)
		SKIP("addresses are not randomised here");
	for (int i = 0; i < 4; i++) {
		REQUIRE(!pipe(fds));
		CHECK_EXITED(tap_fork(vdso_print, &fds[1]), 0);
		close(fds[1]);
		CHECK(read(fds[0], seen[i], sizeof(seen[i]) - 1) > 3);
		close(fds[0]);
		differ += !!strcmp(seen[i], seen[0]);
	}
	CHECK(differ >= 2, "%s %s %s %s", seen[0], seen[1], seen[2], seen[3]);
}

/* ---- the clocks ---- */

static const struct {
	clockid_t id;
	const char *name;
	bool without_trap;
} clocks[] = {
	{ CLOCK_REALTIME, "REALTIME", true },
	{ CLOCK_MONOTONIC, "MONOTONIC", true },
	{ CLOCK_MONOTONIC_RAW, "MONOTONIC_RAW", true },
	{ CLOCK_REALTIME_COARSE, "REALTIME_COARSE", true },
	{ CLOCK_MONOTONIC_COARSE, "MONOTONIC_COARSE", true },
	{ CLOCK_BOOTTIME, "BOOTTIME", true },
	{ CLOCK_TAI, "TAI", true },
	{ CLOCK_PROCESS_CPUTIME_ID, "PROCESS_CPUTIME_ID", false },
	{ CLOCK_THREAD_CPUTIME_ID, "THREAD_CPUTIME_ID", false },
};

static long vdso_ns(clockid_t clock)
{
	struct timespec ts = { -1, -1 };

	CHECK_EQ(v_gettime(clock, &ts), 0);
	CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < NS, "clock %d: %ld ns", clock, ts.tv_nsec);
	return ts.tv_sec * NS + ts.tv_nsec;
}

static long syscall_ns(clockid_t clock)
{
	struct timespec ts;

	REQUIRE(!syscall(SYS_clock_gettime, clock, &ts));
	return ts.tv_sec * NS + ts.tv_nsec;
}

static void vdso_bracket(clockid_t clock, const char *name)
{
	long before = syscall_ns(clock), between = vdso_ns(clock), after = syscall_ns(clock);

	CHECK(before <= between && between <= after, "%s: %ld, %+ld, %+ld", name, before,
	      between - before, after - before);
}

static void test_agrees(void)
{
	vdso_need();
	for (int i = 0; i < 2000; i++)
		for (size_t c = 0; c < ARRAY_SIZE(clocks); c++)
			vdso_bracket(clocks[c].id, clocks[c].name);
}

/* Also when a clock has been at rest: it must not be extrapolated blindly. */
static void test_agrees_after_sleep(void)
{
	static const long pauses[] = { 1, 300, 2500 };

	vdso_need();
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		long by_vdso = vdso_ns(CLOCK_MONOTONIC);

		usleep(pauses[i] * 1000);
		CHECK(vdso_ns(CLOCK_MONOTONIC) - by_vdso >= pauses[i] * 1000000);
		for (int n = 0; n < 100; n++)
			vdso_bracket(CLOCK_MONOTONIC, "MONOTONIC");
	}
}

static void test_other_functions(void)
{
	struct timeval before, tv, after;
	struct timezone tz = { 77, 77 }, kernel_tz;
	long seconds, t, late;

	vdso_need();
	for (int i = 0; i < 1000; i++) {
		REQUIRE(!syscall(SYS_gettimeofday, &before, &kernel_tz));
		CHECK_EQ(v_timeofday(&tv, &tz), 0);
		REQUIRE(!syscall(SYS_gettimeofday, &after, NULL));
		CHECK(!timercmp(&before, &tv, >) && !timercmp(&tv, &after, >));
	}
	CHECK_EQ(tz.tz_minuteswest, kernel_tz.tz_minuteswest);
	CHECK_EQ(tz.tz_dsttime, kernel_tz.tz_dsttime);
	CHECK_EQ(v_timeofday(NULL, NULL), 0);
	seconds = syscall(SYS_time, NULL);
	t = v_time(&late);
	CHECK(t == late && t >= seconds && t <= syscall(SYS_time, NULL));
	CHECK(v_time(NULL) >= t);
	CHECK_EQ(v_gettime(77, (void *)&tv), -EINVAL);
}

static void test_resolution(void)
{
	vdso_need();
	for (size_t c = 0; c < ARRAY_SIZE(clocks); c++) {
		struct timespec res = { -1, -1 }, wanted;

		REQUIRE(!syscall(SYS_clock_getres, clocks[c].id, &wanted));
		CHECK_EQ(v_getres(clocks[c].id, &res), 0);
		CHECK_EQ(res.tv_sec, wanted.tv_sec);
		CHECK(res.tv_nsec == wanted.tv_nsec, "%s: %ld, not %ld", clocks[c].name,
		      res.tv_nsec, wanted.tv_nsec);
	}
	CHECK_EQ(v_getres(CLOCK_MONOTONIC, NULL), 0);
	CHECK_EQ(v_getres(77, NULL), -EINVAL);
}

static volatile long seen_latest;

/* No thread's time is before what another has seen already. */
static void *forward_thread(void *arg)
{
	long end = vdso_ns(CLOCK_MONOTONIC) + NS;

	(void)arg;
	for (int i = 0; seen_latest < end; i++) {
		long seen = __atomic_load_n(&seen_latest, __ATOMIC_SEQ_CST);
		long now = i % 1000 ? vdso_ns(CLOCK_MONOTONIC) : syscall_ns(CLOCK_MONOTONIC);

		CHECK(now >= seen, "%ld ns back", seen - now);
		while (now > seen &&
		       !__atomic_compare_exchange_n(&seen_latest, &seen, now, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
	return NULL;
}

static void test_forward(void)
{
	pthread_t threads[4];

	vdso_need();
	for (int i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, forward_thread, NULL));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

/* The finest step that can be seen is no tick's. */
static void test_fine(void)
{
	long least = NS;

	vdso_need();
	for (int i = 0; i < 1000; i++) {
		long a = vdso_ns(CLOCK_MONOTONIC), b = vdso_ns(CLOCK_MONOTONIC);

		if (b > a && b - a < least)
			least = b - a;
	}
	tap_diag("the least step of CLOCK_MONOTONIC is %ld ns", least);
	CHECK(least < 10000);
}

/* ---- no trap ---- */

#define TRAP_CALLS 2000

static long cost_getppid(void)
{
	long start = vdso_ns(CLOCK_MONOTONIC);

	for (int i = 0; i < TRAP_CALLS; i++)
		syscall(SYS_getppid);
	return (vdso_ns(CLOCK_MONOTONIC) - start) / TRAP_CALLS;
}

static long cost_clock(clockid_t clock)
{
	struct timespec ts;
	long start = vdso_ns(CLOCK_MONOTONIC);

	for (int i = 0; i < TRAP_CALLS; i++)
		v_gettime(clock, &ts);
	return (vdso_ns(CLOCK_MONOTONIC) - start) / TRAP_CALLS;
}

static long cost_cpu(clockid_t unused)
{
	unsigned int cpu;
	long start = vdso_ns(CLOCK_MONOTONIC);

	(void)unused;
	for (int i = 0; i < TRAP_CALLS; i++)
		v_getcpu(&cpu, NULL, NULL);
	return (vdso_ns(CLOCK_MONOTONIC) - start) / TRAP_CALLS;
}

/*
 * The best of some rounds, each beside a system call that is one for certain.
 * Natively that costs only some times as much as to read the clock; in a guest
 * far more.
 */
static void trap_check(long (*cost)(clockid_t), clockid_t clock, const char *name)
{
	long call = NS, own = NS, ns;

	for (int round = 0; round < 9; round++) {
		ns = cost_getppid();
		call = ns < call ? ns : call;
		ns = cost(clock);
		own = ns < own ? ns : own;
	}
	tap_diag("%s: %ld ns, getppid %ld ns", name, own, call);
	CHECK(own < 1000, "%s: %ld ns", name, own);
	CHECK(own < 2 * call, "%s: %ld ns, getppid %ld ns", name, own, call);
	CHECK(call < 1000 || own < call / 5, "%s: %ld ns, getppid %ld ns", name, own, call);
}

static void test_no_trap(void)
{
	char source[64] = "";
	FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");

	vdso_need();
	if (file && fgets(source, sizeof(source), file) && !strcmp(source, "host\n"))
		SKIP("this guest's clock is one that only its kernel can read");
	for (size_t c = 0; c < ARRAY_SIZE(clocks); c++)
		if (clocks[c].without_trap)
			trap_check(cost_clock, clocks[c].id, clocks[c].name);
}

static void test_getcpu(void)
{
	unsigned int cpu = 77, node = 77, kernel_cpu, kernel_node;
	cpu_set_t only, all;

	vdso_need();
	REQUIRE(!sched_getaffinity(0, sizeof(all), &all));
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all))
			continue;
		CPU_ZERO(&only);
		CPU_SET(i, &only);
		REQUIRE(!sched_setaffinity(0, sizeof(only), &only));
		CHECK_EQ(v_getcpu(&cpu, &node, NULL), 0);
		REQUIRE(!syscall(SYS_getcpu, &kernel_cpu, &kernel_node, NULL));
		CHECK_EQ(cpu, i);
		CHECK_EQ(cpu, kernel_cpu);
		CHECK_EQ(node, kernel_node);
	}
	CHECK_EQ(v_getcpu(NULL, NULL, NULL), 0);
	if (sysconf(_SC_NPROCESSORS_CONF) == 1)
		trap_check(cost_cpu, 0, "getcpu");
}

/* ---- the mapping ---- */

/* Code and data are moved as one, as a checkpoint's restorer does it. */
static void test_moved(void)
{
	unsigned long data, data_end, code, code_end, size, now, now_end;
	char rights[5], *to;

	vdso_need();
	REQUIRE(vdso_mapping("[vvar]", &data, &data_end, rights));
	REQUIRE(vdso_mapping("[vdso]", &code, &code_end, rights));
	vdso_bracket(CLOCK_MONOTONIC, "before the move");
	size = code_end - data;
	to = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(to != MAP_FAILED);
	/* Natively there may be more mappings of data in between. */
	if (data_end != code)
		SKIP("[vvar] and [vdso] are not neighbours here");
	REQUIRE(mremap((void *)data, data_end - data, data_end - data,
		       MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	REQUIRE(mremap((void *)code, code_end - code, code_end - code,
		       MREMAP_MAYMOVE | MREMAP_FIXED, to + (code - data)) == to + (code - data));
	vdso_parse(to + (code - data));
	vdso_look_up();
	for (int i = 0; i < 100; i++)
		vdso_bracket(CLOCK_MONOTONIC, "after the move");
	REQUIRE(vdso_mapping("[vdso]", &now, &now_end, rights));
	CHECK_EQ(now, to + (code - data));
}

static int write_byte(void *address)
{
	*(volatile char *)address = 0;
	return 0;
}

static void test_read_only(void)
{
	unsigned long start, end;
	char rights[5];

	vdso_need();
	CHECK_KILLED(tap_fork(write_byte, (void *)vdso.base), SIGSEGV);
	REQUIRE(vdso_mapping("[vvar]", &start, &end, rights));
	CHECK_KILLED(tap_fork(write_byte, (void *)start), SIGSEGV);
	CHECK_ERR(mprotect((void *)start, PAGE, PROT_READ | PROT_WRITE), EACCES);
}

/* As a debugger does it, who sets a breakpoint. */
static int write_private(void *unused)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	unsigned long at = (unsigned long)vdso.base + PAGE - 1;
	char now = ~vdso.base[PAGE - 1];

	(void)unused;
	CHECK(fd >= 0);
	CHECK_EQ(pwrite(fd, &now, 1, at), 1);
	CHECK_EQ(vdso.base[PAGE - 1], now);
	vdso_bracket(CLOCK_MONOTONIC, "MONOTONIC");
	return 0;
}

static void test_private(void)
{
	char was;

	vdso_need();
	was = vdso.base[PAGE - 1];
	CHECK_EXITED(tap_fork(write_private, NULL), 0);
	CHECK_EQ(vdso.base[PAGE - 1], was);
	vdso_bracket(CLOCK_MONOTONIC, "MONOTONIC");
}

static int unmapped_child(void *unused)
{
	unsigned long data, code, end;
	char rights[5];
	struct timespec ts;

	(void)unused;
	REQUIRE(vdso_mapping("[vvar]", &data, &end, rights));
	REQUIRE(vdso_mapping("[vdso]", &code, &end, rights));
	CHECK_EQ(munmap((void *)data, end - data), 0);
	CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts), 0);
	return 0;
}

static void test_unmapped(void)
{
	vdso_need();
	CHECK_EXITED(tap_fork(unmapped_child, NULL), 0);
	vdso_bracket(CLOCK_MONOTONIC, "in the parent");
}

/* ---- time namespaces ---- */

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static int shifted_child(void *arg)
{
	long before = *(long *)arg, now = vdso_ns(CLOCK_MONOTONIC);

	CHECK(now >= before + 5000 * NS && now < before + 5100 * NS, "%+ld ns", now - before);
	CHECK(vdso_ns(CLOCK_BOOTTIME) - now > 1900 * NS);
	for (int i = 0; i < 200; i++)
		for (size_t c = 0; c < ARRAY_SIZE(clocks); c++)
			vdso_bracket(clocks[c].id, clocks[c].name);
	return 0;
}

static void test_time_namespace(void)
{
	static const char offsets[] = "monotonic 5000 0\nboottime 7000 0\n";
	FILE *file;
	long before;

	vdso_need();
	if (unshare(CLONE_NEWTIME))
		SKIP("no time namespace: %s", strerror(errno));
	file = fopen("/proc/self/timens_offsets", "w");
	REQUIRE(file);
	fputs(offsets, file);
	REQUIRE(!fclose(file));
	before = vdso_ns(CLOCK_MONOTONIC);
	CHECK_EXITED(tap_fork(shifted_child, &before), 0);
	CHECK(vdso_ns(CLOCK_MONOTONIC) < before + 5000 * NS);
}

static int tap_role(const char *name, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (strcmp(name, "address"))
		return 2;
	printf("%lx\n", getauxval(AT_SYSINFO_EHDR));
	return 0;
}

static const struct tap_test tests[] = {
	{ "the vDSO is mapped, and the auxiliary vector says where", test_mapped, 0 },
	{ "its functions have the names and the version of x86-64", test_symbols, 0 },
	{ "each program has it at another address", test_random, 0 },
	{ "its clocks agree with the system call", test_agrees, 0 },
	{ "they agree after sleeps", test_agrees_after_sleep, 0 },
	{ "so do gettimeofday and time", test_other_functions, 0 },
	{ "and the resolutions", test_resolution, 0 },
	{ "no thread sees time go back", test_forward, 0 },
	{ "time passes in small steps", test_fine, 0 },
	{ "the clocks need no trap", test_no_trap, 0 },
	{ "getcpu is right", test_getcpu, 0 },
	{ "it can be moved", test_moved, 0 },
	{ "it cannot be written to", test_read_only, 0 },
	{ "what a debugger writes to it is private", test_private, 0 },
	{ "it can be unmapped", test_unmapped, 0 },
	{ "it knows time namespaces", test_time_namespace, 0 },
};

TAP_MAIN(tests)
