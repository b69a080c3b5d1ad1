"""Tests of what the training scripts share."""
