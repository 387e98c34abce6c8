/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vector and x87 state: AVX-512, AVX or SSE, what the processor and the
 * kernel offer.
 *
 * fpu_cycle() is the heart: in one stretch of assembly it loads all state,
 * does what it is told to do, and stores all state again.
 */
#ifndef XSTATE_H
#define XSTATE_H

#include <cpuid.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "tap.h"

#define MXCSR_DEFAULT 0x1f80
#define FCW_DEFAULT 0x37f

/* State components (Intel SDM 1, 13.1). */
enum { X_X87,
       X_SSE,
       X_AVX,
       X_OPMASK = 5,
       X_ZMM_HI256,
       X_HI16_ZMM };

struct fpu_state {
	unsigned char vec[32][64]; /* at 0 */
	unsigned long k[8];        /* at 2048 */
	unsigned char st[8][16];   /* at 2112, 10 bytes each */
	unsigned int mxcsr;        /* at 2240 */
	unsigned short fcw;        /* at 2244 */
};

_Static_assert(offsetof(struct fpu_state, mxcsr) == 2240, "as in the asm");

asm(".macro fpu_x87_load\n"
    "fninit\n"
    ".irp n, 7, 6, 5, 4, 3, 2, 1, 0\n fldt 2112+16*\\n(%rdi)\n .endr\n"
    "fldcw 2244(%rdi)\n ldmxcsr 2240(%rdi)\n"
    ".endm\n"
    ".macro fpu_x87_store\n"
    "stmxcsr 2240(%rdi)\n fnstcw 2244(%rdi)\n"
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n fstpt 2112+16*\\n(%rdi)\n .endr\n"
    "fninit\n"
    ".endm\n"
    ".macro fpu_low16 insn, reg, load\n"
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    ".if \\load\n \\insn 64*\\n(%rdi), %\\reg\\n\n"
    ".else\n \\insn %\\reg\\n, 64*\\n(%rdi)\n .endif\n"
    ".endr\n"
    ".endm\n"
    ".macro fpu_high16 load\n"
    ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    ".if \\load\n vmovdqu64 64*\\n(%rdi), %zmm\\n\n"
    ".else\n vmovdqu64 %zmm\\n, 64*\\n(%rdi)\n .endif\n"
    ".endr\n"
    ".irp n, 0,1,2,3,4,5,6,7\n"
    ".if \\load\n kmovq 2048+8*\\n(%rdi), %k\\n\n"
    ".else\n kmovq %k\\n, 2048+8*\\n(%rdi)\n .endif\n"
    ".endr\n"
    ".endm\n"
    "load_sse: fpu_low16 movups, xmm, 1\n fpu_x87_load\n ret\n"
    "store_sse: fpu_low16 movups, xmm, 0\n fpu_x87_store\n ret\n"
    "load_avx: fpu_low16 vmovdqu, ymm, 1\n fpu_x87_load\n ret\n"
    "store_avx: fpu_low16 vmovdqu, ymm, 0\n fpu_x87_store\n"
    "vzeroupper\n ret\n"
    "load_avx512: fpu_low16 vmovdqu64, zmm, 1\n fpu_high16 1\n"
    "fpu_x87_load\n ret\n"
    "store_avx512: fpu_low16 vmovdqu64, zmm, 0\n fpu_high16 0\n"
    "fpu_x87_store\n vzeroupper\n ret\n");

void load_sse(void);
void load_avx(void);
void load_avx512(void);
void store_sse(void);
void store_avx(void);
void store_avx512(void);

struct fpu_level {
	const char *name;
	int registers, width;
	bool opmask;
	void (*load)(void), (*store)(void);
};

static const struct fpu_level levels[] = {
	{ "SSE", 16, 16, false, load_sse, store_sse },
	{ "AVX", 16, 32, false, load_avx, store_avx },
	{ "AVX-512", 32, 64, true, load_avx512, store_avx512 },
};

static const struct fpu_level *level;
static unsigned long fpu_xcr0;

TAP_USED_OR_NOT static void fpu_detect(void)
{
	unsigned int a, b, c, d, low = 0, high = 0;

	level = &levels[0];
	__cpuid(1, a, b, c, d);
	if (c & bit_OSXSAVE) {
		asm volatile("xgetbv"
			     : "=a"(low), "=d"(high)
			     : "c"(0));
		fpu_xcr0 = low | (unsigned long)high << 32;
	}
	if (!(c & bit_AVX) || (fpu_xcr0 & 6) != 6)
		return;
	level = &levels[1];
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return;
	if ((b & bit_AVX512F) && (b & bit_AVX512BW) &&
	    (fpu_xcr0 & 0xe6) == 0xe6)
		level = &levels[2];
}

