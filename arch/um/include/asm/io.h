/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_IO_H
#define _ASM_UM_IO_H

#include <asm-generic/io.h>

#endif /* _ASM_UM_IO_H */
