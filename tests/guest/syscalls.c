// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system call interface of x86-64: registers, arguments, numbers and
 * errors, and what a new program is told about the machine.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#include "tap.h"

#define EFLAGS_ARITH 0x8d5UL
#define EFLAGS_DF 0x400UL
#define X32_BIT 0x40000000L
#define NO_SUCH_CALL 700

/* ---- registers ---- */

enum { S_RAX,
       S_RBX,
       S_RCX,
       S_RDX,
       S_RSI,
       S_RDI,
       S_RBP,
       S_R8,
       S_R9,
       S_R10,
       S_R11,
       S_R12,
       S_R13,
       S_R14,
       S_R15,
       S_FLAGS,
       S_RSP,
       S_COUNT };

unsigned long sys_in[S_COUNT], sys_out[S_COUNT], sys_sp;
void sys_call(void);
extern char sys_call_return[];

/* Loads all registers, makes the call, and stores all registers. */
asm(".macro sys_all what\n"
    "\\what rax, 0\n \\what rbx, 1\n \\what rcx, 2\n \\what rdx, 3\n"
    "\\what rsi, 4\n \\what rdi, 5\n \\what rbp, 6\n \\what r8, 7\n"
    "\\what r9, 8\n \\what r10, 9\n \\what r11, 10\n \\what r12, 11\n"
    "\\what r13, 12\n \\what r14, 13\n \\what r15, 14\n"
    ".endm\n"
    ".macro sys_load reg, n\n mov sys_in+8*\\n(%rip), %\\reg\n .endm\n"
    ".macro sys_store reg, n\n mov %\\reg, sys_out+8*\\n(%rip)\n .endm\n"
    ".globl sys_call, sys_call_return\n"
    "sys_call:\n"
    "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "mov %rsp, sys_sp(%rip)\n"
    "pushq sys_in+8*15(%rip)\n popfq\n"
    "sys_all sys_load\n"
    "syscall\n"
    "sys_call_return:\n"
    "sys_all sys_store\n"
    "mov %rsp, sys_out+8*16(%rip)\n"
    "pushfq\n popq sys_out+8*15(%rip)\n cld\n"
    "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
    "ret\n");

static void sys_check_registers(long nr, unsigned long flags, long wanted)
{
	for (int i = 0; i < S_FLAGS; i++)
		sys_in[i] = 0x9e3779b97f4a7c15UL * (i + 1);
	sys_in[S_RAX] = nr;
	sys_in[S_FLAGS] = 0x202 | flags;
	sys_call();
	CHECK_EQ(sys_out[S_RAX], wanted);
	CHECK_EQ(sys_out[S_RCX], sys_call_return);
	CHECK_EQ(sys_out[S_R11] & ~0x10000UL, sys_out[S_FLAGS] & ~0x10000UL);
	CHECK_EQ(sys_out[S_FLAGS] & (EFLAGS_ARITH | EFLAGS_DF), flags);
	CHECK_EQ(sys_out[S_RSP], sys_sp);
	for (int i = S_RBX; i < S_FLAGS; i++)
		if (i != S_RCX && i != S_R11)
			CHECK(sys_out[i] == sys_in[i],
			      "call %ld changes register %d", nr, i);
}

