"""English prose of our own for documents, enough of it to pass the filters of quality."""

from __future__ import annotations

TIDES = (
    "The tides follow the moon. Its pull is stronger on the side of the earth that faces it than at the centre, and "
    "weaker on the far side, so the water of the oceans is drawn out into two bulges. As the earth turns beneath them, "
    "a harbour passes through both in a little more than a day.\n"
    "The sun raises tides of its own, which are less than half as high. When the sun and the moon stand in one line, "
    "their tides add up, and the water rises further than it does at any other time of the month. That is a spring "
    "tide. When they stand at a right angle, one fills what the other empties, and the range is small.\n"
    "Friction between the moving water and the floor of the sea takes energy from the turning of the earth. The days "
    "therefore become longer, by some two thousandths of a second in a century, and the moon moves away from us by "
    "almost four centimetres in each year."
)
BREAD = (
    "Yeast lives on the sugar that is in the flour. It makes a gas of it, which cannot leave the dough, because the "
    "proteins of the wheat have formed a net when the baker kneaded it with water. The dough therefore grows until the "
    "net can hold no more, and the baker must not wait longer than that.\n"
    "In the oven the gas expands, and the water becomes steam. Both lift the loaf once more in the first minutes. Then "
    "the proteins and the starch set, the form of the loaf is fixed, and the crust begins to take its colour from the "
    "reaction of sugars with proteins that starts when the surface has dried."
)
GERMAN = (
    "Die Gezeiten folgen dem Mond. Seine Anziehung ist auf der Seite der Erde, die ihm zugewandt ist, stärker als in "
    "der Mitte, und auf der abgewandten Seite schwächer, so dass das Wasser der Meere zu zwei Bergen ausgezogen wird. "
    "Während sich die Erde unter ihnen dreht, kommt ein Hafen in etwas mehr als einem Tag an beiden vorbei. Auch die "
    "Sonne hebt das Wasser, aber weniger als halb so hoch wie der Mond, weil sie so viel weiter entfernt ist als er."
)
