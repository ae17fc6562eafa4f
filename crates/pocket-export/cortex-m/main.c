/* Reads images of 28x28 bytes from the file "images" of the machine that emulates this one, and writes the file "results": for each
 * image ten scores and how long it took; then how long the loop of known length took, and how many bytes of stack were used.
 *
 * Times are in ticks of the SysTick timer. With QEMU's -icount shift=0 they say how many instructions were executed.
 */
#include <stdint.h>

#include "digit.h"

/* Operations of Arm's semihosting. */
enum { OPEN = 0x01, WRITE = 0x05, READ = 0x06, EXIT = 0x18 };

/* How semihosting numbers what fopen calls "rb" and "wb". */
enum { READ_BINARY = 1, WRITE_BINARY = 5 };

#define APPLICATION_EXIT 0x20026u

/* What the start-up wrote onto the stack. */
#define PAINT 0xC5C5C5C5u

/* Rounds of the loop of known length, of two instructions each. */
#define ROUNDS 1000000u

/* From the linker script. */
extern const uint32_t memory_end[], stack_top[];

typedef struct {
    volatile uint32_t control;
    volatile uint32_t reload;
    volatile uint32_t current;
} timer;

#define SYSTICK ((timer *)0xE000E010u)

/* The largest value of the 24-bit counter. */
#define TICKS 0xFFFFFFu

static uint32_t ask_host(uint32_t operation, uintptr_t argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uint32_t open_file(const char *name, uint32_t length, uint32_t mode)
{
    uint32_t arguments[3] = {(uintptr_t)name, mode, length};
    return ask_host(OPEN, (uintptr_t)arguments);
}

/* Reads or writes; returns how many bytes were not. */
static uint32_t transfer(uint32_t operation, uint32_t file, const void *bytes, uint32_t count)
{
    uint32_t arguments[3] = {file, (uintptr_t)bytes, count};
    return ask_host(operation, (uintptr_t)arguments);
}

static void start_timer(void)
{
    SYSTICK->reload = TICKS;
    SYSTICK->current = 0;
    /* Enabled, with the processor's clock. */
    SYSTICK->control = 5;
}

/* The timer counts down. */
static uint32_t elapsed(void)
{
    return TICKS - SYSTICK->current;
}

static uint32_t time_of_rounds(void)
{
    uint32_t rounds = ROUNDS;
    start_timer();
    __asm__ volatile("1: subs %0, %0, #1\n\tbne 1b" : "+l"(rounds) : : "cc");
    return elapsed();
}

static uint32_t stack_bytes(void)
{
    const uint32_t *lowest = memory_end;
    while (lowest < stack_top && *lowest == PAINT) {
        ++lowest;
    }
    return (uint32_t)((uintptr_t)stack_top - (uintptr_t)lowest);
}

int main(void)
{
    static uint8_t image[DIGIT_SIDE * DIGIT_SIDE];
    static struct {
        int32_t scores[DIGIT_CLASSES];
        uint32_t ticks;
    } result;
    uint32_t images = open_file("images", 6, READ_BINARY);
    uint32_t results = open_file("results", 7, WRITE_BINARY);
    uint32_t end[2];
    while (transfer(READ, images, image, sizeof image) == 0) {
        start_timer();
        digit_predict(image, result.scores);
        result.ticks = elapsed();
        transfer(WRITE, results, &result, sizeof result);
    }
    end[0] = time_of_rounds();
    end[1] = stack_bytes();
    transfer(WRITE, results, end, sizeof end);
    ask_host(EXIT, APPLICATION_EXIT);
    return 0;
}
