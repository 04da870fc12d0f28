"""What `config.watch` is made of: see the files of a directory change, by events and by looking."""
