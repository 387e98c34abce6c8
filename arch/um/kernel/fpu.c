// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose floating point state is where.
 *
 * The registers belong to the guest thread, a host thread that serves an mm on
 * one CPU.  There they stay, and a task's area is not up to date, until somebody
 * asks or another task of the mm is to run there.  Where only that CPU can get
 * them from its guest thread, and the task may go to another one, they stay until
 * it leaves the CPU.
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

/* Under the lock of @mm. */
static void fpu_save(struct um_fpu *fpu, struct mm_struct *mm)
{
	if (!fpu->live)
		return;
	if (trap->fpu_save(mm, fpu->cpu, fpu->area)) {
		um_fpu_init_area(fpu->area);
		fpu->reload = true;
	}
	fpu->live = false;
}

void um_fpu_sync(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	unsigned long flags;

	if (!mm)
		return;
	spin_lock_irqsave(&mm->context.fpu, flags);
	fpu_save(&task->thread.fpu, mm);
	spin_unlock_irqrestore(&mm->context.fpu, flags);
}

static void fpu_change(struct um_fpu *fpu)
{
	fpu->live = false;
	fpu->reload = true;
}

/* Another CPU may be about to save it, for the sake of the next to run there. */
void um_fpu_changed(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	unsigned long flags;

	if (!mm) {
		fpu_change(&task->thread.fpu);
		return;
	}
	spin_lock_irqsave(&mm->context.fpu, flags);
	fpu_change(&task->thread.fpu);
	spin_unlock_irqrestore(&mm->context.fpu, flags);
}

/* Under the lock of its mm, the guest thread gets current's state. */
static void fpu_take(struct um_fpu *fpu, mm_context_t *context, unsigned int cpu)
{
	struct task_struct *owner = context->fpu_owner[cpu];

	if (owner && owner != current)
		fpu_save(&owner->thread.fpu, current->mm);
	fpu_save(fpu, current->mm);
	if (trap->fpu_load(current->mm, fpu->area)) {
		um_fpu_init_area(fpu->area);
		trap->fpu_load(current->mm, fpu->area);
	}
	fpu->reload = false;
	if (context->fpu_owner[fpu->cpu] == current)
		context->fpu_owner[fpu->cpu] = NULL;
	fpu->cpu = cpu;
	context->fpu_owner[cpu] = current;
}

void um_fpu_before_run(void)
{
	struct um_fpu *fpu = &current->thread.fpu;
	mm_context_t *context = &current->mm->context;
	unsigned int cpu = smp_processor_id();

	if (!fpu->reload && fpu->cpu == cpu &&
	    context->fpu_owner[cpu] == current)
		return;
	spin_lock(&context->fpu);
	fpu_take(fpu, context, cpu);
	spin_unlock(&context->fpu);
}

void um_fpu_after_run(void)
{
	struct um_fpu *fpu = &current->thread.fpu;

	fpu->live = !fpu->reload;
}

void um_fpu_switch_out(struct task_struct *prev)
{
	if (nr_cpu_ids > 1 && !trap->fpu_any_cpu && prev->thread.fpu.live)
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
	struct um_fpu *fpu = &task->thread.fpu;
	unsigned long flags;

	spin_lock_irqsave(&mm->context.fpu, flags);
	fpu->live = false;
	if (mm->context.fpu_owner[fpu->cpu] == task)
		mm->context.fpu_owner[fpu->cpu] = NULL;
	spin_unlock_irqrestore(&mm->context.fpu, flags);
}

void um_fpu_free(struct task_struct *task)
{
	if (task->thread.fpu.area)
		kmem_cache_free(fpu_cache, task->thread.fpu.area);
}
