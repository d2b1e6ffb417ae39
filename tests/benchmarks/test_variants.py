"""The program that times variants of the workloads, on a few of them."""

import json

from programs import output_of


def test_kept_figures_and_every_variant_chosen(tmp_path):
    stored = tmp_path / "variants.json"
    words = ["--only", "^(add_row|relu_64k)$", "--family", "pointwise", "--seconds", 0.001]
    output_of("variants.py", *words, "--rounds", 1, "--alone", "--json", stored)
    figures = json.loads(stored.read_text())
    assert sorted(figures) == ["add_row", "relu_64k"]
    assert all(set(times) == {"kajo"} and times["kajo"] > 0 for times in figures.values())


def test_a_pattern_that_matches_one_family_only():
    output_of(
        *("variants.py", "--only", "^logistic$", "--seconds", 0.001, "--rounds", 1, "--alone")
    )
