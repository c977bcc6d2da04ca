"""Scenarios in user and mount namespaces of their own, where file systems can be mounted without being root."""

import os
import re
import subprocess
import sys
import tempfile

from relay import ROOT

SECONDS = 120


def run_inside(checks, what, program, option):
    """Runs `program option` there, which prints checks and their counts, and counts them as well. Where there are no
    such namespaces, `what` is left out."""
    trial = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()],
                           capture_output=True, text=True)
    if trial.returncode != 0:
        print(f"left out: {what} ({trial.stderr.strip() or 'no user namespaces'})")
        return
    # What is mounted there goes with the namespace, and the folders that it was mounted on with this one.
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(["unshare", "-rm", sys.executable, "-u", os.path.abspath(program), option], cwd=ROOT,
                             env={**os.environ, "TMPDIR": folder}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, errors="replace", timeout=SECONDS)
    lines = run.stdout.splitlines()
    print("\n".join(lines[:-1]))
    counts = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
    if checks.true(f"the scenarios of {what} end", counts, "counts", lines[-1:]):
        checks.passed += int(counts.group(1))
        checks.failed += int(counts.group(2))


def mount_small(folder, size):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
