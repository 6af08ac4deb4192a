# SPDX-License-Identifier: MIT
"""A board with a Cortex-M0+, added as ARCHITECTURE.md says: one file."""

BOARD = '''title = "A toy of a board"
chip = "STM32G0"
aliases = ["toy-v2"]

[core]
name = "cortex-m0+"
target = "cortex-m0"
clock = 64_000_000
float-unit = "none"
source = "https://www.st.com/resource/en/datasheet/stm32g071rb.pdf"

[flash]
size = 131_072
left = 131_072
framework = "all of it"
source = "https://www.st.com/resource/en/datasheet/stm32g071rb.pdf"

[ram]
size = 36_864
left = 36_864
framework = "all of it"
source = "https://www.st.com/resource/en/datasheet/stm32g071rb.pdf"
'''
FILES = {"firmware/boards/toy.toml": BOARD}
LINES: dict[str, tuple[tuple[str, str], ...]] = {}
