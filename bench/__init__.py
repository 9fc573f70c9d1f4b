"""What is measured, and how: `make bench` runs it all on this machine and writes RESULTS.md."""
