/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of arch/um/host and the trap backends' host parts. */
#ifndef _UM_HOST_INTERNAL_H
#define _UM_HOST_INTERNAL_H

#include <um/host.h>

/** host_environ - the environment; its end is followed by the auxiliary vector */
extern char **host_argv;
extern char **host_environ;

/** host_parse_options() - the host's own options, and the command line */
void host_parse_options(int argc, char **argv);

/** host_memory_shadow() - map KASAN's shadow, if there is one: first of all */
void host_memory_shadow(void);

/** host_memory_create() - make the memfd and its direct map */
void host_memory_create(void);

/**
 * host_memory_share_image() - move the image's data into guest-physical memory
 *
 * From here on the kernel's data is MAP_SHARED: a fork does not copy it.
 */
void host_memory_share_image(void);

void host_run_on(void *stack, void (*function)(void))
	__attribute__((noreturn));
void host_sigreturn(void);
int host_clone(unsigned long flags, void *stack, void (*function)(void *),
	       void *arg);

/**
 * host_breakable_call() - a system call that an interrupt breaks off
 * @broken: a handler sets it to have the call not begin; read at the last moment
 * @nr:	    the call, with the arguments @a, @b, @c
 *
 * Unlike other calls of the kernel it is not made again after a handler, and
 * there is no moment after the look at @broken in which an interrupt is missed.
 * Return: what the call returns, or -EINTR.
 */
long host_breakable_call(const volatile bool *broken, long nr, long a, long b,
			 long c);
extern char host_breakable_start[], host_breakable_end[],
	    host_breakable_broken[];

/* Small helpers, see host/misc.c */
unsigned long host_strlen(const char *s);
bool host_streq(const char *a, const char *b);
/** host_prefix() - what follows @prefix in @s, or NULL */
const char *host_prefix(const char *s, const char *prefix);
/**
 * host_number() - the decimal number at @p, behind spaces; 0 if there is none
 * Return: what follows it
 */
const char *host_number(const char *p, unsigned long *value);
/** host_format() - as snprintf(3), with %s, %d, %u, %x, %p and their %l forms */
void host_format(char *to, unsigned long size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void host_copy(void *to, const void *from, unsigned long size);
void host_write_all(int fd, const char *text, unsigned long length);
void host_signals_ignore(void);
/** host_signals_block() - let no signal in, until host_signals_unblock() */
void host_signals_block(void);
void host_time_init(void);
void host_place_init(void);
void host_place_join(void);
/** host_place_count() - how many host CPUs this process may use */
unsigned int host_place_count(void);
/**
 * host_quota_cpus() - how many CPUs this process may use by its cgroups' quota
 *
 * Rounded up.  Boot, once.
 * Return: their number, or 0 if there is no quota.
 */
unsigned int host_quota_cpus(void);
void host_cpus_init(void);
void host_cpu_stop_signal(void);
void host_place_undo(void);
void host_end_by_signal(int signo);

#endif /* _UM_HOST_INTERNAL_H */
