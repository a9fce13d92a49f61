// int8 GEMM, 4 x 16 tile: C = A B, SDOT.
//
//   x0  blocks of 4 along k, at least 1
//   x1  A: per block 4 rows of 4 bytes
//   x2  B: per block 16 columns of 4 bytes
//   x3  C: int32, 4 rows of 16
//   x4  bytes from a row of C to the next
//
// v16 + 4 i + j holds C[i, 4 j] to C[i, 4 j + 3].

    movi    v16.4s, #0
    movi    v17.4s, #0
    movi    v18.4s, #0
    movi    v19.4s, #0
    movi    v20.4s, #0
    movi    v21.4s, #0
    movi    v22.4s, #0
    movi    v23.4s, #0
    movi    v24.4s, #0
    movi    v25.4s, #0
    movi    v26.4s, #0
    movi    v27.4s, #0
    movi    v28.4s, #0
    movi    v29.4s, #0
    movi    v30.4s, #0
    movi    v31.4s, #0
0:
    ldr     q0, [x1], #16
    ld1     {v4.16b-v7.16b}, [x2], #64
    subs    x0, x0, #1
    sdot    v16.4s, v4.16b, v0.4b[0]
    sdot    v17.4s, v5.16b, v0.4b[0]
    sdot    v18.4s, v6.16b, v0.4b[0]
    sdot    v19.4s, v7.16b, v0.4b[0]
    sdot    v20.4s, v4.16b, v0.4b[1]
    sdot    v21.4s, v5.16b, v0.4b[1]
    sdot    v22.4s, v6.16b, v0.4b[1]
    sdot    v23.4s, v7.16b, v0.4b[1]
    sdot    v24.4s, v4.16b, v0.4b[2]
    sdot    v25.4s, v5.16b, v0.4b[2]
    sdot    v26.4s, v6.16b, v0.4b[2]
    sdot    v27.4s, v7.16b, v0.4b[2]
    sdot    v28.4s, v4.16b, v0.4b[3]
    sdot    v29.4s, v5.16b, v0.4b[3]
    sdot    v30.4s, v6.16b, v0.4b[3]
    sdot    v31.4s, v7.16b, v0.4b[3]
    b.ne    0b

    st1     {v16.4s-v19.4s}, [x3], x4
    st1     {v20.4s-v23.4s}, [x3], x4
    st1     {v24.4s-v27.4s}, [x3], x4
    st1     {v28.4s-v31.4s}, [x3], x4
    ret
