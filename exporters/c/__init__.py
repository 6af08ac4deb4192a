"""Program -> one C99 header."""
