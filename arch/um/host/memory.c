// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest-physical memory: one memfd, mapped once as the direct map.  Its first
 * pages are those of the kernel image, of which only the data is used: text
 * stays where the ELF loader mapped it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <asm/layout.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

/* From the linker script */
extern char _text[], _sdata_shared[], _end[];

#ifndef MADV_COLLAPSE	/* C libraries of 2022 lack it */
#define MADV_COLLAPSE	25
#endif

#define MAP_KERNEL	(MAP_SHARED | MAP_NORESERVE)

static unsigned long memory_phys(const char *image_address)
{
	return (unsigned long)image_address - UM_IMAGE_START;
}

static int memory_prot(int prot)
{
	return (prot & HOST_PROT_READ ? PROT_READ : 0) |
	       (prot & HOST_PROT_WRITE ? PROT_WRITE : 0) |
	       (prot & HOST_PROT_EXEC ? PROT_EXEC : 0);
}

static int memory_result(long ret)
{
	return ret < 0 && ret > -4096 ? ret : 0;
}

int host_map(unsigned long addr, unsigned long size, unsigned long phys,
	     int prot)
{
	return memory_result(host_syscall(SYS_mmap, addr, size,
					  memory_prot(prot),
					  MAP_KERNEL | MAP_FIXED,
					  host_config.memory_fd, phys));
}

int host_unmap(unsigned long addr, unsigned long size)
{
	return memory_result(host_syscall(SYS_munmap, addr, size));
}

int host_memory_release(unsigned long phys, unsigned long size)
{
	if (!size)
		return 0;
	return host_syscall(SYS_fallocate, host_config.memory_fd,
			    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			    phys, size);
}

int host_memory_back(unsigned long phys, unsigned long size)
{
	char *at = (char *)UM_DIRECT_START + phys;

	/* A range without any page is refused. */
	*(volatile char *)at;
	return host_syscall(SYS_madvise, at, size, MADV_COLLAPSE);
}

static void memory_shadow(unsigned long start, unsigned long end)
{
	unsigned long size = UM_SHADOW(end) - UM_SHADOW(start);
	long ret = host_syscall(SYS_mmap, UM_SHADOW(start), size,
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED_NOREPLACE, -1, 0);

	if (ret != (long)UM_SHADOW(start))
		host_fatal("this kernel has KASAN, which wants %luG of address space: %s (a larger ulimit -v helps)",
			   size >> 30, host_strerror(ret));
	host_syscall(SYS_madvise, ret, size, MADV_DONTDUMP);
}

void host_memory_shadow(void)
{
	if (!um_kasan)
		return;
	memory_shadow(UM_IMAGE_START, UM_MODULES_END);
	memory_shadow(UM_DIRECT_START, UM_HOST_END);
}

/*
 * More than the host has can't be used; to refuse it here is kinder than to
 * be killed later.
 */
static void memory_check_size(unsigned long size)
{
	struct sysinfo info;
	unsigned long total;

	if (size > UM_DIRECT_SIZE)
		host_fatal("mem=: too large, at most %luG fit the address layout",
			   UM_DIRECT_SIZE >> 30);
	if (host_syscall(SYS_sysinfo, &info))
		return;
	total = (info.totalram + info.totalswap) * info.mem_unit;
	if (size > total)
		host_fatal("mem=: too large, the host has %luM of memory and swap",
			   total >> 20);
}

void host_memory_create(void)
{
	unsigned long size = host_config.memory_size;
	long ret;

	memory_check_size(size);
	ret = host_syscall(SYS_memfd_create, "linux-memory", MFD_CLOEXEC);
	if (ret < 0)
		host_fatal("no memory file: memfd_create: %s (needs Linux 3.17 and no filter that forbids it)",
			   host_strerror(ret));
	host_config.memory_fd = ret;
	ret = host_syscall(SYS_ftruncate, host_config.memory_fd, size);
	if (ret < 0)
		host_fatal("mem=: a memory file of %luM: %s (see ulimit -f)",
			   size >> 20, host_strerror(ret));
	ret = host_syscall(SYS_mmap, UM_DIRECT_START, size,
			   PROT_READ | PROT_WRITE,
			   MAP_KERNEL | MAP_FIXED_NOREPLACE,
			   host_config.memory_fd, 0);
	if (ret != (long)UM_DIRECT_START)
		host_fatal("mem=: %luM of address space at 0x%lx: %s (a smaller mem= or a larger ulimit -v helps)",
			   size >> 20, UM_DIRECT_START, host_strerror(ret));
}

/*
 * Nothing may be written to the image between the copy and the mapping, so
 * no function is called in between, and the stack is the host's, not ours.
 */
void host_memory_share_image(void)
{
	unsigned long start = (unsigned long)_sdata_shared;
	unsigned long size = (unsigned long)_end - start;
	unsigned long phys = memory_phys(_sdata_shared);
	void *to = (void *)(UM_DIRECT_START + phys);
	const void *from = _sdata_shared;
	unsigned long left = size;
	long ret;

	asm volatile("rep movsb"
		     : "+D" (to), "+S" (from), "+c" (left) : : "memory");
	ret = host_syscall(SYS_mmap, start, size, PROT_READ | PROT_WRITE,
			   MAP_KERNEL | MAP_FIXED, host_config.memory_fd, phys);
	if (memory_result(ret))
		host_fatal("no memory for the kernel's data: %s",
			   host_strerror(ret));
}
