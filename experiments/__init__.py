"""The product: experiments, their runs, and everything people and scripts see of them."""
