"""A run as Markdown: for pull requests, wikis and release notes."""
