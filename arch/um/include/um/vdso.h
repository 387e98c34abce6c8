/* SPDX-License-Identifier: GPL-2.0-only */
/* The vDSO's page of data, between arch/um/vdso and the kernel. */
#ifndef _UM_VDSO_H
#define _UM_VDSO_H

#include <vdso/datapage.h>

/** um_vvar - the kernel's side of what guest code sees as [vvar] */
extern union um_vvar um_vvar;

#endif /* _UM_VDSO_H */
