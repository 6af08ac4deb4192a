"""Program -> Program; one rewrite per file."""
