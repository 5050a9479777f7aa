"""Other libraries, each held to the rule and conventions that its documentation states."""

import os

# Keras asks for TensorFlow where it is not told otherwise, and cannot be imported without
os.environ.setdefault("KERAS_BACKEND", "torch")
