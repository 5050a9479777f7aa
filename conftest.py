"""Loads the plugin where backproof is not installed; installed, its entry point has the same name and is the same plugin."""

pytest_plugins = ["backproof.plugin"]
