/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_UACCESS_H
#define _ASM_UM_UACCESS_H

#include <linux/instrumented.h>
#include <linux/string.h>
#include <asm-generic/access_ok.h>
#include <asm/extable.h>
#include <asm/pgtable.h>

/*
 * Guest memory is reached by walking the page table of current->mm and using
 * the direct map; see mm/uaccess.c.  A page that is absent, or that may not be
 * written yet, is faulted in as the CPU would do it, unless page faults are
 * disabled.
 */

unsigned long um_copy_from_user(void *to, const void __user *from,
				unsigned long n);
unsigned long um_copy_to_user(void __user *to, const void *from,
			      unsigned long n);
unsigned long um_clear_user(void __user *to, unsigned long n);

static __always_inline unsigned long
raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return um_copy_from_user(to, from, n);
}

static __always_inline unsigned long
raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return um_copy_to_user(to, from, n);
}

#define INLINE_COPY_FROM_USER
#define INLINE_COPY_TO_USER

static inline unsigned long __clear_user(void __user *to, unsigned long n)
{
	return um_clear_user(to, n);
}

static inline unsigned long clear_user(void __user *to, unsigned long n)
{
	might_fault();
	return access_ok(to, n) ? um_clear_user(to, n) : n;
}

#define __get_user(x, ptr)						\
({									\
	const __typeof__(*(ptr)) __user *__gu_ptr = (ptr);		\
	union {								\
		__typeof__(*(ptr)) value;				\
		char bytes[sizeof(*(ptr))];				\
	} __gu;								\
	int __gu_err = 0;						\
	__chk_user_ptr(ptr);						\
	if (um_copy_from_user(__gu.bytes, __gu_ptr, sizeof(__gu))) {	\
		memset(__gu.bytes, 0, sizeof(__gu));			\
		__gu_err = -EFAULT;					\
	}								\
	(x) = __gu.value;						\
	__gu_err;							\
})

#define get_user(x, ptr)						\
({									\
	const __typeof__(*(ptr)) __user *__g_ptr = (ptr);		\
	might_fault();							\
	access_ok(__g_ptr, sizeof(*__g_ptr)) ? __get_user(x, __g_ptr) :	\
		((x) = (__typeof__(*(ptr)))0, -EFAULT);			\
})

#define __put_user(x, ptr)						\
({									\
	__typeof__(*(ptr)) __user *__pu_ptr = (ptr);			\
	__typeof__(*(ptr)) __pu_val = (x);				\
	__chk_user_ptr(ptr);						\
	um_copy_to_user(__pu_ptr, &__pu_val, sizeof(__pu_val)) ?	\
		-EFAULT : 0;						\
})

#define put_user(x, ptr)						\
({									\
	__typeof__(*(ptr)) __user *__p_ptr = (ptr);			\
	might_fault();							\
	access_ok(__p_ptr, sizeof(*__p_ptr)) ? __put_user(x, __p_ptr) :	\
		-EFAULT;						\
})

long strncpy_from_user(char *dst, const char __user *src, long count);
long strnlen_user(const char __user *s, long n);

#define __get_kernel_nofault(dst, src, type, label)			\
do {									\
	__typeof__(*(type *)(dst)) __gk_val;				\
	asm_goto_output("1: mov %[mem], %[val]\n"			\
			_ASM_EXTABLE(1b, %l[label])			\
			: [val] "=q" (__gk_val)				\
			: [mem] "m" (*(type *)(src))			\
			: : label);					\
	*(type *)(dst) = __gk_val;					\
} while (0)

#define __put_kernel_nofault(dst, src, type, label)			\
do {									\
	asm goto("1: mov %[val], %[mem]\n"				\
		 _ASM_EXTABLE(1b, %l[label])				\
		 : : [val] "q" (*(type *)(src)),			\
		     [mem] "m" (*(type *)(dst))				\
		 : "memory" : label);					\
} while (0)

#endif /* _ASM_UM_UACCESS_H */
