#!/bin/sh
# Makes the seeds of the targets btf and ctf from types.c and other.c: GCC 12 or later, binutils 2.36 or later, pahole.
# They are kept, since not every compiler writes these formats. Sources are read from a pipe, so that no path is stored.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile() (
    source=$1 output=$2
    shift 2
    source=$PWD/$source
    cd / && gcc -fno-asynchronous-unwind-tables -fno-ident "$@" -c -x c - -o "$work/$output" <"$source"
)
compile types.c btf.o -gbtf
compile other.c dwarf.o -g
compile types.c types.o -gctf -fPIC
compile other.c other.o -gctf -fPIC
objcopy -O binary --dump-section .BTF=types.btf "$work/btf.o" /dev/null
objcopy -O binary --dump-section .ctf=types.ctf "$work/types.o" /dev/null
pahole --btf_base=types.btf --btf_encode_detached=other.btf "$work/dwarf.o"
gcc -shared -nostdlib -Wl,-z,noseparate-code,-z,norelro,--hash-style=sysv,--build-id=none \
    "$work/types.o" "$work/other.o" -o two-ctf.so
strip --strip-unneeded two-ctf.so
chmod 644 two-ctf.so other.btf
