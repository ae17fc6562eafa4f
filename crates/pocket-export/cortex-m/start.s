/* The vector table, and what happens between reset and main: the stack is painted, static memory is set to 0. */
    .syntax unified
    .thumb

    .section .vectors, "a"
    .word stack_top
    .word reset
    /* NMI, and the faults: hard, memory, bus, usage. */
    .rept 5
    .word stop
    .endr

    .text
    .thumb_func
    .global reset
reset:
    ldr r0, =memory_start
    ldr r1, =memory_end
    movs r2, #0
zero:
    cmp r0, r1
    bhs paint
    str r2, [r0], #4
    b zero
paint:
    ldr r1, =stack_top
    ldr r2, =0xC5C5C5C5
painting:
    cmp r0, r1
    bhs start
    str r2, [r0], #4
    b painting
start:
    bl main

    /* Where a fault ends too: the emulator is then stopped by who waits for it. */
    .thumb_func
stop:
    b stop
    .ltorg
