/* SPDX-License-Identifier: MIT */
/* Runs a policy on an AVR and writes what happens to the serial port, as simavr shows it: lines of
 * hexadecimal digits behind '>', and '!' at the end, or '#' where the stack has met the variables. With EDGE_SELFTEST it only calls that, as the
 * self-test has a policy of its own and memory is scarce. What to do lies behind the image in flash:
 *   'c'                               check of the weights
 *   's' steps (u16) restored (u8) [policy] records (one byte "reset first", then the observation)
 *
 * Cycles: timer 1 counts them modulo 2^16, timer 3 every 1024 of them; where there is none timer 2 does, which has
 * eight bits and goes round after 262,144 cycles. A call of a function that
 * returns at once is subtracted, so that the call and its return are not the step's. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include <stddef.h>
#include <stdint.h>
#include <util/delay_basic.h>

extern uint8_t edge_policy[], edge_obs[], edge_action[], edge_outputs[], _end[];
extern const uint32_t edge_policy_bytes;
extern const uint8_t __data_load_end[];
void edge_reset(void);
int edge_step(void);
void edge_read_outputs(void);
int edge_selftest(void);
int edge_check(void);

#define PAINT 0xA5u

static uint8_t column;

static void put(char c)
{
    UDR0 = (uint8_t)c;
    _delay_loop_1(60); /* 180 cycles, of which a byte takes 160; simavr sleeps where one polls */
}

static void write_hex(const void *data, size_t size)
{
    const uint8_t *byte = (const uint8_t *)data;
    for (; size; size--, byte++) {
        if (column == 0) put('>');
        put("0123456789abcdef"[*byte >> 4]);
        put("0123456789abcdef"[*byte & 15]);
        if (++column == 64) {
            column = 0;
            put('\n');
        }
    }
}

static void write_result(int result)
{
    const int32_t wide = result;
    write_hex(&wide, sizeof wide);
}

static void end(char how)
{
    put(how);
    put('\n');
    cli();
    sleep_mode(); /* the end, for simavr */
}

#ifndef EDGE_SELFTEST
static uint8_t *stack; /* where the stack pointer is before the function is called */
static uint32_t cycles;

#ifdef TCCR3B
#define COARSE_COUNT TCNT3
#define COARSE_FLAGS TIFR3
#define COARSE_ROUND ((uint8_t)(1u << TOV3))
#define COARSE_CONTROL TCCR3B
#define COARSE_1024 ((uint8_t)(1u << CS32 | 1u << CS30))
#else
#define COARSE_COUNT TCNT2
#define COARSE_FLAGS TIFR2
#define COARSE_ROUND ((uint8_t)(1u << TOV2))
#define COARSE_CONTROL TCCR2B
#define COARSE_1024 ((uint8_t)(1u << CS22 | 1u << CS21 | 1u << CS20))
#endif

__attribute__((noinline)) static int measure(int (*function)(void))
{
    int result;
    uint16_t low, high;
    TCCR1B = COARSE_CONTROL = 0;
    TCNT1 = COARSE_COUNT = 0;
    COARSE_FLAGS = COARSE_ROUND;
    stack = (uint8_t *)SP;
    COARSE_CONTROL = COARSE_1024;
    TCCR1B = (uint8_t)(1u << CS10);
    result = function();
    low = TCNT1;
    high = COARSE_COUNT;
    /* The number nearest to 1024 * high that is low modulo 2^16; none where the other timer went round. */
    cycles = (((uint32_t)high * 1024u + 512u - low + 32768u) & 0xFFFF0000u) + low;
    if (COARSE_FLAGS & COARSE_ROUND) cycles = 0;
    return result;
}

static int nothing(void) { return 0; }

static uint32_t input;

#ifdef __AVR_HAVE_ELPM__
static uint8_t next(void) { return pgm_read_byte_far(input++); }
#else
static uint8_t next(void) { return pgm_read_byte((uint16_t)input++); }
#endif

static void read(uint8_t *to, size_t size)
{
    while (size--) *to++ = next();
}

/* From the end of the variables to the frame of the caller. */
static void paint(void)
{
    uint8_t *byte = _end;
    while (byte < (uint8_t *)SP - 1) *(volatile uint8_t *)byte++ = PAINT;
}

static void step(uint32_t empty)
{
    const uint8_t *touched = _end;
    uint16_t used;
    int status;
    if (next()) edge_reset();
    read(edge_obs, EDGE_OBS_BYTES);
    paint();
    status = measure(edge_step);
    while (*(const volatile uint8_t *)touched == PAINT) touched++;
    if (touched == _end) end('#');
    used = touched > stack ? 0u : (uint16_t)(stack - touched + 1);
    cycles = cycles > empty ? cycles - empty : 0;
    edge_read_outputs();
    write_result(status);
    write_hex(&cycles, sizeof cycles);
    write_hex(&used, sizeof used);
    write_hex(edge_action, EDGE_ACTION_BYTES);
    write_hex(edge_outputs, EDGE_OUTPUTS_BYTES);
}

static void obey(void)
{
    uint32_t empty;
    uint16_t steps;
    input = pgm_get_far_address(__data_load_end);
    (void)measure(nothing);
    empty = cycles;
    if (next() == 'c') {
        const int damaged = measure(edge_check);
        cycles = cycles > empty ? cycles - empty : 0;
        write_result(damaged);
        write_hex(&cycles, sizeof cycles);
        write_hex(&cycles, sizeof cycles);
        return;
    }
    read((uint8_t *)&steps, sizeof steps);
    edge_reset();
    if (next()) read(edge_policy, (size_t)edge_policy_bytes);
    while (steps--) step(empty);
    write_hex(edge_policy, (size_t)edge_policy_bytes);
}
#endif

int main(void)
{
    UCSR0B = (uint8_t)(1u << TXEN0);
#ifdef EDGE_SELFTEST
    write_result(edge_selftest());
#else
    obey();
#endif
    end('!');
    return 0;
}
