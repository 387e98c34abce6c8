// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory, by way of the page table and the direct map.
 *
 * While a page is used interrupts are disabled and um_uaccess_seq is odd, which
 * keeps a flush on another CPU, and so the page's next owner, waiting.  That CPU
 * has a barrier made on this one (host_barrier()), so none is needed here.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/futex.h>
#include <um/mm.h>
#include "fault.h"
#include "walk.h"

DEFINE_PER_CPU(unsigned int, um_uaccess_seq);

static void uaccess_end(unsigned long flags)
{
	barrier();
	raw_cpu_inc(um_uaccess_seq);
	local_irq_restore(flags);
}

void um_uaccess_forget(void)
{
	if (raw_cpu_read(um_uaccess_seq) & 1)
		raw_cpu_inc(um_uaccess_seq);
}

/*
 * Returns where a byte of guest memory is, with interrupts disabled
 * (uaccess_end()), or NULL, with interrupts as they were.
 */
static void *uaccess_begin(unsigned long addr, bool write,
			   unsigned long *flags)
{
	pte_t pte;

	do {
		if (!current->mm || addr >= TASK_SIZE)
			return NULL;
		local_irq_save(*flags);
		raw_cpu_inc(um_uaccess_seq);
		barrier();
		pte = walk_page(current->mm, addr);
		if (walk_grants(pte, write, false))
			return __va(PFN_PHYS(pte_pfn(pte))) +
			       offset_in_page(addr);
		uaccess_end(*flags);
	} while (!um_fault_in(addr, write));
	return NULL;
}

/*
 * Words that are aligned are moved at once: other threads of the guest may be
 * looking at them, or changing them.  @addr is the guest's address.
 */
static void uaccess_move(void *to, const void *from, unsigned long n,
			 unsigned long addr)
{
	if (n == sizeof(u64) && IS_ALIGNED(addr, sizeof(u64)))
		WRITE_ONCE(*(u64 *)to, READ_ONCE(*(const u64 *)from));
	else if (n == sizeof(u32) && IS_ALIGNED(addr, sizeof(u32)))
		WRITE_ONCE(*(u32 *)to, READ_ONCE(*(const u32 *)from));
	else if (n == sizeof(u16) && IS_ALIGNED(addr, sizeof(u16)))
		WRITE_ONCE(*(u16 *)to, READ_ONCE(*(const u16 *)from));
	else
		memcpy(to, from, n);
}

static unsigned long uaccess_chunk(unsigned long addr, unsigned long n)
{
	return min(n, PAGE_SIZE - offset_in_page(addr));
}

unsigned long um_copy_from_user(void *to, const void __user *from,
				unsigned long n)
{
	unsigned long addr = (unsigned long)from;

	while (n) {
		unsigned long chunk = uaccess_chunk(addr, n), flags;
		void *page = uaccess_begin(addr, false, &flags);

		if (!page)
			break;
		uaccess_move(to, page, chunk, addr);
		uaccess_end(flags);
		to += chunk;
		addr += chunk;
		n -= chunk;
	}
	return n;
}
EXPORT_SYMBOL(um_copy_from_user);

unsigned long um_copy_to_user(void __user *to, const void *from,
			      unsigned long n)
{
	unsigned long addr = (unsigned long)to;

	while (n) {
		unsigned long chunk = uaccess_chunk(addr, n), flags;
		void *page = uaccess_begin(addr, true, &flags);

		if (!page)
			break;
		uaccess_move(page, from, chunk, addr);
		uaccess_end(flags);
		from += chunk;
		addr += chunk;
		n -= chunk;
	}
	return n;
}
EXPORT_SYMBOL(um_copy_to_user);

unsigned long um_clear_user(void __user *to, unsigned long n)
{
	unsigned long addr = (unsigned long)to;

	while (n) {
		unsigned long chunk = uaccess_chunk(addr, n), flags;
		void *page = uaccess_begin(addr, true, &flags);

		if (!page)
			break;
		memset(page, 0, chunk);
		uaccess_end(flags);
		addr += chunk;
		n -= chunk;
	}
	return n;
}
EXPORT_SYMBOL(um_clear_user);

long strncpy_from_user(char *dst, const char __user *src, long count)
{
	unsigned long addr = (unsigned long)src;
	long done = 0;

	might_fault();
	while (done < count) {
		unsigned long chunk = uaccess_chunk(addr, count - done), flags;
		char *page = uaccess_begin(addr, false, &flags);
		unsigned long length;

		if (!page)
			return -EFAULT;
		length = strnlen(page, chunk);
		memcpy(dst + done, page, length);
		uaccess_end(flags);
		done += length;
		addr += length;
		if (length < chunk) {
			dst[done] = '\0';
			return done;
		}
	}
	return done;
}
EXPORT_SYMBOL(strncpy_from_user);

long strnlen_user(const char __user *s, long n)
{
	unsigned long addr = (unsigned long)s;
	long done = 0;

	might_fault();
	while (done < n) {
		unsigned long chunk = uaccess_chunk(addr, n - done), flags;
		char *page = uaccess_begin(addr, false, &flags);
		unsigned long length;

		if (!page)
			return 0;
		length = strnlen(page, chunk);
		uaccess_end(flags);
		done += length;
		addr += length;
		if (length < chunk)
			return done + 1;
	}
	return n + 1;
}
EXPORT_SYMBOL(strnlen_user);

/* The page of a futex, which the core has faulted in; it handles -EFAULT. */
static u32 *uaccess_futex(u32 __user *uaddr, unsigned long *flags)
{
	u32 *word;

	pagefault_disable();
	word = uaccess_begin((unsigned long)uaddr, true, flags);
	pagefault_enable();
	return word;
}

int arch_futex_atomic_op_inuser(int op, int oparg, int *oval,
				u32 __user *uaddr)
{
	unsigned long flags;
	u32 *word, old, new;

	if (!access_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	word = uaccess_futex(uaddr, &flags);
	if (!word)
		return -EFAULT;
	old = READ_ONCE(*word);
	do {
		switch (op) {
		case FUTEX_OP_SET:
			new = oparg;
			break;
		case FUTEX_OP_ADD:
			new = old + oparg;
			break;
		case FUTEX_OP_OR:
			new = old | oparg;
			break;
		case FUTEX_OP_ANDN:
			new = old & ~oparg;
			break;
		case FUTEX_OP_XOR:
			new = old ^ oparg;
			break;
		default:
			uaccess_end(flags);
			return -ENOSYS;
		}
	} while (!try_cmpxchg(word, &old, new));
	uaccess_end(flags);
	*oval = old;
	return 0;
}

int futex_atomic_cmpxchg_inatomic(u32 *uval, u32 __user *uaddr, u32 oldval,
				  u32 newval)
{
	unsigned long flags;
	u32 *word;

	if (!access_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	word = uaccess_futex(uaddr, &flags);
	if (!word)
		return -EFAULT;
	*uval = cmpxchg(word, oldval, newval);
	uaccess_end(flags);
	return 0;
}
EXPORT_SYMBOL_GPL(futex_atomic_cmpxchg_inatomic);
