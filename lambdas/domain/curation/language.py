"""Whether two texts are in different languages, as far as their scripts and their most frequent words tell.

It decides nothing that it is not sure of: a question of names and figures alone may be in any language.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache

# Letters beyond these are of rare texts; a script's name begins the names of its characters in Unicode.
_LETTERS_READ = 4_000
# Words of grammar, which a sentence can hardly do without; those that several of these languages have decide less.
_FREQUENT = {
    "English": "the of and to is was were what which how many much did does by from for with are that this than",
    "German": "der die das und ist war wie viel viele welche welcher hat wurde von dem den mit für auf im nicht ein",
    "French": "le la les des du et est était quel quelle combien pour dans une un sur au aux avec que qui ont",
    "Spanish": "el la los las de y es fue cuál cuánto cuánta cuántos qué del por para con una un en son",
    "Italian": "il lo la gli le di e è era quale quanto quanti che del della per con una un nel sono",
    "Portuguese": "o a os as de e é foi qual quanto quantos que do da em por para com uma um no na são",
    "Dutch": "de het een en is was hoe veel welke wat van voor met op niet in dat zijn door naar",
}
_WORDS = {language: frozenset(words.split()) for language, words in _FREQUENT.items()}
FREQUENT_WORDS = frozenset[str]().union(*_WORDS.values())
_WORD = re.compile(r"[^\W\d_]+")
# So many of its frequent words make a language sure, and twice as many as of any other one.
_LEAST_WORDS, _LEAST_RATIO = 2, 2
# Each pair of a document is compared with the same texts, and in each round anew.
_REMEMBERED = 1024


def is_other_language(text: str, known: str) -> bool:
    """Whether a text is surely in another language than the known one."""
    scripts = _script(text), _script(known)
    if None in scripts:
        return False
    if scripts[0] != scripts[1]:
        return True
    languages = _language(text), _language(known)
    return None not in languages and languages[0] != languages[1]


@lru_cache(_REMEMBERED)
def _script(text: str) -> str | None:
    """The script of most letters; None where there is none."""
    names = (unicodedata.name(letter, "").partition(" ")[0] for letter in text[:_LETTERS_READ] if letter.isalpha())
    counts = Counter(names)
    if not counts:
        return None
    # Japanese has Chinese characters among its own.
    if counts["HIRAGANA"] + counts["KATAKANA"]:
        return "KANA"
    [(script, _)] = counts.most_common(1)
    return script


@lru_cache(_REMEMBERED)
def _language(text: str) -> str | None:
    """The language that the frequent words of a text tell; None where they do not."""
    words = Counter(_WORD.findall(text[:_LETTERS_READ].casefold()))
    counts = {language: sum(words[word] for word in frequent) for language, frequent in _WORDS.items()}
    (first, most), (_, next_most) = Counter(counts).most_common(2)
    return first if most >= _LEAST_WORDS and most >= _LEAST_RATIO * next_most else None
