// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "seccomp": its host processes come and go.
 *
 * Their parent is the template, a host process like the others that never gets
 * an mm.  A mapping thread has a copy of the descriptors of the one it was forked
 * or cloned from, a guest thread has none: the listener on which its calls are
 * received comes into its mapping thread's table when it gets its filter, and
 * from there, by a message, to the kernel.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <ucontext.h>
#include <linux/auxvec.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <asm/layout.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>
#include "seccomp_host_internal.h"
#include "stub_host.h"

#ifndef SA_RESTORER
#define SA_RESTORER	0x04000000
#endif

#define SECCOMP_MAGIC1		0x46505853U
#define SECCOMP_HWCAP2_FSGSBASE	2
/* How long to wait before asking for a listener all the same, and how often */
#define SECCOMP_LETTER_NS	20000000ULL
#define SECCOMP_LETTERS		100
/* Descriptors that are not for processes */
#define SECCOMP_SPARE		8

static struct seccomp_pair seccomp_template;
static int seccomp_template_cpu = -1;
/* Ours, and the template's. */
static int seccomp_socket[2];
/* How many descriptors the kernel can have */
static int seccomp_descriptors = INT_MAX;

/*
 * The first frame of a thread, as the host lays it out: offsets in the stack.
 * The template tells, as no guest code can write to its stack.
 */
static struct {
	unsigned long	context;
	unsigned long	xstate;
	unsigned long	uc_flags;
} seccomp_frame;

static unsigned long seccomp_stack(const struct seccomp_pair *p)
{
	return p->slot + UM_STUB_STACK - UM_STUB_ORDERS;
}

static int seccomp_learn_frame(const struct seccomp_pair *p)
{
	unsigned long size = UM_STUB_END - UM_STUB_STACK;
	unsigned long offset = p->call.args[2] - seccomp_stack(p);
	const ucontext_t *uc = (void *)((char *)p->state + offset);

	if (offset >= size)
		return -EPERM;
	seccomp_frame.context = offset;
	seccomp_frame.xstate = (unsigned long)uc->uc_mcontext.fpregs -
			       seccomp_stack(p);
	seccomp_frame.uc_flags = uc->uc_flags;
	return seccomp_frame.xstate < size ? 0 : -EPERM;
}

/* Its first stop. */
static int seccomp_adopt_frame(struct seccomp_pair *p)
{
	int ret = 0;

	if (p->in_call || p->call.args[0] != SIGTRAP)
		return -EPERM;
	if (p == &seccomp_template)
		ret = seccomp_learn_frame(p);
	p->context = seccomp_stack(p) + seccomp_frame.context;
	if (ret || p->call.args[2] != p->context)
		return -EPERM;
	p->tid = p->call.pid;
	p->ucontext = (char *)p->state + seccomp_frame.context;
	p->uc_flags = seccomp_frame.uc_flags;
	p->xstate = (char *)p->state + seccomp_frame.xstate;
	p->control->frame = p->context;
	return 0;
}

/* ---- The listener: from the guest thread's descriptors to ours ---- */

/**
 * struct seccomp_letter - a message with a descriptor, unix(7)
 * @head:	of the message
 * @part:	of its data
 * @data:	which mean nothing
 * @control:	a struct cmsghdr and a descriptor
 */
struct seccomp_letter {
	struct msghdr	head;
	struct iovec	part;
	char		data;
	char		control[CMSG_SPACE(sizeof(int))]
			__attribute__((aligned(8)));
};

/* @base: where @letter is for who sends or receives it. */
static void seccomp_write_letter(struct seccomp_letter *letter, char *base)
{
	*letter = (struct seccomp_letter) {
		.head = {
			.msg_iov = (void *)(base +
				offsetof(struct seccomp_letter, part)),
			.msg_iovlen = 1,
			.msg_control = base +
				offsetof(struct seccomp_letter, control),
			.msg_controllen = sizeof(letter->control),
		},
		.part = {
			.iov_base = base +
				offsetof(struct seccomp_letter, data),
			.iov_len = 1,
		},
	};
}

