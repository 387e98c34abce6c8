/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disk images: between the block device (ubd.c), which knows requests, and the
 * backends (ubd_*_host.c), which know host files.  A backend is one table and
 * one function that opens.
 */
#ifndef _UBD_H
#define _UBD_H

#include <um/host.h>

/**
 * struct ubd_segment - a piece of memory that a transfer fills or empties
 * @base: host address
 * @size: bytes
 *
 * Laid out like the host's struct iovec.
 */
struct ubd_segment {
	void		*base;
	unsigned long	size;
};

/**
 * struct ubd_image - an open disk image
 * @ops:  its backend
 * @size: bytes, a multiple of 512, does not change
 * @fd:	  the backend's own
 */
struct ubd_image {
	const struct ubd_image_ops	*ops;
	unsigned long long		size;
	int				fd;
};

/**
 * struct ubd_image_ops - what a backend can do
 * @read:    fill @nr segments from byte @offset on
 * @write:   write @nr segments at byte @offset; with @durable it is on the
 *	     host's disk when this returns.
 * @flush:   put on the host's disk what was written, zeroed or discarded.
 * @discard: the range is not used any more; the host may have its space.
 * @zero:    make the range read as zeroes; with @keep its space should stay
 *	     allocated.
 * @close:   give the image back, nothing of it runs any more.
 *
 * All wait for the host, which holds up the calling CPU but never schedules;
 * several CPUs may call at the same time.  All or nothing: 0, or a negative
 * errno and what a range holds is open.  Offsets and sizes are multiples of
 * 512 and inside the image.  @read and @write change the segments.  @discard
 * and @zero return -EOPNOTSUPP for what the host's file system cannot do.
 */
struct ubd_image_ops {
	int	(*read)(struct ubd_image *image, struct ubd_segment *segments,
			unsigned int nr, unsigned long long offset);
	int	(*write)(struct ubd_image *image, struct ubd_segment *segments,
			 unsigned int nr, unsigned long long offset,
			 bool durable);
	int	(*flush)(struct ubd_image *image);
	int	(*discard)(struct ubd_image *image, unsigned long long offset,
			   unsigned long long size);
	int	(*zero)(struct ubd_image *image, unsigned long long offset,
			unsigned long long size, bool keep);
	void	(*close)(struct ubd_image *image);
};

#define UBD_READ_ONLY	1	/* never written; others may read it too */
#define UBD_SYNC	2	/* every write waits for the host's disk */
#define UBD_SHARED	4	/* others may write it: the guests take care */

/**
 * ubd_raw_open() - open a file or block device that holds the disk as it is
 * @image: filled in
 * @path:  host file
 * @flags: UBD_*
 *
 * The file stays locked while open, so that no two kernels write it.  Waits a
 * moment for a kernel that is just ending.  Boot or process context.
 * Return: NULL, or why not, in words for the user.
 */
const char *ubd_raw_open(struct ubd_image *image, const char *path,
			 unsigned int flags);

#endif /* _UBD_H */
