#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Every file says what its licence is, in its first line, or behind "#!".

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=/dev/null
. "$top/tests/static/tap.sh"
cd "$top" || exit 1

without_licence()
{
	our_files | grep -v '^LICENSE$' | while read -r name; do
		# Pictures and other data have no comments.
		grep -Iq . "$name" || continue
		first=$(head -n 1 "$name")
		case $first in
		'#!'*) first=$(sed -n 2p "$name") ;;
		esac
		case $first in
		*'SPDX-License-Identifier: GPL-2.0-only'*) ;;
		*'SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note'*) ;;
		*) echo "$name" ;;
		esac
	done
}

empty "every file begins with an SPDX line" "$(without_licence)"
empty "LICENSE is the GPL, version 2" "$(
	grep -q 'GNU GENERAL PUBLIC LICENSE' LICENSE || echo "no GPL"
	grep -q 'Version 2, June 1991' LICENSE || echo "not version 2"
)"
done_testing
