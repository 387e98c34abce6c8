/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_MODULE_H
#define _ASM_UM_MODULE_H

#include <asm-generic/module.h>

#endif /* _ASM_UM_MODULE_H */
