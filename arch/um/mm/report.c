// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free memory goes back to the host.
 *
 * The core reports large free blocks some time after they have become free,
 * and the host takes their pages out of the memory file.  Who allocates such a
 * block again touches it by the direct map, where the host gives it a new page.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/page_reporting.h>
#include <um/host.h>
#include <um/mm.h>

static int report_release(unsigned long start, unsigned long size)
{
	int ret = host_memory_release(start, size);

	if (!ret)
		um_backing_released(start, size);
	return ret;
}

/* Blocks that lie side by side go in one call. */
static int report_free(struct page_reporting_dev_info *device,
		       struct scatterlist *blocks, unsigned int count)
{
	unsigned long start = 0, end = 0;
	struct scatterlist *block;
	unsigned int i;
	int ret = 0;

	for_each_sg(blocks, block, count, i) {
		unsigned long phys = page_to_phys(sg_page(block));

		if (phys != end) {
			ret = report_release(start, end - start);
			if (ret)
				return ret;
			start = phys;
		}
		end = phys + block->length;
	}
	return report_release(start, end - start);
}

static struct page_reporting_dev_info report_device = {
	.report = report_free,
};

static int __init report_init(void)
{
	return page_reporting_register(&report_device);
}
device_initcall(report_init);
