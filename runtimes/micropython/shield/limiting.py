# SPDX-License-Identifier: MIT-0
def limit(target, last, cell, smooth):
    """Keeps numbers near the last ones and in their bounds, each operation in float32."""
    for i in range(len(target)):
        x, before = target[i], last[i]
        if LOW_PASS and smooth:
            cell[0] = x - before
            cell[0] = LOW_PASS[i] * cell[0]
            cell[0] = before + cell[0]
            x = cell[0]
        if SLEW:
            cell[0] = before - SLEW[i]
            x = x if x > cell[0] else cell[0]
            cell[0] = before + SLEW[i]
            x = x if x < cell[0] else cell[0]
        if LOWEST:
            x = x if x > LOWEST[i] else LOWEST[i]
            x = x if x < HIGHEST[i] else HIGHEST[i]
        last[i] = x
