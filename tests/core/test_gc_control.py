"""Collecting garbage by hand: off within the block, back to what it was after the last of overlapping ones."""

from __future__ import annotations

import gc
import weakref

import pytest

from liquor_app.core.platform import gc_control


class Loop:
    def __init__(self) -> None:
        self.me = self


def test_garbage_waits_for_collect_and_the_last_block_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc_control, "_next", 0.0)
    assert gc.isenabled()
    with gc_control.by_hand():
        with gc_control.by_hand():
            seen = weakref.ref(Loop())
            assert not gc.isenabled()
        assert seen() is not None
        assert not gc.isenabled(), "the outer block still runs"
        gc_control.collect()
        assert seen() is None
        late = weakref.ref(Loop())
        gc_control.collect()
        assert late() is not None, "not twice within two seconds"
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
