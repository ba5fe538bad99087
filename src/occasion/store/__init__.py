"""The doors: sealed history on disk, and the engines that read it."""
