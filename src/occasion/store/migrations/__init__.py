"""How the records' tables came to be, step by step; run whenever the records are opened."""
