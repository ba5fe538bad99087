"""The moment language: definitions, their text, and three readings with one meaning."""
