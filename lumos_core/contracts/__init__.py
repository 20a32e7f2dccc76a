"""What a component of each kind implements: one abstract class per file, each opening with a working example."""
