"""Rows of our own in the public schema of every set, for what no mirror has and for checkouts without one."""

from __future__ import annotations

from typing import Any

from crossthink_data.benchmarks import ALL_SETS

Row = dict[str, Any]


def _agieval(question: str, options: list[str], gold: list[int], passage: str = "") -> Row:
    listed = [f"({'ABCDE'[i]}){text}" for i, text in enumerate(options)]
    last = f"Among A through {'ABCDE'[len(options) - 1]}, the answer is"
    return {
        "query": f"{passage}Q: {question} Answer Choices: {' '.join(listed)}\nA: {last}",
        "choices": listed,
        "gold": gold,
    }


def _chinese(question: str, options: list[str], gold: list[int]) -> Row:
    listed = [f"({'ABCD'[i]}){text}" for i, text in enumerate(options)]
    return {
        "query": f"问题：{question} 选项：{' '.join(listed)}\n答案：从A到D, 我们应选择",
        "choices": listed,
        "gold": gold,
    }


TOWN = "The harbour town lived from herring. When the shoals moved north, it grew."
MCQ = [
    _agieval("What did the town live from?", ["wool", "herring", "coal", "tin"], [1], TOWN),
    _agieval("How many legs have 3 spiders?", ["8", "16", "24", "32"], [2]),
    _agieval("Which is a vowel?", ["b", "c", "d", "e"], [3], "Letters are of two kinds. "),
]
SEVERAL = [
    _chinese("下列哪些是质数？", ["2", "4", "7", "9"], [0, 2]),
    _chinese("2 加 3 等于几？", ["4", "5", "6", "7"], [1]),
    _chinese("下列哪些是偶数？", ["12", "14", "15", "18"], [0, 1, 3]),
]
CHINESE = [_chinese("水的化学式是什么？", ["NaCl", "H2O", "CO2", "O2"], [1]), *SEVERAL[1:2]]
OPEN = [
    {"query": "Q: What is $2 + 3$?\nA: The answer is", "answer": "5"},
    {"query": "Q: Which interval is $3 < x \\le 4$?\nA: The answer is", "answer": "(3,4]"},
    {"query": "Q: Simplify $\\sqrt{50}$.\nA: The answer is", "answer": "5\\sqrt{2}"},
]
CLOZE = [
    {"query": "问题：若 $x + 2 = 5$，求 $x$。\n答案：", "answer": "3"},
    {"query": "问题：求 $2^{10}$。\n答案：", "answer": "1024"},
]


def _gpqa(question: str, right: str, wrong: list[str]) -> Row:
    others = {f"Incorrect Answer {i}": text for i, text in enumerate(wrong, 1)}
    return {"Question": question, "Correct Answer": right, **others, "High-level domain": "Physics"}


def _supergpqa(number: int, question: str, options: list[str], letter: str, difficulty: str) -> Row:
    about = {"discipline": "Science", "field": "Physics", "subfield": "Optics", "difficulty": difficulty}
    answer = options["ABCDEFGHIJ".index(letter)]
    row = {"uuid": f"u{number}", "question": question, "options": options, "answer": answer, "answer_letter": letter}
    return {**row, **about, "is_calculation": number > 1}


def _math(problem: str, answer: str, subject: str, level: int) -> Row:
    about = {"subject": subject, "level": level, "unique_id": f"test/{subject.lower()}/{level}.json"}
    return {"problem": problem, "answer": answer, **about}


def _mmlu(question: str, choices: list[str], answer: int, subject: str) -> Row:
    return {"question": question, "choices": choices, "answer": answer, "subject": subject}


def _mmlu_pro(number: int, question: str, options: list[str], label: str, category: str) -> Row:
    gold = {"answer": label, "answer_index": "ABCDEFGHIJ".index(label)}
    return {"question_id": number, "question": question, "options": options, **gold, "category": category}


ROWS: dict[str, list[Row]] = {
    "math500": [
        _math("What is $6 \\cdot 7$?", "42", "Prealgebra", 1),
        _math("Solve $2x = 1$.", "\\frac{1}{2}", "Algebra", 2),
        _math("Roots of $x^2 = 4$?", "-2, 2", "Algebra", 5),
    ],
    "amc23": [
        {"id": "0", "question": "How many miles is it?", "answer": 27.0, "url": "u"},
        {"id": "1", "question": "What is $3 - 4$?", "answer": -1.0, "url": "u"},
    ],
    "mmlu": [
        _mmlu("Which gas do plants take in?", ["O2", "CO2", "N2", "He"], 1, "high_school_biology"),
        _mmlu("Who wrote a summa?", ["Hume", "Kant", "Aquinas", "Mill"], 2, "philosophy"),
        _mmlu("Which is the letter?", ["C", "4", "B", "7"], 2, "elementary_mathematics"),
    ],
    "mmlu_pro": [
        _mmlu_pro(70, "Which is prime?", [*"468", "9", "10", "12", "14", "15", "16", "17"], "J", "math"),
        _mmlu_pro(71, "What is a tort?", ["a cake", "a civil wrong", "a crime"], "B", "law"),
        _mmlu_pro(72, "Which is a gas?", ["iron", "argon", "salt"], "B", "other"),
    ],
    "gpqa_diamond": [
        _gpqa(f"Of made-up particle {n}, which decay is seen?", f"right {n}", [f"up {n}", f"down {n}", f"odd {n}"])
        for n in range(24)
    ],
    "supergpqa": [
        _supergpqa(1, "Which colour has the longest wave?", ["red", "blue", "green"], "A", "easy"),
        _supergpqa(2, "At n = 2, how many?", ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"], "J", "hard"),
        _supergpqa(3, "Which bends most?", ["violet", "red"], "A", "middle"),
    ],
    **{
        name: SEVERAL if one.several else CLOZE if name.endswith("mathcloze") else OPEN if name == "agieval_math"
        else CHINESE if "gaokao" in name or "zh" in name else MCQ
        for name, one in ALL_SETS.items()
        if name.startswith("agieval")
    },
}  # fmt: skip
SEVEN = ("aqua_rat", "logiqa_en", "lsat_ar", "lsat_lr", "lsat_rc", "sat_en", "sat_math")
AGIEVAL = [{**row, "set": f"agieval_{name}"} for name in SEVEN for row in MCQ]
