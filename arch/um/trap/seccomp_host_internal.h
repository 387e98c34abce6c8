/* SPDX-License-Identifier: GPL-2.0-only */
/* The backend "seccomp": between its host parts. */
#ifndef _TRAP_SECCOMP_HOST_INTERNAL_H
#define _TRAP_SECCOMP_HOST_INTERNAL_H

#include "seccomp_host.h"

struct sock_filter;
struct sock_fprog;

/* What stops a guest thread from outside, for who includes <signal.h> */
#define SECCOMP_KICK_SIGNAL	SIGUSR1
/* The host's words about a frame's state (uapi asm/sigcontext.h). */
#define SECCOMP_SW_OFFSET	464
#define SECCOMP_SW_SIZE		48

/**
 * seccomp_build_filter() - the filter of guest threads
 * @program:	to describe it, at um_stub_filter
 * @filter:	behind it, room for what STUB_FILTER_SIZE leaves
 * @notify:	most system calls may be notifications
 */
void seccomp_build_filter(struct sock_fprog *program,
			  struct sock_filter *filter, bool notify);

/* seccomp_host.c */

/** seccomp_give_way() - between two looks whether another thread is ready */
void seccomp_give_way(unsigned int tries);

/** seccomp_gone() - has the process ended? */
bool seccomp_gone(const struct seccomp_pair *p);

/**
 * seccomp_kill() - it does what no honest one does
 * Return: -ESRCH
 */
int seccomp_kill(const struct seccomp_pair *p);

/**
 * seccomp_tell() - post a batch and wait until the mapping thread reports it
 * @count: of its orders
 * @then:  STUB_THEN_*, not STUB_THEN_RESUME
 *
 * Return: 0, -ESRCH: process gone, -EAGAIN: the host has no more of these.
 */
int seccomp_tell(struct seccomp_pair *p, unsigned int count,
		 unsigned int then);

/**
 * seccomp_receive() - wait until the guest thread calls, and has stopped so
 *
 * On return @p->call and @p->in_call say how.
 * Return: 0 or -ESRCH: process gone.
 */
int seccomp_receive(struct seccomp_pair *p);

/**
 * struct seccomp_look - what the host says of a guest thread
 * @asleep:	it waits for something, and can be interrupted
 * @pending:	a kick was sent, and not heard yet
 * @blocked:	none is heard
 */
struct seccomp_look {
	bool	asleep;
	bool	pending;
	bool	blocked;
};

/**
 * seccomp_look() - ask the host about the guest thread
 * Return: false if there is no /proc to ask.
 */
bool seccomp_look(const struct seccomp_pair *p, struct seccomp_look *look);

/** seccomp_set_sw() - what the host says about the state of all frames */
void seccomp_set_sw(const void *sw);

#endif /* _TRAP_SECCOMP_HOST_INTERNAL_H */
