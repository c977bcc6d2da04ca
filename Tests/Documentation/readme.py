#!/usr/bin/env python3
"""What README.md, CHANGELOG.md and docs/ say is so: commands run, examples play, outputs are those printed there."""

import glob
import json
import os
import re
import shlex
import shutil
import sys
import tempfile

import lua_api
from how_to import Reader
from page import Page, lobbyist, run, steady

from relay import ROOT, Checks, Relay, run_scenarios, wait_until

DOCS = sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "docs", "**", "*.md"), recursive=True))
PLUGIN_PAGES = [path for path in DOCS if path.startswith("docs/plugins/")]
HOW_TO_PAGES = [path for path in DOCS if path.startswith("docs/how-to/")]
PAGES = ("README.md", "CHANGELOG.md", "benchmarks/README.md", "examples/policies/README.md",
         "examples/deploy/README.md", *DOCS)
PRINT_SECONDS = 10
ECHO = "examples/echo/echo.lua"
PROGRAM = ".build/release/lobbyist"


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def write(folder, path, text):
    whole = os.path.join(folder, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "w", encoding="utf-8") as file:
        file.write(text)
    return whole


def console(page, start):
    """The output that the page prints under the command that begins so."""
    for block in page.named("console"):
        for command, output in block.commands():
            if command.startswith(start):
                return command, output
    raise ValueError(f"{page.path} has no console block with '{start}'")


def links(checks):
    for path in PAGES:
        for target in Page(path).links():
            checks.true(f"{path}: {target} exists", os.path.exists(os.path.join(ROOT, target)))
        for target, name in Page(path).fragments():
            checks.true(f"{path}: {target} has the heading {name}", name in Page(target).headings())


def commands(checks):
    """Commands, options, make targets and limits that the pages name exist."""
    _, lines = lobbyist("--help")
    known = set(re.findall(r"lobbyist \[?([a-z]+)", "\n".join(lines)))
    helps = {name: "\n".join(lobbyist(name, "--help")[1]) for name in sorted(known)}
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    for path in PAGES:
        text = Page(path).text
        named = re.findall(r"(?:`|/|^\$? ?)lobbyist ([a-z]+)\b", text, re.MULTILINE)
        for name in sorted(set(named)):
            checks.true(f"{path}: there is a command {name}", name in known, known, name)
        for name in sorted(set(re.findall(r"(?:`|^|\$ )make ([a-z]+)", text, re.MULTILINE))):
            checks.true(f"{path}: make {name} is a target", name in targets, targets, name)
        for line in re.findall(r"lobbyist ([a-z]+ [^`\n]*--[^`\n]*)", text):
            name = line.split()[0]
            for option in re.findall(r"--[a-z][a-z-]*", line.partition("#")[0]):
                checks.true(f"{path}: {name} has {option}", option == "--help" or option in helps[name])
        # Pages of plugins show queries of the same form.
        form = r"--limit ([a-z_]+)=" if path in PLUGIN_PAGES else r"(?:--limit |`)([a-z_]+)(?:=|` at 0)"
        for limit in sorted(set(re.findall(form, text))):
            checks.true(f"{path}: there is a limit {limit}", f"\n  {limit}=" in helps["serve"])
    code, lines = lobbyist("--version")
    checks.equal("the version is the changelog's newest", lines,
                 ["lobbyist " + re.search(r"^## \[([0-9.]+)\]", read("CHANGELOG.md"), re.MULTILINE).group(1)])


def limit_statements(checks):
    """The statements of docs/limits.md can stand in a configuration."""
    blocks = Page("docs/limits.md").named("lua")
    text = "\n".join(block.text for block in blocks) + 'listen "127.0.0.1:0"\nmount "/" { script = "scripts/godot.lua" }\n'
    with tempfile.TemporaryDirectory() as folder:
        code, lines = lobbyist("check", "--config", write(folder, "lobbyist.lua", text))
        checks.equal("docs/limits.md: its statements are good", [len(blocks), code], [3, 0])
        if code:
            print("\n".join(lines))


