# SPDX-License-Identifier: MIT-0
from array import array

from .random_bits import random_bits
from .weight import weight


# range: x[...] in [-32768, 32767]
# range: start in [0, 2**20]
# range: size in [0, 2**15]
# range: total in [0, 2**30 - 1]
# range: (largest - x[start + i]) * multiplier in [0, 2**30 - 1]
# range: (largest - x[start + choice]) * multiplier in [0, 2**30 - 1]
# range: mask << 1 in [0, 2**30 - 2]
# range: choice in [-1, 2**15]
# range: left in [-32767, 2**30 - 1]
def sampler(blob, x, sizes, action, multiplier, shift, lowest):
    """Gives seed(number) and sample(), which draws another action from the logits of the last step.

    sample() gives the choice where there is one head, else the array. Neither allocates.
    Seeds are 0 to 2^30 - 1; the same one gives the same sequence as in C.

    Args:
        blob: has 2^15 exp(-distance) at every sixteenth.
        x: logits.
        sizes: choices per head.
        action: a choice per head.
        multiplier: see shift.
        shift: (distance * multiplier) >> shift counts 1024ths.
        lowest: what is not above it is never drawn.
    """
    state = array("i", [0, 0])
    table = blob.read("h", 194)
    operands = (x, sizes, action, table, multiplier, shift, lowest, state)

    # puffer-edge: no-alloc
    def seed(number):
        state[0] = (number & 32767) + (1234 << 15)
        state[1] = (number >> 15 & 32767) + (5678 << 15)
        for _ in range(16):
            random_bits(state)

    # puffer-edge: no-alloc
    def sample():
        x, sizes, action, table, multiplier, shift, lowest, state = operands
        start = 0
        for head in range(len(sizes)):
            size = sizes[head]
            largest = x[start]
            for i in range(1, size):
                if x[start + i] > largest:
                    largest = x[start + i]
            total = 0
            for i in range(size):
                if x[start + i] > lowest:
                    total += weight(table, (largest - x[start + i]) * multiplier >> shift)
            mask = 32767
            while mask < total - 1:
                mask = mask << 1 | 1
            left = total
            while left >= total:
                left = random_bits(state)
                left = (left | random_bits(state) << 15) & mask
            choice = -1
            while left >= 0:
                choice += 1
                if x[start + choice] > lowest:
                    left -= weight(table, (largest - x[start + choice]) * multiplier >> shift)
            action[head] = choice
            start += size
        return action[0] if len(sizes) == 1 else action

    seed(0)
    return seed, sample
