"""Other libraries, each held to the rule and conventions that its documentation states."""
