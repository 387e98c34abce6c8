// SPDX-License-Identifier: GPL-2.0-only
/* Raw disk images: the bytes of the file are the bytes of the disk. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <um/host_syscall.h>

#include "ubd.h"

static_assert(sizeof(struct ubd_segment) == sizeof(struct iovec) &&
	      offsetof(struct ubd_segment, size) ==
	      offsetof(struct iovec, iov_len), "segments are iovecs");

#define UBD_RAW_SECTOR	512

/* How long a kernel that ends may go on holding its lock. */
#define UBD_RAW_LOCK_TRIES	20
#define UBD_RAW_LOCK_PAUSE_NS	20000000

/* ---- Input and output ---- */

static unsigned int ubd_raw_skip(struct ubd_segment **segments,
				 unsigned long done)
{
	struct ubd_segment *segment = *segments;
	unsigned int skipped = 0;

	while (done && done >= segment->size) {
		done -= segment->size;
		segment++;
		skipped++;
	}
	if (done) {
		segment->base = (char *)segment->base + done;
		segment->size -= done;
	}
	*segments = segment;
	return skipped;
}

/* preadv2() or pwritev2(), until all is done.  Nothing done: the file shrank. */
static int ubd_raw_transfer(long call, int fd, struct ubd_segment *segments,
			    unsigned int nr, unsigned long long offset,
			    int flags)
{
	while (nr) {
		long done = host_syscall(call, fd, segments, nr, offset, 0,
					 flags);

		if (done == -EINTR)
			continue;
		if (done < 0)
			return done;
		if (!done)
			return -EIO;
		offset += done;
		nr -= ubd_raw_skip(&segments, done);
	}
	return 0;
}

static int ubd_raw_read(struct ubd_image *image, struct ubd_segment *segments,
			unsigned int nr, unsigned long long offset)
{
	return ubd_raw_transfer(SYS_preadv2, image->fd, segments, nr, offset,
				0);
}

static int ubd_raw_write(struct ubd_image *image, struct ubd_segment *segments,
			 unsigned int nr, unsigned long long offset,
			 bool durable)
{
	return ubd_raw_transfer(SYS_pwritev2, image->fd, segments, nr, offset,
				durable ? RWF_DSYNC : 0);
}

static int ubd_raw_flush(struct ubd_image *image)
{
	long ret;

	do {
		ret = host_syscall(SYS_fdatasync, image->fd);
	} while (ret == -EINTR);
	return ret;
}

/*
 * File systems without a mode, filters that forbid the call and devices that
 * want a coarser alignment say no in different ways: none is an error, as the
 * guest can do without, and writes zeroes instead.
 */
static int ubd_raw_fallocate(struct ubd_image *image, int mode,
			     unsigned long long offset,
			     unsigned long long size)
{
	long ret;

	do {
		ret = host_syscall(SYS_fallocate, image->fd,
				   mode | FALLOC_FL_KEEP_SIZE, offset, size);
	} while (ret == -EINTR);
	if (!ret || ret == -ENOSPC || ret == -EDQUOT || ret == -EIO)
		return ret;
	return -EOPNOTSUPP;
}

static int ubd_raw_discard(struct ubd_image *image, unsigned long long offset,
			   unsigned long long size)
{
	return ubd_raw_fallocate(image, FALLOC_FL_PUNCH_HOLE, offset, size);
}

static int ubd_raw_zero(struct ubd_image *image, unsigned long long offset,
			unsigned long long size, bool keep)
{
	int first = keep ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE;
	int second = FALLOC_FL_ZERO_RANGE ^ FALLOC_FL_PUNCH_HOLE ^ first;
	int ret = ubd_raw_fallocate(image, first, offset, size);

	if (ret == -EOPNOTSUPP)
		ret = ubd_raw_fallocate(image, second, offset, size);
	return ret;
}

static void ubd_raw_close(struct ubd_image *image)
{
	host_syscall(SYS_close, image->fd);
	image->fd = -1;
}

static const struct ubd_image_ops ubd_raw_ops = {
	.read		= ubd_raw_read,
	.write		= ubd_raw_write,
	.flush		= ubd_raw_flush,
	.discard	= ubd_raw_discard,
	.zero		= ubd_raw_zero,
	.close		= ubd_raw_close,
};

