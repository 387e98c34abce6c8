#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The quota that cgroups give, read from files as hosts have them.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=/dev/null
. "$top/tests/static/tap.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
empty "it compiles" "$(${CC:-cc} -std=gnu11 -Wall -Wextra -Werror -D__UM_HOST__ \
	-idirafter "$top/arch/um/include" -o "$work/quota" \
	"$top/tests/static/quota.c" "$top/arch/um/host/quota.c" 2>&1)"

v1='30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct'
v2='31 25 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw'

# host CGROUP MOUNTINFO: a new host
host()
{
	rm -rf "$work/root"
	mkdir -p "$work/root/proc/self"
	printf '%s\n' "$1" >"$work/root/proc/self/cgroup"
	printf '22 1 8:1 / / rw - ext4 /dev/sda rw\n%s\n' "$2" \
		>"$work/root/proc/self/mountinfo"
}

# file PATH TEXT: in the host's cgroups
file()
{
	mkdir -p "$work/root/sys/fs/cgroup/${1%/*}"
	printf '%s\n' "$2" >"$work/root/sys/fs/cgroup/$1"
}

# cpus NUMBER NAME
cpus()
{
	found=$("$work/quota" "$work/root")
	wrong="it finds '$found', not $1"
	if [ "$found" = "$1" ]; then wrong=; fi
	empty "$2" "$wrong"
}

host '0::/' "$v2"
cpus 0 "no quota in the root"
host '0::/a/b' "$v2"
file a/b/cpu.max 'max 100000'
cpus 0 "v2: no quota"
file a/b/cpu.max '150000 100000'
cpus 2 "v2: rounded up"
file a/b/cpu.max '200000 100000'
cpus 2 "v2: nothing to round"
file a/cpu.max '50000 100000'
cpus 1 "v2: less further up"
file a/cpu.max '800000 100000'
cpus 2 "v2: more further up"
file a/b/cpu.max '1000 100000'
cpus 1 "v2: very little"

host '0::/docker/1' \
	'31 25 0:27 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw'
file ./cpu.max '300000 100000'
cpus 3 "v2: what is mounted is the cgroup itself"
host '0::/../other' "$v2"
file ./cpu.max '300000 100000'
cpus 3 "v2: a cgroup outside the namespace"
host '0::/docker/12' \
	'31 25 0:27 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw'
file ./cpu.max '300000 100000'
file 2/cpu.max '100000 100000'
cpus 3 "v2: a name that another begins with"

host '3:cpuset:/x
2:cpu,cpuacct:/a
0::/' "$v1"
file cpu,cpuacct/a/cpu.cfs_quota_us -1
file cpu,cpuacct/a/cpu.cfs_period_us 100000
cpus 0 "v1: no quota"
file cpu,cpuacct/a/cpu.cfs_quota_us 250000
cpus 3 "v1: rounded up"
host '2:cpuacct:/a
1:cpuset:/a' "$v1"
file cpu,cpuacct/a/cpu.cfs_quota_us 250000
file cpu,cpuacct/a/cpu.cfs_period_us 100000
cpus 0 "v1: no cgroup of the CPU's"

host '2:cpu,cpuacct:/a
0::/b' "$v1
31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup rw"
file cpu,cpuacct/a/cpu.cfs_quota_us 250000
file cpu,cpuacct/a/cpu.cfs_period_us 100000
file unified/b/cpu.max '100000 100000'
cpus 1 "both: the lesser"

host '' ''
cpus 0 "no cgroups"
done_testing
