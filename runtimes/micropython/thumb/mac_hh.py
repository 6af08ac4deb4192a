# SPDX-License-Identifier: MIT-0
@micropython.asm_thumb
def mac_hh(r0, r1, r2, r3):
    # sums = biases + weights x, two rows at a time, in instructions that every Cortex-M has.
    # r0 weights, r1 x, r2 sums and behind them the biases, r3 rows << 16 | columns.
    lsl(r4, r3, 16)
    lsr(r4, r4, 15)
    lsr(r5, r3, 16)
    lsl(r6, r5, 2)
    add(r1, r1, r4)  # the index counts up to 0, from the end of a row
    push({r2, r4, r5, r6})  # sp: next sum, bytes of a row, rows to go, bytes to its bias
    label(PAIR)
    data(2, 0x9D02)  # ldr r5, [sp, 8]
    cmp(r5, 2)
    blt(ONE)
    sub(r5, 2)
    data(2, 0x9502)  # str r5, [sp, 8]
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    data(2, 0x9E03)  # ldr r6, [sp, 12]
    add(r6, r6, r7)
    ldr(r3, [r6, 0])
    ldr(r4, [r6, 4])
    data(2, 0x9F01)  # ldr r7, [sp, 4]
    add(r0, r0, r7)
    add(r2, r0, r7)
    neg(r7, r7)
    label(TWO)
    data(2, 0x5FCD)  # ldrsh r5, [r1, r7]
    data(2, 0x5FC6)  # ldrsh r6, [r0, r7]
    mul(r6, r5)
    add(r3, r3, r6)
    data(2, 0x5FD6)  # ldrsh r6, [r2, r7]
    mul(r6, r5)
    add(r4, r4, r6)
    add(r7, 2)
    bne(TWO)
    mov(r0, r2)
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    str(r3, [r7, 0])
    str(r4, [r7, 4])
    add(r7, 8)
    data(2, 0x9700)  # str r7, [sp, 0]
    b(PAIR)
    label(ONE)
    cmp(r5, 0)
    beq(END)
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    data(2, 0x9E03)  # ldr r6, [sp, 12]
    add(r6, r6, r7)
    ldr(r3, [r6, 0])
    data(2, 0x9F01)  # ldr r7, [sp, 4]
    add(r0, r0, r7)
    neg(r7, r7)
    label(LAST)
    data(2, 0x5FCD)  # ldrsh r5, [r1, r7]
    data(2, 0x5FC6)  # ldrsh r6, [r0, r7]
    mul(r6, r5)
    add(r3, r3, r6)
    add(r7, 2)
    bne(LAST)
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    str(r3, [r7, 0])
    label(END)
    pop({r2, r4, r5, r6})
    mov(r0, 0)
