"""The command `inspect`, with URLs and with saved files."""

import json
from pathlib import Path

import pytest

from deployments.commands.inspect_command import inspect_input
from tests.deployments.command_line import run
from tests.sites import company_facts as facts
from tests.sites.server import Site
from tests.web.conftest import make_settings

PRICING = facts.FOLDER / "pricing" / "index.html"
SHOP = "https://shop.example/sale/"


async def test_a_page_is_read_as_a_build_reads_it(company: Site) -> None:
    """Content, links with their text, and why the browser was used or not."""
    found = await inspect_input(make_settings(), f"{company.url}/pricing/", with_theme=False)
    assert (found.error, found.url, found.title) == (None, f"{company.url}/pricing/", "Pricing")
    assert "| Garden" in found.markdown
    assert {link.url: link.text for link in found.links}[f"{company.url}/docs/"] == "Docs"
    assert found.metadata["status"] == 200
    assert (found.render["method"], found.render["reason"]) == ("browser", "a sample of pages like it")
    assert found.render["compared"] == "0 of 1 compared show more in the browser"
    plain = await inspect_input(make_settings(render="never"), f"{company.url}/pricing/", with_theme=False)
    assert (plain.render["method"], plain.markdown) == ("http", found.markdown)


async def test_a_bare_address_is_one_unless_a_file_has_its_name(
    company: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host without https is read by http; a missing file is not looked for on the web."""
    bare = company.url.removeprefix("http://")
    settings = make_settings(render="never")
    found = await inspect_input(settings, f"{bare}/pricing/", with_theme=False)
    assert (found.error, found.url, found.title) == (None, f"{company.url}/pricing/", "Pricing")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.example").write_text("<title>Saved</title><p>Some words.</p>")
    assert (await inspect_input(settings, "shop.example", with_theme=False)).title == "Saved"
    missing = await inspect_input(settings, "prices.html", with_theme=False)
    assert missing.error is not None
    assert missing.error["code"] == "file_unreadable"


async def test_a_saved_page_has_the_theme_of_the_page_it_was_saved_from(company: Site) -> None:
    """The theme names its sources; styles and logo are fetched from the original site."""
    settings = make_settings(page_timeout_s=30)
    page = await inspect_input(settings, f"{company.url}/", with_theme=True)
    file = await inspect_input(settings, str(facts.FOLDER / "index.html"), base_url=f"{company.url}/", with_theme=True)
    assert page.theme is not None
    assert file.theme is not None
    assert (page.theme.name, page.theme.primary) == (facts.NAME, facts.PRIMARY)
    assert page.theme.sources["primary"]
    assert file.theme == page.theme
    assert file.markdown == page.markdown
    assert [link.url for link in file.links] == [link.url for link in page.links]


async def test_json_is_an_object_a_line_for_each_input(tmp_path: Path) -> None:
    """Unreadable inputs have a line too; then the exit code is 1."""
    (tmp_path / "empty.html").write_text("<title>Nothing</title><body></body>")
    (tmp_path / "hidden.html").write_text("<meta name=robots content=noai><p>Some words.</p>")
    (tmp_path / "picture.html").write_bytes(b"GIF89a\0\0\0")
    inputs = (str(PRICING), "empty.html", "hidden.html", "picture.html", "nothing.html", "http://10.0.0.1/", "http://")
    code, out, err = await run(tmp_path, "inspect", *inputs, "--json", "--base-url", SHOP)
    assert (code, err) == (1, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["input"] for line in lines] == list(inputs)
    assert len({tuple(line) for line in lines}) == 1
    assert [line["error"] and line["error"]["code"] for line in lines] == [
        None,
        "empty",
        "no_ai",
        "not_html: application/octet-stream",
        "file_unreadable",
        "address_not_allowed",
        "url_invalid",
    ]
    assert "https://shop.example/docs/" in [link["url"] for link in lines[0]["links"]]
    assert lines[0]["render"]["reason"] == "a saved file, read as it is"


@pytest.mark.parametrize(("read_noindex", "text"), [(True, "Refunds take a week."), (False, "")])
async def test_a_page_kept_from_search_engines_is_shown_if_builds_read_it(
    tmp_path: Path, read_noindex: bool, text: str
) -> None:
    """By the setting, as in a build."""
    file = tmp_path / "refunds.html"
    file.write_text("<meta name=robots content=noindex><p>Refunds take a week.</p>")
    found = await inspect_input(make_settings(read_noindex=read_noindex), str(file), base_url=SHOP, with_theme=False)
    assert (found.markdown.strip(), found.error is None) == (text, read_noindex)


async def test_without_json_the_output_is_text(tmp_path: Path) -> None:
    """Without a terminal lines are not wrapped; control characters are removed."""
    long = " ".join(["word"] * 60)
    (tmp_path / "page.html").write_text(
        "<!-- saved from url=(0028)https://shop.example/about/ --><title>About\x1b[2J us</title>"
        f"<h1>About\x1b[2J us</h1><p>{long}</p><a href=../terms/>Terms</a>"
    )
    code, out, err = await run(tmp_path, "inspect", "page.html")
    assert (code, err, "\x1b" in out) == (0, "", False)
    assert out.splitlines()[1] == "https://shop.example/about/"
    assert long in out.splitlines()
    assert "https://shop.example/terms/" in out


@pytest.mark.parametrize("arguments", [(), ("page.html", "--base-url", "shop.example"), ("--paint",)])
async def test_wrong_usage_of_inspect_exits_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """The error is on standard error."""
    code, out, err = await run(tmp_path, "inspect", *arguments)
    assert (code, out) == (2, "")
    assert "base-url" in err or "Usage:" in err
