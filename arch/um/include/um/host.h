/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host boundary: all that the kernel asks of its host.
 *
 * Everything here is callable from kernel code and from host code (files that
 * include libc's headers), so the types are plain C.  Unless said otherwise a
 * function returns a value that is not negative, or a negative errno; it makes
 * raw system calls, takes no lock, and may be called in any context.  A call
 * that can block says so.
 */
#ifndef _UM_HOST_H
#define _UM_HOST_H

#ifdef __UM_HOST__
#include <stdbool.h>
#include <stddef.h>
#define __printf_like(f, a) __attribute__((format(printf, f, a)))
#else
#include <linux/types.h>
#define __printf_like(f, a) __printf(f, a)
#endif

/* ---- Start and end of the process: host/main.c, host/end.c ---- */

/**
 * struct host_config - what the host side learnt before the kernel started
 * @memory_size:	guest-physical memory in bytes, a multiple of the page
 * @memory_fd:		the memfd behind it
 * @command_line:	the kernel's command line
 * @ncpus:		virtual CPUs asked for, at least 1
 * @xstate_size:	bytes of the standard format XSAVE area of this host
 * @xstate_mask:	XCR0: the state components in it
 */
struct host_config {
	unsigned long	memory_size;
	int		memory_fd;
	char		command_line[4096];
	unsigned int	ncpus;
	unsigned int	xstate_size;
	unsigned long	xstate_mask;
};

extern struct host_config host_config;

/**
 * host_at_exit() - have a function called at every orderly end
 * @function: called once with all signals blocked, in reverse order of
 *	      registration, before the process ends, restarts or dies of a
 *	      signal; must only make host calls
 *
 * Context: boot only.
 * Return: 0 or -ENOSPC.
 */
int host_at_exit(void (*function)(void));

/** host_exit() - tear down and end the process with @status; 0 halt, 2 panic */
void host_exit(int status) __attribute__((noreturn));

/** host_restart() - tear down and start the same program anew, same pid */
void host_restart(void) __attribute__((noreturn));

/**
 * host_fatal() - a refusal by the host that the kernel can't live with
 * @format: one line for the user, without newline: what, where, the way out
 *
 * Prints "linux: " and the line on standard error and ends with status 1.
 * Understands %s %d %u %x %lu %lx %ld %p %% only.
 */
void host_fatal(const char *format, ...)
	__printf_like(1, 2) __attribute__((noreturn));

/** host_warn() - the same line as host_fatal(), and go on */
void host_warn(const char *format, ...) __printf_like(1, 2);

/** host_strerror() - a short text for an errno, with or without sign */
const char *host_strerror(int error);

/* ---- Memory: host/memory.c ---- */

#define HOST_PROT_READ	1
#define HOST_PROT_WRITE	2
#define HOST_PROT_EXEC	4

/**
 * host_map() - map guest-physical memory into the kernel's address space
 * @addr:	page aligned, replaces what is mapped there
 * @size:	bytes, whole pages
 * @phys:	guest-physical address
 * @prot:	HOST_PROT_*
 */
int host_map(unsigned long addr, unsigned long size, unsigned long phys,
	     int prot);

/** host_unmap() - take a range of the kernel's address space out of use */
int host_unmap(unsigned long addr, unsigned long size);

/**
 * host_memory_release() - give the pages behind guest-physical memory back
 * @phys: page aligned; nobody uses the memory, and it reads as zeroes from now
 *	  on, wherever it is mapped
 * @size: bytes, whole pages; 0: nothing is done
 */
int host_memory_release(unsigned long phys, unsigned long size);

/**
 * host_memory_back() - put one large host page behind guest-physical memory
 * @phys: guest-physical address, a multiple of @size
 * @size: what the CPU maps at once above a page: 2 MiB
 *
 * What the memory holds stays.  May take as long as clearing a large page and
 * moving others out of its way does.  madvise(2): MADV_COLLAPSE, Linux 6.1.
 *
 * Return: 0, or a negative errno and nothing has changed.
 */
int host_memory_back(unsigned long phys, unsigned long size);

/* ---- Signals as interrupts and kernel faults: host/signal.c ---- */

/**
 * enum host_irq - the sources of interrupts, as bit numbers
 * @HOST_IRQ_TIMER:	the CPU's timer expired
 * @HOST_IRQ_IO:	a watched descriptor became ready, see host_io_watch()
 * @HOST_IRQ_IPI:	another virtual CPU wants attention
 * @HOST_IRQ_WINCH:	the window of a terminal changed its size
 */
enum host_irq {
	HOST_IRQ_TIMER,
	HOST_IRQ_IO,
	HOST_IRQ_IPI,
	HOST_IRQ_WINCH,
	HOST_IRQ_NR
};

struct pt_regs;

/*
 * Called by the host side from a signal handler, on the interrupted stack, the
 * signals of interrupts blocked.
 */
void um_interrupt(enum host_irq irq, struct pt_regs *regs);

/**
 * struct host_fault - a synchronous signal of kernel code
 * @signo:	SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGTRAP
 * @code:	si_code
 * @address:	si_addr
 * @trap_nr:	the CPU's exception number
 * @error_code:	the CPU's error code
 */
struct host_fault {
	int		signo;
	int		code;
	unsigned long	address;
	unsigned long	trap_nr;
	unsigned long	error_code;
};

/* Called on the CPU's alternate stack; @regs may be changed. */
void um_kernel_fault(struct host_fault *fault, struct pt_regs *regs);

/**
 * host_signals_unblock() - let interrupts in again
 *
 * The host blocks them on the way into um_interrupt(), so that they don't pile
 * up on the stack before the CPU's flag keeps them out.
 */
void host_signals_unblock(void);

/** host_signals_init() - take over the signals; once, on the boot CPU */
int host_signals_init(void);

/**
 * host_idle() - wait for the next interrupt
 * @pending: the CPU's mark of interrupts that came while disabled
 *
 * Returns at once if *@pending is not zero, without a window in which an
 * interrupt could be missed.  Blocks.
 */
void host_idle(const volatile unsigned long *pending);

/* ---- Virtual CPUs: host/cpu.c ---- */

#define HOST_CPUS_MAX	64

/**
 * host_cpu_init() - what every virtual CPU does first, on its own thread
 * @stack: alternate stack for faults, of @size bytes
 *
 * Lets interrupts in.
 */
int host_cpu_init(void *stack, unsigned long size);

/**
 * host_cpu_start() - have another virtual CPU come online
 * @cpu:	its number; it has never been online, or is offline
 * @stack:	top of the stack that it begins on
 * @function:	called there by its thread; never returns
 * @gs:		the base of its per-CPU data
 *
 * Return: 0, or a negative errno if the host grants no more threads.
 */
int host_cpu_start(unsigned int cpu, void *stack, void (*function)(void),
		   unsigned long gs);

/** host_cpu_offline() - wait for host_cpu_start(), all signals blocked */
void host_cpu_offline(void) __attribute__((noreturn));

/** host_cpu_stop() - the calling virtual CPU stops for good */
void host_cpu_stop(void) __attribute__((noreturn));

/**
 * host_cpus_stop() - stop all other virtual CPUs for good, wherever they are
 *
 * Returns when they run no more code, or do not answer for a second.  Of two
 * CPUs that call this one does not return.  Any context.
 */
void host_cpus_stop(void);

/**
 * host_futex_wait() - sleep while a word has a certain value
 * @word:  looked at once more after everything that came before is visible
 * @value: this
 * @ns:	   at most so long
 *
 * Returns early after an interrupt, and may without any reason.
 */
void host_futex_wait(const int *word, int value, unsigned long ns);

/** host_futex_wake() - wake so many of those, by the address alone */
void host_futex_wake(const int *word, int count);

/** host_send_ipi() - raise HOST_IRQ_IPI on a virtual CPU */
void host_send_ipi(unsigned int cpu);

/**
 * host_barrier() - a full memory barrier on all virtual CPUs
 *
 * On those that are not running it was one that they were scheduled away.  Only
 * with more than one.  membarrier(2): MEMBARRIER_CMD_PRIVATE_EXPEDITED.
 */
void host_barrier(void);

/** host_set_gs() - load the segment base that per-CPU accesses use */
void host_set_gs(unsigned long base);

/* ---- Descriptors: host/io.c ---- */

/**
 * host_io_watch() - raise HOST_IRQ_IO when a descriptor becomes ready
 * @fd:  a terminal, pipe or socket
 *
 * Edge triggered: who handles the interrupt reads until -EAGAIN.
 * Return: 0, or -EPERM for what cannot be watched (a regular file: it is
 * always ready).
 */
int host_io_watch(int fd);

/** host_io_unwatch() - undo host_io_watch(); before the descriptor is closed */
void host_io_unwatch(int fd);

/* ---- Time: host/time.c ---- */

/** host_clock_ns() - the host's CLOCK_MONOTONIC in nanoseconds */
unsigned long long host_clock_ns(void);

/** host_realtime_ns() - the host's CLOCK_REALTIME in nanoseconds */
unsigned long long host_realtime_ns(void);

/** host_timer_set() - fire HOST_IRQ_TIMER on this CPU in @ns; 0 stops it */
int host_timer_set(unsigned long long ns);

/* ---- Placement: host/place.c ---- */

/** host_place_cpu() - the host CPU that this virtual CPU is bound to, or -1 */
int host_place_cpu(void);

/** host_place_thread() - bind a guest thread to host_place_cpu() */
int host_place_thread(int tid);

/** host_place_begins_with() - do two virtual CPUs begin on the same host CPU? */
bool host_place_begins_with(unsigned int a, unsigned int b);

/**
 * host_place_shares() - are two virtual CPUs kept to the same host CPU?
 *
 * Then one of them does not run while the other does.
 */
bool host_place_shares(unsigned int a, unsigned int b);

/**
 * host_place_check() - move this virtual CPU if its host CPU is busy
 *
 * @guest: the host's number of the guest thread that it runs, 0 for none
 *
 * Cheap when called often; guest threads follow by host_place_thread().
 * Context: the virtual CPU's own thread, interrupts disabled.
 * Return: nanoseconds, in all, that the two have waited for their host CPU.
 */
unsigned long long host_place_check(int guest);

/* ---- The rest: host/misc.c ---- */

/** host_console_write() - write to standard output as early console; blocks */
void host_console_write(const char *text, unsigned int length);

/** host_random() - fill @buffer from the host's getrandom(2), not blocking */
long host_random(void *buffer, unsigned long size);

/**
 * host_read_file() - read the beginning of a host file
 * Return: bytes stored in @buffer, at most @size.
 */
long host_read_file(const char *path, void *buffer, unsigned long size);

/** host_file_size() - the size in bytes of the regular file @path */
long host_file_size(const char *path);

/** host_auxv() - an entry of the host's auxiliary vector, 0 if missing */
unsigned long host_auxv(unsigned long type);

/* ---- The other way, once: what host/main.c starts ---- */

/** um_boot_stack() - the top of the first task's kernel stack */
void *um_boot_stack(void);

void um_start_kernel(void);

/** um_cpu() - the number of the calling virtual CPU */
unsigned int um_cpu(void);

/* What the build says: see Kconfig. */
extern const unsigned int um_ncpus_default, um_ncpus_max;
extern const bool um_kasan;

void trap_early(void);

#endif /* _UM_HOST_H */
