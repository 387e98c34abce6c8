// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose floating point state is where.
 *
 * The registers belong to the guest thread, a host thread that serves an mm on
 * one CPU.  There they stay, and a task's area is not up to date, until somebody
 * asks or another task of the mm is to run; with several CPUs, where the task may
 * go to another one, until it leaves the CPU.
 */
#include <linux/init.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <um/fpu.h>
#include <um/host.h>
#include <um/trap.h>

unsigned int um_xstate_size __ro_after_init;
u64 um_xstate_mask __ro_after_init;

static struct kmem_cache *fpu_cache __ro_after_init;

void __init um_fpu_init(void)
{
	um_xstate_size = host_config.xstate_size;
	um_xstate_mask = host_config.xstate_mask;
}

void __init arch_task_cache_init(void)
{
	fpu_cache = kmem_cache_create_usercopy("fpu_state", um_xstate_size, 64,
					       SLAB_PANIC | SLAB_ACCOUNT, 0,
					       um_xstate_size, NULL);
}

void um_fpu_sync(struct task_struct *task)
{
	struct um_fpu *fpu = &task->thread.fpu;

	preempt_disable();
	if (fpu->live) {
		if (trap->fpu_save(task->mm, fpu->area)) {
			um_fpu_init_area(fpu->area);
			fpu->reload = true;
		}
		fpu->live = false;
	}
	preempt_enable();
}

void um_fpu_changed(struct task_struct *task)
{
	task->thread.fpu.live = false;
	task->thread.fpu.reload = true;
}

void um_fpu_before_run(void)
{
	struct um_fpu *fpu = &current->thread.fpu;
	struct mm_struct *mm = current->mm;
	unsigned int cpu = smp_processor_id();
	struct task_struct *owner = mm->context.fpu_owner[cpu];

	if (!fpu->reload && fpu->cpu == cpu && owner == current)
		return;
	/* With several CPUs who has left this one was saved. */
	if (nr_cpu_ids == 1 && owner && owner != current)
		um_fpu_sync(owner);
	if (trap->fpu_load(mm, fpu->area)) {
		um_fpu_init_area(fpu->area);
		trap->fpu_load(mm, fpu->area);
	}
	fpu->reload = false;
	fpu->cpu = cpu;
	mm->context.fpu_owner[cpu] = current;
}

void um_fpu_after_run(void)
{
	struct um_fpu *fpu = &current->thread.fpu;

	fpu->live = !fpu->reload;
}

void um_fpu_switch_out(struct task_struct *prev)
{
	if (nr_cpu_ids > 1 && prev->thread.fpu.live)
		um_fpu_sync(prev);
}

void um_fpu_from_frame(const void *area, unsigned int size)
{
	void *to = current->thread.fpu.area;

	memcpy(to, area, size);
	memset(to + size, 0, um_xstate_size - size);
	um_fpu_changed(current);
}

void um_fpu_reset(struct task_struct *task)
{
	um_fpu_init_area(task->thread.fpu.area);
	um_fpu_changed(task);
}

int um_fpu_copy(struct task_struct *dst, struct task_struct *src)
{
	struct um_fpu *fpu = &dst->thread.fpu;

	fpu->area = kmem_cache_alloc(fpu_cache, GFP_KERNEL);
	if (!fpu->area)
		return -ENOMEM;
	fpu->live = false;
	fpu->reload = true;
	if (!src->thread.fpu.area) {
		um_fpu_init_area(fpu->area);
		return 0;
	}
	um_fpu_sync(src);
	memcpy(fpu->area, src->thread.fpu.area, um_xstate_size);
	return 0;
}

void um_fpu_forget(struct task_struct *task, struct mm_struct *mm)
{
	task->thread.fpu.live = false;
	if (mm->context.fpu_owner[task->thread.fpu.cpu] == task)
		mm->context.fpu_owner[task->thread.fpu.cpu] = NULL;
}

void um_fpu_free(struct task_struct *task)
{
	if (task->thread.fpu.area)
		kmem_cache_free(fpu_cache, task->thread.fpu.area);
}