def folders(checks):
    """The map of the repository lists every folder, and none that is not there."""
    _, files = run("git", "ls-files", "--cached", "--others", "--exclude-standard")
    there = {f"{file.split('/')[0]}/" for file in files if "/" in file}
    listed = set(re.findall(r"^\| `([^`]+/)` \|", read("README.md"), re.MULTILINE))
    checks.equal("the map lists the folders that there are", sorted(listed), sorted(there))


def session(checks):
    page = Page("README.md")
    _, started = console(page, "make run")
    command, printed = console(page, "/tmp/session/bin/python")
    with Relay(demo=True) as relay:
        script = next(word for word in command.split() if word.endswith(".py"))
        code, lines = run(sys.executable, script, relay.url)
        checks.equal("the session's exit code", code, 0)
        checks.equal("the session prints what the README shows", steady(lines), steady(printed))
        wait_until(lambda: len(relay.lines) >= len(started), PRINT_SECONDS)
        said = [line.rstrip() for line in relay.lines[:len(started)]]
        checks.equal("the relay says what the README shows", steady(said), steady(started))


def rule(checks):
    """The README's rule and its conversation, in a copy of scripts/."""
    page = Page("README.md")
    (lua,), (talk,) = page.named("lua"), page.named("talk")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(os.path.join(ROOT, "scripts"), os.path.join(folder, "scripts"))
        script = write(folder, "scripts/four.lua", lua.text)
        talk_file = write(folder, "scripts/four.talk", talk.text)
        for start in ("check", "test"):
            command, printed = console(page, f"{PROGRAM} {start}")
            code, lines = lobbyist(*command.split()[1:], cwd=folder)
            checks.equal(f"{command}: exit code", code, 0)
            checks.equal(f"{command}: prints what the README shows", steady(lines), steady(printed))
        with Relay(script=script) as relay:
            code, lines = lobbyist("talk", relay.url, talk_file)
            checks.equal("lobbyist talk plays it on the running relay", [code, lines[-1]], [0, "1 passed, 0 failed"])
        without = write(folder, "scripts/without.talk", talk.text.replace("four.lua", "godot.lua"))
        checks.equal("without the rule the conversation fails", lobbyist("test", without, cwd=folder)[0], 1)


def serving(checks):
    """Each `serve` in a shell block starts with its options."""
    found = 0
    for block in Page("README.md").named("sh"):
        for line in block.lines:
            words = shlex.split(line, comments=True)
            if words[:2] != [PROGRAM, "serve"]:
                continue
            found += 1
            given = list(zip(words[2::2], words[3::2]))
            configurations = [value for option, value in given if option == "--config"]
            if configurations:
                checks.equal(f"{line}: is a good configuration", lobbyist("check", "--config", *configurations)[0], 0)
                continue
            relay = Relay()
            relay.command += words[2:]
            with relay:
                checks.true(f"{line}: listens", relay.alive())
    checks.true("the README shows serve with options", found > 0)


def conversations(checks):
    page = Page("docs/conversations.md")
    (output,) = page.named("output")
    with tempfile.TemporaryDirectory() as folder:
        for block in page.named("lua"):
            write(folder, block.words[1], block.text)
        for block in page.named("talk"):
            text = block.text
            if not re.search(r"^policy ", text, re.MULTILINE):
                text = f"policy {ECHO}\nAna connects\n{text}"
            file = write(folder, "example.talk", text)
            code, lines = lobbyist("test", file)
            where = f"{page.path}:{block.line}"
            if block.words[1:] == ["fails"]:
                checks.equal(f"{where}: fails", code, 1)
                shown = [line.replace(file, "example.talk") for line in lines]
                checks.equal(f"{where}: prints what the page shows", steady(shown), steady(output.lines))
            else:
                count = max(1, text.count("---"))
                checks.equal(f"{where}: plays", [code, lines[-1:]], [0, [f"{count} passed, 0 failed"]])
                if code:
                    print("\n".join(lines))


