"""Hand-built networks for tests of training and export."""

from search_engine.network import NetworkDraft


def mbconv(shape=(1, 8, 8), classes=10, blocks=2):
    """Stem, inverted residuals with attention and a skip, head; about 5,000 parameters."""
    draft = NetworkDraft(shape)
    with draft.block("stem", "3x3"):
        x = draft.add("conv", draft.input, out_channels=12, kernel=3)
    for _ in range(blocks):
        with draft.block("mbconv", "MB 5x5 e3"):
            y = draft.add("conv", x, out_channels=36, kernel=1, activation="relu6")
            y = draft.add("conv", y, out_channels=36, kernel=5, groups=36, activation="hswish")
            y = draft.add("squeeze_excite", y, ratio=8)
            y = draft.add("conv", y, out_channels=12, kernel=1, activation="none")
            x = draft.add("add", x, y)
    return draft.finish(draft.add("head", x, outputs=classes))