/* ---- Opening ---- */

static int ubd_raw_stat(const char *path, struct stat *st)
{
	return host_syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

static int ubd_raw_openat(const char *path, int flags)
{
	return host_syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC);
}

/* The way out differs for a file that could be opened for reading. */
static const char *ubd_raw_refused(const char *path, int error,
				   unsigned int flags)
{
	int fd;

	if (error == -EBUSY)
		return "is in use by the host: mounted, or part of another device";
	if (flags & UBD_READ_ONLY)
		return host_strerror(error);
	fd = ubd_raw_openat(path, O_RDONLY);
	if (fd < 0)
		return host_strerror(error);
	host_syscall(SYS_close, fd);
	return "may only be read; the flag r says so (ubdNr=FILE)";
}

/* Looked at before it is opened: to open a pipe or a tape does something. */
static const char *ubd_raw_check(const char *path)
{
	struct stat st;
	int ret = ubd_raw_stat(path, &st);

	if (ret == -ENOENT)
		return "no such file; truncate -s SIZE FILE makes an empty disk";
	if (ret)
		return host_strerror(ret);
	if (S_ISDIR(st.st_mode))
		return "is a directory; a disk is an image file or a block device";
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return "is neither a file nor a block device";
	return NULL;
}

static const char *ubd_raw_size(int fd, unsigned long long *size)
{
	struct stat st;
	unsigned long long bytes;
	int ret = host_syscall(SYS_fstat, fd, &st);

	if (!ret && S_ISBLK(st.st_mode)) {
		ret = host_syscall(SYS_ioctl, fd, BLKGETSIZE64, &bytes);
		st.st_size = bytes;
	}
	if (ret)
		return host_strerror(ret);
	if (!st.st_size)
		return "is empty; truncate -s SIZE FILE gives it a size";
	if (st.st_size % UBD_RAW_SECTOR)
		return "its size is not a multiple of 512 bytes, so it is no raw image";
	*size = st.st_size;
	return NULL;
}

/*
 * A lock of the open file description (fcntl(2)): processes that share the
 * descriptor share it, and it ends with the last of them.
 */
static const char *ubd_raw_lock(int fd, const char *path, unsigned int flags)
{
	static const struct timespec pause = {
		.tv_nsec = UBD_RAW_LOCK_PAUSE_NS,
	};
	bool shared = flags & (UBD_READ_ONLY | UBD_SHARED);
	struct flock lock = {
		.l_type = shared ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};
	int tries, ret;

	for (tries = 0; tries < UBD_RAW_LOCK_TRIES; tries++) {
		ret = host_syscall(SYS_fcntl, fd, F_OFD_SETLK, &lock);
		if (ret != -EAGAIN && ret != -EACCES && ret != -EINTR)
			break;
		host_syscall(SYS_nanosleep, &pause, NULL);
	}
	if (!ret)
		return NULL;
	if (tries == UBD_RAW_LOCK_TRIES)
		return "is in use by another kernel, or given twice; to share it takes ubdNr=FILE";
	host_warn("%s: no lock (%s), nothing keeps other kernels from writing it",
		  path, host_strerror(ret));
	return NULL;
}

const char *ubd_raw_open(struct ubd_image *image, const char *path,
			 unsigned int flags)
{
	const char *reason = ubd_raw_check(path);
	int mode = flags & UBD_READ_ONLY ? O_RDONLY : O_RDWR;
	int fd;

	if (reason)
		return reason;
	/* On a block device O_EXCL keeps the host's file systems away. */
	if (!(flags & (UBD_READ_ONLY | UBD_SHARED)))
		mode |= O_EXCL;
	if (flags & UBD_SYNC)
		mode |= O_SYNC;
	fd = ubd_raw_openat(path, mode);
	if (fd < 0)
		return ubd_raw_refused(path, fd, flags);

	reason = ubd_raw_size(fd, &image->size);
	if (!reason)
		reason = ubd_raw_lock(fd, path, flags);
	if (reason) {
		host_syscall(SYS_close, fd);
		return reason;
	}
	image->ops = &ubd_raw_ops;
	image->fd = fd;
	return NULL;
}