def unit_tests(checks):
    """The tests of docs/testing.md run as it says, and its coverage is theirs."""
    page = Page("docs/testing.md")
    outputs, coverage, form = page.named("output"), page.named("coverage"), page.named("json")
    checks.equal("docs/testing.md shows the coverage in both forms", [len(coverage), len(form)], [1, 1])
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("scripts", "plugins"):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        for block in page.named("lua"):
            name = block.words[1]
            write(folder, name, block.text)
            if not name.endswith("_test.lua"):
                continue
            found += 1
            where = f"{page.path}:{block.line}"
            code, lines = lobbyist("test", name, cwd=folder)
            if block.words[2:] == ["fails"]:
                checks.equal(f"{where}: fails as shown", [code, steady(lines)], [1, steady(outputs.pop(0).lines)])
                continue
            count = block.text.count("function tests.")
            checks.equal(f"{where}: passes", [code, lines[-1:]], [0, [f"{count} passed, 0 failed"]])
            if code:
                print("\n".join(lines))
            if coverage:
                _, lines = lobbyist("test", "--coverage", name, cwd=folder)
                checks.equal(f"{where}: covers what is shown", lines[-2:-1], coverage.pop().lines)
                _, lines = lobbyist("test", "--coverage=json", name, cwd=folder)
                checks.equal(f"{where}: covers what is shown, in JSON", lines[-2:-1], form.pop().lines)
    checks.true("docs/testing.md has tests", found > 2)
    names = re.findall(r"^    function (?:t|server_methods|peer_methods)[.:](\w+)",
                       read("Sources/Policy/TestHelper.swift"), re.MULTILINE)
    checks.true("the helper's functions are found", len(names) > 8)
    for name in names:
        checks.true(f"docs/testing.md: {name}", re.search(rf"`(?:t|server|peer)[.:]{name}\(", page.text))


def check_configuration(page, block):
    """What `lobbyist check` says to a configuration of a page, which may lack what does not matter there."""
    text = block.text
    if not re.search(r"^listen ", text, re.MULTILINE):
        text = 'listen "127.0.0.1:0"\n' + text
    for name in re.findall(r'env "(\w+)"', text):
        os.environ.setdefault(name, "a-secret-of-some-length-for-the-page")
    with tempfile.TemporaryDirectory() as folder:
        for file, key in re.findall(r'certificate { file = "(.*?)", key = "(.*?)" }', text):
            run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", file, "-subj",
                "/CN=localhost", cwd=folder)
        code, lines = lobbyist("check", "--config", write(folder, "lobbyist.lua", text))
        return code, [line.replace(f"{folder}/", "") for line in lines]


def configurations(checks):
    """Configurations in all pages are good, or fail as is printed behind them."""
    found = 0
    for path in PAGES:
        page = Page(path)
        outputs = page.named("output")
        for block in page.named("lua"):
            if block.words[1:2] != ["lobbyist.lua"]:
                continue
            found += 1
            code, lines = check_configuration(page, block)
            where = f"{path}:{block.line}"
            if block.words[2:] == ["fails"]:
                checks.equal(f"{where}: fails as printed", [code, lines], [1, outputs.pop(0).lines])
            else:
                checks.equal(f"{where}: is good", [code, lines[-1:]], [0, lines[-1:]])
            if code and block.words[2:] != ["fails"]:
                print("\n".join(lines))
    checks.true("the pages show configurations", found > 3)


def replay_page(checks):
    """The page's conversation is recorded, and replayed against the version that it makes."""
    page = Page("docs/replay.md")
    (talk,) = page.named("talk")
    edit, _ = console(page, "sed")
    command, printed = console(page, "lobbyist replay")
    with tempfile.TemporaryDirectory() as folder:
        relay = Relay()
        relay.command += ["--record", os.path.join(folder, "session.rec")]
        with relay:
            code, _ = lobbyist("talk", relay.url, write(folder, "page.talk", talk.text))
            checks.equal("docs/replay.md: its conversation plays", code, 0)
        shutil.copytree(os.path.join(ROOT, "scripts"), os.path.join(folder, "scripts"))
        run("sh", "-c", edit, cwd=folder)
        code, lines = lobbyist(*command.split()[1:], cwd=folder)
        checks.equal("docs/replay.md: something differs", code, 1)
        timeless = [[re.sub(r"\d+\.\d{3} s:", "T s:", line) for line in steady(some)] for some in (lines, printed)]
        checks.equal("docs/replay.md: prints what the page shows", *timeless)
        checks.equal("docs/replay.md: the same script", lobbyist("replay", "session.rec", cwd=folder)[0], 0)


