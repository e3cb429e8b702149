"""What every page promises, in a real browser: for all eyes, on all screens, without scripts, without strangers."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState

from tests.browser.conftest import PATIENCE
from tests.processes.demo import RunningDemo

pytestmark = [pytest.mark.browser, pytest.mark.processes]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LEAK = "/toestemmingen/lekwaarschuwing/"
PUBLIC = [
    "/",
    "/inloggen/",
    "/privacy/",
    "/toegankelijkheid/",
    "/log/controleren/",
    "/bestaat-niet/",
    "/activeren/",
    "/activeren/gevraagd/",
    "/activeren/code/",
    "/activeren/verstuurd/",
    "/wachtwoord-vergeten/",
    "/wachtwoord-vergeten/gevraagd/",
    "/uitnodiging/onbekend/",
]
CUSTOMERS = ["/mijn-gegevens/", "/toestemmingen/", LEAK, "/toestemmingen/levering-en-rekening/", "/wie-keek/", "/wie-keek/?soort=tegengehouden", "/wie-keek/sleutel/", "/beveiliging/", "/beveiliging/passkeys/", "/bevestigen/", "/beveiliging/wachtwoord/", "/beveiliging/e-mail/"]  # fmt: skip
OFFICERS = ["/kantoor/logboek/", "/kantoor/logboek/?soort=access.decision.made&antwoord=refused", "/kantoor/logboek/?tot=2000-01-01", "/kantoor/logboek/?van=x", "/kantoor/exports/", "/kantoor/herstel/", "/beveiliging/", "/beveiliging/passkeys/", "/bevestigen/"]  # fmt: skip
PAGES = [
    *(("nobody", url) for url in PUBLIC),
    *(("customer", url) for url in CUSTOMERS),
    *(("officer", url) for url in OFFICERS),
]
every_page = pytest.mark.parametrize(("visitor", "url"), PAGES, ids=lambda value: value)

LOOK = """card => {
  const own = getComputedStyle(card), dot = getComputedStyle(card.querySelector('input'));
  return [own.backgroundColor, own.borderColor, own.borderWidth, own.color, own.fontSize, own.fontWeight, own.opacity,
          own.boxShadow, dot.borderColor, dot.backgroundColor, dot.width].join('|');
}"""
CLIPPED = """() => [...document.querySelectorAll('main *')].filter(part => {
  const style = getComputedStyle(part);
  return part.clientWidth > 1 && style.overflowX !== 'visible' && style.overflowX !== 'auto'
    && part.scrollWidth > part.clientWidth + 1;
}).map(part => part.className || part.tagName)"""
FRAME = "part => [getComputedStyle(part).outlineStyle, getComputedStyle(part).boxShadow]"
EDGE = """part => [getComputedStyle(part).borderTopColor, getComputedStyle(part).backgroundColor]"""
# WCAG 1.4.12: what a reader may set must not hide a word.
SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-block-end: 2em !important; }"""


@pytest.fixture
def states(customer: StorageState, officer: StorageState) -> dict[str, StorageState | None]:
    return {"nobody": None, "customer": customer, "officer": officer}


@pytest.fixture
def open_page(
    browser: Browser, site: RunningDemo, states: dict[str, StorageState | None]
) -> Iterator["Opener"]:
    opener = Opener(browser, site.base, states)
    yield opener
    opener.close()


class Opener:
    """Opens a page as a visitor, on a screen, in a color scheme, with or without scripts."""

    def __init__(self, browser: Browser, base: str, states: dict[str, StorageState | None]) -> None:
        self._browser, self.base, self._states = browser, base, states
        self._contexts: list[BrowserContext] = []

    def __call__(
        self,
        visitor: str,
        url: str,
        *,
        width: int = 1280,
        scheme: str = "light",
        scripts: bool = True,
        is_restyled: bool = False,
    ) -> Page:
        page = self.tab(
            visitor, width=width, scheme=scheme, scripts=scripts, is_restyled=is_restyled
        )
        page.goto(url)
        return page

    def tab(
        self,
        visitor: str,
        *,
        width: int = 1280,
        scheme: str = "light",
        scripts: bool = True,
        is_restyled: bool = False,  # by the reader; the policy of the site would refuse that
    ) -> Page:
        context = self._browser.new_context(
            base_url=self.base,
            locale="nl-NL",
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
            bypass_csp=is_restyled,
            storage_state=self._states[visitor],
        )
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        return context.new_page()

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@every_page
def test_axe_finds_nothing_in_light_and_dark(open_page: Opener, visitor: str, url: str) -> None:
    page = open_page(visitor, url)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert_axe_finds_nothing(page)

    page.emulate_media(color_scheme="dark")
    assert_axe_finds_nothing(page)

    page.set_viewport_size({"width": 390, "height": 800})
    assert_axe_finds_nothing(page)