TAP_USED_OR_NOT static unsigned long fpu_next(unsigned long *seed)
{
	*seed = *seed * 6364136223846793005UL + 1442695040888963407UL;
	return *seed >> 16 | *seed << 48;
}

/* All of it different for every @seed, and no exception is unmasked. */
TAP_USED_OR_NOT
static void fpu_choose(struct fpu_state *s, unsigned long seed)
{
	unsigned long *vec = (unsigned long *)s->vec;

	memset(s, 0, sizeof(*s));
	seed = seed * 77 + 1;
	for (size_t i = 0; i < sizeof(s->vec) / 8; i++)
		vec[i] = fpu_next(&seed);
	for (int i = 0; i < 8; i++) {
		long double x = (long)fpu_next(&seed);

		s->k[i] = fpu_next(&seed);
		memcpy(s->st[i], &x, 10);
	}
	s->mxcsr = MXCSR_DEFAULT | (fpu_next(&seed) & 0xe03f);
	s->fcw = FCW_DEFAULT | (fpu_next(&seed) & 0xc00);
}

TAP_USED_OR_NOT static void fpu_compare(const struct fpu_state *got,
					const struct fpu_state *want, const char *where)
{
	int before = tap_shared->fails;

	for (int i = 0; i < level->registers; i++)
		CHECK(!memcmp(got->vec[i], want->vec[i], level->width),
		      "vector register %d", i);
	for (int i = 0; i < 8 && level->opmask; i++)
		CHECK_EQ(got->k[i], want->k[i]);
	for (int i = 0; i < 8; i++)
		CHECK(!memcmp(got->st[i], want->st[i], 10), "st%d", i);
	CHECK_EQ(got->mxcsr, want->mxcsr);
	CHECK_EQ(got->fcw, want->fcw);
	if (tap_shared->fails != before)
		tap_diag("  %s (%s)", where, level->name);
}

/**
 * struct fpu_cycle - what to do between loading and storing
 * @repeat: how often to make system call @nr with @args
 * @count: how often to write a byte to @touch, which moves on by @stride
 * @flag: if not NULL, wait for it to become non-zero
 * @ret: of the last system call
 */
struct fpu_cycle {
	struct fpu_state in, out;
	long nr, repeat, args[6];
	long count, stride;
	char *touch;
	volatile int *flag;
	long ret;
};

#define FIELD(name, member) [name] "i"(offsetof(struct fpu_cycle, member))

static __attribute__((noinline)) void fpu_cycle(struct fpu_cycle *c)
{
	register void (*load)(void) asm("r12") = level->load;
	register void (*store)(void) asm("r13") = level->store;
	unsigned int mxcsr;
	unsigned short fcw;

	asm volatile("stmxcsr %0\n\tfnstcw %1"
		     : "=m"(mxcsr), "=m"(fcw));
	asm volatile("sub $128, %%rsp\n\t"
		     "lea %c[in](%%rbx), %%rdi\n\tcall *%%r12\n\t"
		     "1: decq %c[repeat](%%rbx)\n\tjs 2f\n\t"
		     "mov %c[args](%%rbx), %%rdi\n\t"
		     "mov %c[args]+8(%%rbx), %%rsi\n\t"
		     "mov %c[args]+16(%%rbx), %%rdx\n\t"
		     "mov %c[args]+24(%%rbx), %%r10\n\t"
		     "mov %c[args]+32(%%rbx), %%r8\n\t"
		     "mov %c[args]+40(%%rbx), %%r9\n\t"
		     "mov %c[nr](%%rbx), %%rax\n\tsyscall\n\t"
		     "mov %%rax, %c[ret](%%rbx)\n\tjmp 1b\n\t"
		     "2: mov %c[touch](%%rbx), %%rdx\n\t"
		     "mov %c[count](%%rbx), %%rcx\n\t"
		     "3: dec %%rcx\n\tjs 4f\n\tmovb $1, (%%rdx)\n\t"
		     "add %c[stride](%%rbx), %%rdx\n\tjmp 3b\n\t"
		     "4: mov %c[flag](%%rbx), %%rdx\n\ttest %%rdx, %%rdx\n\t"
		     "jz 6f\n\t"
		     "5: cmpl $0, (%%rdx)\n\tje 5b\n\t"
		     "6: lea %c[out](%%rbx), %%rdi\n\tcall *%%r13\n\t"
		     "add $128, %%rsp"
		     :
		     : "b"(c), "r"(load), "r"(store),
		       FIELD(in, in), FIELD(out, out), FIELD(repeat, repeat),
		       FIELD(args, args), FIELD(nr, nr), FIELD(ret, ret),
		       FIELD(touch, touch), FIELD(count, count),
		       FIELD(stride, stride), FIELD(flag, flag)
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
		       "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3",
		       "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
		       "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	asm volatile("ldmxcsr %0\n\tfldcw %1"
		     :
		     : "m"(mxcsr), "m"(fcw));
}

