from __future__ import annotations

import time
from collections import defaultdict
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink_data.verify.gold import Gold
from crossthink_data.verify.text import LONGEST, compare_text, normalised
from tests.support import HUB, needs_hub

EQUAL = [
    # wrappers
    (r"\text{Paris}", "Paris"),
    (r"\boxed{\text{Paris}}", "Paris"),
    (r"\mathrm{Paris}", "Paris"),
    (r"\textbf{Paris}", r"\mbox{Paris}"),
    (r"\textbf{New} \mathbf{York}", "New York"),
    (r"\text{a {nested} brace}", "a {nested} brace"),
    (r"\text{\{a\}}", r"\{a\}"),
    (r"\text{a \} b}", r"a \} b"),
    (r"$\text{Paris}$", "Paris"),
    (r"$$x$$", "x"),
    (r"\(x + y\)", "x + y"),
    (r"\[\text{Paris}\]", "Paris"),
    ("**Paris**", "Paris"),
    ("_Paris_", "Paris"),
    ("the __big__ house", "the big house"),
    (r"\underline{Paris}", "Paris"),
    ("Paris\\\\", "Paris"),  # a line break at the end
    ("*Homo sapiens*", "Homo sapiens"),
    ("the **Seine** river", "the Seine river"),
    ('"Acid rain"', "Acid rain"),
    ("“Acid rain”", "Acid rain"),
    ("‘Paris’", "Paris"),
    ("'don't'", "don’t"),
    ("``Paris''", "Paris"),
    ("`Paris`", "Paris"),
    ("rock 'n' roll", "rock n roll"),
    (r"\$5", "$5"),
    (r"$\$5$", "$5"),
    # spaces
    (r"New\ York", "New York"),
    (r"New~York", "New York"),
    (r"New\,York", r"New \quad York"),
    ("New\u00a0York", "New   York\n"),
    # times
    (r"\text{4:30 p.m.}", r"4:30 \text{ p.m.}"),
    ("4:30 p.m.", "4:30 PM"),
    ("4:30pm", "4:30 P. M."),
    ("after 9pm ET", "after 9 p.m. ET."),
    # case, accents, forms
    ("PARIS", "paris"),
    ("café", "cafe\u0301"),
    ("café", "Cafe"),
    ("Lech Wałęsa", "Lech Walesa"),
    ("Ｐａｒｉｓ", "Paris"),
    ("ﬁsh", "fish"),
    ("straße", "STRASSE"),
    ("Hydro\u00adgen", "hydrogen"),
    ("\u200eAngola\u200f", "Angola"),
    ("й", "и\u0306"),  # one letter of another script, composed or not
    ("ΟΔΟΣ", "οδος"),
    # exponents, indices, fractions
    ("10²", "10^2"),
    ("10^{2}", "10^2"),
    ("10⁻²", "10^{-2}"),
    ("Ca²⁺", "Ca^{2+}"),
    ("CO₂", "CO_2"),
    ("CO_{2}", "co2"),
    ("1½ cups", "1 1/2 cups"),
    # a single character
    ("C", r"\text{C}"),
    ("C", "(C)."),
    ("C", '"C"'),
    ("C", "the C"),
    ("C", "Ｃ"),
    ("A", "an A"),
    # articles
    ("An apple", "apple"),
    ('"A Goofy Movie"', "Goofy Movie"),
    ("(an apple)", "apple"),
    ("a pig", "the pig"),
    ("a T cell", "T cell"),
    ("Lord of the Rings", "The Lord of Rings"),
    ("The The", "the the"),
    # punctuation
    ("Cedric Alexander,", "Cedric Alexander"),
    ("(2006–07)", "2006-07"),
    ("Who's That Girl?", "Who's That Girl"),
    ("...and justice", "and justice"),
    ("Paris,France;Rome", "Paris, France; Rome"),
    ("Calcium (Ca)", "calcium, Ca"),
    ("well-known", "well known"),
    ("X-ray", "x ray"),
    ("vitamin-K", "vitamin K"),
    ("word—word", "word word"),
    ("Slalom – SC", "slalom - SC"),
    ("UTC−07:00", "UTC-07:00"),
    ("-5.", "−5"),
    ("R&B", "R and B"),
    (r"Pasek \& Paul", "Pasek and Paul"),
    (r"5 \%", "5%"),
    # names
    ("Washington, George", "George Washington"),
    ("Tolkien, J. R. R.", "J.R.R. Tolkien"),
    ("J. R. R. Tolkien", "JRR Tolkien"),
    ("J R R Tolkien", "J.R.R. Tolkien"),
    ("A J P Taylor", "A.J.P. Taylor"),
    ("George W. Bush", "George W Bush"),
    ("O'Brien, Conan", "Conan O’Brien"),
    ("Paris, France", "Paris France"),
    ("U.S.A.", "USA"),
    # numbers
    ("1,000 men", "1000 men"),
    (r"10\,000 men", "10,000 men"),
    ("1{,}234{,}567", "1,234,567"),
    ("seven", "7"),
    ("Twenty.", "20"),
    # dates
    ("July 4, 1776", "1776-07-04"),
    ("July 4, 1776", "the 4th of July, 1776"),
    (r"\text{July 4, 1776}", "Jul. 4 1776"),
    ("15\xa0December\xa02017", "December 15, 2017"),
    ("1776", "in 1776"),
    ("44 BC", "44 B.C.E."),
    ("A.D. 79", "79 CE"),
    ("07/04/1776", "07/04/1776."),
]

