"""The commands of `connmgr`, one file each."""
