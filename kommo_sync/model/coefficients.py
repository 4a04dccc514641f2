"""What other businesses teach about who leaves; a program wrote it, no hand.

Made by `make coefficients`: `python -m bench.judging train` of

- online_retail: 4372 clients, 22190 deals
  CC BY 4.0, Chen (2012), UCI Online Retail
  sha256 db0efea8f4c5f736ce84d85394c050403e502d3bd501f7e8c7f4bb3ad8b2f3ba
- hotel_b2b: 772 clients, 66976 deals
  CC BY 4.0, Antonio, de Almeida & Nunes (2019), Data in Brief
  sha256 6f39ef553d6a29b39b218a722a87dc9dc9c2f2e02ffcc6a808faaaa90074f60f
- complete_journey: 2469 clients, 126824 deals
  CC0, 84.51°, Complete Journey 2.0
  sha256 6e285eeb693f925e9a1c4a3a58963d5db189b5e6e18ec077c6c872a0a381f94a

with 12 cut-offs at most a horizon and a prior of precision 1000; what
the columns are, and how they are learned: docs/model.md.
"""

CENTRE: tuple[float, ...] = (
    -1.21248,  # log_odds_plain
    -1.46429,  # log_odds_own
    0.674671,  # silence_survival
    0.920923,  # p_alive
    -1.4748,  # log_silence
    2.13465,  # log_count
    0.198389,  # bought_once
    1.19244,  # log_age
    1.21042,  # log_recent
    0.825864,  # log_earlier
    -0.113763,  # log_variation
    0.37145,  # log_value
    0.0777048,  # log_amount
    0.0880806,  # log_change
    1.42923,  # log_active
)

SCALE: tuple[float, ...] = (
    2.44027,  # log_odds_plain
    2.71923,  # log_odds_own
    0.292259,  # silence_survival
    0.151007,  # p_alive
    1.1397,  # log_silence
    1.6365,  # log_count
    0.398787,  # bought_once
    1.65199,  # log_age
    0.725552,  # log_recent
    0.931725,  # log_earlier
    0.29983,  # log_variation
    1.44412,  # log_value
    0.878112,  # log_amount
    0.386966,  # log_change
    0.90439,  # log_active
)

WEIGHTS: tuple[float, ...] = (
    -1.27578,  # intercept
    1.12763,  # log_odds_plain
    1.24712,  # log_odds_own
    -0.0495297,  # silence_survival
    0.109237,  # p_alive
    -0.0217705,  # log_silence
    -0.0183555,  # log_count
    0.0102991,  # bought_once
    -0.0559808,  # log_age
    -0.030132,  # log_recent
    -0.054889,  # log_earlier
    0.0677863,  # log_variation
    -0.0446634,  # log_value
    0.00801547,  # log_amount
    -0.0786549,  # log_change
    -0.0184531,  # log_active
)
