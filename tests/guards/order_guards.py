"""Orders: each leaves once at most, and ends by evidence alone."""

from guard import Guard

FLIGHT, CORE = "engine/flight.py", "engine/core.py"
FENCE = "session/test_fence.py::"
TRIPWIRE = "session/test_tripwire.py::"
OUTSIDE = "engine/test_outside.py::"

GUARDS = (
    Guard(
        "journal before send",
        FLIGHT,
        "            await asyncio.shield(durable)\n",
        "            pass\n",
        ("session/test_session.py::test_an_order_whose_entry_fails_on_its_way_is_given_up",),
    ),
    Guard(
        "no order while the journal can't be written",
        "engine/session.py",
        "        if not self._journal.healthy:\n",
        "        if False:\n",
        ("session/test_session.py::test_a_setting_that_cannot_be_written_is_not_changed",),
    ),
    Guard(
        "an order is handed out once",
        "engine/desk.py",
        "return self._approved.pop(order_id, None)",
        "return self._approved.get(order_id)",
        ("engine/test_core.py::test_an_approved_order_is_handed_out_once",),
    ),
    Guard(
        "the kill switch is asked before an order leaves",
        CORE,
        "order is None or order.cancelling or self._is_killed(order)",
        "order is None or order.cancelling",
        (
            "engine/test_core.py::"
            "test_an_order_approved_before_the_kill_switch_is_not_handed_out_after",
        ),
    ),
    Guard(
        "a cancel is asked for before an order leaves",
        CORE,
        "order is None or order.cancelling or self._is_killed(order)",
        "order is None or self._is_killed(order)",
        (
            "session/test_orders_by_hand.py::"
            "test_an_order_that_is_cancelled_before_it_is_sent_never_is",
        ),
    ),
    Guard(
        "the tripwire is asked before an order leaves",
        FLIGHT,
        "        self.heed_tripwire()\n        approved",
        "        approved",
        (TRIPWIRE + "test_an_order_does_not_leave_after_the_wire_was_tripped",),
    ),
    Guard(
        "the tripwire is asked every second",
        "engine/upkeep.py",
        "        session.flight.heed_tripwire()\n",
        "",
        (TRIPWIRE + "test_nobody_has_to_order_anything_for_it_to_be_heard",),
    ),
    Guard(
        "what rests is called off when entries are",
        "engine/upkeep.py",
        "if session.core.calls_off(session.clock.now()) and session.core.working_entries():",
        "if False:",
        (TRIPWIRE + "test_nobody_has_to_order_anything_for_it_to_be_heard",),
    ),
    Guard(
        "a tripwire that can't be asked is tripped",
        "adapters/tripwire/file.py",
        'return f"{self._name} cannot be asked for: {error.strerror}"',
        "return None",
        ("kill/test_tripwire.py::test_in_doubt_it_is_tripped",),
    ),
    Guard(
        "no answer is not no",
        FLIGHT,
        "self._core.on_unknown(order.id, why, self._clock.now()))\n        else:",
        "self._core.on_refused(order.id, why, self._clock.now()))\n        else:",
        (FENCE + "test_only_a_refusal_for_certain_is_one",),
    ),
    Guard(
        "an unknown order keeps its reservation",
        "domain/orders.py",
        'frozenset({"approved", "open", "partial", "unknown"})',
        'frozenset({"approved", "open", "partial"})',
        (FENCE + "test_only_a_refusal_for_certain_is_one",),
    ),
    Guard(
        "the fence",
        FLIGHT,
        "if found is not False or asked_at < fence:",
        "if found is not False:",
        (FENCE + "test_not_found_before_the_fence_never_ends_an_order",),
    ),
    Guard(
        "the exchange's own fence counts",
        FLIGHT,
        "max(self._settings.settle_fence_ms, self._exchanges[order.exchange].fence_ms)",
        "self._settings.settle_fence_ms",
        (FENCE + "test_not_found_before_the_fence_never_ends_an_order",),
    ),
    Guard(
        "two looks lie apart",
        FLIGHT,
        "elif asked_at - absent_at >= APART_S:",
        "else:",
        (FENCE + "test_after_the_fence_two_looks_that_lie_apart_end_it",),
    ),
    Guard(
        "an exchange that fails has not said that an order is absent",
        FLIGHT,
        'log.warning("order_still_unknown", order_id=order.id, error=str(error))\n'
        "            return None",
        'log.warning("order_still_unknown", order_id=order.id, error=str(error))\n'
        "            return False",
        (FENCE + "test_an_exchange_that_fails_between_two_looks_has_said_nothing",),
    ),
    Guard(
        "an order that is listed is not absent",
        FLIGHT,
        "return bool(fills) or any(o.client_id == order.client_id for o in listed)",
        "return bool(fills)",
        (FENCE + "test_an_order_that_is_listed_is_not_absent",),
    ),
    Guard(
        "an order is waited for so long",
        FLIGHT,
        "            async with asyncio.timeout(self._settings.order_timeout_ms / 1000):\n"
        "                venue_id = await",
        "            async with asyncio.timeout(None):\n                venue_id = await",
        (FENCE + "test_an_exchange_that_says_nothing_is_not_waited_for_for_ever",),
    ),
    Guard(
        "after a start what was approved is in doubt",
        "engine/reconcile.py",
        "            ledger.write(core.on_unknown(order.id, why, core.state.now))",
        "            pass",
        (
            "session/test_session.py::"
            "test_after_a_restart_what_rests_though_nobody_said_so_is_found",
        ),
    ),
    Guard(
        "an order that the exchange has forgotten is looked for",
        "engine/reconcile.py",
        "            elif await self._flight.refresh(order) is None:",
        "            elif await self._flight.refresh(order) is None and False:",
        (FENCE + "test_an_order_that_the_exchange_has_forgotten_does_not_work_for_ever",),
    ),
    Guard(
        "statuses follow their table",
        "engine/desk.py",
        "or not may_become(order.status, status)",
        "",
        ("engine/test_core.py::test_what_has_ended_is_not_ended_again",),
    ),
    Guard(
        "an order ends after its fills",
        CORE,
        "if order is None or self.misses_fills(report):",
        "if order is None:",
        ("engine/test_booking.py::test_a_report_with_unknown_fills_does_not_end_the_order",),
    ),
    Guard(
        "what was taken for dead and lives kills",
        "engine/booking.py",
        "    watch.kill(desk, message, ENGINE)",
        "    pass",
        ("engine/test_booking.py::test_what_was_taken_for_dead_and_is_not_stops_everything_new",),
    ),
    Guard(
        "what was taken for dead is looked for among the listed",
        "engine/reconcile.py",
        '            if order is not None and order.status in ("rejected", "abandoned"):',
        "            if False:",
        (FENCE + "test_an_order_taken_for_dead_that_the_exchange_lists_lives_again_and_kills",),
    ),
    Guard(
        "a time from the future is not believed",
        "engine/desk.py",
        "max(self.now, min(now, self._horizon() + LEEWAY_MS))",
        "max(self.now, now)",
        ("engine/test_core.py::test_a_time_from_the_future_is_not_believed",),
    ),
    Guard(
        "prices are sane",
        "engine/feeding.py",
        "return all(math.isfinite(price) and price > 0 for price in prices)",
        "return True",
        ("session/test_session.py::test_a_price_that_cannot_be_is_not_taken_in",),
    ),
)
