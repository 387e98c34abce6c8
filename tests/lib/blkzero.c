// SPDX-License-Identifier: GPL-2.0-only
/*
 * blkzero - ask a block device to zero or to discard a range (runs in a guest)
 *
 *	blkzero zero|discard DEVICE OFFSET LENGTH
 *
 * One ioctl, BLKZEROOUT or BLKDISCARD of <linux/fs.h>. A write of zeroes from
 * a program is a data write; only this reaches the driver as write-zeroes.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long request;
	uint64_t range[2];
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: blkzero zero|discard DEVICE OFFSET LENGTH\n");
		return 2;
	}
	request = strcmp(argv[1], "discard") ? BLKZEROOUT : BLKDISCARD;
	range[0] = strtoull(argv[3], NULL, 0);
	range[1] = strtoull(argv[4], NULL, 0);
	fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, request, range)) {
		perror(argv[2]);
		return 1;
	}
	return close(fd) != 0;
}
