"""What people install kubectl-kcr from: krew's manifest and archive, by krew itself."""

import os
import pathlib
import re
import subprocess

import pytest

from world import binary

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **options):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, cwd=ROOT,
                            stdin=subprocess.DEVNULL, **options)
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    return result


@pytest.fixture(scope="module")
def krew():
    """krew and what its index checks manifests by, of the pinned version."""
    return pathlib.Path(run("cluster/build", "--krew").stdout.strip())


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """What tools/krew makes."""
    directory = tmp_path_factory.mktemp("krew")
    run("tools/krew", binary().parents[2], directory, "https://example.com/kcr")
    return directory


def test_the_manifest_is_as_krew_s_index_wants_it(krew, packed):
    run(krew / "validate-krew-manifest", "-manifest", packed / "kcr.yaml", "-skip-install")


def test_krew_installs_both_programs(krew, packed, tmp_path):
    [archive] = packed.glob("*.tar.gz")
    run(krew / "krew", "install", f"--manifest={packed}/kcr.yaml", f"--archive={archive}",
        env={**os.environ, "KREW_ROOT": str(tmp_path)})
    program = tmp_path / "bin" / "kubectl-kcr"
    version = re.search(r"^  version: v(\S+)$", (packed / "kcr.yaml").read_text(), re.M)[1]
    assert run(program, "version").stdout == f"kubectl-kcr {version}\n"
    told = subprocess.run([program, "inspect", tmp_path], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"})
    assert "it holds no checkpoint" in told.stderr  # kubectl-kcr-inspect said so