TAP_USED_OR_NOT
static void fpu_check_cycle(struct fpu_cycle *c, unsigned long seed,
			    const char *where)
{
	fpu_choose(&c->in, seed);
	memset(&c->out, 0, sizeof(c->out));
	fpu_cycle(c);
	fpu_compare(&c->out, &c->in, where);
}

/* ---- signals ---- */

static struct fpu_state fpu_at_entry, fpu_clobber;
static volatile int fpu_signalled;
static void (*fpu_in_frame)(ucontext_t *uc);
void (*fpu_store_fn)(void);
void fpu_handler(int sig, siginfo_t *si, void *ctx);
void fpu_entry(int sig, siginfo_t *si, void *ctx);

/* Clobbers everything, and lets a test look at the frame first. */
void fpu_handler(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	if (fpu_in_frame)
		fpu_in_frame(ctx);
	asm volatile("sub $128, %%rsp\n\tcall *%0\n\tadd $128, %%rsp"
		     :
		     : "r"(level->load), "D"(&fpu_clobber)
		     : "memory", "cc");
	fpu_signalled = 1;
}

/* Stores the state that the handler starts with. */
static struct fpu_state *fpu_entry_to __attribute__((used)) = &fpu_at_entry;
asm(".globl fpu_entry\n"
    "fpu_entry: push %rdi\n mov fpu_entry_to(%rip), %rdi\n"
    "call *fpu_store_fn(%rip)\n pop %rdi\n jmp fpu_handler\n");

TAP_USED_OR_NOT static void fpu_catch(void (*in_frame)(ucontext_t *))
{
	fpu_store_fn = level->store;
	fpu_in_frame = in_frame;
	fpu_choose(&fpu_clobber, 0xc10bbe7);
	tap_handle(SIGUSR1, fpu_entry, 0);
	tap_handle(SIGALRM, fpu_entry, 0);
}

TAP_USED_OR_NOT static void fpu_raise(struct fpu_cycle *c)
{
	c->nr = SYS_kill;
	c->repeat = 1;
	c->args[0] = getpid();
	c->args[1] = SIGUSR1;
}

/* ---- the area of XSAVE, in the standard (not compacted) format ---- */

TAP_USED_OR_NOT static void fpu_require_xsave(void)
{
	if (!fpu_xcr0)
		SKIP("no XSAVE");
}

TAP_USED_OR_NOT static unsigned int fpu_offset(int component)
{
	unsigned int a, b, c, d;

	__cpuid_count(0xd, component, a, b, c, d);
	return b;
}

/* Copies between @s and the area. */
TAP_USED_OR_NOT
static void fpu_copy_area(char *area, struct fpu_state *s, bool to_area)
{
	struct {
		unsigned long at;
		void *mem;
		size_t size;
	} parts[120];
	int n = 0;

	parts[n++] = (typeof(parts[0])){ 0, &s->fcw, 2 };
	parts[n++] = (typeof(parts[0])){ 24, &s->mxcsr, 4 };
	for (int i = 0; i < 8; i++)
		parts[n++] = (typeof(parts[0])){ 32 + 16 * i, s->st[i], 10 };
	for (int i = 0; i < 16; i++) {
		parts[n++] = (typeof(parts[0])){ 160 + 16 * i, s->vec[i], 16 };
		if (level->width >= 32)
			parts[n++] = (typeof(parts[0])){ fpu_offset(X_AVX) +
								 16 * i,
							 s->vec[i] + 16, 16 };
		if (level->width < 64)
			continue;
		parts[n++] = (typeof(parts[0])){ fpu_offset(X_ZMM_HI256) +
							 32 * i,
						 s->vec[i] + 32, 32 };
		parts[n++] = (typeof(parts[0])){ fpu_offset(X_HI16_ZMM) +
							 64 * i,
						 s->vec[16 + i], 64 };
	}
	if (level->opmask)
		parts[n++] = (typeof(parts[0])){ fpu_offset(X_OPMASK), s->k,
						 64 };
	while (n--)
		if (to_area)
			memcpy(area + parts[n].at, parts[n].mem, parts[n].size);
		else
			memcpy(parts[n].mem, area + parts[n].at, parts[n].size);
}

TAP_USED_OR_NOT static bool fpu_all_zero(const void *p, size_t n)
{
	const char *c = p;

	while (n--)
		if (*c++)
			return false;
	return true;
}

#endif
