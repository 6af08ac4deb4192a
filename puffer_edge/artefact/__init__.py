"""The artefact as a directory on disk."""
