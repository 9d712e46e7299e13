"""Theme: load the home page once; derive the widget's looks from what the browser saw of it."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.brand.probe import PROBE
from tasks.brand.theme import derive_theme
from tasks.core.models import Found, Frozen, Target, Theme
from tasks.retries import RETRY_FACTOR_S, may_help
from tasks.web.links import links_of
from tasks.web.reader import Web


class Home(Frozen):
    """The start page: where it really is, what is on it and how it looks."""

    found: Found
    url: str
    """After redirects: this is the site."""
    theme: Theme
    """Neutral (`confidence` 0) if the page gives nothing."""


async def load_home(url: str, web: Web) -> Home:
    """The start page, requested once: theme, links and content come from the same load.

    Raises:
        PageError: it cannot be read.
    """
    target = Target(url=url, depth=0)
    rendered = await web.load_home(target, PROBE)
    page = rendered.page
    links = links_of(page)
    theme = derive_theme(rendered.probe, page.final_url)
    return Home(found=Found(target=target, page=page, links=links), url=page.final_url, theme=theme)


@task(
    name="theme",
    task_run_name="theme {url}",
    tags=["theme"],
    retries=2,
    retry_delay_seconds=exponential_backoff(RETRY_FACTOR_S),
    retry_condition_fn=may_help,
    cache_policy=NO_CACHE,
)
async def theme(url: str, web: Web) -> Home:
    """`load_home` as a Prefect task."""
    return await load_home(url, web)
