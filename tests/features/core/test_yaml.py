"""Document: data with lines, every fault at once, nothing but plain YAML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict

from features.core.errors import ConfigError
from features.core.yaml import Document


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int
    colour: str = "red"


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    inner: Inner
    many: dict[str, Inner] = {}
    spacing: tuple[float, float, float] = (1, 1, 1)


def _load(path: Path, text: str | bytes) -> Document:
    file = path / "a.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return Document.load(file)


def _faults(path: Path, text: str | bytes, model: type[BaseModel] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _load(path, text).parse(model or Outer)
    return [str(fault).replace(f"{path}/", "") for fault in caught.value.faults]


def test_plain_data_are_read(tmp_path: Path) -> None:
    document = _load(tmp_path, "a: 1\nb: [x, 2.5, null, true]\nc: {d: '007'}\n")
    assert document.data == {"a": 1, "b": ["x", 2.5, None, True], "c": {"d": "007"}}


def test_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    assert _load(tmp_path, "# nothing\n").data == {}


def test_all_faults_come_at_once_with_their_lines(tmp_path: Path) -> None:
    text = "inner:\n  size: big\n  colur: blue\nmany:\n  a:\n    size: 1\n  b:\n    sise: 2\n"
    assert _faults(tmp_path, text) == [
        'a.yaml:1: the key "title" is missing',
        "a.yaml:2: inner.size: Input should be a valid integer, unable to parse string as an integer; found 'big'",
        'a.yaml:3: unknown key "inner.colur"; allowed: colour, size; did you mean "colour"?',
        'a.yaml:7: the key "many.b.size" is missing',
        'a.yaml:8: unknown key "many.b.sise"; allowed: colour, size; did you mean "size"?',
    ]


def test_a_list_that_is_too_short_is_one_fault_with_what_it_holds(tmp_path: Path) -> None:
    text = "title: a\ninner: {size: 1}\nspacing: [2]\n"
    assert _faults(tmp_path, text) == ["a.yaml:3: spacing: has too few values; found [2]"]


def test_the_message_counts_the_faults(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="^2 faults in the configuration\n"):
        _load(tmp_path, "{}").parse(Outer)


def test_double_keys_are_named_with_the_second_line(tmp_path: Path) -> None:
    assert _faults(tmp_path, "title: a\ninner: {size: 1}\ntitle: b\n") == ['a.yaml:3: the key "title" stands twice']


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    document = _load(tmp_path, "007: a\nyes: b\nTRUE: c\n1.0: d\n1: e\n2020-01-01: f\n")
    assert list(document.data) == ["007", "yes", "TRUE", "1.0", "1", "2020-01-01"]


def test_quoting_does_not_hide_a_double_key(tmp_path: Path) -> None:
    assert _faults(tmp_path, "1: a\n'1': b\n") == ['a.yaml:2: the key "1" stands twice']


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['touch x']\n",
        "a: !!python/name:os.system\n",
        "a: !mine {b: 1}\n",
        "a: !mine [1]\n",
        "a: !mine x\n",
        "!mine a: 1\n",
        "? [a, b]\n: 1\n",
        "a: &b {c: 1}\nd:\n  <<: *b\n",
        "a: !!set {b, c}\n",
        "a: &loop [*loop]\n",
        "a: !!binary '###'\n",
        "a: !!binary YWJj\n",
        "a: !!seq {b: 1}\n",
        "a: !!map [1]\n",
        "a: !!str [1]\n",
        "a: !!map x\n",
        "a: =\n",
    ],
)
def test_what_is_not_plain_yaml_is_refused(tmp_path: Path, text: str) -> None:
    faults = _faults(tmp_path, text)
    assert len(faults) == 1
    assert "is not plain YAML" in faults[0]
    assert not Path("x").exists()


def test_an_alias_stands_for_its_anchor(tmp_path: Path) -> None:
    assert _load(tmp_path, "a: &b {c: 1}\nd: *b\n").data == {"a": {"c": 1}, "d": {"c": 1}}


def test_malformed_file_names_the_line(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path, "a: 1\nb: [1, 2\nc: 3\n")
    assert fault.startswith("a.yaml:3: is not YAML")


def test_missing_file_and_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"b\.yaml: there is no such file"):
        Document.load(tmp_path / "b.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        Document.load(tmp_path)


def test_latin_1_cannot_be_read(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path, "title: Köln\n".encode("latin-1"))
    assert "cannot be read" in fault


def test_a_list_is_no_document(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path, "- a\n")
    assert fault.startswith("a.yaml:1: the document: Input should be")


def test_the_place_of_an_unknown_key_is_that_of_its_holder(tmp_path: Path) -> None:
    document = _load(tmp_path, "a:\n  b: 1\n")
    assert document.where(("a", "b")).endswith("a.yaml:2")
    assert document.where(("a", "c", 3)).endswith("a.yaml:1")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: !!float x\n", "a.yaml:1: is not plain YAML; found 'x', which is no number"),
        ("a: !!bool maybe\n", "a.yaml:1: is not plain YAML; found 'maybe', which is neither true nor false"),
        ("a: 1\nb: !!int ''\n", "a.yaml:2: is not plain YAML; found '', which is no whole number"),
        ("a: !!timestamp soon\n", "a.yaml:1: is not plain YAML; found 'soon', which is no date"),
        ("a: !!int abc\n", "a.yaml:1: is not plain YAML; found 'abc', which is no whole number"),
        ("a: !!null abc\n", "a.yaml:1: is not plain YAML; found 'abc', which is not null"),
        (f"a: !!int {'x' * 41}\n", "a.yaml:1: is not plain YAML; found a text, which is no whole number"),
        ("a: 2020-13-45\n", "a.yaml:1: is not plain YAML; found '2020-13-45', which is no date"),
        ("a: 2020-01-01T00:00:00+99:99\n", "a.yaml:1: is not plain YAML; found '2020-01-01T00:00:00+99:99', which is no date"),
        ('a: "\\uD800"\n', "a.yaml:1: is not plain YAML; found a text with characters that no text has"),
        ('"a\\0": 1\n', "a.yaml:1: is not plain YAML; found a key with characters that no text has"),
        ('a: 1\nb: "\\U00110000"\n', "a.yaml:2: is not YAML: an escape stands for no character"),
        ("a: 1\nb: \x01\n", "a.yaml:2: is not YAML: the character #x0001 is not allowed in it"),
        (f"a: {'9' * 5000}\n", "a.yaml:1: is not plain YAML; found a whole number beyond 64 bits"),
        (f"a: 0x{'f' * 4000}\n", "a.yaml:1: is not plain YAML; found a whole number beyond 64 bits"),
        (f"a: 1\nb: {'[' * 900}{']' * 900}\n", "a.yaml:2: is nested deeper than 100 levels"),
        (f"{'a: {' * 900}{'}' * 900}\n", "a.yaml:1: is nested deeper than 100 levels"),
        (
            "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 300)),
            "a.yaml:1: is nested deeper than 100 levels",
        ),
        (
            "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)),
            "a.yaml:6: holds over 100000 values up to here, with those that aliases repeat",
        ),
        ("a:\n" + "- 1\n" * 100_000, "a.yaml:100000: holds over 100000 values up to here"),
        ("a: 1\n\tb: 1\n", "a.yaml:2: is not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\n---\nb: 1\n", "a.yaml:2: is not YAML: expected a single document in the stream, but found another"),
        ("a: " + "x" * 2**22 + "\n", "a.yaml: is too large for a configuration; allowed: 4 MiB at most"),
    ],
)  # fmt: skip
def test_what_no_configuration_holds_is_a_fault_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    assert _faults(tmp_path, text)[0].startswith(fault)


PIECES = (
    "!!float ", "!!int ", "!!bool ", "!!timestamp ", "!!null ", "!!str ", "!!seq ", "!!map ", "!x ", "&a ", "*a", "<<: ", "? ",
    "[", "]", "{", "}", ": ", "- ", "'", '"', "#", "|\n", ">\n", "\t", "\n", "%", "@", "\\", "\0", "é", "~", ".inf", ".nan", "-1",
    "1e400", "0x", "0o9", "1:99", "2020-99-99", "99999999999999999999", "null", "yes", "[" * 200, "\ufeff", "\x85", "\u2028",
)  # fmt: skip
FILES = sorted(
    path for folder in ("recipes", "studies") for path in (Path(__file__).parents[3] / "flows" / folder).rglob("*.yaml")
)


def test_no_mutation_of_a_file_is_anything_but_a_fault(tmp_path: Path) -> None:
    """Texts of the repository's own files with pieces put in, left out and exchanged."""
    from features.core.catalog.catalog import Catalog
    from features.core.kinds.recipe import Recipe

    texts = [path.read_text("utf-8") for path in [*FILES, FILES[0].parents[2] / "data_catalog.yaml"][:12]]
    rng, loaded = np.random.default_rng(0), 0
    for turn in range(200):
        text = texts[turn % len(texts)][:3000]
        for _ in range(int(rng.integers(1, 4))):
            at, cut = int(rng.integers(len(text) + 1)), int(rng.integers(0, 6))
            text = text[:at] + str(rng.choice(PIECES)) * int(rng.integers(0, 2)) + text[at + cut :]
        (tmp_path / "a.yaml").write_text(text, "utf-8", errors="surrogatepass")
        for model in (Recipe, Catalog):
            try:
                Document.load(tmp_path / "a.yaml").parse(model)
                loaded += 1
            except ConfigError as error:
                str(error).encode()
    assert loaded > 0
