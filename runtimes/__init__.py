"""What executes an artefact: device code, and the runtimes of the host."""
