// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts of the kernel that lean on the architecture in ways of their own:
 * io_uring, BPF, userfaultfd, membarrier, restartable sequences. What is not
 * configured or not permitted is skipped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/membarrier.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/rseq.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tap.h"

#define PAGE 4096UL

/* ENOSYS and friends are no failure of the port. */
#define SUPPORTED(ret, what) \
	do { \
		if ((ret) < 0 && (errno == ENOSYS || errno == EPERM || \
				  errno == EACCES || errno == EINVAL)) \
			SKIP("%s: %s", what, strerror(errno)); \
		REQUIRE((ret) >= 0); \
	} while (0)

/* ---- io_uring ---- */

struct ring {
	int fd;
	struct io_uring_params p;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

#define SQ(r, field) ((unsigned int *)((r)->sq + (r)->p.sq_off.field))
#define CQ(r, field) ((unsigned int *)((r)->cq + (r)->p.cq_off.field))

static void *ring_map(const struct ring *r, size_t size, off_t what)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, r->fd, what);

	REQUIRE(p != MAP_FAILED);
	return p;
}

static void ring_open(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, 8, &r->p);
	SUPPORTED(r->fd, "io_uring");
	r->sq = ring_map(r, r->p.sq_off.array + r->p.sq_entries * 4,
			 IORING_OFF_SQ_RING);
	r->cq = ring_map(r, r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	r->sqes = ring_map(r, r->p.sq_entries * sizeof(*r->sqes),
			   IORING_OFF_SQES);
}

/* One request, and its result. */
static int ring_do(struct ring *r, const struct io_uring_sqe *sqe)
{
	unsigned int tail = *SQ(r, tail), slot = tail & *SQ(r, ring_mask);
	struct io_uring_cqe *cqe;
	unsigned int head;

	r->sqes[slot] = *sqe;
	r->sqes[slot].user_data = 0x1234567890 + tail;
	SQ(r, array)
	[slot] = slot;
	__atomic_store_n(SQ(r, tail), tail + 1, __ATOMIC_RELEASE);
	REQUIRE(syscall(SYS_io_uring_enter, r->fd, 1, 1,
			IORING_ENTER_GETEVENTS, NULL, 0) == 1);
	head = *CQ(r, head);
	REQUIRE(__atomic_load_n(CQ(r, tail), __ATOMIC_ACQUIRE) == head + 1);
	cqe = (struct io_uring_cqe *)(r->cq + r->p.cq_off.cqes) +
	      (head & *CQ(r, ring_mask));
	CHECK_EQ(cqe->user_data, 0x1234567890 + tail);
	__atomic_store_n(CQ(r, head), head + 1, __ATOMIC_RELEASE);
	return cqe->res;
}

static void test_io_uring(void)
{
	struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };
	int fd = memfd_create("ring", 0);
	char text[] = "by ring", back[8] = "";
	struct io_uring_sqe write = { .opcode = IORING_OP_WRITE, .fd = fd, .addr = (unsigned long)text, .len = 8 };
	struct io_uring_sqe read = { .opcode = IORING_OP_READ, .fd = fd, .addr = (unsigned long)back, .len = 8 };
	struct ring r;

	ring_open(&r);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(ring_do(&r, &nop), 0);
	CHECK_EQ(ring_do(&r, &write), 8);
	CHECK_EQ(ring_do(&r, &read), 8);
	CHECK(!strcmp(back, text));
	read.addr = 0xffff888000000000;
	CHECK_EQ(ring_do(&r, &read), -EFAULT);
	read.addr = (unsigned long)back;
	read.fd = 999;
	CHECK_EQ(ring_do(&r, &read), -EBADF);
}

/* By the kernel's own thread for the ring, which uses the program's memory. */
static void test_io_uring_worker(void)
{
	char text[] = "async", back[6] = "";
	int fds[2];
	struct io_uring_sqe write = { .opcode = IORING_OP_WRITE,
				      .flags = IOSQE_ASYNC,
				      .addr = (unsigned long)text,
				      .len = 6 };
	struct ring r;

	ring_open(&r);
	REQUIRE(pipe(fds) == 0);
	write.fd = fds[1];
	CHECK_EQ(ring_do(&r, &write), 6);
	CHECK_EQ(read(fds[0], back, 6), 6);
	CHECK(!strcmp(back, text));
}

/* ---- BPF ---- */

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int bpf_load(const struct bpf_insn *insns, int count)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (unsigned long)insns,
		.insn_cnt = count,
		.license = (unsigned long)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

/* r0 = 6 * 7, and the packet's first so many bytes pass. */
static void test_bpf(void)
{
	static const struct bpf_insn insns[] = {
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 6 },
		{ BPF_ALU64 | BPF_MUL | BPF_K, 0, 0, 0, 7 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	int fd = bpf_load(insns, ARRAY_SIZE(insns)), pair[2];
	char big[100] = "";

	SUPPORTED(fd, "bpf");
	REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	REQUIRE(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_BPF, &fd,
			   sizeof(fd)) == 0);
	CHECK_EQ(send(pair[0], big, sizeof(big), 0), sizeof(big));
	CHECK_EQ(recv(pair[1], big, sizeof(big), 0), 42);
}

static void test_bpf_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 10 };
	int key = 5, fd = bpf(BPF_MAP_CREATE, &attr);
	long value = 0x1122334455667788, got = 0;

	SUPPORTED(fd, "bpf");
	attr = (union bpf_attr){ .map_fd = fd, .key = (unsigned long)&key, .value = (unsigned long)&value };
	CHECK_EQ(bpf(BPF_MAP_UPDATE_ELEM, &attr), 0);
	attr.value = (unsigned long)&got;
	CHECK_EQ(bpf(BPF_MAP_LOOKUP_ELEM, &attr), 0);
	CHECK_EQ(got, value);
	key = 6;
	CHECK_ERR(bpf(BPF_MAP_LOOKUP_ELEM, &attr), ENOENT);
}