static void test_registers(void)
{
	static const struct {
		long nr, result;
	} calls[] = {
		{ NO_SUCH_CALL, -ENOSYS },
		{ SYS_close, -EBADF },
		{ SYS_sched_yield, 0 },
		{ SYS_poll, -EINVAL },
		{ SYS_munmap, -EINVAL },
		{ SYS_futex, -ENOSYS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		sys_check_registers(calls[i].nr, 0, calls[i].result);
		sys_check_registers(calls[i].nr, EFLAGS_ARITH,
				    calls[i].result);
		sys_check_registers(calls[i].nr, EFLAGS_DF, calls[i].result);
	}
	sys_check_registers(SYS_getpid, EFLAGS_ARITH, getpid());
}

/* The number is 32 bits wide, and signed. */
static void test_numbers(void)
{
	static const long numbers[] = { -1, NO_SUCH_CALL, 1000, 0x7fffffff,
					-0x80000000L, 511, 512, 547, X32_BIT, X32_BIT | SYS_getpid,
					0x80000000L | SYS_getpid };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		CHECK_ERR(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
	CHECK_EQ(syscall(SYS_getpid | 1L << 32), getpid());
	CHECK_EQ(syscall(SYS_getpid | 0xdeadbeefL << 32), getpid());
}

/* Of an int argument the high half does not count; of a long, it does. */
static void test_argument_widths(void)
{
	const long junk = 0x5555555500000000;
	int fds[2];
	char c = 'x';

	REQUIRE(syscall(SYS_pipe2, fds, junk | O_NONBLOCK) == 0);
	CHECK_EQ(syscall(SYS_write, junk | fds[1], &c, 1L), 1);
	CHECK_EQ(syscall(SYS_read, junk | fds[0], &c, 1L), 1);
	CHECK_ERR(syscall(SYS_read, junk | fds[0], &c, 1L), EAGAIN);
	CHECK_EQ(syscall(SYS_fcntl, junk | fds[0], junk | F_GETFL, 0) &
			 O_NONBLOCK,
		 O_NONBLOCK);
	CHECK_EQ(syscall(SYS_getpriority, junk, 0L) > 0, true);
	CHECK_ERR(syscall(SYS_munmap, junk, 4096L), EINVAL);
	CHECK_EQ(syscall(SYS_kill, junk | getpid(), junk), 0);
	CHECK_ERR(syscall(SYS_close, junk | 0xffffffffL), EBADF);
	CHECK_ERR(syscall(SYS_lseek, fds[0], -1L, SEEK_SET), ESPIPE);
}

static void test_six_arguments(void)
{
	struct {
		const sigset_t *set;
		size_t size;
	} mask;
	struct timespec none = { 0, 0 };
	int fd = memfd_create("six", 0);
	fd_set set;
	sigset_t usr1;
	char *p;

	REQUIRE(ftruncate(fd, 8192) == 0 && pwrite(fd, "page 1", 6, 4096) == 6);
	p = (char *)syscall(SYS_mmap, 0L, 4096L, PROT_READ, MAP_SHARED, fd,
			    4096L);
	CHECK(p != MAP_FAILED && !memcmp(p, "page 1", 6));
	CHECK_ERR(syscall(SYS_mmap, 0L, 4096L, PROT_READ, MAP_SHARED, fd, 1L),
		  EINVAL);
	CHECK_ERR(syscall(SYS_mmap, 0L, 4096L, PROT_READ, MAP_SHARED, -1L, 0L),
		  EBADF);
	sigemptyset(&usr1);
	mask.set = &usr1;
	mask.size = 8;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	CHECK_EQ(syscall(SYS_pselect6, fd + 1, &set, NULL, NULL, &none, &mask),
		 1);
	mask.size = 4;
	CHECK_ERR(syscall(SYS_pselect6, fd + 1, &set, NULL, NULL, &none,
			  &mask),
		  EINVAL);
	CHECK_ERR(syscall(SYS_pselect6, fd + 1, &set, NULL, NULL, &none, 8L),
		  EFAULT);
}

/* Results of all sizes come back whole: small, negative, beyond 32 bits. */
static void test_results(void)
{
	int fd = memfd_create("big", 0);
	const long big = 1L << 40;

	CHECK_EQ(syscall(SYS_lseek, fd, big + 5, SEEK_SET), big + 5);
	CHECK_EQ(syscall(SYS_lseek, fd, -5L, SEEK_CUR), big);
	CHECK_ERR(syscall(SYS_lseek, fd, -1L, SEEK_SET), EINVAL);
	CHECK_EQ(syscall(SYS_getppid), getppid());
	CHECK_EQ(syscall(SYS_time, 0L) >= time(NULL), true);
	/* errno ends at 4095: this is a result, -4096 as an address is not. */
	CHECK_EQ(syscall(SYS_personality, 0xffffffffL), personality(-1));
}

static void test_bad_pointers(void)
{
	char *const bad = (char *)0xffff800000001000;
	int fds[2];

	REQUIRE(pipe(fds) == 0);
	CHECK_ERR(syscall(SYS_write, fds[1], bad, 1L), EFAULT);
	CHECK_ERR(syscall(SYS_pipe, bad), EFAULT);
	CHECK_ERR(syscall(SYS_stat, "/", bad), EFAULT);
	CHECK_ERR(syscall(SYS_stat, bad, bad), EFAULT);
	CHECK_ERR(syscall(SYS_getcwd, bad, 100L), EFAULT);
	CHECK_ERR(syscall(SYS_readlink, "/proc/self/exe", bad, 100L), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 0L, NULL, bad, 8L), EFAULT);
	CHECK_ERR(syscall(SYS_epoll_ctl, epoll_create1(0), EPOLL_CTL_ADD,
			  fds[0], bad),
		  EFAULT);
	CHECK_ERR(syscall(SYS_getrandom, bad, 10L, 0L), EFAULT);
	CHECK_ERR(syscall(SYS_clone3, bad, 88L), EFAULT);
	CHECK_ERR(syscall(SYS_sysinfo, bad), EFAULT);
	CHECK_ERR(syscall(SYS_times, bad), EFAULT);
	CHECK_ERR(syscall(SYS_capget, bad, bad), EFAULT);
}

/* ---- what the program is told ---- */

static void test_uname(void)
{
	struct utsname u;

	CHECK_EQ(uname(&u), 0);
	CHECK(!strcmp(u.sysname, "Linux"), "%s", u.sysname);
	CHECK(!strcmp(u.machine, "x86_64"), "%s", u.machine);
	CHECK(atoi(u.release) >= 6, "%s", u.release);
	CHECK_EQ(personality(PER_LINUX32), PER_LINUX);
	uname(&u);
	CHECK(!strcmp(u.machine, "i686") || !strcmp(u.machine, "x86_64"),
	      "%s", u.machine);
	tap_diag("PER_LINUX32 is %s", u.machine);
}

/* As the kernel wrote it: libc puts values of its own into getauxval(). */
static unsigned long *sys_auxv(unsigned long type)
{
	extern char **environ;
	static unsigned long none[2];
	unsigned long *auxv;
	char **e = environ;

	while (*e)
		e++;
	for (auxv = (unsigned long *)(e + 1); auxv[0] != AT_NULL; auxv += 2)
		if (auxv[0] == type)
			return auxv;
	return none;
}

static void test_auxv(void)
{
	const char *platform = (const char *)sys_auxv(AT_PLATFORM)[1];
	const unsigned long basic = 1 | 1 << 4 | 1 << 8 | 1 << 15 | 1 << 24 |
				    1 << 25 | 1 << 26; /* FPU TSC CX8 CMOV FXSR SSE SSE2 */
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	unsigned int a, b, c, d = 0;
	int zeros = 0;

	CHECK(platform && !strcmp(platform, "x86_64"));
	CHECK_EQ(getauxval(AT_PAGESZ), 4096);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK_EQ(getauxval(AT_SECURE), 0);
	REQUIRE(random);
	for (int i = 0; i < 16; i++)
		zeros += !random[i];
	CHECK(zeros < 8, "AT_RANDOM is hardly random");
	a = 1;
	asm volatile("cpuid"
		     : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	CHECK_EQ(sys_auxv(AT_HWCAP)[1] & ~(unsigned long)d, 0);
	CHECK_EQ(sys_auxv(AT_HWCAP)[1] & basic, basic);
	CHECK(sys_auxv(AT_MINSIGSTKSZ)[1] >= 1024 &&
	      sys_auxv(AT_MINSIGSTKSZ)[1] < 65536);
}

static int auxv_random_child(void *arg)
{
	char text[40];
	unsigned char *r = (void *)getauxval(AT_RANDOM);

	(void)arg;
	for (int i = 0; i < 16; i++)
		sprintf(text + 2 * i, "%02x", r[i]);
	tap_exec_role("random", text);
	return 1;
}

static void test_auxv_random_changes(void)
{
	CHECK_EXITED(tap_fork(auxv_random_child, NULL), 0);
}

static int role_random(const char *before)
{
	unsigned char *r = (void *)getauxval(AT_RANDOM);
	char text[40];

	for (int i = 0; i < 16; i++)
		sprintf(text + 2 * i, "%02x", r[i]);
	return strcmp(text, before) ? 0 : 1;
}

static void test_vdso(void)
{
	const ElfW(Ehdr) *e = (void *)getauxval(AT_SYSINFO_EHDR);
	const ElfW(Phdr) * p;
	bool dynamic = false;

	if (!e)
		SKIP("no vDSO");
	CHECK(!memcmp(e->e_ident, ELFMAG, SELFMAG));
	CHECK_EQ(e->e_machine, EM_X86_64);
	CHECK_EQ(e->e_type, ET_DYN);
	CHECK_EQ((unsigned long)e % 4096, 0);
	p = (void *)((char *)e + e->e_phoff);
	for (int i = 0; i < e->e_phnum; i++)
		dynamic |= p[i].p_type == PT_DYNAMIC;
	CHECK(dynamic);
}

static void test_initial_stack(void)
{
	const unsigned long *first = sys_auxv(AT_EXECFN);
	const char *name = (char *)first[1];

	REQUIRE(name);
	CHECK((unsigned long)name > (unsigned long)first);
	CHECK(!strcmp(strrchr(tap_self, '/'), strrchr(name, '/') ? strrchr(name, '/') : ""), "%s", name);
	CHECK_EQ(sys_auxv(AT_PHENT)[1], sizeof(ElfW(Phdr)));
	CHECK(sys_auxv(AT_PHNUM)[1] > 2 && sys_auxv(AT_PHNUM)[1] < 30);
	CHECK_EQ(sys_auxv(AT_BASE)[1], 0);
	CHECK_EQ(sys_auxv(AT_ENTRY)[0], AT_ENTRY);
}

static void test_sysinfo(void)
{
	struct sysinfo si;
	cpu_set_t set;
	unsigned int cpu = 999, node = 999;

	CHECK_EQ(sysinfo(&si), 0);
	CHECK(si.totalram >= si.freeram && si.totalram > 0);
	CHECK(si.mem_unit > 0 && si.procs > 0);
	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	CHECK_EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
	CHECK(CPU_ISSET(cpu, &set));
	CHECK_EQ(node, 0);
	CHECK(sched_getcpu() >= 0 && CPU_ISSET(sched_getcpu(), &set));
}

/* ---- a sample of calls ---- */

static void test_getrandom(void)
{
	unsigned char a[256], b[256];

	CHECK_EQ(getrandom(a, sizeof(a), 0), sizeof(a));
	CHECK_EQ(getrandom(b, sizeof(b), 0), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)));
	CHECK_ERR(getrandom(a, 1, 0x100), EINVAL);
}

