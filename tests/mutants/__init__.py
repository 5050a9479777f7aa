"""Implementations that are wrong on purpose, each from the formula of a bug that somebody really had."""
