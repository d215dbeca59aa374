"""Logs hold ids and never what belongs to a person, whoever writes the line and however it fails."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from shared.logs import frames

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "9912345678"


def lines_of(program: str) -> tuple[list[dict[str, Any]], str]:
    """The lines a process logs to stdout and stderr, read as JSON, and everything it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in (done.stdout + done.stderr).splitlines()], done.stdout + done.stderr


def test_personal_values_are_withheld_and_the_key_stays_to_show_the_mistake() -> None:
    lines, printed = lines_of(
        f"""
        from shared.logs import configure_logs, log
        configure_logs("registry", "info")
        log.info("seen", household_id="h-1", nni="{SECRET}", name="Zahra", phone="{SECRET}", birth_date="1990-01-01")
        log.debug("not for this level")
        """
    )

    [line] = lines
    assert line["household_id"] == "h-1"
    assert {line[key] for key in ("nni", "name", "phone", "birth_date")} == {"withheld"}
    assert (line["event"], line["level"], line["process"]) == ("seen", "info", "registry")
    assert len(line["trace_id"]) == 32
    assert SECRET not in printed and "Zahra" not in printed


def test_a_fault_is_logged_by_its_kind_and_place_without_its_words() -> None:
    lines, printed = lines_of(
        f"""
        from shared.logs import configure_logs, log
        configure_logs("registry", "info")
        def refuse():
            nni = "{SECRET}"
            raise ValueError(f"Key (nni)=({{nni}}) already exists")
        try:
            refuse()
        except ValueError as fault:
            log.error("failed", exc_info=fault)
        """
    )

    assert lines[0]["fault"] == "ValueError"
    assert "refuse (" in lines[0]["frames"]
    assert SECRET not in printed


def test_a_fault_is_wordless_also_before_logs_are_set_up() -> None:
    _, printed = lines_of(
        f"""
        from shared.logs import log
        try:
            nni = "{SECRET}"
            raise ValueError(nni)
        except ValueError as fault:
            log.error("failed", exc_info=fault)
        """
    )

    assert SECRET not in printed


def test_libraries_speak_in_our_form_and_do_not_quote_what_failed() -> None:
    lines, printed = lines_of(
        f"""
        import logging
        from shared.logs import configure_logs
        configure_logs("registry", "info")
        logging.getLogger("uvicorn.error").info("not shown")
        logging.getLogger("uvicorn.error").warning("two\\nlines")
        try:
            raise ValueError("{SECRET}")
        except ValueError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application\\n")
        logging.getLogger("asyncio").error(
            "Task exception was never retrieved\\nfuture: <Task exception=ValueError('{SECRET}')>",
            exc_info=ValueError("{SECRET}"),
        )
        """
    )

    assert [(line["event"], line["level"]) for line in lines] == [
        ("two", "warning"),
        ("Exception in ASGI application", "error"),
        ("Task exception was never retrieved", "error"),
    ]
    assert lines[1]["fault"] == "ValueError"
    assert SECRET not in printed


def test_no_text_begins_a_line_of_its_own_or_speaks_to_the_terminal() -> None:
    hostile = 'x\r\n{"event": "forged"}\x1b[2J\x9b2J\x00\x7f\u2028\u202e'
    lines, printed = lines_of(
        f"""
        import logging
        from shared.logs import configure_logs, log
        configure_logs("registry", "info")
        hostile = {hostile!a}
        log.warning("seen", path=hostile, **{{hostile: hostile}})
        logging.getLogger("uvicorn.error").warning(hostile.replace("\\n", "").replace("\\r", ""))
        """
    )

    assert [line["event"] for line in lines] == ["seen", 'x{"event": "forged"}\x1b[2J\x9b2J\x00\x7f']
    assert lines[0]["path"] == lines[0][hostile] == hostile
    assert printed.isascii()
    assert printed.replace("\n", "").isprintable()


def test_a_request_that_fails_leaves_no_words_of_the_fault_behind() -> None:
    lines, printed = lines_of(
        f"""
        import asyncio, socket, httpx, uvicorn
        from fastapi import FastAPI
        from shared.logs import configure_logs
        from shared.metrics import Observe
        from shared.problems import install_problems
        configure_logs("registry", "info")
        app = FastAPI()
        install_problems(app)
        app.add_middleware(Observe)
        @app.get("/fault")
        async def fault() -> None:
            raise ValueError("Key (nni)=({SECRET})")
        async def main():
            listening = socket.create_server(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"http://127.0.0.1:{{listening.getsockname()[1]}}/fault")
            assert answer.status_code == 500, answer
            assert "{SECRET}" not in answer.text
            server.should_exit = True
            await serving
        asyncio.run(main())
        """
    )

    assert next(line["event"] for line in lines if line.get("fault") == "ValueError") == "request_failed"
    assert SECRET not in printed


def test_frames_name_functions_and_lines_only() -> None:
    def deepest(nni: str) -> None:
        raise ValueError(nni)

    try:
        deepest(SECRET)
    except ValueError as fault:
        named = frames(fault)

    first, second = named.splitlines()
    assert first.startswith("test_frames_name_functions_and_lines_only (test_logs.py:")
    assert second.startswith("deepest (test_logs.py:")
    assert SECRET not in named