static void test_restart_syscall(void)
{
	CHECK_ERR(syscall(SYS_restart_syscall), EINTR);
}

static void test_eventfd_and_epoll(void)
{
	int fd = eventfd(3, EFD_NONBLOCK | EFD_SEMAPHORE), ep = epoll_create1(0);
	struct epoll_event ev = { EPOLLIN | EPOLLET,
				  { .u64 = 0x123456789abcdef0 } },
			   got;
	uint64_t v;

	REQUIRE(fd >= 0 && ep >= 0);
	REQUIRE(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0);
	CHECK_EQ(epoll_wait(ep, &got, 1, -1), 1);
	CHECK_EQ(got.data.u64, ev.data.u64);
	CHECK_EQ(got.events, EPOLLIN);
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	for (int i = 0; i < 3; i++)
		CHECK(read(fd, &v, 8) == 8 && v == 1);
	CHECK_ERR(read(fd, &v, 8), EAGAIN);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), EEXIST);
}

static void test_readv_writev(void)
{
	char a[3], b[5], text[] = "abcdefgh";
	struct iovec out[3] = { { text, 1 }, { text + 1, 0 }, { text + 1, 7 } };
	struct iovec in[2] = { { a, 3 }, { b, 5 } };
	int fds[2];

	REQUIRE(pipe(fds) == 0);
	CHECK_EQ(writev(fds[1], out, 3), 8);
	CHECK_EQ(readv(fds[0], in, 2), 8);
	CHECK(!memcmp(a, "abc", 3) && !memcmp(b, "defgh", 5));
	CHECK_ERR(syscall(SYS_writev, fds[1], out, -1L), EINVAL);
	CHECK_ERR(syscall(SYS_writev, fds[1], out, 1025L), EINVAL);
	CHECK_EQ(writev(fds[1], out, 0), 0);
}

