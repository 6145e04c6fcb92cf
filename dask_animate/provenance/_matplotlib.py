"""The private names of matplotlib that tokens rely on; matplotlib need not be loaded for them."""

#: The entry of a transform's state that holds those that depend on it, by their addresses in memory.
TRANSFORM_PARENTS = "_parents"
