"""Parts of the DataLoader: joining samples into batches, and worker processes."""
