// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual CPUs: host threads of this process.
 *
 * CPU 0 is the thread that the process began with.  The others are made when
 * they are first brought up and stay until the process ends: what they have
 * traced or forked dies with them.  One that is taken offline waits, all
 * signals blocked, to be brought up again.
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <asm/prctl.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

#define CPU_THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
			  CLONE_THREAD | CLONE_SYSVSEM)
/* A CPU that is to stop is told so every millisecond for a second. */
#define CPU_STOP_PAUSE_NS	1000000
#define CPU_STOP_TRIES		1000

/**
 * struct host_cpu - a virtual CPU's thread
 * @tid:	its id; 0: there is none yet
 * @timer:	its timer, if @has_timer
 * @has_timer:	it has one
 * @out:	it runs no kernel code any more: offline, or stopped for good
 * @wanted:	a futex: it is to come online
 * @gs:		the base of its per-CPU data
 * @stack:	where it comes online
 * @function:	by this
 */
struct host_cpu {
	int		tid;
	int		timer;
	bool		has_timer;
	bool		out;
	unsigned int	wanted;
	unsigned long	gs;
	void		*stack;
	void		(*function)(void);
};

static struct host_cpu cpu_all[HOST_CPUS_MAX];

/* Process id, which is the id of the first thread too. */
static int cpu_process;

/* All CPUs but this one, its number and 1, are to stop for good. */
static unsigned int cpu_last;

static struct host_cpu *cpu_this(void)
{
	return &cpu_all[um_cpu()];
}

void host_set_gs(unsigned long base)
{
	host_syscall(SYS_arch_prctl, ARCH_SET_GS, base);
}

/* ---- Several CPUs at all ---- */

void host_cpus_init(void)
{
	cpu_process = host_syscall(SYS_getpid);
	if (host_config.ncpus > 1 &&
	    host_syscall(SYS_membarrier,
			 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		host_fatal("ncpus=%u: the host has no membarrier() for this process (needs Linux 4.14 and no filter that forbids it); ncpus=1 does without",
			   host_config.ncpus);
}

void host_barrier(void)
{
	host_syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

/* ---- Coming online ---- */

static int cpu_timer_create(struct host_cpu *cpu)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM,
	};
	long ret;

	if (cpu->has_timer)
		return 0;
	event._sigev_un._tid = cpu->tid;
	ret = host_syscall(SYS_timer_create, CLOCK_MONOTONIC, &event,
			   &cpu->timer);
	cpu->has_timer = !ret;
	return ret;
}

int host_cpu_init(void *stack, unsigned long size)
{
	stack_t alternate = { .ss_sp = stack, .ss_size = size };
	struct host_cpu *cpu = cpu_this();
	long ret;

	cpu->tid = host_syscall(SYS_gettid);
	ret = host_syscall(SYS_sigaltstack, &alternate, 0);
	if (!ret)
		ret = cpu_timer_create(cpu);
	if (!ret)
		host_signals_unblock();
	return ret;
}

static void __attribute__((noreturn)) cpu_come_online(struct host_cpu *cpu)
{
	__atomic_store_n(&cpu->out, false, __ATOMIC_SEQ_CST);
	host_run_on(cpu->stack, cpu->function);
}

/* A new thread, on the stack that it was given. */
static void cpu_thread(void *arg)
{
	struct host_cpu *cpu = arg;

	host_set_gs(cpu->gs);
	host_place_join();
	cpu_come_online(cpu);
}

static int cpu_thread_create(struct host_cpu *cpu)
{
	int ret;

	/* Until it has its own segment base no handler may run on it. */
	host_signals_block();
	ret = host_clone(CPU_THREAD_FLAGS, cpu->stack, cpu_thread, cpu);
	if (ret > 0)
		cpu->tid = ret;
	host_signals_unblock();
	return ret < 0 ? ret : 0;
}

int host_cpu_start(unsigned int nr, void *stack, void (*function)(void),
		   unsigned long gs)
{
	struct host_cpu *cpu = &cpu_all[nr];

	cpu->gs = gs;
	cpu->stack = stack;
	cpu->function = function;
	if (!cpu->tid)
		return cpu_thread_create(cpu);
	__atomic_store_n(&cpu->wanted, 1, __ATOMIC_SEQ_CST);
	host_syscall(SYS_futex, &cpu->wanted, FUTEX_WAKE, 1);
	return 0;
}

/* ---- Going offline, or for good ---- */

void host_cpu_offline(void)
{
	struct host_cpu *cpu = cpu_this();

	host_signals_block();
	__atomic_store_n(&cpu->out, true, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&cpu->wanted, __ATOMIC_SEQ_CST))
		host_syscall(SYS_futex, &cpu->wanted, FUTEX_WAIT, 0, 0);
	__atomic_store_n(&cpu->wanted, 0, __ATOMIC_SEQ_CST);
	cpu_come_online(cpu);
}

void host_cpu_stop(void)
{
	host_signals_block();
	__atomic_store_n(&cpu_this()->out, true, __ATOMIC_SEQ_CST);
	for (;;)
		host_syscall(SYS_ppoll, 0, 0, 0, 0, 0);
}

/* SIGUSR2; from elsewhere it means nothing. */
void host_cpu_stop_signal(void)
{
	if (__atomic_load_n(&cpu_last, __ATOMIC_SEQ_CST))
		host_cpu_stop();
}

/* How many others still run kernel code. */
static unsigned int cpu_stop_again(const struct host_cpu *self)
{
	unsigned int nr, left = 0;

	for (nr = 0; nr < HOST_CPUS_MAX; nr++) {
		struct host_cpu *cpu = &cpu_all[nr];

		if (!cpu->tid || cpu == self ||
		    __atomic_load_n(&cpu->out, __ATOMIC_SEQ_CST))
			continue;
		host_syscall(SYS_tgkill, cpu_process, cpu->tid, SIGUSR2);
		left++;
	}
	return left;
}

void host_cpus_stop(void)
{
	static const struct timespec pause = { 0, CPU_STOP_PAUSE_NS };
	struct host_cpu *self = cpu_this();
	unsigned int last = 0, tries;

	if (host_config.ncpus == 1)
		return;
	/* Two at a time would stop each other. */
	if (!__atomic_compare_exchange_n(&cpu_last, &last, um_cpu() + 1, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
	    last != um_cpu() + 1)
		host_cpu_stop();
	for (tries = 0; tries < CPU_STOP_TRIES && cpu_stop_again(self); tries++)
		host_syscall(SYS_nanosleep, &pause, 0);
}

/* ---- What a CPU is asked for ---- */

void host_futex_wait(const int *word, int value, unsigned long ns)
{
	const struct timespec timeout = { 0, ns };

	host_syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &timeout);
}

void host_futex_wake(const int *word, int count)
{
	host_syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count);
}

void host_send_ipi(unsigned int cpu)
{
	host_syscall(SYS_tgkill, cpu_process, cpu_all[cpu].tid, SIGUSR1);
}

int host_timer_set(unsigned long long ns)
{
	struct itimerspec value = {
		.it_value = { ns / 1000000000, ns % 1000000000 },
	};

	return host_syscall(SYS_timer_settime, cpu_this()->timer, 0, &value, 0);
}
