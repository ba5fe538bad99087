"""The pages: they read the dataclasses of the desk, and change things only through the writer and the desk's verbs."""