def assert_axe_finds_nothing(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": RULES})

    assert found.violations_count == 0, found.generate_report()


@every_page
def test_fits_a_small_screen_and_large_letters(open_page: Opener, visitor: str, url: str) -> None:
    page = open_page(visitor, url, width=320, is_restyled=True)
    assert fits(page), "at 320 pixels"
    style = page.add_style_tag(content=SPACING)
    assert fits(page), "with more space between letters"
    assert page.evaluate(CLIPPED) == []

    style.evaluate("style => style.remove()")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.add_style_tag(content="html { font-size: 200% !important; }")
    assert fits(page), "with letters twice as large"
    assert page.evaluate(CLIPPED) == []

    page.set_viewport_size({"width": 390, "height": 800})
    assert fits(page), "with letters twice as large on a telephone"
    assert page.evaluate(CLIPPED) == []


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@every_page
def test_asks_nothing_of_others_and_breaks_no_policy(
    open_page: Opener, visitor: str, url: str
) -> None:
    page = open_page.tab(visitor)
    bad: list[str] = []
    page.on(
        "console",
        lambda message: bad.append(message.text) if "Content Security" in message.text else None,
    )
    page.on("pageerror", lambda error: bad.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(open_page.base) else bad.append(asked.url),
    )

    response = page.goto(url, wait_until="networkidle")

    assert bad == []
    assert response is not None
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_titles_are_unique_and_name_the_page(open_page: Opener) -> None:
    pages = {url: visitor for visitor, url in PAGES if "?" not in url}  # some are for more than one
    titles = [open_page(visitor, url).title() for url, visitor in pages.items()]

    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("visitor", "url"), [("customer", "/mijn-gegevens/"), ("officer", "/kantoor/logboek/")]
)
def test_the_menu_has_at_most_six_items_in_the_words_of_the_headings(
    open_page: Opener, visitor: str, url: str
) -> None:
    page = open_page(visitor, url)
    items = [
        (item.inner_text().strip(), item.get_attribute("href") or "")
        for item in page.get_by_role("navigation", name="Hoofdmenu").get_by_role("link").all()
    ]

    assert 0 < len(items) <= 6
    for label, target in items:
        page.goto(target)
        assert page.locator("h1").inner_text() == label


def test_the_menu_opens_on_a_phone(open_page: Opener) -> None:
    page = open_page("customer", "/mijn-gegevens/", width=390, scripts=False)

    page.locator("summary", has_text="Menu").click()
    page.locator(".menu__panel").get_by_role("link", name="Wie keek er?").click()

    assert page.locator("h1").inner_text() == "Wie keek er?"


def test_the_keyboard_finds_the_content_first_and_sees_where_it_is(open_page: Opener) -> None:
    page = open_page("customer", LEAK)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "inhoud"

    page.keyboard.press("Tab")
    seen = []
    while page.evaluate("document.activeElement !== document.body"):  # past the end it is nowhere
        box = page.evaluate(
            "(() => { const own = document.activeElement.getBoundingClientRect();"
            " return [own.top + scrollY, own.bottom - own.top, own.top >= 0 && own.top < innerHeight]; })()"
        )
        assert box[2], "what has the focus is on the screen"
        seen.append(box[0])
        page.keyboard.press("Tab")
    places = page.locator(":is(main, footer) :is(a, button, summary, fieldset):visible")
    assert len(seen) == places.count(), "and everything can be reached"
    assert seen == sorted(seen), "the order of the keyboard is that of the eye"


class TestEqualChoice:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1280, 320])
    def test_yes_and_no_weigh_the_same(
        self, browser: Browser, site: RunningDemo, newcomer: StorageState, width: int, scheme: str
    ) -> None:
        opener = Opener(browser, site.base, {"newcomer": newcomer})
        page = opener("newcomer", "/toestemmingen/bespaartips/", width=width, scheme=scheme)

        questions = page.locator("fieldset").all()
        assert questions
        assert page.locator("input[type=radio]:checked").count() == 0
        for question in questions:
            yes, no = question.locator(".option").all()
            assert size(yes) == pytest.approx(size(no), abs=1)
            assert yes.evaluate(LOOK) == no.evaluate(LOOK)
            yes.click()
            chosen_yes = yes.evaluate(LOOK)
            no.click()
            assert no.evaluate(LOOK) == chosen_yes
        opener.close()

    @pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
    def test_giving_refusing_and_withdrawing_take_as_many_actions(
        self, browser: Browser, site: RunningDemo, newcomer: StorageState, *, scripts: bool
    ) -> None:
        opener = Opener(browser, site.base, {"newcomer": newcomer})
        page = opener.tab("newcomer", scripts=scripts)

        actions = {answer: self._choose(page, answer) for answer in ("yes", "no")}
        withdrawn = self._choose(page, "no")

        assert actions["yes"] == actions["no"] == withdrawn
        opener.close()

    @staticmethod
    def _choose(page: Page, answer: str) -> int:
        """Answer every question of a purpose; return how many actions it took from the list of choices."""
        page.goto("/toestemmingen/")
        page.locator("a[href='/toestemmingen/droogteadvies/']").click()
        page.wait_for_url("**/droogteadvies/**")  # `all` waits for nothing
        actions = 1
        for option in page.locator(f"input[type=radio][value={answer}]").all():
            option.check()
            actions += 1
        page.get_by_role("button", name="Keuze opslaan").click()
        page.wait_for_url("**/bevestiging/**#inhoud")
        assert page.locator("h1").inner_text() == "Uw keuze is opgeslagen"
        return actions + 1