def configuration_page(checks):
    """What serve prints for the page's first configuration, and that every statement and field is described."""
    page = Page("docs/configuration.md")
    (block, _) = page.named("lua")
    _, printed = console(page, "lobbyist serve")
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, "lobbyist.lua", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", block.text))
        with Relay(config=path) as relay:
            # The relay counts as started with its first listener; what is left is printed right after.
            wait_until(lambda: len(relay.lines) >= len(printed), PRINT_SECONDS)
            said = [line.rstrip() for line in relay.lines[:len(printed)]]
            checks.equal("serve prints what the page shows", steady(said), steady(printed))
    source = read("Sources/Configuration/StatementReader.swift") + read("Sources/Configuration/StatementCursor.swift")
    names = re.findall(r'"(\w+)"', "".join(re.findall(r"(?:plain|curried|mountFields) = \[(.*?)\]", source)))
    checks.true("the names are found", len(names) > 8, "more than 8", names)
    for name in names:
        checks.true(f"docs/configuration.md: {name}", re.search(rf"^\| `{name}\b", page.text, re.MULTILINE))


def reload_page(checks):
    """The page's policy loads, and its conversation plays."""
    page = Page("docs/reload.md")
    with tempfile.TemporaryDirectory() as folder:
        for block in page.named("lua"):
            if block.words[1:2] != ["lobbyist.lua"]:
                checks.equal(f"{page.path}:{block.line}: loads",
                             lobbyist("check", write(folder, "policy.lua", block.text))[0], 0)
        for name in ("one", "two"):
            write(folder, f"{name}.lua", f"return {{ on_message = function(peer) peer:send('{name}') end }}")
        (block,) = page.named("talk")
        code, lines = lobbyist("test", write(folder, "example.talk", block.text))
        checks.equal(f"{page.path}:{block.line}: plays", [code, lines[-1:]], [0, ["1 passed, 0 failed"]])


def deploy_page(checks):
    """The page is a session that goes as it is printed; its limits and fields are those that there are."""
    page = Page("docs/deploy.md")

    def timeless(lines):
        text = re.sub(r"\d+ us\b", "N us", "\n".join(lines))
        return steady(re.sub(r"\b[0-9a-f]{8}  \d{4}-\d\d-\d\dT[0-9:]{8}Z", "V  TIME", text).splitlines())

    commands = 0
    for command, printed, now in Reader(page.path).play():
        commands += 1
        checks.equal(f"{page.path}: {command}", timeless(now), timeless(printed))
    checks.true(f"{page.path} has commands", commands > 6)
    fields = re.findall(r'"([a-z_]+)"', re.search(r"names = \[(.*?)\]", read(
        "Sources/Deployment/DeployRequest.swift"), re.DOTALL).group(1))
    (row,) = re.findall(r"^\| `POST /deploy` \|.*$", page.text, re.MULTILINE)
    checks.true("the fields of a deployment are found", len(fields) > 6)
    for name in fields:
        checks.true(f"{page.path}: {name}", f"`{name}`" in row)


def tls_page(checks):
    """The page is a session that goes as it is printed."""
    for command, printed, now in Reader("docs/tls.md").play():
        checks.equal(f"docs/tls.md: {command}", steady(now), steady(printed))


