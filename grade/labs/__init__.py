"""The tests of each lab: grade/labs/labN.py belongs to labs/N-name/."""