static void test_memfd_seals(void)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	REQUIRE(fd >= 0 && ftruncate(fd, 4096) == 0);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
	CHECK_ERR(write(fd, "x", 1), EPERM);
	CHECK_ERR(ftruncate(fd, 0), EPERM);
	CHECK_ERR(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
		  EPERM);
	CHECK_EQ(ftruncate(fd, 8192), 0);
}

static const struct tap_test tests[] = {
	{ "all registers but rax, rcx, r11 survive", test_registers, 0 },
	{ "numbers that are no calls", test_numbers, 0 },
	{ "high halves of arguments", test_argument_widths, 0 },
	{ "six arguments", test_six_arguments, 0 },
	{ "results", test_results, 0 },
	{ "bad pointers", test_bad_pointers, 0 },
	{ "uname", test_uname, 0 },
	{ "auxiliary vector", test_auxv, 0 },
	{ "AT_RANDOM changes with every execve", test_auxv_random_changes, 0 },
	{ "the vDSO is an ELF image", test_vdso, 0 },
	{ "the initial stack", test_initial_stack, 0 },
	{ "sysinfo, getcpu, affinity", test_sysinfo, 0 },
	{ "getrandom", test_getrandom, 0 },
	{ "restart_syscall out of place", test_restart_syscall, 0 },
	{ "eventfd and epoll", test_eventfd_and_epoll, 0 },
	{ "readv and writev", test_readv_writev, 0 },
	{ "memfd seals", test_memfd_seals, 0 },
};

static int tap_role(const char *name, int argc, char **argv)
{
	(void)name;
	return argc ? role_random(argv[0]) : 2;
}

TAP_MAIN(tests)
