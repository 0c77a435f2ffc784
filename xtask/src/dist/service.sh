# The first program of namespaces without Docker: makes private what a service could change of this machine, and
# becomes systemd with the units in "$1", which starts none of this machine's services. Programs are in "$2".
set -e
units=$1
programs=$2
# Not over the old one: the kernel would still find that without restrictions.
umount --lazy /proc
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd /run/programs
cp "$programs/claude-worker" "$programs/claude-worker-mcp" /run/programs/
cp -r "$units" /run/units
for directory in /tmp /var/tmp /var/lib /srv /home; do
    mount -t tmpfs -o mode=755 tmpfs "$directory"
done
chmod 1777 /tmp /var/tmp
# The account that docs/deployment.md advises.
{ cat /etc/passwd; echo claude-worker:x:61234:61234::/var/lib/claude-worker:/bin/sh; } > /run/passwd
{ cat /etc/group; echo claude-worker:x:61234:; } > /run/group
mount --bind /run/passwd /etc/passwd
mount --bind /run/group /etc/group
install -d -o 61234 -g 61234 /var/lib/claude-worker
# Only the control groups of these namespaces.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
    mount -t tmpfs tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
fi
export container=unshare SYSTEMD_UNIT_PATH=/run/units
exec /lib/systemd/systemd --system --unit=basic.target --log-target=console --log-level=warning --show-status=0
