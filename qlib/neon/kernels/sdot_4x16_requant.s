// int8 GEMM, 4 x 16 tile, requantized: C = clamp(round(M (A B + bias)) + Z).
//
//   x0  blocks of 4 along k, at least 1
//   x1  A: per block 4 rows of 4 bytes
//   x2  B: per block 16 columns of 4 bytes
//   x3  C: int8, 4 rows of 16
//   x4  bytes from a row of C to the next
//   x5  per column: int32 bias[16], int32 m0[16], int32 -shift[16];
//       then int16 Z, int8 qmin, int8 qmax
//
// M = 2^(-31 - shift) m0, shift >= 0.  SQRDMULH and SRSHL round ties up;
// SQXTN saturates to int16, SQADD adds Z, SQXTN saturates to int8.

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

    ld1     {v0.4s-v3.4s}, [x5], #64
    add     v16.4s, v16.4s, v0.4s
    add     v17.4s, v17.4s, v1.4s
    add     v18.4s, v18.4s, v2.4s
    add     v19.4s, v19.4s, v3.4s
    add     v20.4s, v20.4s, v0.4s
    add     v21.4s, v21.4s, v1.4s
    add     v22.4s, v22.4s, v2.4s
    add     v23.4s, v23.4s, v3.4s
    add     v24.4s, v24.4s, v0.4s
    add     v25.4s, v25.4s, v1.4s
    add     v26.4s, v26.4s, v2.4s
    add     v27.4s, v27.4s, v3.4s
    add     v28.4s, v28.4s, v0.4s
    add     v29.4s, v29.4s, v1.4s
    add     v30.4s, v30.4s, v2.4s
    add     v31.4s, v31.4s, v3.4s
    ld1     {v0.4s-v3.4s}, [x5], #64
    ld1     {v4.4s-v7.4s}, [x5], #64
    sqrdmulh v16.4s, v16.4s, v0.4s
    sqrdmulh v17.4s, v17.4s, v1.4s
    sqrdmulh v18.4s, v18.4s, v2.4s
    sqrdmulh v19.4s, v19.4s, v3.4s
    sqrdmulh v20.4s, v20.4s, v0.4s
    sqrdmulh v21.4s, v21.4s, v1.4s
    sqrdmulh v22.4s, v22.4s, v2.4s
    sqrdmulh v23.4s, v23.4s, v3.4s
    sqrdmulh v24.4s, v24.4s, v0.4s
    sqrdmulh v25.4s, v25.4s, v1.4s
    sqrdmulh v26.4s, v26.4s, v2.4s
    sqrdmulh v27.4s, v27.4s, v3.4s
    sqrdmulh v28.4s, v28.4s, v0.4s
    sqrdmulh v29.4s, v29.4s, v1.4s
    sqrdmulh v30.4s, v30.4s, v2.4s
    sqrdmulh v31.4s, v31.4s, v3.4s
    srshl   v16.4s, v16.4s, v4.4s
    srshl   v17.4s, v17.4s, v5.4s
    srshl   v18.4s, v18.4s, v6.4s
    srshl   v19.4s, v19.4s, v7.4s
    srshl   v20.4s, v20.4s, v4.4s
    srshl   v21.4s, v21.4s, v5.4s
    srshl   v22.4s, v22.4s, v6.4s
    srshl   v23.4s, v23.4s, v7.4s
    srshl   v24.4s, v24.4s, v4.4s
    srshl   v25.4s, v25.4s, v5.4s
    srshl   v26.4s, v26.4s, v6.4s
    srshl   v27.4s, v27.4s, v7.4s
    srshl   v28.4s, v28.4s, v4.4s
    srshl   v29.4s, v29.4s, v5.4s
    srshl   v30.4s, v30.4s, v6.4s
    srshl   v31.4s, v31.4s, v7.4s
    ld1r    {v0.8h}, [x5], #2
    ld1r    {v1.16b}, [x5], #1
    ld1r    {v2.16b}, [x5]
    sqxtn   v16.4h, v16.4s
    sqxtn2  v16.8h, v17.4s
    sqxtn   v18.4h, v18.4s
    sqxtn2  v18.8h, v19.4s
    sqadd   v16.8h, v16.8h, v0.8h
    sqadd   v18.8h, v18.8h, v0.8h
    sqxtn   v16.8b, v16.8h
    sqxtn2  v16.16b, v18.8h
    smax    v16.16b, v16.16b, v1.16b
    smin    v16.16b, v16.16b, v2.16b
    st1     {v16.16b}, [x3], x4
    sqxtn   v20.4h, v20.4s
    sqxtn2  v20.8h, v21.4s
    sqxtn   v22.4h, v22.4s
    sqxtn2  v22.8h, v23.4s
    sqadd   v20.8h, v20.8h, v0.8h
    sqadd   v22.8h, v22.8h, v0.8h
    sqxtn   v20.8b, v20.8h
    sqxtn2  v20.16b, v22.8h
    smax    v20.16b, v20.16b, v1.16b
    smin    v20.16b, v20.16b, v2.16b
    st1     {v20.16b}, [x3], x4
    sqxtn   v24.4h, v24.4s
    sqxtn2  v24.8h, v25.4s
    sqxtn   v26.4h, v26.4s
    sqxtn2  v26.8h, v27.4s
    sqadd   v24.8h, v24.8h, v0.8h
    sqadd   v26.8h, v26.8h, v0.8h
    sqxtn   v24.8b, v24.8h
    sqxtn2  v24.16b, v26.8h
    smax    v24.16b, v24.16b, v1.16b
    smin    v24.16b, v24.16b, v2.16b
    st1     {v24.16b}, [x3], x4
    sqxtn   v28.4h, v28.4s
    sqxtn2  v28.8h, v29.4s
    sqxtn   v30.4h, v30.4s
    sqxtn2  v30.8h, v31.4s
    sqadd   v28.8h, v28.8h, v0.8h
    sqadd   v30.8h, v30.8h, v0.8h
    sqxtn   v28.8b, v28.8h
    sqxtn2  v28.16b, v30.8h
    smax    v28.16b, v28.16b, v1.16b
    smin    v28.16b, v28.16b, v2.16b
    st1     {v28.16b}, [x3], x4
    ret
