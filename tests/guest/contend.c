// SPDX-License-Identifier: GPL-2.0-only
/*
 * contend WORKERS SECONDS [NAME...] - how much several get done that need the
 * same locks of the kernel, or each other
 *
 * Prints "contend NAME COUNT", how often all of them together have done it in a
 * second: of all kinds of work, or of those named.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define PAGES 8

static struct contend_shared {
	volatile bool stop;
	struct {
		volatile unsigned long count;
		volatile int turn;
	} workers[WORKERS_MAX] __attribute__((aligned(64)));
} * shared;

static int contend_pipes[WORKERS_MAX][2];
static int contend_workers;

static void contend_die(const char *what)
{
	perror(what);
	kill(0, SIGKILL);
}

/* Threads of one process that change its address space all the time. */
static void contend_map(int self)
{
	while (!shared->stop) {
		char *p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			contend_die("mmap");
		for (int i = 0; i < PAGES; i++)
			((volatile char *)p)[i * 4096] = 1;
		munmap(p, PAGES * 4096);
		shared->workers[self].count++;
	}
}

static void contend_fork(int self)
{
	while (!shared->stop) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			contend_die("fork");
		shared->workers[self].count++;
	}
}

/* Neighbours in pairs; an odd one has none. */
static bool contend_is_alone(int self)
{
	return (self ^ 1) >= contend_workers;
}

static void contend_futex(int self)
{
	volatile int *turn = &shared->workers[self & ~1].turn;
	int mine = self & 1;

	if (contend_is_alone(self))
		return;
	while (!shared->stop) {
		while (*turn != mine && !shared->stop)
			syscall(SYS_futex, turn, FUTEX_WAIT, !mine, NULL);
		*turn = !mine;
		syscall(SYS_futex, turn, FUTEX_WAKE, 1);
		shared->workers[self].count++;
	}
	/* The other one may be waiting, and it is its turn for good. */
	*turn = !mine;
	syscall(SYS_futex, turn, FUTEX_WAKE, 1);
}

static void contend_pipe(int self)
{
	char byte = 0;

	if (contend_is_alone(self))
		return;
	if (self & 1 && write(contend_pipes[self ^ 1][1], &byte, 1) != 1)
		contend_die("write");
	while (read(contend_pipes[self][0], &byte, 1) == 1) {
		bool last = shared->stop;

		/* Passed on all the same, so that the other ends too. */
		if (write(contend_pipes[self ^ 1][1], &byte, 1) != 1)
			contend_die("write");
		if (last)
			break;
		shared->workers[self].count++;
	}
}

/* All of them interrupt each other, and wait until that has been done. */
static void contend_barrier(int self)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		contend_die("membarrier");
	while (!shared->stop) {
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
		shared->workers[self].count++;
	}
}

static const struct contend_kind {
	const char *name;
	void (*work)(int self);
	bool threads;
} contend_kinds[] = {
	{ "map", contend_map, true },
	{ "fork", contend_fork, false },
	{ "futex", contend_futex, true },
	{ "pipe", contend_pipe, false },
	{ "barrier", contend_barrier, true },
};

static const struct contend_kind *contend_kind;

static void *contend_thread(void *arg)
{
	contend_kind->work((long)arg);
	return NULL;
}

static void contend_begin(pthread_t *ids)
{
	for (long i = 0; i < contend_workers; i++) {
		if (contend_kind->threads) {
			if (pthread_create(&ids[i], NULL, contend_thread, (void *)i))
				contend_die("pthread_create");
		} else if (!fork()) {
			contend_kind->work(i);
			_exit(0);
		}
	}
}

static void contend_end(pthread_t *ids)
{
	for (int i = 0; i < contend_workers; i++) {
		if (contend_kind->threads)
			pthread_join(ids[i], NULL);
		else
			wait(NULL);
	}
}

static void contend_one(const struct contend_kind *kind, unsigned int seconds)
{
	unsigned long count = 0;
	pthread_t ids[WORKERS_MAX];

	contend_kind = kind;
	memset(shared, 0, sizeof(*shared));
	contend_begin(ids);
	sleep(seconds);
	for (int i = 0; i < contend_workers; i++)
		count += shared->workers[i].count;
	shared->stop = true;
	contend_end(ids);
	printf("contend %s %lu\n", kind->name, count / seconds);
	fflush(stdout);
}

static bool contend_wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 2 ? atoi(argv[2]) : 0;

	contend_workers = argc > 2 ? atoi(argv[1]) : 0;
	if (contend_workers < 1 || contend_workers > WORKERS_MAX || !seconds) {
		fprintf(stderr, "usage: contend WORKERS SECONDS [NAME...]\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		contend_die("mmap");
	for (int i = 0; i < contend_workers; i++)
		if (pipe(contend_pipes[i]))
			contend_die("pipe");
	for (unsigned long i = 0; i < sizeof(contend_kinds) / sizeof(contend_kinds[0]); i++)
		if (contend_wanted(contend_kinds[i].name, argv + 3))
			contend_one(&contend_kinds[i], seconds);
	return 0;
}
