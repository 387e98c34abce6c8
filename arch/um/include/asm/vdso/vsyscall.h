/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_VDSO_VSYSCALL_H
#define _ASM_UM_VDSO_VSYSCALL_H

#ifndef __ASSEMBLY__

#include <vdso/datapage.h>
#include <um/vdso.h>

static __always_inline struct vdso_data *um_vvar_data(void)
{
	return um_vvar.data;
}

#define __arch_get_k_vdso_data um_vvar_data

#include <asm-generic/vdso/vsyscall.h>

#endif /* !__ASSEMBLY__ */

#endif /* _ASM_UM_VDSO_VSYSCALL_H */
