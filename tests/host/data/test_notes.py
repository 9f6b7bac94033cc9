"""Notes on many pictures."""

from pathlib import Path

from fireline.host.data.notes import Notes
from fireline.host.data.picture import Change


def test_pictures_are_counted_by_what_was_done():
    notes = Notes()
    grey = Change("repeated over three channels", "grey")
    for name in ("b.png", "a.png"):
        notes.changed(grey, Path(name))
        notes.changed(Change("scaled to 8x8", seen=f"{name} pixels"), Path(name))
    notes.count(".heic {files} not read", Path("x.heic"))
    notes.say("first of all")
    assert notes.lines() == [
        "first of all",
        "2 grey pictures repeated over three channels, first b.png",
        "2 pictures scaled to 8x8, first b.png",
        "1 .heic file not read: x.heic",
    ]
