"""Twenty moments, and for each the DuckDB SQL that an expert would write for it by hand on a view `e` of the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A definition and its SQL; {as_of} and {day} are filled in. Columns of the result: party, ts."""

    text: str
    sql: str


FIRST = "SELECT user_id AS party, min(at_us) AS ts FROM e"

QUESTIONS = [
    Question("first friend", f"{FIRST} WHERE event = 'friend' GROUP BY 1"),
    Question(
        "count(friend) >= 5 within 60 days of first signup",
        f"""WITH s AS ({FIRST} WHERE event = 'signup' GROUP BY 1),
        k AS (SELECT party, at_us, row_number() OVER (PARTITION BY party ORDER BY at_us) AS k
              FROM e JOIN s ON s.party = e.user_id
              WHERE event = 'friend' AND at_us >= s.ts AND at_us < s.ts + 60 * {{day}})
        SELECT party, at_us AS ts FROM k WHERE k = 5""",
    ),
    Question(
        "count(visit) < 2 within 14 days of start",
        f"""WITH s AS ({FIRST} GROUP BY 1),
        c AS (SELECT s.party, count(*) AS n FROM s JOIN e ON e.user_id = s.party
              WHERE event = 'visit' AND at_us >= s.ts AND at_us < s.ts + 14 * {{day}} GROUP BY 1)
        SELECT s.party, s.ts + 14 * {{day}} AS ts FROM s LEFT JOIN c USING (party)
        WHERE coalesce(n, 0) < 2 AND s.ts + 14 * {{day}} <= {{as_of}}""",
    ),
    Question(
        "3rd order",
        """SELECT party, ts FROM (SELECT user_id AS party, at_us AS ts,
        row_number() OVER (PARTITION BY user_id ORDER BY at_us) AS k FROM e WHERE event = 'order') WHERE k = 3""",
    ),
    Question(
        "every 10th order",
        """SELECT party, ts FROM (SELECT user_id AS party, at_us AS ts,
        row_number() OVER (PARTITION BY user_id ORDER BY at_us) AS k FROM e WHERE event = 'order') WHERE k % 10 = 0""",
    ),
    Question(
        "count(order) >= 3 within 30 days",
        """WITH b AS (SELECT user_id AS party, at_us AS ts,
        lag(at_us, 2) OVER (PARTITION BY user_id ORDER BY at_us) > at_us - 30 * {day} AS held
        FROM e WHERE event = 'order'),
        f AS (SELECT party, ts, coalesce(bool_or(held), false) AS held FROM b GROUP BY 1, 2),
        g AS (SELECT *, lag(held, 1, false) OVER (PARTITION BY party ORDER BY ts) AS before FROM f)
        SELECT party, ts FROM g WHERE held AND NOT before""",
    ),
    Question(
        "sum(amount of order) >= 300 within 90 days of start",
        f"""WITH s AS ({FIRST} GROUP BY 1),
        r AS (SELECT s.party, at_us, sum(amount::DECIMAL(24, 6)) OVER (PARTITION BY s.party ORDER BY at_us) AS total
              FROM s JOIN e ON e.user_id = s.party
              WHERE event = 'order' AND at_us >= s.ts AND at_us < s.ts + 90 * {{day}})
        SELECT party, min(at_us) AS ts FROM r WHERE total >= 300 GROUP BY 1""",
    ),
    Question(
        "distinct(counterpart of message) >= 5 within 60 days of start",
        f"""WITH s AS ({FIRST} GROUP BY 1),
        d AS (SELECT s.party, counterpart, min(at_us) AS ts FROM s JOIN e ON e.user_id = s.party
              WHERE event = 'message' AND at_us >= s.ts AND at_us < s.ts + 60 * {{day}} GROUP BY 1, 2)
        SELECT party, ts FROM (SELECT party, ts, row_number() OVER (PARTITION BY party ORDER BY ts) AS k FROM d)
        WHERE k = 5""",
    ),
    Question(
        'order where amount > 100 and country in ("PL", "DE")',
        """SELECT DISTINCT user_id AS party, at_us AS ts FROM e
        WHERE event = 'order' AND amount > 100 AND country IN ('PL', 'DE')""",
    ),
    Question(
        "ticket then first call within 3 days",
        """WITH a AS (SELECT user_id AS party, at_us FROM e WHERE event = 'ticket'),
        b AS (SELECT user_id AS party, at_us FROM e WHERE event = 'call')
        SELECT DISTINCT a.party, b.at_us AS ts FROM a ASOF JOIN b ON a.party = b.party AND a.at_us < b.at_us
        WHERE b.at_us < a.at_us + 3 * {day}""",
    ),
    Question(
        "ticket then call within 3 days",
        """WITH a AS (SELECT user_id AS party, at_us FROM e WHERE event = 'ticket'),
        b AS (SELECT DISTINCT user_id AS party, at_us FROM e WHERE event = 'call')
        SELECT b.party, b.at_us AS ts FROM b ASOF JOIN a ON a.party = b.party AND a.at_us < b.at_us
        WHERE b.at_us < a.at_us + 3 * {day}""",
    ),
    Question(
        "signup then order",
        f"""WITH a AS ({FIRST} WHERE event = 'signup' GROUP BY 1)
        SELECT DISTINCT a.party, at_us AS ts FROM a JOIN e ON e.user_id = a.party
        WHERE event = 'order' AND at_us > a.ts""",
    ),
    Question(
        "no visit for 30 days",
        f"""WITH v AS (SELECT user_id AS party, at_us FROM e WHERE event = 'visit'
                       UNION SELECT * FROM ({FIRST} GROUP BY 1)),
        x AS (SELECT *, lead(at_us) OVER (PARTITION BY party ORDER BY at_us) AS next FROM v)
        SELECT party, at_us + 30 * {{day}} AS ts FROM x
        WHERE coalesce(next >= at_us + 30 * {{day}}, true) AND at_us + 30 * {{day}} <= {{as_of}}""",
    ),
    Question(
        'no contact where direction = "out" for 3 days after extraction',
        """WITH a AS (SELECT DISTINCT user_id AS party, at_us FROM e WHERE event = 'extraction'),
        b AS (SELECT user_id AS party, at_us FROM e WHERE direction = 'out')
        SELECT a.party, a.at_us + 3 * {day} AS ts FROM a ASOF LEFT JOIN b ON a.party = b.party AND a.at_us < b.at_us
        WHERE (b.at_us IS NULL OR b.at_us >= a.at_us + 3 * {day}) AND a.at_us + 3 * {day} <= {as_of}""",
    ),
    Question(
        "visit returns after 30 days",
        """SELECT party, ts FROM (SELECT user_id AS party, at_us AS ts,
        lag(at_us) OVER (PARTITION BY user_id ORDER BY at_us) AS before FROM e WHERE event = 'visit')
        WHERE ts >= before + 30 * {day}""",
    ),
    Question(
        "every 30 days since first order",
        f"""WITH s AS ({FIRST} WHERE event = 'order' GROUP BY 1)
        SELECT party, unnest(generate_series(ts + 30 * {{day}}, {{as_of}}, 30 * {{day}})) AS ts FROM s""",
    ),
    Question(
        "streak of 4 weeks of visit",
        """WITH w AS (SELECT user_id AS party, datediff('week', TIMESTAMP '1970-01-05', make_timestamp(at_us)) AS week,
                      min(at_us) AS ts FROM e WHERE event = 'visit' GROUP BY 1, 2),
        i AS (SELECT *, week - row_number() OVER (PARTITION BY party ORDER BY week) AS island FROM w),
        k AS (SELECT *, row_number() OVER (PARTITION BY party, island ORDER BY week) AS k FROM i)
        SELECT party, ts FROM k WHERE k = 4""",
    ),
    Question(
        "first invoice and first call",
        f"""SELECT a.party, greatest(a.ts, b.ts) AS ts FROM ({FIRST} WHERE event = 'invoice' GROUP BY 1) AS a
        JOIN ({FIRST} WHERE event = 'call' GROUP BY 1) AS b USING (party)""",
    ),
    Question(
        "count(view) >= 3 then first order within 30 days per country",
        """WITH v AS (SELECT user_id AS party, country, at_us,
                      row_number() OVER (PARTITION BY user_id, country ORDER BY at_us) AS k
              FROM e WHERE event = 'view'),
        a AS (SELECT party, country, at_us AS ts FROM v WHERE k = 3)
        SELECT a.party, min(e.at_us) AS ts FROM a JOIN e ON e.user_id = a.party AND e.country = a.country
        WHERE event = 'order' AND e.at_us > a.ts AND e.at_us < a.ts + 30 * {day} GROUP BY a.party, a.country""",
    ),
    Question(
        "contact returns after 60 days per counterpart",
        """SELECT party, ts FROM (SELECT user_id AS party, at_us AS ts,
        lag(at_us) OVER (PARTITION BY user_id, counterpart ORDER BY at_us) AS before FROM e
        WHERE direction IS NOT NULL) WHERE ts >= before + 60 * {day}""",
    ),
]
