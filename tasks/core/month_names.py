"""Month names in the languages whose dates are recognised in URLs, texts and questions.

They are written out because reading these five languages from CLDR (Babel) costs each process 8 MB and
25 ms, and the names do not change.
"""

ENGLISH = tuple(
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_GERMAN = tuple(
    "januar februar märz april mai juni juli august september oktober november dezember".split()  # noqa: SIM905
)
_FRENCH = tuple(
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
)
_SPANISH = tuple(
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()  # noqa: SIM905
)
_ITALIAN = tuple(
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre".split()  # noqa: SIM905
)
_WITHOUT_ACCENTS = str.maketrans({"ä": "ae", "é": "e", "û": "u"})

_NAMES = (*ENGLISH, *_GERMAN, *_FRENCH, *_SPANISH, *_ITALIAN)
MONTH_NAMES = tuple(sorted({*_NAMES, *(name.translate(_WITHOUT_ACCENTS) for name in _NAMES)}))
"""Lower case, each with and without its accents."""
ENGLISH_ABBREVIATIONS = tuple(name[:3] for name in ENGLISH)
STEMS = tuple(sorted({name[:3] for name in (*ENGLISH, *_GERMAN)}))
"""First three letters of the English and German names, which also begin most of the others."""