DIFFERENT = [
    # nothing fuzzy
    ("Paris", "Paris Hilton"),
    ("Paris", "not Paris"),
    ("Paris", "Paris or London"),
    ("Paris", "Pari"),
    ("Paris", "Parisians"),
    ("Paris", "Paris's"),
    ("James", "James'"),
    ("cat", "cats"),
    ("can", "can't"),
    # wrappers
    ("$5", "5"),
    ("$5 and $6", "5 and 6"),
    ("2**3**2", "232"),
    ("A*", "A"),
    ("a_long_name", "alongname"),
    ("__", "_"),
    ("~50", "50"),
    ("(~M)", "(M)"),  # a negation
    (r"\{a\}", "a"),
    ("10^{2}3", "10^{23}"),
    ("f'", "f"),
    ("5'", "5"),
    ('5"', "5"),
    # characters
    ("C", "c"),
    ("a", "an A"),
    ("май", "маи"),
    ("é", "e"),
    ("Paris", "Раris"),  # Cyrillic letters
    ("й", "и"),
    ("ά", "α"),
    ("10²", "102"),
    ("10²3", "10²³"),
    ("10₂", "102"),
    ("1½", "11/2"),
    ("5①", "51"),
    ("Par\0is", "Paris"),
    # articles
    ("Vitamin A", "Vitamin"),
    ("Hepatitis A", "Hepatitis"),
    ("Atlanta Zoo", "Atlant Zoo"),
    ("Atlanta Zoo", "AtlantZoo"),
    ("A B", "B"),
    ("A B C", "B C"),
    ("A, B", "B"),
    ("A and B", "and B"),
    ("A minor", "minor"),
    ("A", "an"),
    # punctuation
    ("-5", "5"),
    ("+5", "5"),
    ("1.5", "15"),
    (".5", "5"),
    ("5!", "5"),
    ("12!", "12"),
    ("n!", "n"),
    ("12:00", "1:00"),
    ("12:00", "1200"),
    ("3/4", "34"),
    ("C++", "C"),
    ("C#", "C"),
    (".NET", "net"),
    ("± 5", "5"),
    ("5%", "5"),
    ("5°", "5"),
    ("< 5", "5"),
    ("< 5", "> 5"),
    ("(2,3]", "[2,3)"),
    ("(2, 3)", "[2, 3]"),
    ("f(x)", "fx"),
    ("B-12", "B12"),
    ("B-12", "B 12"),
    ("x-y", "x y"),
    ("sin x - sin y", "sin x sin y"),
    ("A, B", "AB"),
    ("A B", "AB"),
    # names
    ("Paris, France", "France, Paris"),
    ("1, one", "one 1"),
    ("C++, old", "old C++"),
    ("Smith, John, Jr.", "John Smith Jr."),
    ("George Washington", "Washington George"),
    ("to be or not to be, that", "that to be or not to be"),  # more than three words
    # numbers
    ("1,000", "1.000"),
    ("1,000", "1, 000"),
    ("1,23", "123"),
    ("seven men", "7 men"),
    ("twenty-one", "21"),
    ("21st", "21"),
    # dates
    ("July 4, 1776", "July 5, 1776"),
    ("July 4, 1776", "July 1776"),
    ("July 4, 1776", "July 4"),
    ("July 4, 1776", "07/04/1776"),
    ("2003–04", "April 2003"),
    ("44 BC", "44 AD"),
    ("1776", "1776 BC"),
    ("79", "79 AD"),
    ("1770s", "1770"),
    ("In Bruges", "Bruges"),
]


