// SPDX-License-Identifier: GPL-2.0-only
/* The XSAVE area: its initial state, and which contents the CPU accepts. */
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/string.h>
#include <uapi/asm/sigcontext.h>
#include <um/fpu.h>

/* Intel SDM volume 1, sections 8.1.5 and 10.2.3. */
#define XSTATE_INIT_FCW		0x37f
#define XSTATE_INIT_MXCSR	0x1f80

/*
 * The bits of MXCSR that exist, until the CPU has been asked: those it has
 * where FXSAVE doesn't tell (Intel SDM volume 1, section 11.6.6).
 */
static u32 xstate_mxcsr_mask __ro_after_init = 0xffbf;

static int __init xstate_ask_mxcsr(void)
{
	static struct _fpstate area __initdata __aligned(16);

	asm volatile("fxsave %0" : "+m" (area));
	if (area.mxcsr_mask)
		xstate_mxcsr_mask = area.mxcsr_mask;
	return 0;
}
early_initcall(xstate_ask_mxcsr);

static void xstate_init_x87(struct _fpstate *fp)
{
	memset(fp, 0, offsetof(struct _fpstate, mxcsr));
	memset(fp->st_space, 0, sizeof(fp->st_space));
	fp->cwd = XSTATE_INIT_FCW;
}

static void xstate_init_mxcsr(struct _fpstate *fp)
{
	fp->mxcsr = XSTATE_INIT_MXCSR;
	fp->mxcsr_mask = xstate_mxcsr_mask;
}

void um_fpu_init_area(void *area)
{
	memset(area, 0, um_xstate_size);
	xstate_init_x87(area);
	xstate_init_mxcsr(area);
}

void um_fpu_complete(void *area)
{
	struct _xstate *x = area;
	u64 used = x->xstate_hdr.xfeatures;

	if (!(used & UM_XSTATE_X87))
		xstate_init_x87(&x->fpstate);
	if (!(used & UM_XSTATE_SSE))
		memset(x->fpstate.xmm_space, 0, sizeof(x->fpstate.xmm_space));
	/* MXCSR is part of both, see section 13.5.2 of volume 1. */
	if (!(used & (UM_XSTATE_SSE | UM_XSTATE_AVX)))
		xstate_init_mxcsr(&x->fpstate);
}

bool um_fpu_mxcsr_valid(u32 mxcsr)
{
	return !(mxcsr & ~xstate_mxcsr_mask);
}

int um_fpu_check(const void *area)
{
	const struct _xstate *x = area;
	const struct _header *header = &x->xstate_hdr;

	if (header->xfeatures & ~um_xstate_mask)
		return -EINVAL;
	if (memchr_inv(header->reserved1, 0, sizeof(header->reserved1)) ||
	    memchr_inv(header->reserved2, 0, sizeof(header->reserved2)))
		return -EINVAL;
	return um_fpu_mxcsr_valid(x->fpstate.mxcsr) ? 0 : -EINVAL;
}
