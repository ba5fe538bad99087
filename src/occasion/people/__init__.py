"""Who the business deals with, what is remembered about them, and how it is given back or forgotten."""
