"""An operator has everything that matching holds of others read anew: of a platform at rest nothing was otherwise."""

from whole_platform import LoadedPlatform

PARTS = ("places", "programs", "schools", "households", "merges", "enrollments", "refused links", "deliveries")


async def test_a_platform_at_rest_has_nothing_to_put_right_and_only_its_operator_may_ask(
    loaded: LoadedPlatform,
) -> None:
    platform = loaded.platform
    await platform.quiet()

    done = platform.tekamoul("projections", "rebuild", "--partner", "taazour")

    assert done.returncode == 0, done.stdout + done.stderr
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    told = {part: (int(read), int(put), int(dropped)) for part, read, put, dropped in cells if read.isdigit()}
    assert tuple(told) == PARTS, done.stdout
    assert {counts[1:] for counts in told.values()} == {(0, 0)}, str(told)
    assert told["households"][0] > 0 and told["enrollments"][0] > 0 and told["programs"][0] > 0

    rebuild_id = done.stdout.split()[1]
    shown = platform.tekamoul("projections", "show", rebuild_id, "--partner", "taazour")
    assert (shown.returncode, "done" in shown.stdout) == (0, True), shown.stdout
    ended = platform.tekamoul("projections", "cancel", rebuild_id, "--partner", "taazour")
    wrong = platform.tekamoul("projections", "rebuild", "--partner", "taazour", "--what", "links")
    other = platform.tekamoul("projections", "rebuild", "--partner", "wfp")
    assert (ended.returncode, wrong.returncode, other.returncode) == (1, 1, 1)
