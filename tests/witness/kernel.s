// Runs one kernel under qemu: memory and registers from stdin, both back to
// stdout.  neon_kernel.py puts state.s before it and the kernel behind.
// SEGMENTS, 256 bytes: their number, then address and size of each.
    .equ SEGMENTS, 2048
    .equ RETURN_, 792
    .macro io number, file, at, size
    mov x0, #\file
    mov x1, \at
    mov x2, \size
    mov x8, #\number
    svc #0
    .endm
    .macro first // x19 counts the segments that x20 points at
    record x20
    ldr x19, [x20, #SEGMENTS]
    add x20, x20, #SEGMENTS + 8
    .endm

    .section .rec, "aw", %nobits
rec:
    .skip 8192

    .text
    .global _start
_start:
    record x1
    add x1, x1, #SEGMENTS
    io 63, 0, x1, #256
    first
0:
    cbz x19, 1f
    ldp x0, x1, [x20]
    mov x2, #3 // read and write
    mov x3, #0x32 // private, anonymous, fixed
    mov x4, #-1
    mov x5, #0
    mov x8, #222
    svc #0
    ldp x21, x22, [x20], #16
    io 63, 0, x21, x22
    sub x19, x19, #1
    b 0b
1:
    record x1
    io 63, 0, x1, #SIZE
    restore
    scalars ldr
    bl kernel
back:
    save
    ldr x0, =back
    str x0, [x30, #RETURN_]
    record x1
    io 64, 1, x1, #SIZE
    first
0:
    cbz x19, 1f
    ldp x21, x22, [x20], #16
    io 64, 1, x21, x22
    sub x19, x19, #1
    b 0b
1:
    mov x0, #0
    mov x8, #93
    svc #0
    .ltorg
kernel:
