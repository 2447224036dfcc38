#!/usr/bin/env python3
"""Mutation tests of the doorway and of the wire formats: which changes of the code does no test notice?

    cargo install cargo-mutants --locked
    python3 tests/mutation/run.py                 policy, state and wire, in a small crate
    python3 tests/mutation/run.py wire/pem.rs     one file

The mutants are those that `cargo mutants --list` names. Compiling each of them alone takes far longer than testing it,
so all of them are compiled at once: a body with mutants becomes a match on the number in STRONGROOM_MUTANT. What
does not compile is left out (unviable: no program has it). survivors.txt beside this script has the mutants that no test can
notice, each with its reason; the script ends with 1 if another one survives, or if one listed there does not.
"""

import bisect
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
FACTS = ["algorithm", "attributes", "error", "handle", "marks", "outcome", "policy", "state", "sync", "wire"]
DOORWAY = ["src/policy.rs", "src/policy/password.rs", "src/policy/ops.rs", "src/state.rs", "src/wire/policy.rs", "src/wire/wrapped_key.rs",
           "src/wire.rs", "src/wire/pkcs8.rs", "src/wire/spki.rs", "src/wire/der.rs", "src/wire/pem.rs"]
# Whose tests are not beside them.
OWN = {
    "src/policy/password.rs": ["policy::"],
    "src/policy/ops.rs": ["policy::"],
    "src/wire.rs": ["wire::tests::", "wire::der::"],
    "src/wire/policy.rs": ["attributes::tests::encoding::", "wire::wrapped_key::"],
    "src/wire/wrapped_key.rs": ["attributes::tests::encoding::", "wire::wrapped_key::"],
}
# Seconds each in this build, and what they would find the others find: they run where the others found nothing.
SLOW = ["damage", "every_combination_of", "every_pair_of_algorithms", "no_set_of_other_usages", "narrowing", "two_policies"]
ACTIVE = """
/// The mutant that runs.
pub(crate) fn active() -> usize {
    static ACTIVE: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *ACTIVE.get_or_init(|| std::env::var("STRONGROOM_MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0))
}
"""


def small_crate(to):
    """Policy, state and wire with the facts that they need, and nothing else."""
    (to / "src").mkdir(parents=True)
    shutil.copy(HERE / "Cargo.toml", to)
    shutil.copy(ROOT / "Cargo.lock", to)
    shutil.copy(HERE / "src/lib.rs", to / "src")
    for name in FACTS:
        shutil.copy(ROOT / f"src/{name}.rs", to / "src")
        if (ROOT / f"src/{name}").is_dir():
            shutil.copytree(ROOT / f"src/{name}", to / f"src/{name}")
    shutil.copytree(ROOT / "kat-vectors/tests", to / "kat-vectors/tests")


