"""The server: ingest, pages and what goes out."""
