"""`python -m nasweb_agent`."""

import sys

from nasweb_agent.cli import main

sys.exit(main())
