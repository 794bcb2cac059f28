"""The proof that nothing is lost and nothing doubled: faults as in docs/guarantees.md, judged by one oracle."""
