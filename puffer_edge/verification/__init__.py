"""Builds, runs and judges an artefact."""
