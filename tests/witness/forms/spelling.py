"""The same instructions as other authors spell them."""

from .spell import form

FORMS = [
    form("SMLAL V3.8H, V1.8B, V2.8B", "b"),
    form("SQRDMULH v0.4S, V1.4s, v2.S[3]", "s"),
    form("ADD X0, X1, X2, LSL #3", "x"),
    form("Subs W0, w1, 1", "x"),
    form("add x0, x1, 16", "x"),
    form("add\tx0 , x1,\t#0x10", "x"),
    form("sub x0, x1, #-16", "x"),
    form("add x0, x1, #-1", "x"),
    form("cmp x1, #-1", "x"),
    form("mov x0, 0xFF", "x"),
    form("mov w0, #0b101", "x"),
    form("and x0, x1, ~3", "x"),
    form("add x0, x1, #(4*8)", "x"),
    form("add x0, x1, lr", "x"),
    form("add x0, x1, fp", "x"),
    form("ld1 {v16.16b-v19.16b}, [x1], 64", "m"),
    form("ld1 { v16.4s , v17.4s }, [ x1 ] , #32", "m"),
    form("LD1 {V16.8B}, [X1], X2", "m"),
    form("st1 {v16.s}[2], [x1], 4", "m"),
    form("ld1r {v16.4s}, [x1], 4", "m"),
    form("ldr q0, [x1], 16", "m"),
    form("ldr q0, [x1, 32]", "m"),
    form("LDP D0, D1, [X1], 16", "m"),
    form("ldr x0, [x1, -8]!", "m"),
    form("ldr d0, [x1, #-8]", "m"),
    form("str q0, [x1, #-16]", "m"),
    form("ldr x0, [x1, #3]", "m"),
    form("PRFM PLDL1KEEP, [X1, 128]", "m"),
    form("movi v0.4s, 0", "s"),
    form("movi v0.16b, -1", "b"),
    form("movi v0.4s, #0x4b, LSL #24", "s"),
    form("mov v0.s[1], v1.s[2]", "s"),
    form("ins v0.s[1], v1.s[2]", "s"),
    form("umov w0, v1.s[1]", "s"),
    form("sxtl v0.8h, v1.8b // widen", "b"),
    form("sxtl v0.8h, v1.8b /* widen */", "b"),
    form("shl v0.16b, v1.16b, 4", "b"),
    form("ext v0.16b, v1.16b, v2.16b, 8", "b"),
    form("cmeq v0.4s, v1.4s, 0", "s"),
    form("sdot v5.4s, v1.16b, v2.4b[1]", "b"),
    form(".inst 0x4e829425", "b"),  # sdot v5.4s, v1.16b, v2.16b
    form(".inst 0x4fa2e025", "b"),  # sdot v5.4s, v1.16b, v2.4b[1]
    form(".inst 0x4f82e825", "b"),  # sdot v5.4s, v1.16b, v2.4b[2]
    form(".inst 0x6e829425", "b"),  # udot v5.4s, v1.16b, v2.16b
    form(".inst 0x6fa2e825", "b"),  # udot v5.4s, v1.16b, v2.4b[3]
    form(".inst 0x2e829425", "b"),  # udot v5.2s, v1.8b, v2.8b
    form(".word 0x4e82a425", "b"),  # smmla v5.4s, v1.16b, v2.16b
    form(".word 0x6e82a425", "b"),  # ummla v5.4s, v1.16b, v2.16b
    form(".inst 0x4e82ac25", "b"),  # usmmla v5.4s, v1.16b, v2.16b
    form("b.cs 1f; mov x0, #1; b 2f; 1: mov x0, #2; 2:", "x"),
    form("cbz x1, 3f\nmov x0, #9\n3: add x0, x0, #1", "x"),
    form("csel x0, x1, x2, HS", "x"),
    form("csel w0, w1, w2, lo", "x"),
]
