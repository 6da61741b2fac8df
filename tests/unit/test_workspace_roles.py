"""What a role may do, and the reason that it is given."""

import pytest

from terraspawner.domain.workspace import Action, Role, permits

TABLE = {
    Role.OWNER: set(Action),
    Role.WRITER: set(Action),
    Role.READER: {Action.SEE, Action.READ_NOTEBOOKS},
}


@pytest.mark.parametrize(("role", "action"), [(role, action) for role in Role for action in Action])
def test_a_role_may_do_what_the_table_says(role: Role, action: Action) -> None:
    assert bool(permits(role, action)) == (action in TABLE[role])


def test_a_refusal_names_the_role_that_may() -> None:
    assert permits(Role.READER, Action.WRITE_NOTEBOOKS).reason == (
        "a reader may not create or change notebooks; a writer may"
    )
