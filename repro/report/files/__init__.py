"""What is written for readers and programs: RESULTS.md, exports, gates."""
