"""What plugin authors test with: an in-memory context, reference components, and the conformance kit."""
