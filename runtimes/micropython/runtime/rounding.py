# SPDX-License-Identifier: MIT-0
ROUND = tuple([1 << shift >> 1 for shift in range(31)])  # 1 << 30 would be a long integer
