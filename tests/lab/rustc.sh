#!/bin/sh
# The compiler with the laboratory's cfg, for RUSTC_WORKSPACE_WRAPPER: the workspace is compiled in its laboratory
# form, and everything it depends on is taken from the ordinary build, where RUSTFLAGS would compile it again.
exec "$@" --cfg strongroom_lab
