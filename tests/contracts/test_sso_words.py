"""Whoever is refused at a sign-in lands on a page of the UI that has words for it."""

import re
from pathlib import Path

from apps.core.errors import RateLimited
from apps.sso.errors import SignInRefused
from apps.tenancy.errors import PlanLimit

WORDS = (
    Path(__file__).resolve().parents[2] / "frontend" / "src" / "features" / "sso" / "refusals.ts"
)


def test_every_refusal_of_a_sign_in_has_words_on_its_page():
    codes = {refusal.code for refusal in SignInRefused.__subclasses__()}
    codes |= {PlanLimit.code, RateLimited.code}

    told = set(re.findall(r"^  (\w+): \{ title: ", WORDS.read_text(encoding="utf-8"), re.MULTILINE))

    assert codes - told == set()
    assert len(codes) > 10