def _gold(text: str, *aliases: str) -> Gold:
    return Gold(text, "text", aliases=aliases)


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_after_the_conventions(one: str, other: str) -> None:
    assert compare_text(_gold(one), other).correct
    assert compare_text(_gold(other), one).correct


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one: str, other: str) -> None:
    assert compare_text(_gold(one), other).wrong
    assert compare_text(_gold(other), one).wrong


VERDICTS = [
    (_gold("Paris"), "Paris", "correct", "equal", "string"),
    (_gold("Paris"), "paris.", "correct", "equal", "text"),
    (_gold("4 July 1776"), "July 4, 1776", "correct", "date", "date"),
    (_gold("Paris", "City of Light"), "the city of light", "correct", "alias", "alias"),
    (_gold("Paris", "Lutetia, Old"), "old Lutetia", "correct", "alias", "alias"),
    (_gold("", "Paris"), "paris", "correct", "alias", "alias"),
    (_gold("Paris", "City of Light"), "Lyon", "wrong", "different", "text"),
    (_gold("Paris"), " \u200b", "wrong", "empty", "text"),
    (_gold("Paris", ""), "", "wrong", "empty", "text"),
    (_gold("?"), "!", "wrong", "different", "text"),
    (_gold(""), "Paris", "ungradable", "empty_gold", "text"),
    (_gold("  ", "\n"), "  ", "ungradable", "empty_gold", "text"),
]


@pytest.mark.parametrize(("gold", "answer", "outcome", "reason", "decided_by"), VERDICTS)
def test_a_verdict_says_why(gold: Gold, answer: str, outcome: str, reason: str, decided_by: str) -> None:
    verdict = compare_text(gold, answer)
    assert (verdict.outcome, verdict.reason, verdict.decided_by) == (outcome, reason, decided_by)


NORMAL = [
    ("The **Quick** Fox!", "quick fox"),
    ("J. R. R. Tolkien", "jrr tolkien"),
    ("An Air Canada Centre", "air canada centre"),
    ("C", "C"),
    ("...", "..."),
    ("", ""),
    (r"\text{4:30 p.m.}", "4:30 pm"),
    (" " + "a" * (LONGEST + 1) + "B\n", "a" * (LONGEST + 1) + "B"),
]


@pytest.mark.parametrize(("text", "normal"), NORMAL, ids=[text[:20] for text, _ in NORMAL])
def test_the_normal_form(text: str, normal: str) -> None:
    assert normalised(text) == normal


def test_a_text_beyond_the_cap_is_equal_only_as_it_stands() -> None:
    text = "word " * (LONGEST // 5 + 1)
    assert compare_text(_gold(text), text.strip()).correct
    assert compare_text(_gold(text), text.upper()).wrong
    assert compare_text(_gold(text[:LONGEST]), text[:LONGEST].upper()).correct


_texts = st.text(max_size=60) | st.text(alphabet="aAbC '\".,-()[]{}\\$*^_~5½²é\u0301\ud800\0", max_size=30)
_plain = st.text(alphabet="abcdefgXYZ 0123456789.,-/:'$%()^", min_size=1, max_size=40)


@given(_texts)
def test_every_text_is_itself(text: str) -> None:
    verdict = compare_text(_gold(text), text)
    assert verdict.correct or (verdict.ungradable and not normalised(text))


@given(_texts, _texts)
def test_gold_and_answer_may_swap(one: str, other: str) -> None:
    if normalised(one) and normalised(other):
        assert compare_text(_gold(one), other).outcome == compare_text(_gold(other), one).outcome


_words = st.lists(st.from_regex("[A-Za-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=5).map(" ".join)


_WRAPPERS = [r"\text{%s}", r"\boxed{\text{%s}}", " %s\n", "%s.", "**%s**", '"%s"', "'%s'", "$%s$", "(%s)"]
_WRAPPERS += ["The %s", "\u200e%s"]


@given(_words, st.sampled_from(_WRAPPERS))
def test_a_wrapper_says_nothing(text: str, wrapper: str) -> None:
    assert compare_text(_gold(text), wrapper % text).correct
    assert compare_text(_gold(wrapper % text), text).correct


@given(_words, st.sampled_from(["Hilton", "not", "or London", "5", "s", "BC", "is wrong", "and not", "- no", "%"]))
def test_a_word_more_is_another_answer(text: str, word: str) -> None:
    assert compare_text(_gold(text), f"{text} {word}").wrong
    assert compare_text(_gold(f"{text} {word}"), text).wrong


@given(_plain, st.data())
def test_another_digit_is_another_answer(text: str, data: st.DataObject) -> None:
    places = [i for i, char in enumerate(text) if char.isdigit()]
    if places:
        place = data.draw(st.sampled_from(places))
        digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[place]]))
        assert compare_text(_gold(text), text[:place] + digit + text[place + 1 :]).wrong


