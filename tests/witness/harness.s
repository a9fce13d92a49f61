// Runs one form on many records under unicorn, which has no files.
// runner.py puts state.s before it.  At REC + 2048: input, its end, output,
// form.  The form, behind the prefix, ends in a branch to resume.
    .equ IN_, 2048
    .equ END_, 2056
    .equ OUT_, 2064
    .equ GO_, 2072
    .macro copy from, to // 1280 bytes; both move on
    mov x3, #20
0:
    ldp q0, q1, [\from], #32
    ldp q2, q3, [\from], #32
    stp q0, q1, [\to], #32
    stp q2, q3, [\to], #32
    subs x3, x3, #1
    b.ne 0b
    .endm

    .text
    .global _start
_start:
    record x30
    ldr x0, [x30, #IN_]
    ldr x1, [x30, #END_]
    cmp x0, x1
    b.eq quit
    mov x2, x30
    copy x0, x2
    str x0, [x30, #IN_]
    restore
    scalars ldr
    ldr x30, [x30, #GO_]
    br x30

resume:
    save
    ldr x0, [x30, #OUT_]
    mov x2, x30
    copy x2, x0
    str x0, [x30, #OUT_]
    b _start
quit:
    nop
prefix:
    record x30
    ldr x30, [x30, #752]

    .section .spans, "a"
    .word resume, quit, prefix
