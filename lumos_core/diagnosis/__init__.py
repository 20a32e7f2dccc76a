"""What `lumos doctor` looks at: one module per area, each of which yields findings."""
