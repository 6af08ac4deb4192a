# SPDX-License-Identifier: MIT
"""The program of guarded.py for cores of boards, on QEMU: its calls of a system are made here."""

from __future__ import annotations

import subprocess
from pathlib import Path

from puffer_edge.exporters.c.kernels import joined
from tests.kernels.guarded import MAIN, Guarded

COMMON = r"""
#include <stddef.h>
#include <stdint.h>
#include <string.h>
int main(void);
enum { stdin, stdout, PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2,
       MAP_ANONYMOUS = 32 };
"""
LINUX = COMMON + r"""
static long call(long what, long a, long b, long c, long d, long e, long f)
{
#if defined(__riscv)
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d, a4 __asm__("a4") = e, a5 __asm__("a5") = f;
    register long a7 __asm__("a7") = what;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
#else
    long given[7] = {a, b, c, d, e, f, what}, *at = given;
    __asm__ volatile("push {r4, r5, r6, r7}\n\tmov r6, %0\n\tldr r7, [r6, #24]\n\t"
                     "ldr r0, [r6]\n\tldr r1, [r6, #4]\n\tldr r2, [r6, #8]\n\tldr r3, [r6, #12]\n\t"
                     "ldr r4, [r6, #16]\n\tldr r5, [r6, #20]\n\tsvc 0\n\tpop {r4, r5, r6, r7}\n\t"
                     "mov %0, r0" : "+h"(at) : : "r0", "r1", "r2", "r3", "memory", "cc");
    return (long)at;
#endif
}
#if defined(__riscv)
enum { READ = 63, WRITE = 64, EXIT = 93, MMAP = 222, PROTECT = 226 };
#else
enum { READ = 3, WRITE = 4, EXIT = 1, MMAP = 192, PROTECT = 125 };
#endif
static size_t moved(long what, char *data, size_t size, size_t count, int file)
{
    for (size_t done = 0; done < size * count;) {
        const long some = call(what, file, (long)(data + done), (long)(size * count - done), 0, 0,
                               0);
        if (some <= 0) {
            return done / size;
        }
        done += (size_t)some;
    }
    return count;
}
#define fread(...) moved(READ, (char *)__VA_ARGS__)
#define fwrite(...) moved(WRITE, (char *)__VA_ARGS__)
#define mmap(...) (void *)call(MMAP, (long)__VA_ARGS__)
#define mprotect(at, size, how) call(PROTECT, (long)(at), size, how, 0, 0, 0)
void _start(void) { call(EXIT, main(), 0, 0, 0, 0, 0); }
"""
"""A program of Linux: memory ends where an array does."""
BOARD = COMMON + r"""
static int32_t semihost(int32_t operation, const void *argument)
{
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
static void leave(uint32_t code)
{
    const uint32_t reason[2] = {0x20026u, code};
    semihost(0x20, reason);
}
static void fault(void) { leave(99); }
static int32_t files[2];
static int32_t file_of(int index)
{
    static const char *const names[2] = {"given", "found"};
    const uint32_t open[3] = {(uint32_t)names[index], index ? 5 : 1, 5}; /* "wb", "rb" */
    return files[index] ? files[index] : (files[index] = semihost(0x01, open));
}
static size_t moved(int32_t what, void *data, size_t size, size_t count, int file)
{
    const uint32_t how[3] = {(uint32_t)file_of(file), (uint32_t)data, size * count};
    return size * count == 0 ? count : count - (size_t)semihost(what, how) / size;
}
#define fread(...) moved(0x06, __VA_ARGS__)
#define fwrite(...) moved(0x05, __VA_ARGS__)
#define mmap(...) memory
#define mprotect(...)
static char memory[32 << 16];
static void reset(void)
{
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* the FPU, and vectors */
    __asm__ volatile("dsb\n\tisb");
    leave((uint32_t)main());
}
#define FOUR fault, fault, fault, fault
__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))0x70800000, reset, fault, fault, FOUR, FOUR, FOUR};
"""
"""What a board with a Cortex-M55 starts, which this emulator has for no program of Linux."""


class Bare(Guarded):
    """Kernels of one core, compiled once.

    Args:
        folder: for the program.
        compiler: with the flags that say which core.
        emulator: that runs a program of Linux; empty for QEMU's board with Helium.
        calls: as those of Guarded, for one unit.
        preamble: what the policy's author defines.
    """

    def __init__(self, folder: Path, compiler: list[str], emulator: list[str],
                 calls: dict[str, tuple[str, str]], preamble: str = "") -> None:
        files = {file for file, _ in calls.values()}
        self.folder, self.emulator = folder, emulator
        self.numbers = {("", name): number for number, name in enumerate(calls)}
        parts = [LINUX if emulator else BOARD, preamble, joined(files, with_helium=not emulator)]
        for name, (_, statement) in calls.items():
            parts.append(f"static void call_{name}(void **a, const int32_t *n)\n"
                         f"{{ (void)n; {statement.replace('@', 'puffer_edge_')} }}")
        parts.append(MAIN % ", ".join(f"call_{name}" for name in calls))
        (folder / "bare.c").write_text("\n".join(parts))
        places = [] if emulator else ["-Wl,-Ttext=0x70000000", "-Wl,-e,main",
                                      "-Wl,--section-start=.vectors=0"]
        subprocess.run([*compiler, "-std=gnu99", "-w", "-ffp-contract=off", "-nostartfiles",
                        "-static", *places, "bare.c", "-o", "bare"], cwd=folder, check=True)

    def ran(self, given: bytes) -> tuple[int, bytes]:
        if self.emulator:
            said = subprocess.run([*self.emulator, self.folder / "bare"], input=given,
                                  capture_output=True, check=False)
            return said.returncode, said.stdout
        (self.folder / "given").write_bytes(given)
        done = subprocess.run(
            ["qemu-system-arm", "-M", "mps3-an547", "-kernel", "bare", "-display", "none",
             "-monitor", "none", "-serial", "none", "-semihosting-config",
             "enable=on,target=native"], cwd=self.folder, check=False, timeout=100)
        return done.returncode, (self.folder / "found").read_bytes()
