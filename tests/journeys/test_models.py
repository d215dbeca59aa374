"""A statistician has a set of models trained: in a small country too few pairs are known, and everybody is told so."""

from whole_platform import LoadedPlatform

SHIPPED = "2026-11-expert"


async def test_models_are_read_trained_and_refused_from_the_command_line(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    who = ("--partner", "taazour")

    listed = platform.tekamoul("match", "models", "list", *who)
    assert listed.returncode == 0, listed.stderr
    assert SHIPPED in listed.stdout

    trained = platform.tekamoul("match", "models", "train", *who, "--official", "T-1")
    assert trained.returncode == 1
    assert "500" in trained.stdout  # how many pairs are needed

    for words in (("promote", SHIPPED), ("roll-back",)):
        refused = platform.tekamoul("match", "models", *words, *who, "--official", "T-2")
        assert refused.returncode == 1, refused.stdout
    unread = platform.tekamoul("match", "models", "report", SHIPPED, *who)
    assert (unread.returncode, SHIPPED in unread.stdout) == (1, True)
    other = platform.tekamoul("match", "models", "list", "--partner", "wfp")
    assert other.returncode == 1  # whose models they are is nobody's agreement
