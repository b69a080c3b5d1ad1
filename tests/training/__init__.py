"""Tests of the training arithmetic; the configs, which need TRL, are tested in tests/real."""
