// SPDX-License-Identifier: GPL-2.0-only
/* Back-traces by frame pointers. */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <asm/stacktrace.h>
#include <um/entry.h>

/* What um_switch_stack() leaves behind: five registers below the frame. */
#define SWITCHED_FRAME(task) \
	((struct stack_frame *)((task)->thread.sp + 5 * sizeof(long)))

static bool stack_frame_valid(struct task_struct *task,
			      struct stack_frame *frame)
{
	unsigned long addr = (unsigned long)frame;
	unsigned long stack = (unsigned long)task_stack_page(task);

	return IS_ALIGNED(addr, sizeof(long)) && addr >= stack &&
	       addr <= stack + THREAD_SIZE - sizeof(*frame);
}

static void stack_walk(stack_trace_consume_fn consume, void *cookie,
		       struct task_struct *task, struct stack_frame *frame)
{
	while (stack_frame_valid(task, frame)) {
		struct stack_frame *next = READ_ONCE_NOCHECK(frame->next_frame);
		unsigned long ip = READ_ONCE_NOCHECK(frame->return_address);

		if (!ip || !consume(cookie, ip))
			return;
		if (next <= frame)
			return;
		frame = next;
	}
}

void arch_stack_walk(stack_trace_consume_fn consume, void *cookie,
		     struct task_struct *task, struct pt_regs *regs)
{
	if (regs) {
		if (!consume(cookie, regs->ip))
			return;
		stack_walk(consume, cookie, task,
			   (struct stack_frame *)regs->bp);
	} else if (task == current) {
		stack_walk(consume, cookie, task, __builtin_frame_address(0));
	} else {
		stack_walk(consume, cookie, task, SWITCHED_FRAME(task));
	}
}

static bool stack_print(void *level, unsigned long ip)
{
	printk("%s %pSb\n", (const char *)level, (void *)ip);
	return true;
}

void show_stack(struct task_struct *task, unsigned long *frame,
		const char *level)
{
	if (!task)
		task = current;
	printk("%sCall Trace:\n", level);
	if (!frame)
		frame = task == current ? __builtin_frame_address(0) :
			(unsigned long *)SWITCHED_FRAME(task);
	stack_walk(stack_print, (void *)level, task,
		   (struct stack_frame *)frame);
}
