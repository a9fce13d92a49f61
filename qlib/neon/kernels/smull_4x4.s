// int8 GEMM, 4 x 4 tile: C = A B, SMULL, SMLAL2 and SADALP.
//
//   x0  blocks of 16 along k, at least 1
//   x1  A: per block 4 rows of 16 bytes
//   x2  B: per block 4 columns of 16 bytes
//   x3  C: int32, 4 rows of 4
//   x4  bytes from a row of C to the next
//
// Two products share a lane of 16 bits: all is exact unless both are
// (-128)(-128), so one operand must stay in [-127, 127].
// v16 + 4 i + j holds four partial sums of C[i, j].

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
    ld1     {v0.16b-v3.16b}, [x1], #64
    ld1     {v4.16b-v7.16b}, [x2], #64
    subs    x0, x0, #1
    smull   v8.8h, v0.8b, v4.8b
    smull   v9.8h, v0.8b, v5.8b
    smull   v10.8h, v0.8b, v6.8b
    smull   v11.8h, v0.8b, v7.8b
    smlal2  v8.8h, v0.16b, v4.16b
    smlal2  v9.8h, v0.16b, v5.16b
    smlal2  v10.8h, v0.16b, v6.16b
    smlal2  v11.8h, v0.16b, v7.16b
    sadalp  v16.4s, v8.8h
    sadalp  v17.4s, v9.8h
    sadalp  v18.4s, v10.8h
    sadalp  v19.4s, v11.8h
    smull   v8.8h, v1.8b, v4.8b
    smull   v9.8h, v1.8b, v5.8b
    smull   v10.8h, v1.8b, v6.8b
    smull   v11.8h, v1.8b, v7.8b
    smlal2  v8.8h, v1.16b, v4.16b
    smlal2  v9.8h, v1.16b, v5.16b
    smlal2  v10.8h, v1.16b, v6.16b
    smlal2  v11.8h, v1.16b, v7.16b
    sadalp  v20.4s, v8.8h
    sadalp  v21.4s, v9.8h
    sadalp  v22.4s, v10.8h
    sadalp  v23.4s, v11.8h
    smull   v8.8h, v2.8b, v4.8b
    smull   v9.8h, v2.8b, v5.8b
    smull   v10.8h, v2.8b, v6.8b
    smull   v11.8h, v2.8b, v7.8b
    smlal2  v8.8h, v2.16b, v4.16b
    smlal2  v9.8h, v2.16b, v5.16b
    smlal2  v10.8h, v2.16b, v6.16b
    smlal2  v11.8h, v2.16b, v7.16b
    sadalp  v24.4s, v8.8h
    sadalp  v25.4s, v9.8h
    sadalp  v26.4s, v10.8h
    sadalp  v27.4s, v11.8h
    smull   v8.8h, v3.8b, v4.8b
    smull   v9.8h, v3.8b, v5.8b
    smull   v10.8h, v3.8b, v6.8b
    smull   v11.8h, v3.8b, v7.8b
    smlal2  v8.8h, v3.16b, v4.16b
    smlal2  v9.8h, v3.16b, v5.16b
    smlal2  v10.8h, v3.16b, v6.16b
    smlal2  v11.8h, v3.16b, v7.16b
    sadalp  v28.4s, v8.8h
    sadalp  v29.4s, v9.8h
    sadalp  v30.4s, v10.8h
    sadalp  v31.4s, v11.8h
    b.ne    0b

    addp    v16.4s, v16.4s, v17.4s
    addp    v18.4s, v18.4s, v19.4s
    addp    v16.4s, v16.4s, v18.4s
    addp    v20.4s, v20.4s, v21.4s
    addp    v22.4s, v22.4s, v23.4s
    addp    v20.4s, v20.4s, v22.4s
    addp    v24.4s, v24.4s, v25.4s
    addp    v26.4s, v26.4s, v27.4s
    addp    v24.4s, v24.4s, v26.4s
    addp    v28.4s, v28.4s, v29.4s
    addp    v30.4s, v30.4s, v31.4s
    addp    v28.4s, v28.4s, v30.4s
    st1     {v16.4s}, [x3], x4
    st1     {v20.4s}, [x3], x4
    st1     {v24.4s}, [x3], x4
    st1     {v28.4s}, [x3], x4
    ret
