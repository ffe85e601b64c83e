"""`python -m trading_mcp` is `trading-mcp`."""

from trading_mcp.cli import main

raise SystemExit(main())
