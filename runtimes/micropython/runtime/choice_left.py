# SPDX-License-Identifier: MIT-0
# range: start in [0, 2**16]
# range: size in [1, 2**14]
# range: k in [0, 2**16]
def choice_left(observation, mask):
    """Whether every head has a choice that may be taken.

    Args:
        observation: integers, or floats.
        mask: first element, choices per head, whether 1 forbids, and for each element from what on
            it counts as 1.
    """
    start, sizes, forbids, limits = mask
    k = 0
    for size in sizes:
        left = False
        for i in range(k, k + size):
            if (observation[start + i] >= limits[i]) != forbids:
                left = True
        if not left:
            return False
        k += size
    return True
