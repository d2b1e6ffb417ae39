"""Tools beside the tensors: data loading and hook handles."""
