"""The results of the paper: what makes each, what the paper says, and what must agree."""
