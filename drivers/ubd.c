// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks: host files as block devices, "ubdN=FILE" on the command line.
 *
 * A request is one preadv2() or pwritev2() on the host's page cache by the CPU
 * that issues it, straight from and to the request's pages.  Measured (host
 * 6.18, virtio disk, ext4): 4k cached read 0.8 us, by io_uring 1.3 us, or 18 us
 * if its end comes as an interrupt; fdatasync 310 us, or 600 us.  Neither a
 * ring's descriptor nor an eventfd can raise SIGIO, only a pipe that a linked
 * request writes to.
 */
#define pr_fmt(fmt) "ubd: " fmt

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/ctype.h>
#include <linux/init.h>
#include <linux/major.h>
#include <linux/sizes.h>

#include "ubd.h"

#define UBD_DISKS		16
#define UBD_MINORS		16
#define UBD_SEGMENTS		128
#define UBD_QUEUE_DEPTH		64
#define UBD_MAX_TRANSFER	SZ_4M

/* One fallocate() holds up the CPU, so it must end soon. */
#define UBD_MAX_ERASE		SZ_1G

/**
 * struct ubd - a disk
 * @image:	where its data is; @image.ops is NULL if there is no such disk
 * @flags:	UBD_*
 * @no_discard:	the guest must not know that space can be given back
 * @tags:	the requests
 * @disk:	what the block layer knows
 */
struct ubd {
	struct ubd_image	image;
	unsigned int		flags;
	bool			no_discard;
	struct blk_mq_tag_set	tags;
	struct gendisk		*disk;
};

/* The driver's part of a request. */
struct ubd_request {
	struct ubd_segment	segments[UBD_SEGMENTS];
};

static struct ubd ubd_disks[UBD_DISKS];

/* ---- Requests ---- */

/* All memory is in the direct map, and that is host memory. */
static int ubd_segments(struct request *rq, struct ubd_segment *segments)
{
	struct req_iterator iter;
	struct bio_vec bvec;
	int nr = 0;

	rq_for_each_bvec(bvec, rq, iter) {
		if (WARN_ON_ONCE(nr == UBD_SEGMENTS))
			return -EIO;
		segments[nr].base = bvec_virt(&bvec);
		segments[nr].size = bvec.bv_len;
		nr++;
	}
	return nr;
}

static int ubd_transfer(struct ubd_image *image, struct request *rq)
{
	struct ubd_request *urq = blk_mq_rq_to_pdu(rq);
	loff_t offset = blk_rq_pos(rq) << SECTOR_SHIFT;
	int nr = ubd_segments(rq, urq->segments);

	if (nr < 0)
		return nr;
	if (rq_data_dir(rq) == READ)
		return image->ops->read(image, urq->segments, nr, offset);
	return image->ops->write(image, urq->segments, nr, offset,
				 rq->cmd_flags & REQ_FUA);
}

/* The block layer stops asking for what the host turned out not to have. */
static int ubd_discard(struct ubd_image *image, struct request *rq)
{
	int ret = image->ops->discard(image, blk_rq_pos(rq) << SECTOR_SHIFT,
				      blk_rq_bytes(rq));

	if (ret == -EOPNOTSUPP)
		blk_queue_disable_discard(rq->q);
	return ret;
}

static int ubd_zero(struct ubd_image *image, struct request *rq)
{
	int ret = image->ops->zero(image, blk_rq_pos(rq) << SECTOR_SHIFT,
				   blk_rq_bytes(rq),
				   rq->cmd_flags & REQ_NOUNMAP);

	if (ret == -EOPNOTSUPP)
		blk_queue_disable_write_zeroes(rq->q);
	return ret;
}

static int ubd_execute(struct ubd_image *image, struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
		return ubd_transfer(image, rq);
	case REQ_OP_FLUSH:
		return image->ops->flush(image);
	case REQ_OP_DISCARD:
		return ubd_discard(image, rq);
	case REQ_OP_WRITE_ZEROES:
		return ubd_zero(image, rq);
	default:
		return -EIO;
	}
}

static blk_status_t ubd_status(int error)
{
	/* The host's quota is the guest's full disk. */
	return errno_to_blk_status(error == -EDQUOT ? -ENOSPC : error);
}

static blk_status_t ubd_queue_rq(struct blk_mq_hw_ctx *hctx,
				 const struct blk_mq_queue_data *data)
{
	struct ubd *ubd = hctx->queue->queuedata;
	struct request *rq = data->rq;

	blk_mq_start_request(rq);
	blk_mq_end_request(rq, ubd_status(ubd_execute(&ubd->image, rq)));
	return BLK_STS_OK;
}

static const struct blk_mq_ops ubd_mq_ops = {
	.queue_rq	= ubd_queue_rq,
};

static const struct block_device_operations ubd_fops = {
	.owner		= THIS_MODULE,
};

/* ---- Disks ---- */

static int ubd_add_tags(struct ubd *ubd)
{
	struct blk_mq_tag_set *tags = &ubd->tags;

	/* Not BLK_MQ_F_BLOCKING: the host makes us wait, but nothing sleeps. */
	tags->ops = &ubd_mq_ops;
	tags->nr_hw_queues = 1;
	tags->queue_depth = UBD_QUEUE_DEPTH;
	tags->numa_node = NUMA_NO_NODE;
	tags->cmd_size = sizeof(struct ubd_request);
	tags->flags = BLK_MQ_F_SHOULD_MERGE | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
	return blk_mq_alloc_tag_set(tags);
}

