# SPDX-License-Identifier: MIT-0
from .rounding import ROUND


# range: s in [0, 15]
# range: t in [1, 30]
# range: sums[r] in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (sums[r] + ROUND[s] >> s) * multiplier[r] in [-(2**30), 2**30 - 1]
# range: (sums[r] + ROUND[s] >> s) * multiplier[r] + ROUND[t] in [-(2**30), 2**30 - 1]
def requantize(sums, multiplier, shifts, r):
    """(((acc + r1) >> s1) * m + r2) >> s2 of one row."""
    s = shifts[r + r]
    t = shifts[r + r + 1]
    return (((sums[r] + ROUND[s]) >> s) * multiplier[r] + ROUND[t]) >> t
