"""The doors: who may come in, what is read, what is done once, who may switch what."""

from guard import Guard

SWITCHES = "services/switches.py"
DOUBTS = "session/test_doubts.py::"

GUARDS = (
    Guard(
        "a request's Host is ours",
        "api/doors.py",
        "        if len(hosts) != 1 or hosts[0] not in self._ours(scope):",
        "        if False:",
        ("api/test_gateway.py::test_strangers_stay_outside",),
    ),
    Guard(
        "a page's Origin is ours",
        "api/doors.py",
        '        if origins and not self._trusted(origins, hosts[0], scope["scheme"]):',
        "        if False:",
        ("api/test_gateway.py::test_strangers_stay_outside",),
    ),
    Guard(
        "who has not the scope may not",
        "services/guarding.py",
        "    if scope not in scopes:",
        "    if False:",
        ("access/test_scopes.py::test_a_route_answers_those_who_may_and_nobody_else",),
    ),
    Guard(
        "a repeated request has one effect",
        "services/idempotency.py",
        "if (answered := self._session.state.answers.get(name)) is not None:",
        "if (answered := None) is not None:",
        ("services/test_risk.py::test_a_repeated_request_does_not_set_anew_what_was_set_since",),
    ),
    Guard(
        "a key is of one request",
        "services/idempotency.py",
        "    if known != digest:",
        "    if False:",
        ("services/test_operations.py::test_the_same_key_trades_once_and_gives_the_same_answer",),
    ),
    Guard(
        "the kill switch stays on while an outcome is unknown",
        SWITCHES,
        "        if unknown:\n",
        "        if False:\n",
        (DOUBTS + "test_the_kill_switch_stays_on_while_an_outcome_is_unknown",),
    ),
    Guard(
        "the kill switch stays on while an exchange is in doubt",
        SWITCHES,
        "if silent := sorted(name for name, why in doubts.items() if why):",
        "if silent := []:",
        (DOUBTS + "test_the_kill_switch_stays_on_while_an_exchange_is_in_doubt",),
    ),
    Guard(
        "a number is finite",
        "domain/numbers.py",
        "    if not number.is_finite():",
        "    if False:",
        ("domain/test_numbers.py::test_a_number_that_is_none_is_refused",),
    ),
    Guard(
        "a number is plain digits",
        "domain/numbers.py",
        'not text.isascii() or "_" in text or text != text.strip()',
        "False",
        ("domain/test_numbers.py::test_a_number_that_is_none_is_refused",),
    ),
    Guard(
        "a number is of a size that can be",
        "domain/numbers.py",
        "len(number.as_tuple().digits) > _LONGEST or abs(number.adjusted()) > _WIDEST",
        "False",
        ("domain/test_numbers.py::test_a_number_that_is_none_is_refused",),
    ),
    Guard(
        "the journal has no gaps",
        "adapters/sqlite/journal.py",
        "        if first_seq != self._next:",
        "        if False:",
        ("storage/test_journal.py::test_a_number_that_does_not_follow_is_refused",),
    ),
    Guard(
        "one server has a data directory",
        "adapters/data_directory.py",
        "        if not _taken(self._file):",
        "        if not _taken(self._file) and False:",
        ("storage/test_data_directory.py::test_a_second_server_is_refused_and_told_what_to_do",),
    ),
    Guard(
        "live needs a cap",
        "config.py",
        '    if settings.mode == "live" and settings.max_exposure_usd is None:',
        "    if False:",
        ("config/test_exchanges.py::test_live_needs_a_cap",),
    ),
    Guard(
        "signed orders stay on this machine",
        "config.py",
        "if settings.base_url and not is_loopback(host) and not settings.allow_foreign_url:",
        "if False:",
        ("config/test_exchanges.py::test_signed_orders_go_to_no_other_machine_by_mistake",),
    ),
    Guard(
        "a secret does not stand in the configuration",
        "config.py",
        "        if value and not _FROM_ENVIRONMENT.fullmatch(value):",
        "        if False:",
        ("config/test_exchanges.py::test_a_secret_does_not_stand_in_the_configuration",),
    ),
)
