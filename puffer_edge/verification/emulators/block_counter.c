/* SPDX-License-Identifier: MIT */
/* Counts executed instructions from Unicorn's hook per block: what BlockCounter does in Python,
 * without entering Python some ten million times per second of a core that has no FPU. */
#include <stddef.h>
#include <stdint.h>

#define SLOTS 65536u /* blocks that start up to 128 KB apart never share a slot */

struct block {
  uint32_t address, size, count;
};
struct counter {
  uint64_t executed, limit;
  const uint8_t *flash; /* a copy of the code */
  uint32_t flash_start, flash_size, thumb;
  int (*stop)(void *core);
  struct block blocks[SLOTS];
};
#ifdef _WIN32
__declspec(dllexport)
#endif
void edge_on_block(void *core, uint64_t address, uint32_t size, void *data);

/* The same lengths as instructions.py. */
static uint32_t count(const struct counter *counter, uint32_t address, uint32_t size) {
  const uint32_t start = address - counter->flash_start;
  uint32_t position = 0, instructions = 0;
  if (start > counter->flash_size || size > counter->flash_size - start) return 0;
  while (position + 1 < size) {
    const uint8_t *code = counter->flash + start + position;
    const int wide = counter->thumb ? code[1] >> 3 >= 0x1D : (code[0] & 3) == 3;
    position += wide ? 4 : 2;
    instructions++;
  }
  return instructions;
}

void edge_on_block(void *core, uint64_t address, uint32_t size, void *data) {
  struct counter *counter = (struct counter *)data;
  struct block *block = &counter->blocks[(address >> 1) % SLOTS];
  if (block->address != (uint32_t)address || block->size != size) {
    block->address = (uint32_t)address;
    block->size = size;
    block->count = count(counter, (uint32_t)address, size);
  }
  counter->executed += block->count;
  if (counter->executed > counter->limit) (void)counter->stop(core);
}
