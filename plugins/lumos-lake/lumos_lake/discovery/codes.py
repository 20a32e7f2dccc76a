"""Codes of one domain: regions, countries, languages, currencies.

Standards: ISO 3166-1 alpha-2 and alpha-3, ISO 3166-2 of North America, ISO 639-1, ISO 4217 (the most traded), and the
sales regions that companies use.
"""

from __future__ import annotations

import re

from .words import words

_COUNTRIES = words(
    """
    ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt
    bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh
    er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht
    hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls
    lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni
    nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg
    sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug
    um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw uk eu
    """
)
_REGIONS = words(
    """
    eu us uk apac emea latam amer amers americas america na sa nam sam noram nordics nordic dach benelux
    mena anz asean cee cis gcc iberia jpac ssa row global intl international domestic other unknown
    europe asia africa oceania australia antarctica north south east west northeast northwest southeast
    southwest central north-america south-america latin-america asia-pacific middle-east eastern western
    northern southern ap me af au ca cn in jp br de fr
    """
)
_LANGUAGES = words(
    """
    ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nb nl no pl pt ro ru sk
    sl sr sv sw ta te th tr uk ur vi zh
    """
)
_CURRENCIES = words(
    """
    usd eur jpy gbp aud cad chf cny hkd nzd sek krw sgd nok mxn inr rub zar try brl twd dkk pln thb idr
    huf czk ils clp php aed cop sar myr ron
    """
)
_COUNTRIES3 = words(
    """
    arg aus aut bel bgr bra can che chl chn col cze deu dnk egy esp est fin fra gbr grc hkg hrv hun idn
    ind irl isl isr ita jpn ken kor ltu lux lva mar mex mys nga nld nor nzl per phl pol prt rou rus sau
    sgp svk svn swe tha tur twn ukr usa vnm zaf are
    """
)
_STATES = words(
    """
    al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh
    ok or pa ri sc sd tn tx ut vt va wa wv wi wy pr vi gu as mp ab bc mb nb nl ns nt nu on pe qc sk yt
    """
)
_OPERATIONS = words("insert inserts update updates delete deletes upsert upserts snapshot i u d")
"""What a change does: folders of a change data capture."""
_WEEKDAYS = words(
    """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    """
)
_PAIRS = frozenset(one + link + other for one in _CURRENCIES for other in _CURRENCIES for link in ("", "-"))
_DOMAINS = (_COUNTRIES | _REGIONS, _COUNTRIES3, _CURRENCIES, _PAIRS, _STATES, _LANGUAGES, _OPERATIONS, _WEEKDAYS)
_CLOUD_REGION = re.compile(
    r"[a-z]{2}(?:-gov)?-?(?:north|south|east|west|central|northeast|southeast|northwest|southwest)-?\d"
)
_LOCALE = re.compile(r"[a-z]{2}[-_][a-z]{2}")


_CAPITALS = (re.compile("[A-Z]{2}"), re.compile("[A-Z]{3}"))
"""States, airports, exchanges: there are too many lists to hold, and nothing else is written so."""


_QUANTITY = re.compile(r"\d+(?:ms|s|sec|m|min|h|hr|d|w|mo|M|y|km|px|kb|mb|hz|khz)")
"""A number with its unit: the interval of candles, the resolution of images."""
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{0,4}(?:[.-][A-Z0-9]{1,4})?")
"""Shares, stations, squares of a grid: written in capitals where a name would not be."""
_LONG_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{0,11}(?:[.-][A-Z0-9]{1,4})?")
"""Longer ones may as well be names of tables."""
_ID = re.compile(r"[A-Z]{1,4}\d{3,}[A-Z0-9]*")
"""Capitals and then digits, all as long: stations, accessions."""
_MIXED = re.compile(r"(?=.*(?:[a-z][A-Z]|[0-9]))[0-9A-Za-z]{8,}")
_GEOHASH = re.compile(r"[0-9b-hjkmnp-z]{4,12}")
_SQUARE = re.compile(r"[A-Z]{1,2}")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*(\.[a-z0-9-]+\.[a-z]{2,})")


def is_numbered(name: str) -> bool:
    """Tell whether a name is a code that has a number in it: `eu-west-1`, `1h`, `web-01.prod.example.com`."""
    return any(
        pattern.fullmatch(text)
        for pattern, text in ((_CLOUD_REGION, name.casefold()), (_QUANTITY, name), (_HOST, name))
    )


def is_capital(name: str) -> bool:
    """Tell whether a name is written in capitals as a code is, so that capitals below it say nothing."""
    return _LONG_SYMBOL.fullmatch(name) is not None


def is_step(name: str) -> bool:
    """Tell whether a name is but a step of a grid, and no table: one or two capitals, or a quantity."""
    return (_SQUARE.fullmatch(name) or _QUANTITY.fullmatch(name)) is not None


def is_quantity(name: str) -> bool:
    """Tell whether a name is a number with its unit: `1h`, `10m`."""
    return _QUANTITY.fullmatch(name) is not None


def of_one_domain(names: list[str]) -> set[str]:
    """Return those names that are codes of one domain: of the domain that most of them belong to."""
    plain = {name: re.sub(r"[\s_]+", "-", name.casefold()) for name in names}
    found = [{name for name, code in plain.items() if code in domain} for domain in _DOMAINS]
    found += [{name for name, code in plain.items() if pattern.fullmatch(code)} for pattern in (_CLOUD_REGION, _LOCALE)]
    found += [{name for name in names if pattern.fullmatch(name)} for pattern in (*_CAPITALS, _QUANTITY)]
    hosts: dict[str, set[str]] = {}
    for name in names:
        if host := _HOST.fullmatch(name):
            hosts.setdefault(host[1], set()).add(name)
    return max((*found, *hosts.values()), key=len)


def of_one_alphabet(names: list[str], *, long: bool = False) -> set[str]:
    """Return those names that are written like codes of which there is no list: `AAPL`, `KSFO`, `V`.

    Args:
        names: Of siblings, as they are written.
        long: Names of more than five letters may be codes, too.
    """
    pattern = _LONG_SYMBOL if long else _SYMBOL
    return {name for name in names if pattern.fullmatch(name)}


def is_random(name: str) -> bool:
    """Tell whether a name is drawn, as far as one can see: one long run of letters and digits in turns."""
    return len(name) >= 10 and name.isalnum() and len(re.findall(r"(?<=\d)[A-Za-z]|(?<=[A-Za-z])\d", name)) > 1


def are_drawn(names: list[str]) -> bool:
    """Tell whether names of siblings were drawn or computed: all as long, and most have digits before letters.

    They are of letters in both cases, or of the letters of a geohash.
    """
    even = len({len(name) for name in names}) == 1
    drawn = even and any(all(map(pattern.fullmatch, names)) for pattern in (_MIXED, _GEOHASH))
    return drawn and 2 * sum(re.search(r"\d[A-Za-z]|^[a-z]\d+$", name) is not None for name in names) > len(names)


def are_ids(names: list[str]) -> bool:
    """Tell whether names are identifiers of one form: capitals, then digits, all as long (`USW00094728`)."""
    return len({len(name) for name in names}) == 1 and len(names[0]) >= 7 and all(map(_ID.fullmatch, names))
