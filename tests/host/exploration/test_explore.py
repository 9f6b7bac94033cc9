"""The folder of an exploration keeps results and finds the missing ones."""

import dataclasses
import json

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.data.dataset import Dataset, Pictures
from fireline.host.exploration import explore
from fireline.host.exploration.explore import Exploration, fewer_pictures, fingerprint
from fireline.host.exploration.trial import Measured, Outcome, Trial
from fireline.host.network.variants import Space
from fireline.hw.program import ArrayShape
from support.striped import DATA, RECIPE, TINY, stripes

SMALL, LARGE = ArrayShape(4, 4), ArrayShape(8, 8)
SPACE = Space(squeeze_ratios=(0.25, 0.5), arrays=(SMALL, LARGE))


@pytest.fixture
def exploration(tmp_path):
    return Exploration.begin(tmp_path / "new" / "folder", TINY, RECIPE, DATA)


def outcome(trial: Trial) -> Outcome:
    measured = tuple(
        Measured(trial.architecture.name, str(array), bits, 100, 0.9, 0.8, 60, 1000, 7)
        for array, bits in trial.points
    )
    return Outcome(b"weights of " + trial.architecture.name.encode(), measured)


def test_trials_are_the_missing_points(exploration):
    first, second = exploration.trials(SPACE)
    assert first == Trial(SPACE.variants(TINY)[0], RECIPE, ((SMALL, 4), (LARGE, 4)))
    exploration.keep(first, outcome(first))
    assert [trial.architecture for trial in exploration.trials(SPACE)] == [second.architecture]
    exploration.keep(second, outcome(second))
    assert exploration.trials(SPACE) == []
    assert exploration.measured() == [*outcome(first).measured, *outcome(second).measured]


def test_another_space_adds_points_and_reuses_weights(exploration):
    for trial in exploration.trials(SPACE):
        exploration.keep(trial, outcome(trial))
    wider = dataclasses.replace(SPACE, squeeze_ratios=(0.5, 1), bits=(4, 8))
    again, new = exploration.trials(wider)
    assert again.points == ((SMALL, 8), (LARGE, 8))
    assert again.weights == outcome(again).weights
    assert new.weights is None and len(new.points) == 4


def test_an_interrupt_leaves_whole_results_only(exploration, monkeypatch):
    trial, _ = exploration.trials(SPACE)
    write, written = explore.write_whole, []

    def interrupted(*arguments):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(arguments)
        write(*arguments)

    monkeypatch.setattr(explore, "write_whole", interrupted)
    with pytest.raises(KeyboardInterrupt):
        exploration.keep(trial, outcome(trial))
    monkeypatch.undo()
    assert exploration.measured() == list(outcome(trial).measured[:1])
    rest = exploration.trials(SPACE)[0]
    assert rest.points == ((LARGE, 4),) and rest.weights == outcome(trial).weights


def test_the_same_folder_resumes(exploration):
    trial, _ = exploration.trials(SPACE)
    exploration.keep(trial, outcome(trial))
    assert Exploration.begin(exploration.folder, TINY, RECIPE, DATA) == exploration
    (exploration.folder / "weights" / f"{trial.architecture.name}.safetensors").unlink()
    assert len(exploration.trials(SPACE)) == 1


@pytest.mark.parametrize(
    ("what", "others"),
    [
        ("network", {"base": dataclasses.replace(TINY, classes=3)}),
        ("recipe", {"recipe": dataclasses.replace(RECIPE, seed=1)}),
        ("pictures", {"dataset": dataclasses.replace(DATA, test=stripes(50, 3))}),
    ],
)
def test_a_folder_of_another_exploration(exploration, what, others):
    own = {"base": TINY, "recipe": RECIPE, "dataset": DATA}
    with pytest.raises(FirelineError, match=f"with another {what}; choose another folder"):
        Exploration.begin(exploration.folder, **own | others)


def test_unsuitable_folders(tmp_path, exploration):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "picture.png").touch()
    with pytest.raises(FirelineError, match="holds other files; choose a new folder"):
        Exploration.begin(tmp_path / "a", TINY, RECIPE, DATA)
    (exploration.folder / "exploration.json").write_text("[")
    with pytest.raises(
        FirelineError, match=r"exploration.json: not a valid JSON file: .*; choose another"
    ):
        Exploration.begin(exploration.folder, TINY, RECIPE, DATA)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"network": "x"}', "\0"])
def test_a_damaged_result(exploration, text):
    file = exploration.folder / "points" / "tiny_4x4_4bit.json"
    file.write_text(text)
    with pytest.raises(FirelineError, match=r"4bit.json: .*; delete it to measure the point"):
        exploration.measured()


@pytest.mark.parametrize(
    "field, value",
    [
        *(("network", name) for name in ("", "a b", "x" * 65, 3)),
        *(("array", array) for array in ("", "8", "8x8x8", "99999x8")),
        *(("bits", bits) for bits in (0, 6, "4")),
        *(("top1", share) for share in (-0.1, 1.1, True)),
        *(("cycles", count) for count in (0, -1, 1.5, 10**13)),
    ],
)
def test_a_result_that_nothing_measures(exploration, field, value):
    trial, _ = exploration.trials(SPACE)
    exploration.keep(trial, outcome(trial))
    file = sorted((exploration.folder / "points").iterdir())[0]
    file.write_text(json.dumps(json.loads(file.read_text()) | {field: value}))
    with pytest.raises(FirelineError, match=rf"json: {field}: Expected .*; delete it to measure"):
        exploration.measured()


def test_the_fingerprint_depends_on_every_picture_and_label():
    prints = {fingerprint(DATA)}
    for part in ("train", "test"):
        pictures = getattr(DATA, part)
        pixels, labels = pictures.pixels.copy(), pictures.labels.copy()
        pixels[-1, -1, -1] ^= 1
        labels[-1] ^= 1
        prints.add(
            fingerprint(dataclasses.replace(DATA, **{part: Pictures(pixels, pictures.labels)}))
        )
        prints.add(
            fingerprint(dataclasses.replace(DATA, **{part: Pictures(pictures.pixels, labels)}))
        )
    assert len(prints) == 5
    assert fingerprint(Dataset(stripes(128, 1), stripes(50, 2), ())) == fingerprint(DATA)


def test_fewer_pictures():
    few = fewer_pictures(DATA, 20, 0)
    assert len(few.train) == len(few.train.pixels) == len(few.test) == 20
    assert np.array_equal(fewer_pictures(DATA, 60, 0).test.pixels, DATA.test.pixels)
    places = [
        np.flatnonzero((DATA.train.pixels == picture).all((1, 2, 3)))[0]
        for picture in few.train.pixels
    ]
    assert len(set(places)) == 20
    assert np.array_equal(DATA.train.labels[places], few.train.labels)
    assert not np.array_equal(fewer_pictures(DATA, 20, 1).train.labels, few.train.labels)
    for count in (1, len(DATA.train) + 1):
        with pytest.raises(FirelineError, match=f"{count} pictures to train on; use 2 to 128"):
            fewer_pictures(DATA, count, 0)
