#!/bin/sh
# Leaves nothing of the node that node.ts starts on this machine: no process, mount, cgroup, packet filter rule, bridge or
# folder. Safe to run when there is little of it or nothing, in whatever way it ended.
run=/run/streamhouse-kube
state=/var/lib/streamhouse-kube
[ -d "$run" ] || exit 0

# Kubelet, containerd and the shims of containers, then what runs in pods. node.ts starts only where no other kubelet has pods.
for file in $(grep -lzs -e "$run/" -e "$state/" /proc/[0-9]*/cmdline); do
	process=${file#/proc/}
	kill -KILL "${process%/cmdline}" 2>/dev/null
done
for _ in 1 2 3 4 5 6 7 8 9; do
	pids=$(find /sys/fs/cgroup -path '*/kubepods*/cgroup.procs' -exec cat {} + 2>/dev/null | sort -u)
	[ -n "$pids" ] || break
	kill -KILL $pids 2>/dev/null
	sleep 0.2
done

awk -v run="$run/" -v state="$state/" 'index($2, run) == 1 || index($2, state) == 1 { print $2 }' /proc/mounts |
	sort -r | while read -r mount; do umount -l "$mount"; done
find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null
for table in iptables ip6tables; do
	if $table-save 2>/dev/null | grep KUBE- >/dev/null; then
		$table-save | grep -v KUBE- | $table-restore
	fi
done
ip link delete streamhouse0 2>/dev/null
find /var/log/containers -lname "$state/*" -delete 2>/dev/null
# The folder that says that there is a node goes last.
rm -rf --one-file-system "$state" && rm -rf --one-file-system "$run"