/* ---- userfaultfd ---- */

#define UFFD_PAGES 50

static int uffd_open(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 && errno == EPERM)
		fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	SUPPORTED(fd, "userfaultfd");
	REQUIRE(ioctl(fd, UFFDIO_API, &api) == 0);
	return fd;
}

/* Fills each missing page with its own number. */
static void *uffd_thread(void *arg)
{
	char *page = tap_pages(1, PROT_READ | PROT_WRITE);
	int fd = (long)arg;

	for (int i = 0; i < UFFD_PAGES; i++) {
		struct uffd_msg msg;
		struct uffdio_copy copy = { .src = (unsigned long)page,
					    .len = PAGE };

		REQUIRE(read(fd, &msg, sizeof(msg)) == sizeof(msg));
		CHECK_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
		copy.dst = msg.arg.pagefault.address & ~(PAGE - 1);
		memset(page, msg.arg.pagefault.address / PAGE, PAGE);
		CHECK_EQ(ioctl(fd, UFFDIO_COPY, &copy), 0);
		CHECK_EQ(copy.copy, PAGE);
	}
	return NULL;
}

static void test_userfaultfd(void)
{
	int fd = uffd_open();
	char *p = tap_pages(UFFD_PAGES, PROT_READ | PROT_WRITE);
	struct uffdio_register reg = {
		.range = { (unsigned long)p, UFFD_PAGES * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pthread_t thread;

	REQUIRE(ioctl(fd, UFFDIO_REGISTER, &reg) == 0);
	REQUIRE(!pthread_create(&thread, NULL, uffd_thread, (void *)(long)fd));
	for (unsigned long i = 0; i < UFFD_PAGES; i++) {
		volatile char *at = p + i * PAGE + i;

		if (i & 1)
			at[1] = 1;
		CHECK_EQ((unsigned char)*at,
			 ((unsigned long)at / PAGE) & 0xff);
	}
	pthread_join(thread, NULL);
}

/* ---- membarrier, rseq ---- */

static void test_membarrier(void)
{
	long query = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	SUPPORTED(query, "membarrier");
	CHECK(query & MEMBARRIER_CMD_GLOBAL);
	CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
	if (!(query & MEMBARRIER_CMD_PRIVATE_EXPEDITED))
		return;
	CHECK_ERR(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
			  0),
		  EPERM);
	CHECK_EQ(syscall(SYS_membarrier,
			 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0),
		 0);
	CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
			 0),
		 0);
}

static struct rseq *rseq_mine(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() +
			       __rseq_offset);
}

static void rseq_require(void)
{
	if (!__rseq_size)
		SKIP("libc has not registered rseq");
}

static void *rseq_thread(void *arg)
{
	volatile struct rseq *r = rseq_mine();
	cpu_set_t set;

	REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
	for (int i = 0; i < 200; i++) {
		CHECK(CPU_ISSET(r->cpu_id, &set), "cpu_id %u", r->cpu_id);
		CHECK(CPU_ISSET(r->cpu_id_start, &set));
		sched_yield();
	}
	return arg;
}

static void test_rseq_cpu(void)
{
	pthread_t threads[6];

	rseq_require();
	for (int i = 0; i < 6; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, rseq_thread, NULL));
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
}

static void rseq_tick(int sig)
{
	(void)sig;
}

extern char rseq_start[], rseq_end[], rseq_abort[];
static struct rseq_cs rseq_section __attribute__((aligned(32)));

/*
 * A critical section that does not end by itself: only an abort, by
 * preemption or a signal, leaves it, and never anywhere but in its handler.
 */
static void test_rseq_abort(void)
{
	unsigned long entered = 0, aborted = 0;

	rseq_require();
	signal(SIGUSR1, rseq_tick);
	rseq_section = (struct rseq_cs){
		.start_ip = (unsigned long)rseq_start,
		.post_commit_offset = rseq_end - rseq_start,
		.abort_ip = (unsigned long)rseq_abort,
	};
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid) {
			kill(getppid(), SIGUSR1);
			_exit(0);
		}
		entered++;
		asm volatile("movq %[cs], %[field]\n"
			     "rseq_start: jmp rseq_start\n"
			     "rseq_end: ud2\n"
			     ".long %c[sig]\n"
			     "rseq_abort: incq %[aborted]\n"
			     : [field] "=m"(rseq_mine()->rseq_cs),
			       [aborted] "+m"(aborted)
			     : [cs] "r"(&rseq_section), [sig] "i"(RSEQ_SIG)
			     : "memory", "cc");
		CHECK_EXITED(pid, 0);
	}
	CHECK_EQ(aborted, entered);
}

static const struct tap_test tests[] = {
	{ "io_uring: nop, read, write", test_io_uring, 0 },
	{ "io_uring: a worker of the kernel", test_io_uring_worker, 0 },
	{ "bpf: a program", test_bpf, 0 },
	{ "bpf: a map", test_bpf_map, 0 },
	{ "userfaultfd: missing pages", test_userfaultfd, 0 },
	{ "membarrier", test_membarrier, 0 },
	{ "rseq: the CPU's number", test_rseq_cpu, 0 },
	{ "rseq: a critical section is aborted", test_rseq_abort, 0 },
};

TAP_NO_ROLES
TAP_MAIN(tests)
