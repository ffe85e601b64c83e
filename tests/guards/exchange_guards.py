"""Real exchanges: what proves a refusal, what a key may do, which book may be used."""

from guard import Guard

CCXT = "adapters/ccxt/"
REFUSALS, VENUE = "ccxt_venue/test_refusals.py::", "ccxt_venue/test_orders.py::"
JOINING, BOOKS = "ccxt_venue/test_joining.py::", "ccxt_data/test_books.py::"
KEYS = "exchange_keys/"

GUARDS = (
    Guard(
        "only listed words are a refusal",
        CCXT + "refusals.py",
        'return VenueRefused(code, f"{answer.code}: {answer.message}") if code else None',
        'return VenueRefused(code or answer.code, f"{answer.code}: {answer.message}")',
        (REFUSALS + "test_what_may_have_been_accepted_is_not_refused",),
    ),
    Guard(
        "a broken exchange's words prove nothing",
        CCXT + "refusals.py",
        "answer is None or answer.status >= _BROKEN or failed.sent != 1",
        "answer is None or failed.sent != 1",
        (REFUSALS + "test_a_broken_exchange_proves_nothing_whatever_it_says",),
    ),
    Guard(
        "a second request proves nothing about the first",
        CCXT + "refusals.py",
        "answer is None or answer.status >= _BROKEN or failed.sent != 1",
        "answer is None or answer.status >= _BROKEN",
        (REFUSALS + "test_a_second_request_proves_nothing_about_the_first",),
    ),
    Guard(
        "a client id that is taken is no refusal",
        CCXT + "kucoin/codes.py",
        '    "126013": _NO_FUNDS,\n',
        '    "126013": _NO_FUNDS,\n    "126044": _FORBIDDEN,\n',
        (REFUSALS + "test_what_may_have_been_accepted_is_not_refused",),
    ),
    Guard(
        "an answer without an id is no answer",
        CCXT + "venue.py",
        "        if not venue_id:\n",
        "        if False:\n",
        (
            "ccxt_venue/test_failures.py::test_an_order_whose_answer_is_lost_is_never_taken_for_refused",
        ),
    ),
    Guard(
        "an order that would be rounded does not leave",
        CCXT + "sending.py",
        "        if sent is None or Decimal(sent) != value:",
        "        if False:",
        (VENUE + "test_an_order_that_would_be_rounded_never_leaves",),
    ),
    Guard(
        "an order is sent once",
        CCXT + "live.py",
        '    client.options["maxRetriesOnFailure"] = 0\n',
        '    client.options["maxRetriesOnFailure"] = 3\n',
        ("ccxt_venue/test_failures.py::test_each_order_is_posted_once_whatever_the_network_does",),
    ),
    Guard(
        "redirects are not followed",
        CCXT + "evidence.py",
        "            _forbid_redirects(client.session)",
        "            pass",
        ("ccxt_venue/test_redirects.py::test_a_redirect_is_not_followed",),
    ),
    Guard(
        "a key that moves money is refused",
        CCXT + "kucoin/permissions.py",
        "    if found <= _ALLOWED and needed <= found:",
        "    if needed <= found:",
        (JOINING + "test_a_key_that_may_do_more_is_refused",),
    ),
    Guard(
        "a key is checked",
        CCXT + "live.py",
        "        await check_key(questions, name, settings)\n",
        "",
        (JOINING + "test_a_key_that_may_do_more_is_refused",),
    ),
    Guard(
        "a key that may be used from anywhere can be refused",
        CCXT + "kucoin/permissions.py",
        "    if settings.require_ip_list:",
        "    if False:",
        (JOINING + "test_a_key_without_an_address_list_can_be_refused",),
    ),
    Guard(
        "an entry with a wrong time does not leave",
        CCXT + "timekeeping.py",
        "if abs(self.skew_ms) > _MOST_MS and not order.reduce_only:",
        "if False:",
        (JOINING + "test_a_clock_that_is_far_off_opens_nothing",),
    ),
    Guard(
        "nothing waits out a ban unseen",
        CCXT + "venue.py",
        "self._budget is not None and self._budget.banned_s > 0 and not order.reduce_only",
        "False",
        (
            "ccxt_venue/test_failures.py::"
            "test_no_entry_leaves_while_the_exchange_lets_nothing_through",
        ),
    ),
    Guard(
        "live only where the codes are known",
        CCXT + "live.py",
        "    if kind not in LIVE:",
        "    if False:",
        (JOINING + "test_live_is_offered_only_where_the_codes_are_known",),
    ),
    Guard(
        "a gap drops the book",
        CCXT + "books.py",
        'if relation == "gap" or self._crossed > self._tolerated or self._is_spent():',
        "if self._crossed > self._tolerated or self._is_spent():",
        (BOOKS + "test_a_gap_drops_the_book_until_a_snapshot_joins_what_followed",),
    ),
    Guard(
        "a crossed book is not used",
        CCXT + "books.py",
        "return self._number is not None and not self._crossed",
        "return self._number is not None",
        (BOOKS + "test_where_each_level_is_told_by_itself_a_crossed_book_is_only_not_used",),
    ),
    Guard(
        "a number of an exchange is finite",
        CCXT + "readings.py",
        "    if not math.isfinite(number):",
        "    if False:",
        ("ccxt_data/test_readings.py::test_what_is_no_number_is_refused",),
    ),
    Guard(
        "a share is kept for cancels",
        CCXT + "allowance.py",
        "floor = 0.0 if purpose in _KEPT_FOR else self._most * KEPT",
        "floor = 0.0",
        ("ccxt_data/test_budget.py::test_a_share_is_kept_for_cancels_and_queries",),
    ),
    Guard(
        "keys do not show themselves",
        CCXT + "keys.py",
        '        return "Keys(...)"',
        '        return f"Keys({self.api_key!r}, {self.secret!r}, {self.passphrase!r})"',
        (KEYS + "test_keys.py::test_keys_do_not_show_themselves",),
    ),
    Guard(
        "samples are no keys",
        CCXT + "keys.py",
        "    if looks_like_a_sample(value):",
        "    if False:",
        (KEYS + "test_keys.py::test_samples_are_refused",),
    ),
    Guard(
        "a key file that others may read is refused",
        CCXT + "private_files.py",
        "        if found.st_mode & 0o077:",
        "        if False:",
        (KEYS + "test_key_file.py::test_a_file_that_others_may_read_is_refused",),
    ),
    Guard(
        "ccxt does not write down signatures",
        CCXT + "client.py",
        '    logging.getLogger("ccxt").setLevel(logging.WARNING)\n',
        "",
        ("ccxt_data/test_logs.py::test_ccxt_does_not_write_down_keys_and_signatures",),
    ),
)
