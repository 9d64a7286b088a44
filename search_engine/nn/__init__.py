"""PyTorch modules and the builder that makes a network of a `NetworkSpec`."""
