"""Board projects: start-up code, linker scripts, flashing."""
