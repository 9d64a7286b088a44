"""Files of public benchmarks as devices: one file per format, the common part in `common`."""
