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

/* Small helpers, see host/misc.c */
unsigned long host_strlen(const char *s);
bool host_streq(const char *a, const char *b);
/** host_prefix() - what follows @prefix in @s, or NULL */
const char *host_prefix(const char *s, const char *prefix);
void host_copy(void *to, const void *from, unsigned long size);
void host_write_all(int fd, const char *text, unsigned long length);
void host_signals_ignore(void);
void host_time_init(void);
void host_place_init(void);
void host_place_join(void);
/** host_place_count() - how many host CPUs this process may use */
unsigned int host_place_count(void);
void host_cpus_init(void);
void host_cpu_stop_signal(void);
void host_place_undo(void);
void host_end_by_signal(int signo);

#endif /* _UM_HOST_INTERNAL_H */
