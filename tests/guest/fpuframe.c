// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vector and x87 state in a signal frame: all there, in the layout that XSAVE
 * writes, and what a handler changes in it is honoured.
 */
#define _GNU_SOURCE
#include "xstate.h"

/* Where in the area, and what the kernel adds to it (<asm/sigcontext.h>). */
#define XSTATE_BV 512
#define SW_RESERVED 464

static struct fpu_state frame_want, frame_new;

static unsigned long frame_all(void)
{
	return level->opmask ? 0xe7 : level->width > 16 ? 7
							: 3;
}

static void frame_check_header(char *area)
{
	struct _fpx_sw_bytes *sw = (void *)(area + SW_RESERVED);
	unsigned long bv = *(unsigned long *)(area + XSTATE_BV);
	unsigned int a, b, c, d;

	CHECK_EQ((unsigned long)area % 64, 0);
	CHECK_EQ(sw->magic1, FP_XSTATE_MAGIC1);
	CHECK_EQ(sw->extended_size, sw->xstate_size + FP_XSTATE_MAGIC2_SIZE);
	CHECK_EQ(*(unsigned int *)(area + sw->xstate_size), FP_XSTATE_MAGIC2);
	CHECK_EQ(sw->xstate_bv & ~fpu_xcr0, 0);
	CHECK_EQ(sw->xstate_bv & frame_all(), frame_all());
	CHECK_EQ(bv & frame_all(), frame_all());
	CHECK_EQ(bv & ~sw->xstate_bv, 0);
	CHECK(fpu_all_zero(area + XSTATE_BV + 8, 56), "compacted format?");
	__cpuid_count(0xd, 0, a, b, c, d);
	CHECK(sw->xstate_size >= 576 && sw->xstate_size <= c,
	      "xstate_size %u of at most %u", sw->xstate_size, c);
}

static void frame_see(ucontext_t *uc)
{
	char *area = (void *)uc->uc_mcontext.fpregs;
	struct fpu_state seen = { 0 };

	CHECK_EQ(uc->uc_flags & 1, 1);
	if (!CHECK(area != NULL))
		return;
	frame_check_header(area);
	fpu_copy_area(area, &seen, false);
	fpu_compare(&seen, &frame_want, "the frame");
	CHECK_EQ(area[4] & 0xff, 0xff); /* abridged tag word: all in use */
}

static void test_frame_seen(void)
{
	struct fpu_cycle c = { .flag = &fpu_signalled };

	fpu_require_xsave();
	fpu_catch(frame_see);
	fpu_choose(&frame_want, 9);
	fpu_raise(&c);
	fpu_check_cycle(&c, 9, "after the handler");
}

static void frame_change(ucontext_t *uc)
{
	fpu_copy_area((void *)uc->uc_mcontext.fpregs, &frame_new, true);
}

static void test_frame_changed(void)
{
	fpu_require_xsave();
	fpu_catch(frame_change);
	for (int i = 0; i < 20; i++) {
		struct fpu_cycle c = { .flag = &fpu_signalled };

		fpu_signalled = 0;
		fpu_choose(&frame_new, 100 + i);
		fpu_choose(&c.in, i);
		fpu_raise(&c);
		fpu_cycle(&c);
		fpu_compare(&c.out, &frame_new, "after the handler");
	}
}

static void frame_clear_extended(ucontext_t *uc)
{
	*(unsigned long *)((char *)uc->uc_mcontext.fpregs + XSTATE_BV) &= 3;
}

static void frame_drop_magic(ucontext_t *uc)
{
	struct _fpx_sw_bytes *sw = (void *)((char *)uc->uc_mcontext.fpregs +
					    SW_RESERVED);

	sw->magic1 = 0;
}

/* Components that the frame has not become initial: zero. */
static void test_frame_without_extended(void)
{
	void (*ways[])(ucontext_t *) = { frame_clear_extended,
					 frame_drop_magic };

	fpu_require_xsave();
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
		struct fpu_cycle c = { .flag = &fpu_signalled };

		fpu_signalled = 0;
		fpu_catch(ways[way]);
		fpu_choose(&c.in, 4);
		fpu_raise(&c);
		fpu_cycle(&c);
		for (int i = 0; i < 16; i++)
			memset(c.in.vec[i] + 16, 0, 48);
		memset(c.in.vec[16], 0, 16 * 64);
		memset(c.in.k, 0, sizeof(c.in.k));
		fpu_compare(&c.out, &c.in, way ? "no magic" : "XSTATE_BV");
	}
}

static void frame_drop_pointer(ucontext_t *uc)
{
	uc->uc_mcontext.fpregs = NULL;
}

static void test_frame_without_fpstate(void)
{
	struct fpu_cycle c = { .flag = &fpu_signalled };

	fpu_catch(frame_drop_pointer);
	fpu_choose(&c.in, 4);
	fpu_raise(&c);
	fpu_cycle(&c);
	CHECK_EQ(c.out.mxcsr, MXCSR_DEFAULT);
	CHECK_EQ(c.out.fcw, FCW_DEFAULT);
	for (int i = 0; i < level->registers; i++)
		CHECK(fpu_all_zero(c.out.vec[i], level->width),
		      "vector register %d", i);
}

static void frame_bad_mxcsr(ucontext_t *uc)
{
	*(unsigned int *)((char *)uc->uc_mcontext.fpregs + 24) = 0xffff0000;
}

static void frame_bad_feature(ucontext_t *uc)
{
	*(unsigned long *)((char *)uc->uc_mcontext.fpregs + XSTATE_BV) |= 1UL << 62;
}

static void frame_bad_pointer(ucontext_t *uc)
{
	uc->uc_mcontext.fpregs = (void *)64;
}

static void frame_kernel_pointer(ucontext_t *uc)
{
	uc->uc_mcontext.fpregs = (void *)0xffff888000000000UL;
}

static int frame_bad_child(void *change)
{
	struct fpu_cycle c = { .flag = &fpu_signalled };

	fpu_catch((void (*)(ucontext_t *))change);
	fpu_choose(&c.in, 4);
	fpu_raise(&c);
	fpu_cycle(&c);
	return 7;
}

static void test_frame_bad(void)
{
	fpu_require_xsave();
	CHECK_EXITED(tap_fork(frame_bad_child, NULL), 7);
	CHECK_KILLED(tap_fork(frame_bad_child, frame_bad_mxcsr), SIGSEGV);
	CHECK_KILLED(tap_fork(frame_bad_child, frame_bad_feature), SIGSEGV);
	CHECK_KILLED(tap_fork(frame_bad_child, frame_bad_pointer), SIGSEGV);
	CHECK_KILLED(tap_fork(frame_bad_child, frame_kernel_pointer), SIGSEGV);
}

static const struct tap_test tests[] = {
	{ "the frame shows the state", test_frame_seen, 0 },
	{ "a change in the frame is honoured", test_frame_changed, 0 },
	{ "frame without extended state", test_frame_without_extended, 0 },
	{ "frame without fpstate", test_frame_without_fpstate, 0 },
	{ "bad state in the frame", test_frame_bad, 0 },
};

TAP_NO_ROLES

int main(int argc, char **argv)
{
	fpu_detect();
	return tap_main(tests, ARRAY_SIZE(tests), argc, argv);
}
