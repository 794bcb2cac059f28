"""The house rules: what holds for every file, so that nobody has to remember it."""

from __future__ import annotations

import ast
import configparser
import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import hub
from hub import config, providers
from hub.hookspecs import Hooks
from hub.providers import HOOKS

ROOT = Path(__file__).resolve().parents[1]
LONGEST_MODULE = 250
# Below these, a published advisory names a weakness in something that the hub uses.
FLOORS = {
    "authlib": "1.7.2",
    "cryptography": "46",
    "flask": "3.1.3",
    "gunicorn": "27",
    "jinja2": "3.1.6",
    "redis": "8.0",
    "rq": "3.0",
    "werkzeug": "3.1.6",
}
SANDBOX_BASE = "hub.testing.sandbox"
# A provider's key that is a word of something else; how often it stands there, and what it is.
KEYS_THAT_ARE_WORDS = {"hub/notify/calendar.py": (1, "a feature of a CONFERENCE line: RFC 7986, section 5.11")}
# Where text is handed on as markup; how often, and why nobody else's text can be in it.
RAW_MARKUP = {
    "hub/mailbox.py": (2, "escapes what surrounds the links of the demo's mails"),
    "hub/web/markdown.py": (2, "rendered with HTML switched off: what the text has of it is escaped"),
    "hub/web/visitor.py": (1, "a frame written out in the module, filled by format, which escapes"),
    "hub/web/shell.py": (2, "a plugin's icon, checked at start to hold no script"),
    "templates/components/booking.html": (3, "attributes written out in the template itself"),
    "templates/components/icons.html": (1, "shapes written out in the template itself"),
    "templates/styleguide.html": (1, "a shape written out in the template itself"),
}
DANGEROUS = re.compile(
    r"\|\s*safe\b|\bMarkup\(|render_template_string|\bpickle\b|autoescape\s*=\s*False|\bstyle=\"|\bon(?:click|change|submit|load|error|input)\s*=\s*[\"']"
)
# Playwright's questions that are answered at once, and those that wait for an element but not for what it shows.
READ_AT_ONCE = re.compile(
    r"\.(?:is_(?:visible|hidden|checked|enabled|disabled|editable)|all_text_contents|all_inner_texts)\("
    r"|assert [^\n]*\.(?:count|input_value|text_content|inner_text|inner_html)\(\)"
    r"|assert [^\n]*\bpage\.url\b"
)


