/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Floating point and vector state of guest tasks, between files of the port.
 *
 * An area holds the state in the standard format of XSAVE (Intel SDM volume 1,
 * section 13.4), um_xstate_size bytes; struct _xstate of the uapi headers
 * describes its beginning.
 */
#ifndef _UM_FPU_H
#define _UM_FPU_H

#include <linux/types.h>

struct mm_struct;
struct task_struct;

/* Bits of the state component bitmap (Intel SDM volume 1, section 13.1). */
#define UM_XSTATE_X87	0x1UL
#define UM_XSTATE_SSE	0x2UL
#define UM_XSTATE_AVX	0x4UL
#define UM_XSTATE_LEGACY (UM_XSTATE_X87 | UM_XSTATE_SSE)

/* Bytes of an area, at least 576 and a multiple of 8; set early in boot. */
extern unsigned int um_xstate_size;
/* The components that guest code can use: XCR0.  Set early in boot. */
extern u64 um_xstate_mask;

/**
 * um_fpu_sync() - make task->thread.fpu.area current
 * @task: current, or a task that is stopped or switched out, and that has an
 *	  area
 *
 * The area stays as it is, and belongs to the caller, until the task runs
 * guest code again.
 *
 * Context: any that may use @task; does not sleep.
 */
void um_fpu_sync(struct task_struct *task);

/**
 * um_fpu_changed() - the area is the task's state from now on
 * @task: as for um_fpu_sync()
 *
 * What the guest thread holds is dropped, and the area is loaded before the
 * task runs guest code again.  It need not have been synced if all of it is
 * written, and for current the writing can follow the call.
 *
 * Context: any that may use @task; does not sleep.
 */
void um_fpu_changed(struct task_struct *task);

/**
 * um_fpu_init_area() - fill an area with the state that a program starts with
 * @area: um_xstate_size bytes
 */
void um_fpu_init_area(void *area);

/**
 * um_fpu_complete() - let the legacy region show components in their initial
 * state
 * @area: the area; its meaning is not changed
 *
 * XSAVE may leave the region of such a component as it was.  Who looks at the
 * region without looking at the bitmap (debuggers, signal handlers) wants the
 * values.
 */
void um_fpu_complete(void *area);

/**
 * um_fpu_mxcsr_valid() - can MXCSR be loaded with a value?
 * @mxcsr: the value
 *
 * Return: true if no bit is set that the CPU reserves.
 */
bool um_fpu_mxcsr_valid(u32 mxcsr);

/**
 * um_fpu_check() - would the CPU accept a state that a program made?
 * @area: the area
 *
 * Return: 0, or -EINVAL: unknown components, reserved bytes of the header that
 * are not zero, reserved bits in MXCSR.
 */
int um_fpu_check(const void *area);

/*
 * From the entry code and process.c.
 */

/** um_fpu_before_run() - the guest thread is to hold current's state */
void um_fpu_before_run(void);

/** um_fpu_after_run() - the guest thread holds newer state than the area */
void um_fpu_after_run(void);

/** um_fpu_switch_out() - @prev, which is current, leaves the CPU */
void um_fpu_switch_out(struct task_struct *prev);

/**
 * um_fpu_from_frame() - the guest thread has put current's state in memory
 * @area: where, in the standard format
 * @size: its bytes, at most um_xstate_size; components behind are initial
 *
 * Context: from trap_ops.run().
 */
void um_fpu_from_frame(const void *area, unsigned int size);

/** um_fpu_reset() - current starts a program */
void um_fpu_reset(struct task_struct *task);

/** um_fpu_copy() - @dst, a copy of current, gets an area of its own */
int um_fpu_copy(struct task_struct *dst, struct task_struct *src);

/** um_fpu_forget() - @task leaves @mm: what the guest thread has is lost */
void um_fpu_forget(struct task_struct *task, struct mm_struct *mm);

/** um_fpu_free() - the task is gone */
void um_fpu_free(struct task_struct *task);

void um_fpu_init(void);

#endif /* _UM_FPU_H */
