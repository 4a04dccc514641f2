"""`kommo-sync demo`."""

import socket

from click.testing import CliRunner

from kommo_sync.cli import main


def test_the_demo_reads_a_whole_account_and_ends_with_figures():
    result = CliRunner().invoke(main, ["demo", "--once", "--port", "0"])
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if "=" in line]
    figures = dict(line.split("=") for line in lines if line.split("=")[0].isupper())
    assert int(figures["CONTACTS"]) >= 400
    assert int(figures["WON"]) > 1000
    assert figures["PAGES"] == "4"
    for name in ("CONTACTS", "COMPANIES", "LEADS", "WON", "WON_SUM"):
        assert figures[f"KEPT_{name}"] == figures[name]
    stages = [int(n) for name, n in figures.items() if name.startswith("STAGE_")]
    assert (len(stages), sum(stages)) == (9, int(figures["CLIENTS"]))
    assert 0 < int(figures["FLAGGED"]) < int(figures["CLIENTS"])
    assert "Flagged: the chance of no purchase" in result.stdout
    assert "Rules side by side" in result.stdout


def test_the_demo_on_a_busy_port_ends_with_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, ["demo", "--once", "--port", port])
    assert result.exit_code == 1
    assert f"Port {port}" in result.stderr
