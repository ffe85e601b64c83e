"""The requests and answers of all operations, as the API reference has them.

Outside, times are ISO 8601 UTC with `Z`, and prices, amounts and money are JSON numbers.
"""