static struct gendisk *ubd_alloc_disk(struct ubd *ubd)
{
	struct queue_limits limits = {
		.features		= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA,
		.logical_block_size	= SECTOR_SIZE,
		.physical_block_size	= SZ_4K,
		.max_segments		= UBD_SEGMENTS,
		.max_segment_size	= UBD_MAX_TRANSFER,
		.max_hw_sectors		= UBD_MAX_TRANSFER >> SECTOR_SHIFT,
		.max_write_zeroes_sectors = UBD_MAX_ERASE >> SECTOR_SHIFT,
	};

	if (!ubd->no_discard) {
		limits.max_hw_discard_sectors = UBD_MAX_ERASE >> SECTOR_SHIFT;
		limits.discard_granularity = SZ_4K;
	}
	return blk_mq_alloc_disk(&ubd->tags, &limits, ubd);
}

static int ubd_add(struct ubd *ubd)
{
	unsigned int index = ubd - ubd_disks;
	struct gendisk *disk;
	int ret;

	ret = ubd_add_tags(ubd);
	if (ret)
		return ret;
	disk = ubd_alloc_disk(ubd);
	if (IS_ERR(disk)) {
		ret = PTR_ERR(disk);
		goto out_tags;
	}
	snprintf(disk->disk_name, DISK_NAME_LEN, "ubd%c", 'a' + index);
	disk->major = UBD_MAJOR;
	disk->first_minor = index * UBD_MINORS;
	disk->minors = UBD_MINORS;
	disk->fops = &ubd_fops;
	disk->private_data = ubd;
	set_capacity(disk, ubd->image.size >> SECTOR_SHIFT);
	set_disk_ro(disk, ubd->flags & UBD_READ_ONLY);
	ret = add_disk(disk);
	if (ret)
		goto out_disk;
	ubd->disk = disk;
	return 0;

out_disk:
	put_disk(disk);
out_tags:
	blk_mq_free_tag_set(&ubd->tags);
	return ret;
}

static int __init ubd_init(void)
{
	struct ubd *ubd;
	int ret;

	ret = register_blkdev(UBD_MAJOR, "ubd");
	if (ret)
		return ret;
	for (ubd = ubd_disks; ubd < ubd_disks + UBD_DISKS; ubd++) {
		if (!ubd->image.ops)
			continue;
		ret = ubd_add(ubd);
		if (!ret)
			continue;
		pr_err("disk %c: error %d\n", 'a' + (int)(ubd - ubd_disks), ret);
		ubd->image.ops->close(&ubd->image);
		ubd->image.ops = NULL;
	}
	return 0;
}
device_initcall(ubd_init);

/* ---- Command line: ubd<N>[<flags>]=<file>, N a number or a letter ---- */

#define UBD_FLAGS	"rsct"

static void __init ubd_set_flag(struct ubd *ubd, char flag)
{
	switch (flag) {
	case 'r':
		ubd->flags |= UBD_READ_ONLY;
		break;
	case 's':
		ubd->flags |= UBD_SYNC;
		break;
	case 'c':
		ubd->flags |= UBD_SHARED;
		break;
	case 't':
		ubd->no_discard = true;
		break;
	}
}

/* The index, or -1 if the word is somebody else's; @word moves behind it. */
static int __init ubd_parse_index(char **word)
{
	char *at = *word;
	int index = 0;

	if (isdigit(*at)) {
		for (; isdigit(*at); at++)
			index = min(index * 10 + *at - '0', UBD_DISKS);
	} else {
		index = *at++ - 'a';
		if (index < 0 || index >= UBD_DISKS ||
		    at[strspn(at, UBD_FLAGS)] != '=')
			return -1;
	}
	*word = at;
	return index;
}

static void __init ubd_open(struct ubd *ubd, const char *name, const char *path)
{
	const char *reason;

	if (IS_ENABLED(CONFIG_BLK_DEV_UBD_SYNC))
		ubd->flags |= UBD_SYNC;
	if (strchr(path, ','))
		host_fatal("ubd%s: %s: copy on write (a second file) is not supported",
			   name, path);
	reason = ubd_raw_open(&ubd->image, path, ubd->flags);
	if (reason)
		host_fatal("ubd%s: %s: %s", name, path, reason);
}

/* So early that a mistake ends the process before it has shown anything. */
static int __init ubd_setup(char *word)
{
	const char *name = word;
	int index = ubd_parse_index(&word);
	struct ubd *ubd;
	char *path;

	if (index < 0)
		return 0;
	path = strchr(word, '=');
	if (path)
		*path++ = '\0';
	if (index >= UBD_DISKS)
		host_fatal("ubd%s: there is no such disk; they are ubd0 to ubd%d",
			   name, UBD_DISKS - 1);
	ubd = &ubd_disks[index];
	if (word[strspn(word, UBD_FLAGS)])
		host_fatal("ubd%s: no such flag: r read-only, s sync, c shared, t no discard",
			   name);
	if (!path || !*path)
		host_fatal("ubd%s: the file is missing: ubd%s=FILE", name, name);
	if (ubd->image.ops)
		host_fatal("ubd%s: disk %d was given before", name, index);
	for (; *word; word++)
		ubd_set_flag(ubd, *word);
	ubd_open(ubd, name, path);
	return 1;
}
__setup("ubd", ubd_setup);
