/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_KASAN_H
#define _ASM_UM_KASAN_H

#include <linux/const.h>
#include <asm/layout.h>

#define KASAN_SHADOW_SCALE_SHIFT	3
#define KASAN_SHADOW_OFFSET		_AC(UM_SHADOW_OFFSET, UL)
/* What lies below the image has no shadow. */
#define KASAN_SHADOW_START		UM_SHADOW(_AC(UM_IMAGE_START, UL))
#define KASAN_SHADOW_END		UM_SHADOW(_AC(UM_HOST_END, UL))

#ifdef CONFIG_KASAN
void kasan_init(void);
#else
static inline void kasan_init(void) { }
#endif

#endif /* _ASM_UM_KASAN_H */
