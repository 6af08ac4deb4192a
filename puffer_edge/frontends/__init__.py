"""Policy file -> Program; one file per source."""
