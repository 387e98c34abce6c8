/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_ASM_PROTOTYPES_H
#define _ASM_UM_ASM_PROTOTYPES_H

#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm-generic/asm-prototypes.h>

#endif /* _ASM_UM_ASM_PROTOTYPES_H */
