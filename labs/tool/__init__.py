"""The tool behind `make lab-N` and its relatives; labs/README.md says how a lab is made."""
