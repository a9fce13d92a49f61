// The state of a record, and how registers come from it and go to it.
// A record lies at REC: v0-v31, x0-x30, sp, nzcv, fpsr, form; at REC + 1024
// the memory window.  TPIDR_EL0 holds x30 across the save, so no register
// is reserved.  FPCR is 0.
    .arch armv8.6-a+i8mm+dotprod+fp16+bf16
    .equ SP_, 760
    .equ NZCV_, 768
    .equ FPSR_, 776
    .equ FORM_, 784
    .equ SIZE, 1280
    .macro record r
    movz \r, #0xfc00
    movk \r, #0x1fff, lsl #16
    .endm
    .macro vectors op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \op q\n, [x30, #16 * \n]
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op q\n, [x30, #16 * \n]
    .endr
    .endm
    .macro scalars op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    \op x\n, [x30, #512 + 8 * \n]
    .endr
    .irp n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
    \op x\n, [x30, #512 + 8 * \n]
    .endr
    .endm

    .macro restore // all but x; x30 is REC, x29 is lost
    record x30
    ldr x29, [x30, #FPSR_]
    msr fpsr, x29
    ldr x29, [x30, #NZCV_]
    msr nzcv, x29
    ldr x29, [x30, #SP_]
    mov sp, x29
    vectors ldr
    .endm
    .macro save
    msr tpidr_el0, x30
    record x30
    scalars str
    mrs x0, tpidr_el0
    str x0, [x30, #512 + 8 * 30]
    mov x0, sp
    str x0, [x30, #SP_]
    mrs x0, nzcv
    str x0, [x30, #NZCV_]
    mrs x0, fpsr
    str x0, [x30, #FPSR_]
    vectors str
    .endm
