#!/bin/sh
# Installs the command line of Claude Worker and its MCP server from a release for Linux.
#
#   sh install.sh                     into ~/.local, or as root into /usr/local
#   sh install.sh --prefix DIR        into another directory
#   sh install.sh --uninstall         removes what was installed; tasks and settings are kept
#
# It installs claude-worker-VERSION-MACHINE-linux.tar.gz from its own directory, with the checksum in
# SHA256SUMS beside it, and otherwise downloads both. In an unpacked archive it installs what is there.
set -eu

version=@VERSION@
releases=${CLAUDE_WORKER_RELEASES:-https://github.com/yigitkonur/claude-worker/releases/download}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=${HOME:?}/.local; fi
action=install
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=${2:?--prefix needs a directory} && shift ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --uninstall) action=uninstall ;;
        -h | --help)
            sed -n '2,10s/^# \{0,1\}//p' "$0"
            exit
            ;;
        *) fail "unknown argument $1; see sh install.sh --help" ;;
    esac
    shift
done
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
list=$prefix/share/claude-worker/installed

if [ "$action" = uninstall ]; then
    [ -f "$list" ] || fail "nothing is installed in $prefix; name the directory with --prefix"
    # Running tasks keep running, and their supervisors need no file of the program.
    "$prefix/bin/claude-worker" server stop >/dev/null 2>&1 || true
    while read -r file; do rm -f "$prefix/$file"; done <"$list"
    rm -f "$list"
    rmdir "$prefix/share/claude-worker" 2>/dev/null || true
    echo "Removed from $prefix. Your tasks and settings are still in ~/.claude-worker"
    exit
fi

[ "$(uname -s)" = Linux ] || fail "there are no programs for $(uname -s) yet; build them with Cargo"
machine=$(uname -m)
case $machine in
    x86_64 | amd64) machine=x86_64 ;;
    *) fail "there are no programs for $machine yet; build them with Cargo" ;;
esac
name=claude-worker-$version-$machine-linux
scratch=$(mktemp -d)
tree=
# Whatever happens: the files that have not taken their names yet go away.
clean() {
    if [ -n "$tree" ]; then
        while read -r file; do rm -f "$prefix/$file.new"; done <"$tree/files"
        rm -f "$list.new"
        rmdir "$prefix/share/claude-worker" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

# Where this script is. Read from a pipe (`curl … | sh`), it has no file of its own.
here=.
if [ -f "$0" ]; then here=$(cd "$(dirname "$0")" && pwd); fi

fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL --proto '=https,http,file' -o "$scratch/$1" "$releases/v$version/$1"
    elif command -v wget >/dev/null 2>&1; then
        wget -qO "$scratch/$1" "$releases/v$version/$1"
    else
        fail "curl or wget is needed to download $releases/v$version/$1"
    fi || fail "cannot download $releases/v$version/$1"
}

if [ -x "$here/bin/claude-worker" ] && [ -f "$here/files" ]; then
    tree=$here
else
    if [ -f "$here/$name.tar.gz" ]; then
        [ -f "$here/SHA256SUMS" ] || fail "SHA256SUMS is missing beside $name.tar.gz"
        cp "$here/$name.tar.gz" "$here/SHA256SUMS" "$scratch/"
    else
        echo "Downloading $name" >&2
        fetch SHA256SUMS
        fetch "$name.tar.gz"
    fi
    (
        cd "$scratch"
        grep "  $name.tar.gz\$" SHA256SUMS >sum || fail "SHA256SUMS does not name $name.tar.gz"
        sha256sum -c sum >/dev/null || fail "$name.tar.gz is damaged: its checksum does not match"
        tar -xzf "$name.tar.gz"
    )
    tree=$scratch/$name
fi

# All files are copied before the first takes its name, so that a full disk or an interruption leaves the installed
# version as it is. The old list stays in use until then; in between, a list names the files of both versions.
mkdir -p "$prefix/share/claude-worker"
while read -r file; do
    mkdir -p "$prefix/$(dirname "$file")"
    cp "$tree/$file" "$prefix/$file.new"
    case $file in
        # The unit starts the program that is installed here.
        *.service) sed "s#/usr/bin/#$prefix/bin/#" "$tree/$file" >"$prefix/$file.new" ;;
    esac
done <"$tree/files"
"$prefix/bin/claude-worker.new" --version >/dev/null || fail "the program does not run on this machine"
touch "$list"
cat "$list" "$tree/files" | sort -u >"$list.new"
mv -f "$list.new" "$list"
# Renamed, because a program that runs cannot be overwritten.
while read -r file; do mv -f "$prefix/$file.new" "$prefix/$file"; done <"$tree/files"
# What the earlier version had and this one has not.
while read -r file; do
    grep -qxF "$file" "$tree/files" || rm -f "$prefix/$file"
done <"$list"
cp "$tree/files" "$list.new"
mv -f "$list.new" "$list"

echo "Installed $("$prefix/bin/claude-worker" --version) in $prefix"
case :${PATH:-}: in
    *":$prefix/bin:"*) ;;
    *) echo "Add it to your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
echo "If an engine is running, stop it so that this version starts: claude-worker server stop"
