/* SPDX-License-Identifier: MIT */
/* Installs files, and tells what became of each: the status, the slot that runs then, and its outputs for some steps.
 * With a last argument that is "damage": installs the first file with every bit of every word changed in turn. */
#include "policy_weights.h"
#include <stdio.h>
#include <string.h>

#define WORDS (ZOO_SLOT_BYTES / 4u)
static uint32_t flash[2][WORDS];
static uint8_t file[1 << 20];
static uint32_t length;
static zoo_slots_t slots;
static zoo_t policy;

static int erase(void *context, const uint32_t *slot)
{
    (void)context;
    memset(flash[slot == flash[1]], 0xff, sizeof flash[0]);
    return 0;
}
static int write_word(void *context, const uint32_t *place, uint32_t word)
{
    (void)context;
    *(flash[place >= flash[1]] + (place - flash[place >= flash[1]])) = word;
    return 0;
}
static int32_t start(void)
{
    memset(&slots, 0, sizeof slots);
    slots.slot[0] = flash[0];
    slots.slot[1] = flash[1];
    slots.words = WORDS;
    slots.erase = erase;
    slots.write = write_word;
    return zoo_weights_begin(&slots, &policy);
}
static void read_file(const char *name)
{
    FILE *from = fopen(name, "rb");
    length = from == NULL ? 0u : (uint32_t)fread(file, 1, sizeof file, from);
    if (from != NULL) (void)fclose(from);
}
static void show(void)
{
    static zoo_obs_t obs;
    static zoo_action_t action;
    float *x = (float *)(void *)&obs;
    uint32_t step, i, k;
    for (step = 0u; step < 20u; step++) {
        if (step == 12u) zoo_reset(&policy); /* which keeps the weights */
        for (i = 0u; i < ZOO_OBS_SIZE; i++) {
            x[i] = (float)(int32_t)((step * 7u + i * 5u) % 13u) * 0.25f - 1.5f;
        }
        printf(" %d", (int)zoo_step(&policy, &obs, &action));
        for (k = 0u; k < sizeof action / 4u; k++) {
            uint32_t word;
            memcpy(&word, (const uint8_t *)(const void *)&action + 4u * k, 4u);
            printf(":%08lx", (unsigned long)word);
        }
        printf(":");
        for (k = 0u; k < OUTPUT_BYTES; k++) {
            printf("%02x", ((const uint8_t *)(const void *)OUTPUT(&policy))[k]);
        }
    }
}
static int damaged(void)
{
    uint32_t at, bit, whole = length, wrong = 0u;
    for (at = 0u; at < whole; at++) {
        for (bit = 0u; bit < 8u; bit += 3u) {
            file[at] = (uint8_t)(file[at] ^ 1u << bit);
            memset(flash, 0xff, sizeof flash);
            if (start() != -1) return 1;
            wrong += zoo_weights_install(&slots, file, whole) == ZOO_WEIGHTS_OK;
            wrong += start() != -1;
            file[at] = (uint8_t)(file[at] ^ 1u << bit);
        }
    }
    for (at = 0u; at < WORDS; at++) { /* damage that comes later */
        if (at >= 16u && at < 20u) continue;
        memset(flash, 0xff, sizeof flash);
        (void)start();
        if (zoo_weights_install(&slots, file, whole) != ZOO_WEIGHTS_OK || start() != 0) return 2;
        if (zoo_weights_confirm(&slots) != ZOO_WEIGHTS_OK || start() != 0) return 3;
        flash[0][at] ^= 1u << at % 32u;
        wrong += start() != -1;
    }
    printf("%lu wrong\n", (unsigned long)wrong);
    return wrong != 0u;
}

int main(int argc, char **argv)
{
    int i;
    memset(flash, 0xff, sizeof flash);
    if (argc == 3 && strcmp(argv[2], "damage") == 0) {
        read_file(argv[1]);
        return damaged();
    }
    for (i = 1; i < argc; i++) {
        zoo_weights_status status;
        int32_t runs;
        (void)start();
        read_file(argv[i]);
        status = zoo_weights_install(&slots, file, length);
        runs = start();
        (void)zoo_weights_confirm(&slots);
        printf("%d %d", (int)status, (int)runs);
        show();
        printf("\n");
    }
    return 0;
}
