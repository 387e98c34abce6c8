// SPDX-License-Identifier: GPL-2.0-only
/* Tasks: made, switched, idle, gone. */
#include <linux/cpu.h>
#include <linux/elf-randomize.h>
#include <linux/entry-common.h>
#include <linux/mm.h>
#include <linux/personality.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <asm/exec.h>
#include <asm/processor-flags.h>
#include <asm/switch_to.h>
#include <um/entry.h>
#include <um/fpu.h>
#include <um/host.h>

DEFINE_PER_CPU_READ_MOSTLY(struct task_struct *, current_task) = &init_task;
EXPORT_PER_CPU_SYMBOL(current_task);

__visible struct task_struct *__switch_to(struct task_struct *prev,
					  struct task_struct *next)
{
	um_fpu_switch_out(prev);
	this_cpu_write(current_task, next);
	return um_switch_stack(prev, &prev->thread.sp, next->thread.sp);
}

/* What um_switch_stack() pops. */
struct um_switch_frame {
	unsigned long r15, r14, r13, r12, bx, bp, ip;
};

int copy_thread(struct task_struct *task, const struct kernel_clone_args *args)
{
	struct pt_regs *regs = task_pt_regs(task);
	struct um_switch_frame *frame = (void *)regs - sizeof(*frame);

	*frame = (struct um_switch_frame) {
		.bx = (unsigned long)args->fn,
		.r12 = (unsigned long)args->fn_arg,
		.ip = (unsigned long)um_ret_from_fork,
	};
	task->thread.sp = (unsigned long)frame;

	if (args->fn) {
		memset(regs, 0, sizeof(*regs));
		return 0;
	}
	*regs = *current_pt_regs();
	regs->ax = 0;
	if (args->stack)
		regs->sp = args->stack;
	if (args->flags & CLONE_SETTLS)
		regs->fs_base = args->tls;
	return 0;
}

/*
 * A kernel thread's function comes back only when the thread has become a
 * program by kernel_execve().
 */
void um_task_start(struct task_struct *prev, int (*function)(void *),
		   void *arg)
{
	schedule_tail(prev);
	if (function)
		function(arg);
	syscall_exit_to_user_mode(current_pt_regs());
	um_guest_loop();
}

void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->ip = ip;
	regs->sp = sp;
	regs->cs = UM_USER_CS;
	regs->ss = UM_USER_SS;
	regs->flags = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	regs->orig_ax = -1;
}

void flush_thread(void)
{
	um_fpu_reset(current);
}

int arch_dup_task_struct(struct task_struct *dst, struct task_struct *src)
{
	*dst = *src;
	dst->thread.regs_away = 0;
	return um_fpu_copy(dst, src);
}

void arch_release_task_struct(struct task_struct *task)
{
	um_fpu_free(task);
}

void arch_cpu_idle(void)
{
	host_idle(this_cpu_ptr(&um_irq_pending));
	raw_local_irq_enable();
	raw_local_irq_disable();
}

unsigned long arch_align_stack(unsigned long sp)
{
	if (!(current->personality & ADDR_NO_RANDOMIZE) && randomize_va_space)
		sp -= get_random_u32_below(8192);
	return sp & ~0xfUL;
}

unsigned long arch_randomize_brk(struct mm_struct *mm)
{
	return randomize_page(mm->brk, SZ_32M);
}

/* The first function behind the scheduler on a sleeping task's stack. */
unsigned long __get_wchan(struct task_struct *task)
{
	unsigned long stack = (unsigned long)task_stack_page(task);
	unsigned long frame = task->thread.sp +
			      offsetof(struct um_switch_frame, bp);
	unsigned long *bp;
	int depth;

	bp = (unsigned long *)READ_ONCE_NOCHECK(*(unsigned long *)frame);
	for (depth = 0; depth < 16; depth++) {
		unsigned long ip;

		if ((unsigned long)bp < stack ||
		    (unsigned long)bp > stack + THREAD_SIZE - 16)
			return 0;
		ip = READ_ONCE_NOCHECK(bp[1]);
		if (!in_sched_functions(ip))
			return ip;
		bp = (unsigned long *)READ_ONCE_NOCHECK(bp[0]);
	}
	return 0;
}

void show_regs(struct pt_regs *regs)
{
	show_regs_print_info(KERN_DEFAULT);
	pr_info("RIP: %pS\n", (void *)regs->ip);
	pr_info("RSP: %016lx EFLAGS: %08lx ORIG_RAX: %016lx\n", regs->sp,
		regs->flags, regs->orig_ax);
	pr_info("RAX: %016lx RBX: %016lx RCX: %016lx\n", regs->ax, regs->bx,
		regs->cx);
	pr_info("RDX: %016lx RSI: %016lx RDI: %016lx\n", regs->dx, regs->si,
		regs->di);
	pr_info("RBP: %016lx R08: %016lx R09: %016lx\n", regs->bp, regs->r8,
		regs->r9);
	pr_info("R10: %016lx R11: %016lx R12: %016lx\n", regs->r10, regs->r11,
		regs->r12);
	pr_info("R13: %016lx R14: %016lx R15: %016lx\n", regs->r13, regs->r14,
		regs->r15);
}
