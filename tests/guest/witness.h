/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hostile programs share: a witness, who must not notice them; what
 * there is to attack; state to forge.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <fcntl.h>
#include <sys/ioctl.h>

#include "hostile.h"

#define PROBE 0x100000000000UL
#define SECRET 0x5ec2e7c0ffee5ec2UL
#define CANARY 0xca9a7ec0deUL
#define WITNESS_WORDS (128 * 1024)
#define NOBODY 0x3ffffff0

/* Which jump is next; and what the witness, a bystander, has done. */
static struct {
	volatile unsigned int next;
	volatile unsigned long progress;
	volatile int stop;
} * shared;

static bool has_stub;
static unsigned long memory_fd, done_phys;
static pid_t outside __attribute__((unused));
static unsigned long canary[512] = { [0 ... 511] = CANARY };

/* ---- The witness ---- */

TAP_USED_OR_NOT static unsigned long mix(unsigned long x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

TAP_USED_OR_NOT static void wait_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Counts how often its memory, of others no business, was still right. */
static int witness_run(void *arg)
{
	unsigned long *memory = tap_pages(WITNESS_WORDS / 512,
					  PROT_READ | PROT_WRITE);

	(void)arg;
	for (unsigned long i = 0, x = SECRET; i < WITNESS_WORDS; i++, x = mix(x))
		memory[i] = i % 8 ? x : SECRET;
	while (!shared->stop) {
		for (unsigned long i = 0, x = SECRET; i < WITNESS_WORDS; i++) {
			if (memory[i] != (i % 8 ? x : SECRET))
				return 1;
			if (i % 64 == 0)
				shared->progress++;
			x = mix(x);
		}
		wait_ms(2);
	}
	return 0;
}

static pid_t witness_start(void)
{
	shared->stop = 0;
	shared->progress = 0;
	return tap_fork(witness_run, NULL);
}

static void witness_end(pid_t pid)
{
	shared->stop = 1;
	CHECK_EXITED(pid, 0);
	for (size_t i = 0; i < ARRAY_SIZE(canary); i++)
		CHECK_EQ(canary[i], CANARY);
}

static void witnessed(void (*attack)(void))
{
	pid_t witness = witness_start();

	attack();
	witness_end(witness);
}

#define WITNESSED(name) \
	static void test_##name(void) \
	{ \
		witnessed(name##_all); \
	}

/* ---- What there is to attack ---- */

static void look(void)
{
	unsigned long value = 0;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(shared != MAP_FAILED);
	hostile_catch();
	has_stub = hostile_peek(STUB, NULL);
	memory_fd = hostile_peek(CONTROL_FD, &value) ? value : 9;
	done_phys = hostile_peek(CONTROL_DONE_PHYS, &value) ? value : 0;
	outside = hostile_peek(CONTROL_PARENT, &value) ? value : NOBODY;
	/* By chance it may be somebody inside. */
	if (!outside || !kill(outside, 0))
		outside = NOBODY;
}

/*
 * Fresh handlers; the descriptors that the jumps name are not ours, and neither
 * is the terminal: a read of it would stop all of a job in the background.
 */
static void prepare(void)
{
	int terminal = open("/dev/tty", O_RDWR);
	int null = open("/dev/null", O_RDWR);

	hostile_catch();
	if (terminal >= 0)
		REQUIRE(!ioctl(terminal, TIOCNOTTY));
	dup2(null, STDIN_FILENO);
	for (int fd = 3; fd < 12; fd++)
		close(fd);
}

TAP_USED_OR_NOT static void check_unharmed(void)
{
	unsigned long value = 0;
	unsigned char resident;

	/* What the guest's kernel has mapped there, it knows of. */
	if (hostile_peek(PROBE, &value))
		CHECK(!mincore((void *)PROBE, PAGE, &resident),
		      "there is memory: %#lx", value);
	munmap((void *)PROBE, PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(canary); i++)
		CHECK_EQ(canary[i], CANARY);
	CHECK(has_stub == hostile_peek(STUB, NULL));
	if (has_stub && hostile_peek(CONTROL_DONE, &value))
		CHECK((unsigned int)value != (unsigned int)CANARY,
		      "the control page was written");
}

/* ---- State to forge ---- */

/* In hostile_memory, where %rsp points. */
#define FRAME ((ucontext_t *)(hostile_memory + 8 * PAGE))

static void forge_regs(ucontext_t *uc, unsigned long rip)
{
	greg_t *regs = uc->uc_mcontext.gregs;

	regs[REG_RIP] = rip;
	regs[REG_RSP] = (greg_t)hostile_memory + 4 * PAGE;
	regs[REG_EFL] = FLAG_IF;
	regs[REG_CSGSFS] = HOSTILE_SELECTORS;
}

/* The host's struct ucontext, with as much of it set as a jump needs. */
TAP_USED_OR_NOT static void forge_plain(ucontext_t *uc, unsigned long rip)
{
	memset(uc, 0, 512);
	uc->uc_stack.ss_flags = SS_DISABLE;
	forge_regs(uc, rip);
}

/* "syscall" */
TAP_USED_OR_NOT static bool is_syscall(unsigned int offset)
{
	const unsigned char *code = (void *)STUB;

	return offset < PAGE - 4 && code[offset] == 0x0f &&
	       code[offset + 1] == 0x05;
}

#endif
