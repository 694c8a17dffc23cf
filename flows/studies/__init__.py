"""Studies: one question of the paper each, answered with a table, a figure and a page."""
