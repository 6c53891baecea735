"""The archive: which photos there are, in what state, and what is written on them."""
