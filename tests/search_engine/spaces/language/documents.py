"""Small documents for tests."""

import copy

HEAD = {"op": "head", "outputs": {"task": "classes"}}


def document(*parts, **more):
    """A document whose network is these parts and a classifier."""
    return copy.deepcopy(
        {
            "nasweb_space": 1,
            "name": "test",
            "input": {"shape": [3, 8, 8]},
            "network": [*parts, HEAD],
            **more,
        }
    )


def conv(**attributes):
    """A convolution of four channels."""
    return {"op": "conv", "out_channels": 4, **attributes}