def braces(text):
    """Positions of the code's braces: not those in strings, characters and comments."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.[^\']*|[^\'\\])\'|[{}]', re.S)
    return [m.start() for m in token.finditer(text) if m.group() in "{}"]


class Source:
    """A file, its functions with mutants, and where which mutant ended up."""

    def __init__(self, path, mutants):
        self.path, self.text = path, path.read_text()
        self.lines = [0]
        for line in self.text.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.functions = collections.OrderedDict()
        # In constants: no program can choose between them, so each is compiled alone.
        self.alone = {number: mutant for number, mutant in mutants if not mutant["function"]}
        for number, mutant in mutants:
            if number in self.alone:
                continue
            span = mutant["function"]["span"]
            self.functions.setdefault((self.at(span["start"]), self.at(span["end"])), []).append((number, mutant))

    def at(self, place):
        return self.lines[place["line"] - 1] + place["column"] - 1

    def write(self, unviable):
        """Writes the file with every mutant that may compile; answers [(first line, number)]."""
        known = braces(self.text)
        out, done, where = [], 0, []
        count = lambda: sum(piece.count("\n") for piece in out) + 1
        for (start, end), mutants in sorted(self.functions.items()):
            live = [m for m in mutants if m[0] not in unviable]
            if not live:
                continue
            # The brace that the last one of the function closes.
            close, depth = end - 1, 0
            for place in reversed(known[: bisect.bisect_right(known, close)]):
                depth += 1 if self.text[place] == "}" else -1
                if depth == 0:
                    break
            body = self.text[place : close + 1]
            header = re.sub(r"\bconst fn\b", "fn", self.text[start:place])
            out += [self.text[done:start], header, "{ match crate::mutant::active() {\n"]
            for number, mutant in live:
                where.append((count(), number))
                a, b = self.at(mutant["span"]["start"]) - place, self.at(mutant["span"]["end"]) - place
                # A space: a deleted or replaced operator must not join its neighbours.
                out.append(f"{number} => {body[:a]} {mutant['replacement']} {body[b:]}\n")
            where.append((count(), 0))
            out.append(f"_ => {body}\n}} }}")
            done = end
            where.append((count() + 1, 0))
        out.append(self.text[done:])
        self.path.write_text("".join(out))
        return where


def build_alone(tree, source, mutant, command, environment):
    """Compiles one mutant of a constant; answers the test programs, or None."""
    a, b = source.at(mutant["span"]["start"]), source.at(mutant["span"]["end"])
    source.path.write_text(f"{source.text[:a]} {mutant['replacement']} {source.text[b:]}")
    done = subprocess.run(command + ["--no-run", "--message-format=json"], cwd=tree, env=environment, capture_output=True, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    source.path.write_text(source.text)
    return [m["executable"] for m in messages if m.get("executable")] if done.returncode == 0 else None


def build(tree, sources, command, environment):
    """Compiles; what does not compile is unviable. Answers the test programs and the numbers left out."""
    unviable = set()
    while True:
        where = {str(s.path.relative_to(tree)): s.write(unviable) for s in sources}
        done = subprocess.run(command + ["--no-run", "--message-format=json"], cwd=tree, env=environment, capture_output=True, text=True)
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode == 0:
            return [m["executable"] for m in messages if m.get("executable") and m["profile"]["test"]], unviable
        found = set()
        for message in (m["message"] for m in messages if m["reason"] == "compiler-message" and m["message"]["level"] == "error"):
            for span in message["spans"] + [s for child in message["children"] for s in child["spans"]]:
                places = where.get(span["file_name"])
                if places and span["is_primary"]:
                    index = bisect.bisect_right(places, (span["line_start"], float("inf"))) - 1
                    if index >= 0 and places[index][1]:
                        found.add(places[index][1])
        if not found:
            sys.exit(done.stderr[-3000:] + "\n".join(m["message"]["rendered"] for m in messages if m["reason"] == "compiler-message")[-6000:])
        unviable |= found
        print(f"-- {len(found)} do not compile", flush=True)


def test(programs, number, arguments, environment, limit):
    """Whether a test notices: it fails, or takes far too long."""
    for program in programs:
        try:
            done = subprocess.run([program, "-q", *arguments], env=environment | {"STRONGROOM_MUTANT": str(number)},
                                  cwd=programs_dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=limit)
        except subprocess.TimeoutExpired:
            return "timeout"
        if done.returncode != 0:
            return "caught"
    return None


def main():
    global programs_dir
    files = [f for f in DOORWAY if len(sys.argv) < 2 or f.removeprefix("src/") in sys.argv[1:]]
    tree = ROOT / "target/mutation/doorway"
    shutil.rmtree(tree, ignore_errors=True)
    small_crate(tree)

    listing = ["cargo", "mutants", "--list", "--json", "--colors", "never"]
    for name in files:
        listing += ["--file", name]
    mutants = json.loads(subprocess.run(listing, cwd=tree, capture_output=True, text=True, check=True).stdout)
    numbered = list(enumerate(mutants, 1))
    sources = [Source(tree / f, [m for m in numbered if m[1]["file"] == f]) for f in files]
    (tree / "src/mutant.rs").write_text(ACTIVE)
    lib = tree / "src/lib.rs"
    lib.write_text(re.sub(r"(?m)^mod ", "mod mutant;\nmod ", lib.read_text(), count=1))
    programs_dir = tree

    environment = {k: v for k, v in os.environ.items() if k not in ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS")}
    environment |= {"PROPTEST_MAX_SHRINK_ITERS": "0", "CARGO_TARGET_DIR": str(tree.parent / f"{tree.name}-build")}
    environment["RUSTFLAGS"] = "--cap-lints allow"
    command = ["cargo", "test", "--lib"]
    start = time.monotonic()
    programs, unviable = build(tree, sources, command, environment)
    print(f"-- {len(mutants)} mutants, {len(unviable)} do not compile; compiled in {time.monotonic() - start:.0f} s", flush=True)

    quick = [word for name in SLOW for word in ("--skip", name)]
    start = time.monotonic()
    if test(programs, 0, quick, environment, 1800):
        sys.exit("a test fails without any mutant: cargo test --lib")
    limit = 30 + 10 * (time.monotonic() - start)
    start = time.monotonic()
    results, tally = {}, {f: collections.Counter() for f in files}
    alone = [(source, number) for source in sources for number in source.alone]
    log = open(tree.parent / "doorway.log", "w")
    kept = tree.parent / "all-mutants"
    shutil.copy(programs[0], kept)
    for number, mutant in sorted(numbered, key=lambda m: not m[1]["function"]):
        result, programs = None, [kept]
        for source in (source for source, its in alone if its == number):
            for each in sources:
                each.path.write_text(each.text)
            programs = build_alone(tree, source, mutant, command, environment)
        if number in unviable or programs is None:
            result = "unviable"
        # The file's own tests first, then those of all, then the slow ones of the file.
        own = OWN.get(mutant["file"], [mutant["file"].removeprefix("src/").removesuffix(".rs").replace("/", "::") + "::"])
        for stage in [own + quick, quick, own]:
            result = result or test(programs, number, stage, environment, limit)
        results[mutant["name"]] = result or "survived"
        print(f"{result or 'survived'}: {mutant['name']}", file=log, flush=True)
        tally[mutant["file"]][results[mutant["name"]]] += 1
        for seeds in tree.glob("**/proptest-regressions"):
            shutil.rmtree(seeds)
        if not result:
            print(f"survived: {mutant['name']}", flush=True)
    print(f"-- tested in {time.monotonic() - start:.0f} s")
    (tree.parent / f"{tree.name}.json").write_text(json.dumps(results, indent=1))

    print("| File | Mutants | Caught | Endless, found by time | Do not compile | Survive |\n| --- | --- | --- | --- | --- | --- |")
    for name, counts in tally.items():
        cells = [sum(counts.values())] + [counts[kind] for kind in ("caught", "timeout", "unviable", "survived")]
        print(f"| {name} | " + " | ".join(map(str, cells)) + " |")

    # Without line and column, which every change above moves.
    plain = lambda name: re.sub(r"^([^:]+):\d+:\d+:", r"\1:", name)
    reasons = [line.rsplit(" | ", 1)[0] for line in (HERE / "survivors.txt").read_text().splitlines() if line and line[0] != "#"]
    reasons = collections.Counter(name for name in reasons if name.split(":")[0] in files)
    survived = collections.Counter(plain(name) for name, result in results.items() if result == "survived")
    for name in (survived - reasons).elements():
        print(f"no test notices: {name}")
    for name in (reasons - survived).elements():
        print(f"survivors.txt lists what a test notices: {name}")
    return int(survived != reasons)


sys.exit(main())
