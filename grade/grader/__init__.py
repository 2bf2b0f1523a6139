"""The grader of the labs: `make grade`. labs/README.md says how a lab's tests are written."""