def _python(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for every import in the file, wherever it stands; name is empty for `import module`."""
    package = list(path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: -node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def _tracked() -> list[Path]:
    git = shutil.which("git")
    if not git or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _document(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def test_the_core_never_spells_a_providers_name() -> None:
    """No file of the core and no template has a provider's key in it as a word."""
    keys = "|".join(provider.key for provider in _ours())
    assert keys
    word = re.compile(rf"(?<![A-Za-z0-9_])(?:{keys})(?![A-Za-z0-9_])", re.I)
    found = {}
    for path in sorted([*(ROOT / "hub").rglob("*"), *(ROOT / "templates").rglob("*")]):
        if not path.is_file() or "__pycache__" in path.parts or "testing" in path.parts or path.name == "htmx.min.js":
            continue
        count = len(word.findall(path.read_text("utf-8")))
        if count != KEYS_THAT_ARE_WORDS.get(_name(path), (0, ""))[0]:
            found[_name(path)] = count
    assert found == {}


def _ours() -> list[providers.Provider]:
    points = metadata.entry_points(group=providers.GROUP)
    return providers.load(point for point in points if point.value.startswith("plugins.")).all()


def test_the_core_never_imports_a_plugin() -> None:
    """Providers come through entry points only."""
    guilty = [
        _name(path) for path in _python("hub") for module, _ in _imports(path) if module.split(".")[0] == "plugins"
    ]
    assert guilty == []


def _sandbox_of(path: Path) -> str:
    """Return the dotted name of the sandbox that a plugin's file belongs to, a package or a module; empty for none."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[: parts.index("sandbox") + 1]) if "sandbox" in parts else ""


def test_plugins_import_public_names_only() -> None:
    """What a plugin takes from the core, the package `hub` exports at its top; its sandbox may take SANDBOX_BASE."""
    guilty = [
        f"{_name(path)}: {module}.{name}"
        for path in _python("plugins", "tests/examples")
        for module, name in _imports(path)
        if module.split(".")[0] == "hub"
        and (module != "hub" or name not in hub.__all__)
        and not (_sandbox_of(path) and module == SANDBOX_BASE)
    ]
    assert guilty == []


def test_a_sandbox_knows_neither_the_hub_nor_its_plugin() -> None:
    """A stand-in that shared code with what it tests would agree with its mistakes; docs/decisions/014 says more."""
    files = [path for path in _python("plugins", "tests/examples") if _sandbox_of(path)]
    assert files
    guilty = []
    for path in files:
        own = _sandbox_of(path)
        for module, name in _imports(path):
            full, root = f"{module}.{name}" if name else module, module.split(".")[0]
            if (root == "hub" and module != SANDBOX_BASE) or (
                root in ("plugins", "tests") and not full.startswith(own)
            ):
                guilty.append(f"{_name(path)}: {full}")
    assert guilty == []


def test_what_sandboxes_stand_on_knows_nothing_of_the_hub() -> None:
    """The base of sandboxes takes nothing of the hub, so that no sandbox can share the hub's mistakes through it."""
    files = [path for path in _python("hub") if ".".join(path.relative_to(ROOT).parts).startswith(SANDBOX_BASE)]
    assert files
    guilty = [
        f"{_name(path)}: {module}"
        for path in files
        for module, _ in _imports(path)
        if module.split(".")[0] == "hub" and not module.startswith(SANDBOX_BASE)
    ]
    assert guilty == []


def test_one_module_touches_pluggys_manager() -> None:
    """Everything but the registry and the hooks' markers calls typed methods."""
    users = {_name(path) for path in _python("hub") for module, _ in _imports(path) if module.split(".")[0] == "pluggy"}
    assert users == {"hub/providers.py", "hub/hookspecs.py"}


def test_the_layers_hold() -> None:
    """Each room of the hub imports only rooms below it, as setup.cfg says."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_modules_are_short_and_say_their_purpose() -> None:
    """Every module begins with one line on what it is for, and fits on about four screens."""
    guilty = []
    for path in _python("hub", "plugins", "bench"):
        text = path.read_text("utf-8")
        if "versions" in path.parts and path.name != "__init__.py":
            continue  # a migration is written once, by a tool
        if not re.match(r'"""[^\n]+("""|\n)', text.lstrip("\ufeff")):
            guilty.append(f"{_name(path)} does not say its purpose")
        if len(text.splitlines()) > LONGEST_MODULE:
            guilty.append(f"{_name(path)} has {len(text.splitlines())} lines")
    assert guilty == []


def test_public_names_are_sorted_and_documented() -> None:
    """All that plugins may import is in hub.__all__, sorted, and has a line in docs/hooks.md."""
    assert hub.__all__ == sorted(hub.__all__)
    assert all(hasattr(hub, name) for name in hub.__all__)
    text = _document("hooks.md")
    assert [name for name in hub.__all__ if not re.search(rf"^(\| |- )`{name}`", text, re.M)] == []


def test_hooks_are_documented_with_their_signature() -> None:
    """The headings of docs/hooks.md are the hooks' signatures, in the order in which hookspecs.py has them."""
    expected = []
    for name, function in vars(Hooks).items():
        if name in HOOKS:
            arguments = (
                str(inspect.signature(function)).replace("'", "").replace("(self, ", "(").replace("(self)", "()")
            )
            expected.append(f"{name}{arguments}")
    assert re.findall(r"^## `([a-z_]+\(.*)`$", _document("hooks.md"), re.M) == expected


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_a_contract_test(hook: str) -> None:
    """No hook without a test that every provider has to pass."""
    files = _python("hub/testing", "tests/contract")
    assert any(re.search(rf"\b{hook}\b", path.read_text("utf-8")) for path in files)


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_is_used(hook: str) -> None:
    """No hook without a provider of ours that implements it."""
    assert any(provider.can(hook) for provider in _ours())


def test_every_setting_is_documented() -> None:
    """docs/settings.md has a line on every variable that the hub reads, the providers' included."""
    names = set(config.SETTINGS)
    for provider in _ours():
        told = [setting.name for setting in provider.facts.settings]
        told += ["client_id", "client_secret", "oauth_url", "api_url"] if provider.oauth else []
        names |= {f"HUB_{provider.key.upper()}_{name.upper()}" for name in told}
    assert set(re.findall(r"^\| `(HUB_[A-Z_]+)`", _document("settings.md"), re.M)) == names


def test_settings_that_are_read_are_declared() -> None:
    """No module reads a HUB_ variable by the side of hub/config.py; what only parts of ours tell each other is named here."""
    inner = {"HUB_READY_FILE", "HUB_SANDBOX_STATE_DIR", "HUB_DEMO_SERVICES_URL", "HUB_CI", "HUB_CONTRACT_REPORT"}
    inner.add("HUB_API")  # a name in plugins, no variable
    inner |= {"HUB_CRASH_AT", "HUB_CRASH_MARK", "HUB_TESTING"}  # docs/architecture.md
    read = {name for path in _python("hub") for name in re.findall(r"[\"'](HUB_[A-Z_]+)[\"']", path.read_text("utf-8"))}
    assert read - set(config.SETTINGS) <= inner


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_by_hash_and_name_no_address(name: str) -> None:
    """What is installed is exactly what was looked at, wherever it is fetched from."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    bad = [line[:80] for line in lines if "--hash=sha256:" not in line or "==" not in line.split()[0]]
    assert bad == []
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|-e)\b", text, re.M)


def test_requirements_satisfy_what_is_declared() -> None:
    """Every dependency in setup.cfg is pinned, to a version that setup.cfg allows."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    text = (ROOT / "requirements.txt").read_text("utf-8")
    pins = {name.lower(): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.M)}
    for line in setup["options"]["install_requires"].split("\n"):
        if line.strip():
            wanted = Requirement(line)
            assert wanted.specifier.contains(pins[wanted.name.lower()]), line


def test_what_the_quick_run_leaves_out_is_run_by_ci() -> None:
    """Every mark that keeps a test out of `./run test` is one that .ci/run asks for."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    left_out = set(re.findall(r"not (\w+)", setup["tool:pytest"]["addopts"]))
    asked = re.findall(r"-m (?:\"([^\"]+)\"|(\w+))", (ROOT / ".ci" / "run").read_text("utf-8"))
    assert left_out
    assert left_out <= {word for pair in asked for words in pair for word in words.split()}


def test_what_builds_the_project_is_pinned() -> None:
    """Nothing is fetched for the moment of the build: the build tool is a pin like every other."""
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    for name in ("requirements.txt", "requirements-dev.txt"):
        pins = dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", (ROOT / name).read_text("utf-8"), re.M))
        for wanted in map(Requirement, needed):
            assert wanted.specifier.contains(pins[wanted.name.lower()]), name
    assert "--no-build-isolation" in (ROOT / "run").read_text("utf-8")


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_version_with_a_known_weakness_is_installed(name: str, floor: str) -> None:
    """Versions below the floors of published advisories are refused."""
    assert Version(metadata.version(name)) >= Version(floor)


def test_no_browser_test_reads_a_page_that_may_still_be_loading() -> None:
    """What a browser shows is awaited (Playwright's `expect`), never read at once: a page may have come half."""
    found = []
    for path in _python("tests"):
        text = path.read_text("utf-8")
        if "mark.browser" in text and path != Path(__file__):
            found += [f"{_name(path)}: {match.group()}" for match in READ_AT_ONCE.finditer(text)]
    assert found == []


def test_nothing_bypasses_escaping_or_the_content_policy() -> None:
    """Markup is made by templates; inline styles and handlers would be blocked by the hub's own policy."""
    found = {}
    for path in [
        *_python("hub", "plugins"),
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "plugins").rglob("*.html"),
    ]:
        if "email" in path.parts:
            continue  # mail programs know no style sheets
        count = len(DANGEROUS.findall(path.read_text("utf-8")))
        if count > RAW_MARKUP.get(_name(path), (0, ""))[0]:
            found[_name(path)] = count
    assert found == {}


def test_no_file_names_a_package_registry_or_a_machine_of_ours() -> None:
    """Where packages come from is the business of whoever installs; paths of one machine help nobody else."""
    hosts = [
        r"pypi\.",
        r"pythonhosted\.",
        r"npmjs\.",
        r"registry\.npm",
        r"proxy\.golang",
        r"jsdelivr",
        r"unpkg",
        r"crates\.io",
    ]
    places = ["/wor" + "k/", r"\.libr" + "ary/", "farm-st" + "udio"]
    word = re.compile("|".join([*hosts, *places]), re.I)
    found = []
    for path in _tracked():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{_name(path)}: {match.group()}" for match in word.finditer(text)]
    assert found == []
