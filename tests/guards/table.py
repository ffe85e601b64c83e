"""Every check that is removed in turn."""

import book_guards
import door_guards
import exchange_guards
import gate_guards
import order_guards

GUARDS = (
    *gate_guards.GUARDS,
    *order_guards.GUARDS,
    *book_guards.GUARDS,
    *door_guards.GUARDS,
    *exchange_guards.GUARDS,
)
