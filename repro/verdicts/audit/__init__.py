"""What the printed tables say about each other, though no sentence of the papers does.

A rule is general: it looks at every row, pair of rows or table that it fits and yields a `Check`
for each, consistent or not. Printed numbers enter as all values that round or are cut to them, so
a contradiction is one whatever lies behind the print.
"""
