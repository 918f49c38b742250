"""What a Vietnamese syllable can look like: an onset, a rime, a tone. Enough to tell text from gibberish."""

import unicodedata
from functools import lru_cache

_ONSETS = frozenset({"", *"b c ch d đ g gh gi h k kh l m n ng ngh nh p ph q qu r s t th tr v x".split(" ")})  # noqa: SIM905
_RIMES = frozenset(
    """
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên ênh êp êt êu êng êc
    i ich im in inh ip it iu ia iêc iêm iên iêng iêp iêt iêu
    o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong
    ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ôông ơ ơi ơm ơn ơp ơt
    u ua uân uâng uât uây uc uê uêch uênh ui um un ung uơ uôc uôi uôm uôn uông uôt up ut uy uya uych uyên uyêt
    uyn uynh uyt uyu ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
    y yêm yên yêng yêt yêu ym yn ynh yp yt
    """.split()  # noqa: SIM905  # reads like the table in a grammar
)
_TONES = frozenset("\u0300\u0309\u0303\u0301\u0323")
_STOPS = ("c", "ch", "p", "t")  # closed by a stop, a syllable carries sắc or nặng only


@lru_cache(maxsize=65536)
def is_syllable(word: str) -> bool:
    """True when `word` (any case, NFC or NFD) could be one syllable of Vietnamese."""
    bare, tones = [], []
    for char in unicodedata.normalize("NFD", word.casefold()):
        if char in _TONES:
            tones.append(char)
        else:
            bare.append(char)
    letters = unicodedata.normalize("NFC", "".join(bare))
    if len(tones) > 1:
        return False
    return any(_fits(letters[:cut], letters[cut:], tones) for cut in range(min(4, len(letters))))


def _fits(onset: str, rime: str, tones: list[str]) -> bool:
    if onset not in _ONSETS or rime not in _RIMES:
        return False
    return not (rime.endswith(_STOPS) and tones and tones[0] not in ("\u0301", "\u0323"))
