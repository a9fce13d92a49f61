"""The stored networks: whole, documented, and refused if altered."""

import hashlib
import io
import json
import re
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest

import qlib.zoo
from qlib.net.cost import cost, total
from qlib.net.graph import (
    Absent,
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Conv,
    Dense,
    Flatten,
    MaxPool,
    Net,
    Relu,
    Relu6,
    around,
    shapes,
)
from qlib.net.real import result, run
from qlib.zoo.file import pack, unpack
from qlib.zoo.mobilenet import (
    DIGITS,
    MOBILENET_V2,
    drawn,
    mobilenet_v2,
)

NAMES = [f"{family}-{i}" for family in ("digits", "cnn") for i in range(5)]
PARAMETERS = {"digits": 14106, "cnn": 20410}
FIRST = [0.034219433, -0.035954390, 0.174300969]  # seed 0, stem.conv
LAST = 0.0401032  # seed 0, bias of the last class
MEGABYTE = 1_000_000


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder with a copy of one network, which a test may spoil."""
    data = (qlib.zoo.FOLDER / "digits-0.npz").read_bytes()
    path = tmp_path / "digits-0.npz"
    path.write_bytes(data)
    monkeypatch.setattr(qlib.zoo, "FOLDER", tmp_path)
    return path


def same(a, b):
    """Two nets of the same ops, arrays to the last bit."""
    assert (a.shape, a.input, a.output) == (b.shape, b.input, b.output)
    assert [type(op) for op in a.ops] == [type(op) for op in b.ops]
    for one, other in zip(a.ops, b.ops, strict=True):
        for field in fields(one):
            left, right = (getattr(op, field.name) for op in (one, other))
            np.testing.assert_array_equal(left, right, strict=True)
    return True


def entries(data):
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return dict(archive)


def rewritten(data, **changes):
    """The file with some JSON replaced."""
    arrays = entries(data)
    for name, content in changes.items():
        text = json.dumps(content).encode()
        arrays[name] = np.frombuffer(text, np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def graph(net):
    return json.loads(bytes(entries(pack(net, {}))["net"]))


def test_the_names_are_these():
    assert list(qlib.zoo.names()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_network_is_small_and_float32_and_has_batch_norm(name):
    net, family = qlib.zoo.load(name), name[:-2]
    assert total(cost(net)).parameters == PARAMETERS[family]
    assert (qlib.zoo.FOLDER / f"{name}.npz").stat().st_size < MEGABYTE / 10
    arrays = [getattr(op, f.name) for op in net.ops for f in fields(op)]
    kinds = {a.dtype for a in arrays if isinstance(a, np.ndarray)}
    assert kinds == {np.dtype(np.float32)}
    norms = sum(isinstance(op, BatchNorm) for op in net.ops)
    assert norms == (16 if family == "digits" else 0)


@pytest.mark.parametrize("name", NAMES)
def test_packing_a_stored_network_again_gives_the_same_bytes(name):
    data = (qlib.zoo.FOLDER / f"{name}.npz").read_bytes()
    net, card = unpack(data)
    assert pack(net, card) == data


def test_the_entries_are_dated_and_open_without_pickle():
    data = (qlib.zoo.FOLDER / "digits-0.npz").read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        dates = {entry.date_time for entry in archive.infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}
    assert entries(data)["dense.w"].shape == (10, 96)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_where_the_network_comes_from(name):
    card = qlib.zoo.card(name)
    assert (card.name, card.fold) == (name, int(name[-1]))
    assert card.parameters == PARAMETERS[name[:-2]]
    assert card.tested in (359, 360)
    assert 0.95 < card.right / card.tested <= 1
    text = card.text()
    assert all(len(line) < 80 for line in text.splitlines())
    facts = name, card.data, card.recipe, str(card.seed), str(card.right)
    assert all(f in re.sub(r"\s+", " ", text) for f in facts)


def test_five_networks_of_a_family_are_five():
    nets = qlib.zoo.folds("digits")
    assert len({net.ops[0].w.tobytes() for net in nets}) == 5
    assert all(map(same, nets, map(qlib.zoo.load, NAMES)))


def test_an_unknown_name_lists_the_known_ones():
    for call, name in (
        (qlib.zoo.load, "resnet"),
        (qlib.zoo.card, "../digits-0"),
        (qlib.zoo.folds, "digits-0"),
    ):
        with pytest.raises(ValueError, match=f"must be one of .*{name!r}$"):
            call(name)


def test_a_truncated_file_is_refused_with_both_digests(shelf):
    data = shelf.read_bytes()[:-1000]
    shelf.write_bytes(data)
    got = hashlib.sha256(data).hexdigest()
    want = qlib.zoo.DIGESTS["digits-0"]
    message = f"digits-0.npz must have the SHA-256 {want}, got {got} of 88945"
    with pytest.raises(ValueError, match=message):
        qlib.zoo.load("digits-0")


def test_a_file_with_one_bit_changed_is_refused(shelf):
    data = bytearray(shelf.read_bytes())
    data[40_000] ^= 1
    shelf.write_bytes(data)
    with pytest.raises(ValueError, match="must have the SHA-256"):
        qlib.zoo.load("digits-0")
    with pytest.raises(ValueError, match="got BadZipFile: Bad CRC"):
        unpack(bytes(data))


def test_a_missing_file_is_named(shelf):
    shelf.unlink()
    with pytest.raises(FileNotFoundError, match=r"digits-0\.npz"):
        qlib.zoo.load("digits-0")


@pytest.mark.parametrize("length", [0, 1, 4, 100, 50_000, 89_000, 89_944])
def test_bytes_that_are_cut_off_are_no_net(length):
    data = (qlib.zoo.FOLDER / "digits-0.npz").read_bytes()
    with pytest.raises(ValueError, match=r"^data must be an \.npz file"):
        unpack(data[:length])


@pytest.mark.parametrize(
    "change",
    [
        {"card": 1, "net": 1},
        {"net": {}},
        {"net": {"ops": 3}},
        {"net": {"ops": [3]}},
        {"net": {"ops": [{"kind": "Pickle"}]}},
        {"net": {"ops": [], "shape": [1]}},
        {
            "net": {
                "ops": [{"kind": "Relu", "x": "x", "y": "y", "speed": 1}],
                "shape": [1],
                "input": "x",
                "output": "y",
            }
        },
    ],
)
def test_a_file_of_another_kind_is_no_net(change):
    data = pack(Net((2,), (Relu("x", "y"),)), {})
    with pytest.raises(ValueError, match=r"^data must be an \.npz file"):
        unpack(rewritten(data, **change))


def test_a_pickle_is_not_opened():
    file = io.BytesIO()
    np.savez(file, net=np.array([{"a": 1}], object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        unpack(file.getvalue())


def test_a_net_that_does_not_fit_names_the_op():
    net = qlib.zoo.load("cnn-0")
    described = graph(net)
    described["shape"] = [1, 30, 30]
    with pytest.raises(ValueError, match="^Dense flatten -> dense: must read"):
        unpack(rewritten(pack(net, {}), net=described))


def test_weights_that_are_nan_name_the_op():
    arrays = entries(pack(qlib.zoo.load("cnn-0"), {}))
    arrays["conv.w"][0] = np.nan
    file = io.BytesIO()
    np.savez(file, **arrays)
    with pytest.raises(ValueError, match="^Conv x -> conv: w must be finite"):
        unpack(file.getvalue())


def test_weights_that_are_absent_cannot_be_stored():
    net = Net((64,), (Dense("x", "y", Absent((10, 64))),))
    with pytest.raises(ValueError, match="^Dense x -> y: weights must be"):
        pack(net, {})


def test_every_field_of_every_op_survives():
    rng = np.random.default_rng(0)
    w, one = rng.normal(size=(4, 1, 3, 2)), np.ones(4)
    pad = ((2, 1), (0, 1))
    net = Net(
        (2, 9, 8),
        (
            Conv("in", "a", w, one, (2, 1), pad, (1, 2), groups=2),
            BatchNorm("a", "a.b", one, one, -one, one, eps=1e-3),
            Relu6("a.b", "c"),
            Add("a", "c", "d"),
            Concat(("a", "d"), "e"),
            MaxPool("e", "f", (3, 2), (1, 1), around(1)),
            AveragePool("f", "g", (2, 2), (2, 1), count_pad=True),
            Flatten("g", "h"),
        ),
        output="e",
        input="in",
    )
    back, card = unpack(pack(net, {"a": [1, None]}))
    assert same(back, net)
    assert card == {"a": [1, None]}
    x = rng.normal(size=(2, *net.shape))
    assert np.array_equal(result(back, x), result(net, x))


def test_mobilenet_v2_has_the_published_counts():
    counts = total(cost(mobilenet_v2()))
    assert counts.parameters == 3_504_872
    assert counts.macs == 300_774_272


def test_mobilenet_v2_has_the_shapes_of_its_table():
    known = shapes(mobilenet_v2())
    ends = {2: 1, 3: 3, 6: 6, 10: 10, 13: 13, 16: 16, 17: 17}
    sizes = [known[f"block{i}.project.norm"] for i in (1, *ends)]
    assert known["stem.relu6"] == (32, 112, 112)
    assert sizes == [
        (16, 112, 112),
        (24, 56, 56),
        (24, 56, 56),
        (32, 28, 28),
        (64, 14, 14),
        (96, 14, 14),
        (160, 7, 7),
        (320, 7, 7),
    ]
    assert known["head.relu6"] == (1280, 7, 7)
    assert sum(isinstance(op, Add) for op in mobilenet_v2().ops) == 10


def test_a_seed_draws_the_same_network_and_another_seed_another():
    assert same(drawn(DIGITS, 3), drawn(DIGITS, 3))
    w = [drawn(DIGITS, seed).ops[0].w for seed in (3, 4)]
    assert not np.array_equal(*w)


def test_the_drawn_weights_are_those_that_were_drawn_first():
    """numpy may change its generators; the chapters' numbers would move."""
    net = mobilenet_v2(seed=0)
    assert net.ops[0].w[0, 0, 0].tolist() == pytest.approx(FIRST, rel=1e-6)
    assert net.ops[-1].b[-1] == pytest.approx(LAST, rel=1e-6)


def test_tensors_of_the_drawn_network_neither_die_nor_explode():
    net = drawn(replace(MOBILENET_V2, shape=(3, 64, 64)), 0)
    x = np.random.default_rng(1).normal(size=(1, 3, 64, 64))
    for name, r in run(net, x.astype(np.float32)).items():
        spread = r.std()
        assert 0.3 < spread < 30, name
        if name.endswith("relu6"):
            assert 0.3 < (r == 0).mean() < 0.7, name
            assert (r == 6).mean() < 0.3, name
