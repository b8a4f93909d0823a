#!/bin/sh
# lambda-root.sh <node or -> <shell> <extensions> <command…>: runs the command with a root directory as on Lambda.
#
# The machine's own root, and in it /opt with the unpacked layer, <shell> as /bin/sh, <node> as
# /var/lang/bin/node (none for -), all of it read-only but /tmp. To be started by
# `unshare --mount`, with --map-root-user for a user other than root; what it mounts is gone with its last process.
set -eu
node=$1 shell=$2 extensions=$3
shift 3

root=$(mktemp -d)
mount -t tmpfs lambda-root "$root"
# Each directory of $1 as it is, apart from those named.
graft() {
  mkdir -p "$root$1"
  for path in "$1"/* ; do
    case " $2 " in *" $path "*) continue ;; esac
    if [ -L "$path" ]; then cp -P "$path" "$root$path"
    elif [ -d "$path" ]; then mkdir "$root$path" && mount --rbind "$path" "$root$path"
    elif [ -e "$path" ]; then touch "$root$path" && mount --bind "$path" "$root$path"
    fi
  done
}
graft '' '/opt /var /var/lang'
graft /opt "/opt/extensions $(cd "$extensions/.." && printf '/opt/%s ' parameters-secrets-*)"
graft /var /var/lang

mkdir -p "$root/opt/extensions" "$root/var/lang/bin"
mount --bind "$extensions" "$root/opt/extensions"
for path in "$extensions"/../parameters-secrets-*; do
  touch "$root/opt/${path##*/}"
  mount --bind "$path" "$root/opt/${path##*/}"
done
if [ "$node" != - ]; then
  touch "$root/var/lang/bin/node"
  mount --bind "$node" "$root/var/lang/bin/node"
fi
mount --bind "$shell" "$root$(readlink -f /bin/sh)"

for path in "$root"/*; do
  case ${path#"$root"} in /tmp | /dev | /proc | /sys) ;; *) mountpoint -q "$path" && mount -o remount,bind,ro "$path" || : ;; esac
done
mount -o remount,bind,ro "$root/opt/extensions"
mount -o remount,bind,ro "$root"
cd "$root/"
exec chroot "$root" "$@"
