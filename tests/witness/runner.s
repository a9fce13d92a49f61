// Runs one form per record under qemu: stdin -> form -> stdout.
// runner.py puts state.s before it, and the forms and their table behind.
    .section .rec, "aw", %nobits
rec:
    .skip 8192

    .text
    .global _start
_start:
    mov x0, #0
    record x1
    mov x2, #SIZE
    mov x8, #63
    svc #0
    cmp x0, #SIZE
    b.ne quit
    restore
    ldr x29, [x30, #FORM_]
    ldr x28, =table
    ldr w28, [x28, x29, lsl #2]
    str x28, [x30, #FORM_]
    scalars ldr
    ldr x30, [x30, #FORM_]
    br x30

resume:
    save
    mov x0, #1
    record x1
    mov x2, #SIZE
    mov x8, #64
    svc #0
    b _start
quit:
    mov x8, #93
    svc #0
    .ltorg
