"""Institutions beyond those that ship with this version: one catalog file each, and the process that serves it.

A folder holds `<institution>.json`, the catalog of its programs as `services/programs/catalog/` has them, with a table
`partner` for the gateway: names, permissions, limits, and `subscribes`, the programs it may ask about for its own people.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from cli.credentials import ensure_gateway_secrets
from cli.platform import Platform, RunOptions
from cli.processes import GATEWAY, INSTITUTIONS, SERVICES, Service, programs_service
from cli.refusals import StartRefused
from services.programs.catalog import programs_of
from services.programs.rules.connections import SECRETS
from services.programs.rules.program import Catalog

FIRST_PORT: Final = 11
"""From the gateway's port: behind those of the shipped processes and of the servers."""
MOST: Final = 40
FOLDER, CONNECTIONS = "institutions", "connections"
"""In the data folder, where nothing else is said."""


def configured_platform(options: RunOptions, institutions: Path | None) -> Platform:
    """The platform with every institution that its folder describes. Raises StartRefused."""
    folder = institutions.absolute() if institutions else options.data_dir.absolute() / FOLDER
    found = _catalogs(folder) if institutions or folder.is_dir() else {}
    further = tuple(
        programs_service(name, FIRST_PORT + place, TEKAMOUL_CATALOG_FILE=str(folder / f"{name}.json"))
        for place, name in enumerate(found)
    )
    told = {"TEKAMOUL_INSTITUTIONS_FOLDER": str(folder)} if found else {}
    services = [_connected(one, options.data_dir.absolute() / CONNECTIONS) for one in (*SERVICES, *further)]
    services = [replace(one, env={**one.env, **told}) if one.name == GATEWAY else one for one in services]
    secrets = partial(ensure_gateway_secrets, further=list(found))
    return Platform(options, services=services, gateway_secrets=secrets)


def _catalogs(folder: Path) -> dict[str, Catalog]:
    """The catalogs of a folder by institution. Each program code belongs to one institution alone."""
    if not folder.is_dir():
        raise StartRefused("institution_wrong", file=folder, reason="no such folder")
    taken = {code: name for name in INSTITUTIONS for code in programs_of(name)}
    found: dict[str, Catalog] = {}
    for file in sorted(folder.glob("*.json")):

        def wrong(reason: object, file: Path = file) -> StartRefused:
            return StartRefused("institution_wrong", file=file, reason=reason)

        try:
            catalog = Catalog.model_validate_json(file.read_bytes())
        except ValidationError as fault:
            first = fault.errors(include_url=False)[0]
            raise wrong(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from fault
        except OSError as fault:
            raise wrong(fault.strerror) from fault
        if catalog.institution != file.stem or catalog.institution in INSTITUTIONS:
            raise wrong(f"institution: {catalog.institution}")
        for program in catalog.programs:
            if taken.setdefault(program.code, catalog.institution) != catalog.institution:
                raise wrong(f"{program.code}: {taken[program.code]}")
        found[catalog.institution] = catalog
    if len(found) > MOST:
        raise StartRefused("institution_wrong", file=folder, reason=f"> {MOST}")
    return found


def _connected(service: Service, folder: Path, environ: Mapping[str, str] = os.environ) -> Service:
    """A programs process with its connections file, where there is one, and the secrets that such files name."""
    file = folder / f"{service.name.removeprefix('programs-')}.toml"
    if not service.name.startswith("programs-") or not file.is_file():
        return service
    held = {name: value for name, value in environ.items() if name.startswith(SECRETS)}
    return replace(service, env={**service.env, "TEKAMOUL_CONNECTIONS_FILE": str(file), **held})
