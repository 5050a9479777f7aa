"""Loads the plugin where backproof is not installed; where it is, the entry point of the same name did."""

pytest_plugins = ["backproof.plugin"]
