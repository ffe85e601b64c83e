"""`python -m trading_mcp.testkit.kucoin` is `trading-mcp loopback`."""

from trading_mcp.testkit.kucoin.command import main

raise SystemExit(main())
