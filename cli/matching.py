"""`tekamoul match`: lists linked and deduplicated as plain files, on any machine, without a running platform."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Link lists, find who stands twice in one, train and judge models, compare names: plain files, no platform needed."
    " Decide what a running platform leaves to a person."
)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A .csv, .xlsx or Parquet file.")]
MappingFile = Annotated[
    Path,
    typer.Option("--mapping", exists=True, dir_okay=False, help="YAML: which columns hold what; docs/matching.md."),
]
Out = Annotated[Path, typer.Option("--out", dir_okay=False, help="The result: .parquet, .csv or .xlsx.")]
Least = Annotated[
    float,
    typer.Option(
        min=0.0, max=1.0, help="Leave out pairs less probable than this; below 0.3 a human would mostly say no."
    ),
]
ModelFile = Annotated[
    Path | None, typer.Option("--model", exists=True, dir_okay=False, help="A model to use; without it one is learned.")
]
ModelArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A model, as JSON.")]
SaveModel = Annotated[Path | None, typer.Option("--save-model", dir_okay=False, help="Write the model here, as JSON.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", dir_okay=False, help="Write counts, seconds and memory here, as JSON.")
]


@app.command()
def link(
    left: File,
    right: File,
    mapping: MappingFile,
    out: Out,
    least: Least = 0.3,
    assignment: Annotated[
        str, typer.Option(help="one-to-one: nobody takes two partners; many: every pair that is probable enough.")
    ] = "one-to-one",
    model: ModelFile = None,
    save_model: SaveModel = None,
    report: ReportFile = None,
) -> None:
    """Find for the records of RIGHT (a list) the persons of LEFT (a registry)."""
    from cli.linking import Asked, run

    if assignment not in ("one-to-one", "many"):
        raise typer.BadParameter("one-to-one, many", param_hint="--assignment")
    raise typer.Exit(run(Asked(left, right, mapping, out, least, assignment, model, save_model, report)))


@app.command()
def dedupe(
    file: File,
    mapping: MappingFile,
    out: Out,
    least: Least = 0.3,
    model: ModelFile = None,
    save_model: SaveModel = None,
    report: ReportFile = None,
) -> None:
    """Find the pairs of records of FILE that are one person."""
    from cli.linking import Asked, run

    raise typer.Exit(run(Asked(file, None, mapping, out, least, "many", model, save_model, report)))


Truth = Annotated[
    Path,
    typer.Option("--truth", exists=True, dir_okay=False, help="Pairs of one person: the columns left_id and right_id."),
]
Html = Annotated[Path | None, typer.Option("--html", dir_okay=False, help="Write the report here too, as one page.")]


@app.command()
def train(
    left: File,
    right: File,
    mapping: MappingFile,
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="The model, as JSON.")],
    truth: Annotated[
        Path | None,
        typer.Option("--truth", exists=True, dir_okay=False, help="Pairs known to be one person: left_id, right_id."),
    ] = None,
) -> None:
    """Learn a model from two lists, and from pairs known to be one person where there are any."""
    from cli.evaluating import Lists, run
    from cli.evaluating import train as learn

    raise typer.Exit(run(lambda console: learn(Lists(left, right, mapping, truth), out, console)))


@app.command()
def evaluate(
    model: ModelArgument,
    left: File,
    right: File,
    mapping: MappingFile,
    truth: Truth,
    report: Annotated[Path, typer.Option("--report", dir_okay=False, help="The report, as JSON.")],
    html: Html = None,
) -> None:
    """Judge a model by pairs known to be one person: precision, recall, costs, calibration, and each by group."""
    from cli.evaluating import Lists, run
    from cli.evaluating import report as judge

    raise typer.Exit(run(lambda console: judge(model, Lists(left, right, mapping, truth), report, html, console)))


@app.command()
def compare(
    models: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Two models or more.")],
    left: Annotated[Path, typer.Option("--left", exists=True, dir_okay=False, help="The registry.")],
    right: Annotated[Path, typer.Option("--right", exists=True, dir_okay=False, help="The list.")],
    mapping: MappingFile,
    truth: Truth,
    report: ReportFile = None,
    html: Html = None,
) -> None:
    """The first model beside each of the others, on the same rows: who decides right where the other does not, and where."""
    from cli.evaluating import Lists, run, side_by_side

    if len(models) < 2:
        raise typer.BadParameter("MODEL MODEL", param_hint="models")
    lists = Lists(left, right, mapping, truth)
    raise typer.Exit(run(lambda console: side_by_side(models, lists, report, html, console)))


@app.command()
def export(
    left: File,
    mapping: MappingFile,
    model: Annotated[
        Path, typer.Option("--model", exists=True, dir_okay=False, help="A model that `link --save-model` wrote.")
    ],
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="A new folder.")],
    right: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="Without it LEFT is compared with itself.")
    ] = None,
) -> None:
    """Write a model and the lists as a folder from which Splink 5 links them, on DuckDB or Spark."""
    from cli.match_exporting import Asked, run

    raise typer.Exit(run(Asked(left, right, mapping, model, out)))


@app.command()
def encode(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="The list.")] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", exists=True, dir_okay=False, help="YAML: which columns hold what; the same for both."
        ),
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", exists=True, dir_okay=False, help="At least 32 random bytes.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="A .parquet, to be handed over.")] = None,
    ids: Annotated[
        Path | None, typer.Option("--ids", dir_okay=False, help="Which record is which; OUT.ids.csv without it.")
    ] = None,
    side: Annotated[str, typer.Option("--side", help="left or right: whose columns of the mapping.")] = "left",
    new_secret: Annotated[
        Path | None, typer.Option("--new-secret", dir_okay=False, help="Only make a secret, in a new file.")
    ] = None,
) -> None:
    """Make of a list one that names nobody, to be linked with another that was encoded with the same secret."""
    from cli.encoding import Asked, make_secret, run

    if new_secret:
        raise typer.Exit(make_secret(new_secret))
    if side not in ("left", "right"):
        raise typer.BadParameter("left, right", param_hint="--side")
    if not (file and mapping and secret_file and out):
        raise typer.BadParameter("FILE --mapping --secret-file --out", param_hint="encode")
    raise typer.Exit(run(Asked(file, mapping, side, secret_file, out, ids or out.with_suffix(".ids.csv"))))


@app.command()
def names(
    pairs: Annotated[
        Path, typer.Option("--pairs", exists=True, dir_okay=False, help="A .csv with a name in column a and one in b.")
    ],
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="The same rows with a column `score`, as .csv.")],
) -> None:
    """Say how alike two names are, in any scripts: a score of 0 to 1 for each row of PAIRS."""
    from cli.naming import run

    raise typer.Exit(run(pairs, out))


@app.command("compile")
def compile_engine() -> None:
    """Compile the engine for this machine, once; `make setup` does it, so that nobody waits for it later."""
    from services.matching.engine.warming import compile_kernels

    compile_kernels()
