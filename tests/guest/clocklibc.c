// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the C library that this is linked with, whichever it is, read the clock
 * without a system call? Then it has found the vDSO's functions by their names
 * and versions. Prints what both cost.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALLS 100000
/* A call takes microseconds, the vDSO tens of nanoseconds. */
#define TIMES_FASTER 20

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

int main(void)
{
	double begin = now_ns(), clock, call;

	for (int i = 0; i < CALLS; i++)
		now_ns();
	clock = (now_ns() - begin) / CALLS;
	begin = now_ns();
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	call = (now_ns() - begin) / CALLS;
	printf("clock_gettime %.0f ns, getppid %.0f ns\n", clock, call);
	return clock * TIMES_FASTER > call;
}
