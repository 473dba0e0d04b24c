"""The Tab key in bash, zsh and fish, and in kubectl itself, which asks kubectl_complete-kcr."""

import os
import re
import subprocess

import pytest

from world import SANITIZER, binary

# Each reads lines and prints for each what it became, or can become; the file `script` is what our program prints.
BASH = r"""
    source "$script"
    while IFS= read -r COMP_LINE; do
        COMP_POINT=${#COMP_LINE}
        _kubectl_kcr
        echo "${COMPREPLY[*]}"
    done"""

# A shell on a terminal of its own gets the keys; ^X prints the line and begins a new one.
ZSH = r"""
    zmodload zsh/zpty
    zpty terminal env ZDOTDIR=${script:h} zsh -d -i
    zpty -r -m terminal said '*<<ready>>*'
    while IFS= read -r line; do
        zpty -w -n terminal "$line"$'\t\C-x'
        zpty -r -m terminal said '*<<*>>*'
        print -r -- ${${said##*<<}%%>>*}
    done"""
ZSHRC = r"""
    PS1= fpath=($directory $fpath)
    autoload -Uz compinit && compinit -D -u
    [[ -n $directory ]] || source $script
    ready() { print '<<ready>>'; zle -D zle-line-init }
    show() { print -r -- "<<$BUFFER>>"; BUFFER= }
    zle -N zle-line-init ready && zle -N show && bindkey '^X' show
"""

FISH = r"""
    source $script
    while read -l line
        string join -- ' ' (complete -C "$line" | string replace -r '\t.*' '')
    end"""

SHELLS = {"bash": ["bash", "-c", BASH], "zsh": ["zsh", "-f", "-c", ZSH],
          "fish": ["fish", "--no-config", "-c", FISH]}


def completed(shell, lines, directory, *, inside=lambda *command: command, autoloaded=False):
    """What the shell makes of each line, with kubectl-kcr in its PATH."""
    program = binary().parent / "kubectl-kcr"
    script = directory / f"_kubectl-kcr{'' if shell == 'zsh' else '.' + shell}"
    script.write_bytes(subprocess.run([program, "completion", shell], check=True, capture_output=True).stdout)
    (directory / ".zshrc").write_text(ZSHRC)
    command = inside("env", f"PATH={program.parent}:{os.environ['PATH']}", f"script={script}", "TERM=dumb",
                     f"directory={directory if autoloaded else ''}", *SHELLS[shell])
    result = subprocess.run(command, input="".join(f"{line}\n" for line in lines), capture_output=True,
                            text=True, timeout=60)
    assert not SANITIZER.search(result.stderr), result.stderr
    return [line.strip() for line in result.stdout.splitlines()]


@pytest.mark.parametrize("shell, autoloaded", [("bash", False), ("fish", False), ("zsh", False), ("zsh", True)])
def test_shells_complete_commands_flags_and_values(shell, autoloaded, tmp_path):
    (tmp_path / "archive-of-redis.tar").touch()
    expected = {
        "kubectl-kcr li": "list",
        "kubectl-kcr list --sor": "--sort-by",
        "kubectl-kcr list --output=j": "--output=json",
        "kubectl-kcr list -o j": "json",
        "kubectl-kcr -n x checkpoint dep": "deploy/",
        "kubectl-kcr completion z": "zsh",
        f"kubectl-kcr inspect {tmp_path}/archive": f"{tmp_path}/archive-of-redis.tar",
    }
    if shell == "bash":  # '=' ends a word there, and files are bash's own affair
        expected["kubectl-kcr list --output=j"] = "json"
        expected.popitem()
    made = completed(shell, expected, tmp_path, autoloaded=autoloaded)
    if shell == "zsh":  # the whole line
        made = [re.split(r"\s+", line)[-1] for line in made]
    assert dict(zip(expected, made)) == expected


def offered(kubectl, user, *words):
    """What kubectl's own completion offers, by the protocol that shells have with it."""
    result = subprocess.run(user.inside("env", f"PATH={kubectl}:{os.environ['PATH']}", "kubectl", "__complete",
                                        "kcr", *words), capture_output=True, text=True, timeout=60)
    *values, directive = result.stdout.splitlines()
    return [value.split("\t")[0] for value in values], directive


@pytest.fixture
def objects(space):
    """What there is to be named: a checkpoint, and the Pod that it is of."""
    space.checkpoint(space.pod("web-x"), "old")


def test_shells_ask_the_cluster_for_names(editor, objects, tmp_path):
    lines = ["kubectl-kcr describe o", "kubectl-kcr list pod/w"]
    for shell in SHELLS:
        made = completed(shell, lines, tmp_path, inside=editor.inside)
        assert [line.split()[-1] for line in made] == ["old", "pod/web-x"], shell


def test_kubectl_completes_by_our_program(editor, objects, tmp_path):
    directory = tmp_path / "bin"
    directory.mkdir()
    program = binary().parent / "kubectl-kcr"
    (directory / program.name).symlink_to(program)
    complete = directory / "kubectl_complete-kcr"
    complete.write_bytes(subprocess.run([program, "completion", "kubectl"], check=True,
                                        capture_output=True).stdout)
    complete.chmod(0o755)
    assert offered(directory, editor, "li") == (["list"], ":4")
    assert offered(directory, editor, "describe", "o") == (["old"], ":4")
    assert offered(directory, editor, "list", "pod/") == (["pod/web-x"], ":4")
    assert offered(directory, editor, "checkpoint", "dep") == (["deploy/"], ":6")
    assert offered(directory, editor, "list", "--output=j") == (["--output=json"], ":4")
