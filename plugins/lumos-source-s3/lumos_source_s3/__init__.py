"""S3 for Lumos: the one crawler over a bucket, and the events that a bucket sends."""