static int *seccomp_letter_fd(struct seccomp_letter *letter)
{
	return (int *)CMSG_DATA((struct cmsghdr *)letter->control);
}

/* Behind the one order that sends it, where the mapping thread can read it. */
static void seccomp_post_letter(struct seccomp_pair *p, int fd)
{
	struct stub_control *control = p->control;
	struct seccomp_letter *letter = (void *)&control->orders[1];
	unsigned long at = p->slot + ((char *)letter - (char *)control);

	seccomp_write_letter(letter, (char *)at);
	*(struct cmsghdr *)letter->control = (struct cmsghdr) {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	*seccomp_letter_fd(letter) = fd;
	control->orders[0] = (struct stub_order) {
		SYS_sendmsg, { seccomp_socket[1], at, 0 }
	};
}

static int seccomp_receive_letter(void)
{
	struct seccomp_letter letter;
	long ret;

	seccomp_write_letter(&letter, (char *)&letter);
	ret = host_syscall(SYS_recvmsg, seccomp_socket[0], &letter.head,
			   MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (ret < 0)
		return ret;
	/* No room in our table of descriptors: then there is none in it. */
	if (letter.head.msg_controllen < CMSG_LEN(sizeof(int)))
		return -EMFILE;
	return *seccomp_letter_fd(&letter);
}

/* Its number: the first that the mapping thread's table has free. */
static int seccomp_listener_number(const struct seccomp_pair *p)
{
	/* The template's listener, its own and its first pair's come before. */
	int fd = -1, skip = p == &seccomp_template ? 0 :
			    p->slot == UM_STUB_ORDERS ? 1 : 2;

	do {
		fd++;
		if (fd == host_config.memory_fd || fd == seccomp_socket[1])
			skip++;
	} while (skip--);
	return fd;
}

/*
 * The guest thread is on its way.  If it gets none it leaves the error.  Other
 * guest threads of the process can write to that, so it is looked at for a time
 * only, and says no more than that a letter is worth a try.
 */
static int seccomp_await_listener(const struct seccomp_pair *p)
{
	const volatile struct stub_state *state = p->state;
	unsigned long long end = host_clock_ns() + SECCOMP_LETTER_NS;
	unsigned int tries = 0;
	int number;

	while ((number = state->listener) == STUB_NO_LISTENER) {
		if (seccomp_gone(p))
			return -ESRCH;
		if (host_clock_ns() >= end)
			return 0;
		seccomp_give_way(tries++);
	}
	return number < 0 ? number : 0;
}

/* What a process has sent before it died is not for the next. */
static void seccomp_drop_letters(void)
{
	int fd;

	while ((fd = seccomp_receive_letter()) >= 0)
		host_syscall(SYS_close, fd);
}

static int seccomp_ask_listener(struct seccomp_pair *p)
{
	int ret = seccomp_await_listener(p);

	if (ret)
		return ret;
	/* If there is none yet this drops mappings, which come back by faults. */
	seccomp_post_letter(p, p->control->listener);
	ret = seccomp_host_batch(p, 1);
	if (ret) {
		seccomp_drop_letters();
		return ret;
	}
	p->listener = seccomp_receive_letter();
	return p->listener < 0 ? p->listener : 0;
}

static int seccomp_get_listener(struct seccomp_pair *p)
{
	unsigned int tries = 0;
	int ret;

	p->control->listener = seccomp_listener_number(p);
	do {
		ret = seccomp_ask_listener(p);
	} while (ret == -EAGAIN && tries++ < SECCOMP_LETTERS);
	if (ret)
		return ret;
	/* To look at a process takes a descriptor too. */
	return p->listener < seccomp_descriptors - SECCOMP_SPARE ? 0 : -EMFILE;
}

/* ---- Processes come and go ---- */

static void seccomp_prepare(struct seccomp_pair *p, unsigned long phys)
{
	struct stub_control *control = p->control;

	control->done_phys = phys + offsetof(struct stub_control, done);
	control->memory_fd = host_config.memory_fd;
	control->parent = host_syscall(SYS_getpid);
	control->listener = -1;
	*(stack_t *)control->stack = (stack_t) {
		.ss_sp = (void *)(seccomp_stack(p) + STUB_STATE_SIZE),
		.ss_size = UM_STUB_END - UM_STUB_STACK - STUB_STATE_SIZE,
	};
	p->state->listener = STUB_NO_LISTENER;
	p->listener = -1;
	/* The wait for its first stop may look after it, without a kick. */
	p->kicked = true;
	p->signalled = true;
}

/* The mapping thread is about to make the guest thread: wait for that. */
static int seccomp_finish(struct seccomp_pair *p)
{
	int ret;

	ret = seccomp_tell(p, p->control->count, STUB_THEN_THREAD);
	if (!ret)
		ret = seccomp_get_listener(p);
	if (!ret)
		ret = seccomp_receive(p);
	return ret ? ret : seccomp_adopt_frame(p);
}

static struct stub_order seccomp_map_order(unsigned long addr,
					   unsigned long size, int prot,
					   unsigned long phys)
{
	return (struct stub_order) {
		SYS_mmap, { addr, size, prot, MAP_SHARED | MAP_FIXED,
			    host_config.memory_fd, phys },
	};
}

static struct stub_order seccomp_stack_order(const struct seccomp_pair *p,
					     unsigned long phys)
{
	return seccomp_map_order(seccomp_stack(p), UM_STUB_END - UM_STUB_STACK,
				 PROT_READ | PROT_WRITE,
				 phys + UM_STUB_STACK - UM_STUB_ORDERS);
}

int seccomp_host_fork(struct seccomp_pair *p, unsigned long phys)
{
	struct seccomp_pair *template = &seccomp_template;
	int ret;

	/* A child inherits the binding. */
	if (seccomp_template_cpu != host_place_cpu()) {
		seccomp_template_cpu = host_place_cpu();
		host_place_thread(template->pid);
	}
	p->slot = UM_STUB_ORDERS;
	seccomp_prepare(p, phys);
	p->control->orders[0] = seccomp_stack_order(p, phys);
	p->control->count = 1;
	template->control->child = phys;
	ret = seccomp_tell(template, 0, STUB_THEN_PROCESS);
	if (ret)
		return ret;
	p->pid = template->state->tid;
	p->mapper = p->pid;
	ret = seccomp_finish(p);
	if (ret) {
		seccomp_host_end(p);
		seccomp_host_close(p);
	}
	/* Guest code can read it. */
	p->control->parent = 0;
	return ret;
}

/* Its id is where guest code can forge it: then of another of its own threads. */
static int seccomp_clone_mapper(struct seccomp_pair *p, unsigned long phys,
				struct seccomp_pair *first)
{
	int ret;

	first->control->orders[0] =
		seccomp_map_order(p->slot, UM_STUB_STACK - UM_STUB_ORDERS,
				  PROT_READ, phys);
	first->control->orders[1] = seccomp_stack_order(p, phys);
	first->control->child = p->slot;
	ret = seccomp_tell(first, 2, STUB_THEN_MAPPER);
	/* The host has not granted the mappings; now it has others back. */
	if (ret == -EAGAIN)
		ret = seccomp_tell(first, 2, STUB_THEN_MAPPER);
	if (ret)
		return ret;
	p->mapper = first->state->tid;
	return p->mapper == p->pid ? -EPERM :
	       host_syscall(SYS_tgkill, p->pid, p->mapper, 0);
}

int seccomp_host_add(struct seccomp_pair *p, unsigned long phys,
		     struct seccomp_pair *first)
{
	int ret;

	p->pid = first->pid;
	seccomp_prepare(p, phys);
	ret = seccomp_clone_mapper(p, phys, first);
	if (!ret)
		ret = seccomp_finish(p);
	if (ret)
		seccomp_kill(p);
	p->control->parent = 0;
	return ret;
}

void seccomp_host_end(const struct seccomp_pair *p)
{
	stub_kill(p->pid);
}

void seccomp_host_close(const struct seccomp_pair *p)
{
	if (p->listener >= 0)
		host_syscall(SYS_close, p->listener);
}

static void seccomp_end(void)
{
	stub_end_group(seccomp_template.pid);
}

/* ---- The template ---- */

static void seccomp_child_signals(void)
{
	static const int signals[] = {
		SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
		SECCOMP_KICK_SIGNAL
	};
	/* A call that a kick interrupts before we had it is made again. */
	struct {
		unsigned long handler, flags, restorer, mask;
	} action = {
		stub_address(um_stub_stop),
		SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_RESTORER,
		stub_address(um_stub_returned), ~0UL
	};
	unsigned int i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		host_syscall(SYS_rt_sigaction, signals[i], &action, 0,
			     sizeof(action.mask));
	/* A mapping thread hears none; a guest thread unblocks them. */
	host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &action.mask, 0,
		     sizeof(action.mask));
}

static long seccomp_child_map(unsigned long addr, unsigned long size, int prot,
			      unsigned long phys)
{
	long ret = host_syscall(SYS_mmap, addr, size, prot,
				MAP_SHARED | MAP_FIXED, host_config.memory_fd,
				phys);

	return ret == (long)addr ? 0 : ret;
}

static long seccomp_child_setup(unsigned long stub_phys, long parent)
{
	unsigned long phys = stub_phys + UM_STUB_ORDERS - UM_STUB_CODE;
	long ret;

	host_syscall(SYS_setsid);
	ret = host_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (ret || host_syscall(SYS_getppid) != parent)
		return -ESRCH;
	ret = host_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (ret)
		return ret;
	seccomp_child_signals();
	stub_child_no_core();
	stub_child_close(seccomp_socket[1]);
	ret = seccomp_child_map(UM_STUB_CODE, UM_STUB_ORDERS - UM_STUB_CODE,
				PROT_READ | PROT_EXEC, stub_phys);
	if (!ret)
		ret = seccomp_child_map(UM_STUB_ORDERS,
					UM_STUB_STACK - UM_STUB_ORDERS,
					PROT_READ, phys);
	if (!ret)
		ret = seccomp_child_map(UM_STUB_STACK,
					UM_STUB_END - UM_STUB_STACK,
					PROT_READ | PROT_WRITE,
					phys + UM_STUB_STACK - UM_STUB_ORDERS);
	return ret;
}

static void seccomp_child(unsigned long stub_phys, long parent)
{
	long ret = seccomp_child_setup(stub_phys, parent);

	if (ret)
		host_syscall(SYS_exit_group, -ret);
	asm volatile("movq %1, %%r14; xorl %%r15d, %%r15d; jmp *%0"
		     : : "r" (stub_address(um_stub_mapper)),
			 "r" (UM_STUB_ORDERS) : "r14", "r15", "memory");
	__builtin_unreachable();
}

/* Its first orders empty it but for the stub. */
static void seccomp_template_orders(struct stub_control *control)
{
	control->orders[0] = (struct stub_order) {
		SYS_munmap, { 0, UM_STUB_CODE }
	};
	control->orders[1] = (struct stub_order) {
		SYS_munmap, { UM_STUB_END, 0x7ffffffff000 - UM_STUB_END }
	};
	control->count = 2;
}

static void seccomp_learn_xstate(struct seccomp_pair *p)
{
	const char *sw = (char *)p->xstate + SECCOMP_SW_OFFSET;

	seccomp_set_sw(sw);
	host_config.xstate_mask = *(unsigned long *)(sw + 8);
	host_config.xstate_size = *(unsigned int *)(sw + 16);
}

#define SECCOMP_FORBIDDEN \
	"seccomp filters are forbidden here (by a seccomp filter or a container's policy)"
#define SECCOMP_NO_FSGSBASE \
	"the host does not let programs set their segment bases (needs an x86-64 CPU of 2012 and Linux 5.9 or later)"

#define SECCOMP_NO_PROC \
	"/proc does not show our own processes (mount that of this pid namespace)"
#define SECCOMP_BUSY \
	"the host's seccomp notifications go to somebody else already (a container manager)"

static const char *seccomp_refusal(long error)
{
	if (error == -EBUSY)
		return SECCOMP_BUSY;
	if (error == -ENOSYS || error == -EINVAL || error == -EOPNOTSUPP)
		return "the host has no seccomp filters (needs Linux 5.9 or later)";
	if (error == -EPERM || error == -EACCES || error == -ESRCH)
		return SECCOMP_FORBIDDEN;
	return host_strerror(error);
}

/* A child that gave up says why by its exit status, if nothing better is known. */
static long seccomp_template_end(int pid, long error)
{
	int status;

	host_syscall(SYS_kill, pid, SIGKILL);
	status = stub_wait(pid);
	return error == -ESRCH && status >= 0 && WIFEXITED(status) ?
	       -WEXITSTATUS(status) : error;
}

/* Each guest process takes a descriptor. */
static void seccomp_raise_limit(void)
{
	struct rlimit limit;

	if (host_syscall(SYS_getrlimit, RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	host_syscall(SYS_setrlimit, RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < INT_MAX)
		seccomp_descriptors = limit.rlim_max;
}

const char *seccomp_host_template(unsigned long stub_phys)
{
	unsigned long phys = stub_phys + UM_STUB_ORDERS - UM_STUB_CODE;
	struct seccomp_pair *p = &seccomp_template;
	long parent = host_syscall(SYS_getpid);
	char *code = (char *)UM_DIRECT_START + stub_phys;
	struct sock_fprog *program;
	struct seccomp_look look;
	long ret;

	if (!(host_auxv(AT_HWCAP2) & SECCOMP_HWCAP2_FSGSBASE))
		return SECCOMP_NO_FSGSBASE;

	stub_place(stub_phys);
	program = (void *)(code + (um_stub_filter - um_stub));
	/* Under a filter of somebody else's there are no notifications of calls. */
	seccomp_build_filter(program, (void *)(program + 1),
			     !host_syscall(SYS_prctl, PR_GET_SECCOMP));
	seccomp_raise_limit();
	ret = host_syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
			   0, seccomp_socket);
	if (ret)
		return host_strerror(ret);

	p->control = (void *)(UM_DIRECT_START + phys);
	p->state = (void *)(UM_DIRECT_START + phys + UM_STUB_STACK -
			    UM_STUB_ORDERS);
	p->slot = UM_STUB_ORDERS;
	seccomp_prepare(p, phys);
	seccomp_template_orders(p->control);

	ret = host_syscall(SYS_clone, SIGCHLD);
	if (!ret)
		seccomp_child(stub_phys, parent);
	if (ret < 0)
		return host_strerror(ret);
	p->pid = ret;
	p->mapper = ret;
	ret = seccomp_finish(p);
	if (ret)
		return seccomp_refusal(seccomp_template_end(p->pid, ret));
	if (*(unsigned int *)((char *)p->xstate + SECCOMP_SW_OFFSET) !=
	    SECCOMP_MAGIC1) {
		stub_kill(p->pid);
		return "the host's signal frames have no extended state";
	}
	if (!seccomp_look(p, &look) || !look.blocked) {
		stub_kill(p->pid);
		return SECCOMP_NO_PROC;
	}
	seccomp_learn_xstate(p);
	return host_at_exit(seccomp_end) ? "too many exit functions" : NULL;
}