def changed_configuration(checks):
    """The log of the page, when its first configuration becomes its second."""
    page = Page("docs/reload.md")
    before, after = [re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", block.text) for block in page.named("lua")
                     if block.words[1:2] == ["lobbyist.lua"]]
    (printed,) = page.named("text")

    def alike(lines):
        return [re.sub(r"\d+ us|^\S+Z ", "T ", line.replace(f"{folder}/", "")) for line in steady(lines)]

    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, "lobbyist.lua", before)
        with Relay(config=path) as relay:
            write(folder, "lobbyist.lua", after)
            wait_until(lambda: len(relay.logged("info")) >= len(printed.lines), PRINT_SECONDS)
            said = [line.rstrip() for line in relay.logged("info")]
            checks.equal("a saved configuration is told of as the page shows", alike(said), alike(printed.lines))


def plugin_pages(checks):
    """Every plugin has a page; its examples play, and its table of settings is that of the file."""
    files = glob.glob(os.path.join(ROOT, "plugins", "*.lua"))
    names = sorted(os.path.splitext(os.path.basename(path))[0] for path in files)
    checks.equal("every plugin has a page", [f"docs/plugins/{name}.md" for name in names],
                 [path for path in PLUGIN_PAGES if not path.endswith("README.md")])
    for path in PLUGIN_PAGES:
        page = Page(path)
        with tempfile.TemporaryDirectory() as folder:
            for block in page.named("talk"):
                code, lines = lobbyist("test", write(folder, "example.talk", block.text))
                checks.equal(f"{path}:{block.line}: plays", code, 0)
                if code:
                    print("\n".join(lines))
            for block in page.named("lua"):
                if block.words[1:2] == ["lobbyist.lua"]:
                    continue
                code, lines = lobbyist("check", write(folder, "policy.lua", block.text))
                checks.equal(f"{path}:{block.line}: loads", code, 0)
                if code:
                    print("\n".join(lines))
    for name in names:
        settings = declared_settings(read(f"plugins/{name}.lua"))
        if os.path.exists(os.path.join(ROOT, f"docs/plugins/{name}.md")):
            rows = re.findall(r"^\| `([a-z_]+)` \|", read(f"docs/plugins/{name}.md"), re.MULTILINE)
            checks.equal(f"docs/plugins/{name}.md: its settings", sorted(set(settings) - set(rows)), [])


def how_to_pages(checks):
    """Every page is a session that goes as it is printed, and is linked from where one looks for it."""
    for path in HOW_TO_PAGES:
        commands = 0
        for command, printed, now in Reader(path).play():
            commands += 1
            checks.equal(f"{path}: {command}", steady(now), steady(printed))
        checks.true(f"{path} has commands", commands > 1)
        checks.true(f"{path}: one screen", len(Page(path).text.splitlines()) <= 90)
        for source in ("README.md", "docs/lua-api.md"):
            checks.true(f"{source} links {path}", path in Page(source).links())


def declared_settings(source):
    table = re.search(r"relay\.settings \{(.*?)^\}", source, re.DOTALL | re.MULTILINE)
    return re.findall(r"^  (\w+) =", table.group(1), re.MULTILINE) if table else []


def words(checks):
    """Every word that the reader of conversations takes is on the page, in its singular form."""
    text = Page("docs/conversations.md").text
    folder = os.path.join(ROOT, "Sources", "Conversation")
    taken = set()
    for name in os.listdir(folder):
        if name.startswith(("StepReader", "TalkParser")):
            taken |= set(re.findall(r'take\("([^"]+)"\)', read(os.path.join("Sources", "Conversation", name))))
    singular = {"are ": "is ", "have ": "has ", "hear ": "hears ", "connect": "connects", "close": "closes",
                "drop": "drops"}
    checks.true("the reader's words are found", len(taken) > 20)
    for word in sorted(taken):
        one = singular.get(word, word)
        for many, single in singular.items():
            if many.endswith(" ") and word.startswith(many):
                one = single + word[len(many):]
        checks.true(f"docs/conversations.md: '{word}'", one in text)


def api_page(checks):
    checks.equal("docs/lua-api.md is what lua_api.py writes", read("docs/lua-api.md"), lua_api.page())
    checks.true("every operation is in it", len(lua_api.rows()[0]) == read(os.path.relpath(
        lua_api.DEFINITION, ROOT)).count("\nLH_API("))


