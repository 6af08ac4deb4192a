/* SPDX-License-Identifier: MIT */
/* A simulator of flash whose power goes: an update of weights is cut after every erase and every written word, in every way
 * in which the last one may be left, and again (in WAYS ways) while the start after it writes. What runs then has to be whole, and the
 * one that the last good confirmation or the update says. Blobs come as files: the first is what is built in. */
#include "policy_weights.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (ZOO_SLOT_BYTES / 4u + 3u)
#define BLOBS 5
#define TEARS 8u

static uint32_t flash[2][WORDS];
static uint32_t blobs[BLOBS][ZOO_BLOB_BYTES / 4u];
static zoo_slots_t slots;
static zoo_t policy;
static jmp_buf off;
static uint32_t done, cut, tear, rewritten; /* operations; the one at which power goes; how */

static void power(void)
{
    if (done == cut) {
        longjmp(off, 1);
    }
}

static int erase(void *context, const uint32_t *slot)
{
    uint32_t *const words = flash[slot == flash[1]];
    uint32_t i;
    (void)context;
    for (i = 0; i < WORDS; i++) {
        const int left = done + 1u == cut && ((tear == 1u && i >= WORDS / 2u) || (tear == 2u && i < WORDS / 2u)
            || (tear == 3u && i != 0u) || (tear == 4u && i < 20u) || (tear == 5u && i % 2u == 0u) || tear == 7u);
        words[i] = done + 1u == cut && tear == 6u ? words[i] | (0x9e3779b9u * i) : left ? words[i] : 0xffffffffu;
    }
    done++;
    power();
    return 0;
}

static int write_word(void *context, const uint32_t *place, uint32_t word)
{
    static const uint32_t kept[TEARS] = {0u, 0xffffffffu, 0x0000ffffu, 0xffff0000u, 0x55555555u, 0xaaaaaaaau, 0x1u, 0xfffffffeu};
    uint32_t *const at = flash[place >= flash[1]] + (place - flash[place >= flash[1]]);
    (void)context;
    rewritten += *at != 0xffffffffu;
    *at &= done + 1u == cut ? word | kept[tear] : word;
    done++;
    power();
    return 0;
}

/* Power on: RAM holds anything. */
static int32_t start(void)
{
    memset(&policy, 0xa5, sizeof policy);
    memset(&slots, 0, sizeof slots);
    slots.slot[0] = flash[0];
    slots.slot[1] = flash[1];
    slots.words = WORDS;
    slots.erase = erase;
    slots.write = write_word;
    zoo_reset(&policy);
    return zoo_weights_begin(&slots, &policy);
}

/* Which blob runs, every word of it; -1 for a mixture. */
static int running(void)
{
    const void *const weights = slots.running < 0 ? (const void *)0 : (const void *)(flash[slots.running] + 20);
    int i;
    if (policy.weights != NULL ? (const void *)policy.weights != weights : weights != NULL) {
        return -1;
    }
    for (i = 1; i < BLOBS; i++) {
        if (weights != NULL && memcmp(weights, blobs[i] + 16, ZOO_BLOB_BYTES - 64u) == 0
            && memcmp(flash[slots.running], blobs[i], 64u) == 0) {
            return i;
        }
    }
    return weights == NULL ? 0 : -1;
}

static volatile int confirmed, other; /* what may run: the last that was confirmed, or this one */

static int install(int blob)
{
    other = blob;
    return zoo_weights_install(&slots, blobs[blob], ZOO_BLOB_BYTES) == ZOO_WEIGHTS_OK;
}

static int confirm(int blob)
{
    const int good = zoo_weights_confirm(&slots) == ZOO_WEIGHTS_OK;
    confirmed = good ? blob : confirmed;
    return good;
}

/* The first weights, new ones, some that are not confirmed, and some that are again. */
static int updates(void)
{
    if (start() != -1 || running() != 0 || !install(1) || start() < 0 || running() != 1 || !confirm(1)) return 1;
    if (!install(2) || start() < 0 || running() != 2 || !confirm(2)) return 2;
    if (!install(3) || start() < 0 || running() != 3 || install(4) || slots.trial == 0) return 3; /* on trial */
    if (start() < 0 || running() != 2 || zoo_weights_state(&slots, slots.running ^ 1) != ZOO_SLOT_REVERT) return 4;
    if (zoo_weights_install(&slots, blobs[1], ZOO_BLOB_BYTES) != ZOO_WEIGHTS_OLD) return 5;
    if (!install(3) || start() < 0 || running() != 3 || !confirm(3)) return 6;
    return start() < 0 || running() != 3 || slots.trial != 0;
}

static int allowed(int found)
{
    return found >= 0 && (found == confirmed || found == other);
}

static unsigned long recoveries;

/* After a cut: starts, also cut again at each of its writes, and then another update. */
static int recover(uint32_t first)
{
    static uint32_t saved[2][WORDS];
    volatile uint32_t again, how;
    memcpy(saved, flash, sizeof flash);
    for (again = 1u; again <= 3u; again++) {
        for (how = 0u; how < WAYS; how++) {
            memcpy(flash, saved, sizeof flash);
            done = 0u;
            cut = again;
            tear = (first + how) % TEARS;
            if (setjmp(off) == 0) {
                if (start() < -1 || !allowed(running())) return 1;
            }
            cut = 0u;
            recoveries++;
            if (start() < -1 || !allowed(running())) return 2;
            if (start() < -1 || !allowed(running())) return 3;
        }
    }
    if (slots.trial != 0 && !confirm(running())) return 4;
    if (!install(4) || start() < 0 || running() != 4 || !confirm(4) || start() < 0 || running() != 4) return 5;
    return 0;
}

int main(int argc, char **argv)
{
    uint32_t total;
    volatile uint32_t at, how;
    int i;
    if (argc != BLOBS + 1) return 99;
    for (i = 0; i < BLOBS; i++) {
        FILE *file = fopen(argv[1 + i], "rb");
        if (file == NULL || fread(blobs[i], 1, sizeof blobs[i], file) != sizeof blobs[i]) return 98;
        (void)fclose(file);
    }
    memset(flash, 0xff, sizeof flash);
    i = updates();
    total = done;
    if (i != 0 || rewritten != 0u) {
        printf("no cut: %d, rewritten %lu\n", i, (unsigned long)rewritten);
        return 1;
    }
    for (at = 1u; at <= total; at++) {
        for (how = 0u; how < TEARS; how++) {
            memset(flash, 0x5a, sizeof flash); /* a factory's flash holds anything */
            confirmed = other = 0;
            done = 0u;
            cut = at;
            tear = how;
            if (setjmp(off) == 0) {
                (void)updates();
                printf("no cut at %lu\n", (unsigned long)at);
                return 1;
            }
            i = recover(at);
            if (i != 0 || rewritten != 0u) {
                printf("cut %lu torn %lu: %d, runs %d, allowed %d and %d, rewritten %lu\n", (unsigned long)at, (unsigned long)how,
                    i, running(), confirmed, other, (unsigned long)rewritten);
                return 1;
            }
        }
    }
    printf("%lu cuts %lu recoveries\n", (unsigned long)(total * TEARS), recoveries);
    return 0;
}
