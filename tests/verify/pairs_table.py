"""Where our verdict on a pair of other graders' test tables is not theirs: the pair's index -> why."""

from __future__ import annotations

_REASONS = {
    "prose without an anchored answer": (
        *(1, 4, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 34, 37, 45, 51, 52, 53, 54),
        *(63, 64, 65, 66, 67, 70, 71, 72, 116, 117, 118, 119, 120, 123, 136, 137, 138, 139, 140, 141),
        *(158, 159, 160, 178),
    ),
    "a statement in another language": (11, 12, 13, 14),
    "the answer is stated in a sentence, not as the answer": (164, 172, 173, 175),
    "an article is no label": (302,),
    "a gold of prose": (88,),
    "backslashes escaped twice": (91, 167, 168, 176),
    "a box that never closes": (219, 256),
    "last box only": (187, 207, 208, 226, 227, 228, 229, 230, 244, 245),
    "a decimal comma in the gold is a list": (44,),
    "decimal is not the exact value": (150, 156),
    "a chain that contradicts itself": (126, 128, 129),
    "an approximation that is none": (132,),
    "a tuple is no set": (177,),
    "the answer has a tuple too many": (195, 214, 232, 251),
    "absolute values of complex numbers are no real intervals": (198, 235),
    "named pairs against tuples": (204, 241),
}
DISAGREEMENTS = {index: reason for reason, indices in _REASONS.items() for index in indices}