def size(part: Locator) -> tuple[float, float]:
    box = part.bounding_box()
    assert box is not None
    return box["width"], box["height"]


def test_a_forgotten_answer_leads_to_its_question(
    browser: Browser, site: RunningDemo, newcomer: StorageState
) -> None:
    opener = Opener(browser, site.base, {"newcomer": newcomer})
    page = opener("newcomer", "/toestemmingen/loden-leidingen/", width=390, scripts=False)
    fieldsets = page.locator("fieldset")
    fieldsets.last.locator("input[value=no]").check()

    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.get_by_role("button", name="Keuze opslaan").click()

    assert answered.value.status == 422
    assert page.title().startswith("Fout:")
    assert page.locator("[role=alert]").bounding_box()["y"] < page.locator("h1").bounding_box()["y"]  # type: ignore[index]
    assert page.evaluate("document.activeElement.id") == "fouten", "without a script"
    assert fieldsets.last.locator("input[value=no]").is_checked()
    page.locator("#fouten a").first.click()
    assert page.evaluate("document.activeElement.type") == "radio"
    assert bottom_of(page.locator(".site-header")) <= top_of(fieldsets.first.locator("legend"))

    page.keyboard.press("Space")
    page.get_by_role("button", name="Keuze opslaan").click()
    page.wait_for_url("**/bevestiging/**#inhoud")
    assert page.evaluate("document.activeElement.id") == "inhoud"
    assert page.locator("main").evaluate(FRAME) == ["none", "none"]
    assert page.evaluate("scrollY") == 0
    opener.close()


def test_a_forgotten_answer_is_accessible(
    browser: Browser, site: RunningDemo, newcomer: StorageState
) -> None:
    opener = Opener(browser, site.base, {"newcomer": newcomer})
    page = opener("newcomer", "/toestemmingen/lekwaarschuwing/")

    page.get_by_role("button", name="Keuze opslaan").click()

    page.locator("#fouten").wait_for()
    assert_axe_finds_nothing(page)
    opener.close()


def top_of(part: Locator) -> float:
    return float(part.evaluate("part => part.getBoundingClientRect().top"))


def bottom_of(part: Locator) -> float:
    return float(part.evaluate("part => part.getBoundingClientRect().bottom"))


def test_a_mistake_while_logging_in_gets_the_focus(open_page: Opener) -> None:
    page = open_page("nobody", "/inloggen/", scripts=False)

    page.get_by_role("button", name="Verder").click()

    page.locator("#fouten").wait_for()
    assert page.evaluate("document.activeElement.id") == "fouten"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_field_with_a_mistake_is_seen_at_its_edge(open_page: Opener, scheme: str) -> None:
    page = open_page("nobody", "/inloggen/", scheme=scheme)
    before = page.locator("#id_email").evaluate(EDGE)[0]

    page.get_by_role("button", name="Verder").click()
    page.locator("#fouten").wait_for()

    edge, ground = page.locator("#id_email").evaluate(EDGE)
    assert edge != before
    assert contrast(edge, ground) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors as WCAG 2 counts it; they are written as "rgb(1, 2, 3)"."""
    dark, light = sorted(luminance(color) for color in (one, other))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_log_is_filtered_without_scripts(open_page: Opener) -> None:
    page = open_page("officer", "/kantoor/logboek/", scripts=False)

    page.get_by_label("Antwoord").select_option("refused")
    page.get_by_role("button", name="Zoeken").click()

    assert "antwoord=refused" in page.url
    assert page.locator("tbody tr").count() > 0


def test_a_filter_with_a_mistake_keeps_its_fields_in_line(open_page: Opener) -> None:
    page = open_page("officer", "/kantoor/logboek/?van=x#regels", scripts=False)

    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    first, second = page.locator("#van"), page.locator("#tot")
    assert top_of(first) == top_of(second)
    assert bottom_of(first) <= top_of(page.locator("#van-error"))


def test_the_language_can_be_changed_and_changed_back(open_page: Opener) -> None:
    page = open_page("customer", "/wie-keek/", scripts=False)

    page.locator(".site-tools").get_by_role("button", name="English").click()
    assert page.locator("h1").inner_text() == "Who looked?"
    assert page.locator("html").get_attribute("lang") == "en"

    page.locator(".site-tools").get_by_role("button", name="Nederlands").click()
    assert page.locator("h1").inner_text() == "Wie keek er?"


def test_a_page_weighs_little(open_page: Opener) -> None:
    page = open_page.tab("customer")
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))

    page.goto("/mijn-gegevens/", wait_until="networkidle")

    assert sum(sizes) < 150_000, "bytes before compression"