@given(_plain, st.integers(0, 40), st.sampled_from("abcXYZ"))
def test_another_letter_is_another_answer(text: str, place: int, letter: str) -> None:
    if place < len(text) and text[place] in "defg":
        assert compare_text(_gold(text), text[:place] + letter + text[place + 1 :]).wrong


HOSTILE = [
    "1" * 1_000_000,
    "\u0301\u0323" * 500_000,
    " " * 1_000_000,
    "{" * 10_000,
    "a" + "\u0301\u0323" * (LONGEST // 2 - 1),
    "\ufdfa" * LONGEST,
    "½" * LONGEST,
    "\0" * LONGEST,
    "\ud800" * LONGEST,
    "\u202e" * LONGEST,
    r"\text{" * (LONGEST // 6),
    "}" * LONGEST,
    "^{" * (LONGEST // 2),
    "'a " * (LONGEST // 3),
    "*a " * (LONGEST // 3),
    "$a " * (LONGEST // 3),
    r"\$" * (LONGEST // 2),
    "." * (LONGEST - 2) + "xé",
    "b " * (LONGEST // 2 - 1) + "cc",
    "b. " * (LONGEST // 3 - 1) + "cc",
    "1,000," * (LONGEST // 6),
    "a" + " " * (LONGEST - 2) + "-",
    "a-" * (LONGEST // 2),
    "(" * LONGEST,
    "in " * (LONGEST // 3),
]


@pytest.mark.parametrize("text", HOSTILE, ids=[f"{text[:6]!a}-{len(text)}" for text in HOSTILE])
def test_a_hostile_text_is_soon_refused(text: str) -> None:
    start = time.perf_counter()
    assert not compare_text(_gold("Paris", "City of Light"), text).correct
    assert time.perf_counter() - start < 0.5  # a few ms; 40 at most


@needs_hub
def test_real_golds_share_a_form_only_with_the_same_words() -> None:
    """Distinct golds of the open sets that are one after normalising have the same letters and digits."""
    files = [*HUB.glob("google-research-datasets/nq_open/**/*.parquet"), *HUB.glob("stanfordnlp/**/*.parquet")]
    golds = {gold for path in files for gold in pl.read_parquet(path).to_series(-1).explode()}
    classes = defaultdict(set)
    for gold in golds:
        classes[normalised(gold)].add(gold)
    pairs = [pair for members in classes.values() for pair in combinations(sorted(members), 2)]
    assert len(pairs) > 100
    odd = [(a, b) for a, b in pairs if _skeleton(a) != _skeleton(b)]
    assert all(normalised(a).isdecimal() for a, _ in odd), odd  # "seven" and "7"


def _skeleton(text: str) -> str:
    """Letters and digits alone, by other means than the module's: accents by what polars takes apart."""
    spelled = pl.Series([text.lower().replace("&", " and ")]).str.normalize("NFKD").str.replace_all(r"\p{M}|\p{Cf}", "")
    words = spelled.str.replace_all(r"[^\p{L}\p{N}]+", " ")[0].split()
    return "".join(word for word in words if word not in ("a", "an", "the"))