def api_examples(checks):
    page = Page("docs/lua-api.md")
    with tempfile.TemporaryDirectory() as folder:
        for block in page.named("lua"):
            file = write(folder, "script.lua", block.text)
            if block.words[1:] == ["broken"]:
                broken(checks, page, folder)
                continue
            code, lines = lobbyist("check", *(["--plugin"] if block.words[1:] == ["plugin"] else []), file)
            checks.equal(f"{page.path}:{block.line}: loads", [code, lines[1:]], [0, []])
            if code:
                print("\n".join(lines))


def broken(checks, page, folder):
    """The findings that the page shows, as text and as JSON."""
    code, lines = lobbyist("check", "script.lua", cwd=folder)
    checks.equal("the findings are those of the page", [code, lines], [1, page.named("output")[0].lines])
    code, lines = lobbyist("check", "--json", "script.lua", cwd=folder)
    checks.equal("--json: exit code", code, 1)
    found = [json.loads(line) for line in lines]
    text = [f'{each["file"]}:{each["line"]}:{each["column"]}: {each["severity"]}: {each["message"]}' for each in found]
    checks.equal("--json says the same", text, page.named("output")[0].lines)
    checks.equal("the page shows a line of it", [json.loads(page.named("json")[0].text) in found,
                                                 sorted(found[0])], [True, ["column", "file", "line", "message",
                                                                            "severity"]])


def sandbox(checks):
    """What the page says is there is there, and what is not is not."""
    text = read("docs/lua-api.md").partition("## Sandbox")[2].partition("\nTo read an unknown")[0]
    there, _, lacking = text.partition("There is not:")
    names = [re.findall(r"`([^`]+)`", part) for part in (there, lacking)]
    checks.true("the page lists names", len(names[0]) > 20 and len(names[1]) > 10)
    lines = [f'assert({name} ~= nil, "{name} is lacking")' for name in names[0]]
    # An unknown global raises, a lacking member of a library is nil. By strings: unknown names are errors of their own.
    lines.append("local all = _ENV")
    for name in names[1]:
        member = "".join(f'["{part}"]' for part in name.split("."))
        lines.append(f'do local found, value = pcall(function() return all{member} end) '
                     f'assert(not found or value == nil, "{name} is there") end')
    with tempfile.TemporaryDirectory() as folder:
        code, printed = lobbyist("check", write(folder, "names.lua", "\n".join([*lines, "return {}"])))
        checks.equal("the sandbox holds what the page lists", [code, printed[1:]], [0, []])
        if code:
            print("\n".join(printed))


def limits(checks):
    """The page's table of budgets and its hooks are the program's."""
    _, lines = lobbyist("serve", "--help")
    text = read("docs/lua-api.md")
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \|", text, re.MULTILINE)
    checks.true("the page has a table of budgets", len(rows) > 3)
    for name, value in rows:
        checks.true(f"{name} is {value}", any(line.split()[:1] == [f"{name}={value}"] for line in lines))
    hooks = re.search(r"lh_hook_names\[LH_HOOK_COUNT\] = \{(.*?)\}", read("Sources/LuaHost/load.c"), re.DOTALL)
    # Never called, so a sentence and no row.
    described = re.findall(r"^\| `(on_\w+)\(", text, re.MULTILINE) + ["on_reload"]
    checks.equal("the page's hooks are those that there are", sorted(described),
                 sorted(re.findall(r'"(\w+)"', hooks.group(1))))


if __name__ == "__main__":
    run_scenarios(Checks(), [(links,), (commands,), (folders,), (session,), (rule,), (serving,), (conversations,),
                             (words,), (unit_tests,), (configurations,), (configuration_page,), (reload_page,),
                             (deploy_page,), (changed_configuration,), (tls_page,),
                             (replay_page,), (plugin_pages,), (how_to_pages,),
                             (api_page,), (api_examples,), (sandbox,), (limits,), (limit_statements,)])
