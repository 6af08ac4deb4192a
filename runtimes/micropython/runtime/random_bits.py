# SPDX-License-Identifier: MIT-0
def random_bits(state):
    """15 bits from two of Marsaglia's generators, multiply with carry."""
    first = 32760 * (state[0] & 32767) + (state[0] >> 15)
    second = 32730 * (state[1] & 32767) + (state[1] >> 15)
    state[0] = first
    state[1] = second
    return (first ^ second) & 32767
