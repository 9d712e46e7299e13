"""Revisits: a page that the site says is unchanged is not sent, read, embedded or stored again."""

from hashlib import sha256

from tasks.core.errors import HttpStatus
from tasks.core.models import ChunkedPage, FetchedPage, FetchMethod, Target
from tasks.records.prior_pages import PriorPages
from tasks.web.reader import Web

NOT_FOUND = 404
KEPT = "HTTP 404: kept until the next crawl"
"""Reason of a page that is kept once: a site that is being rebuilt answers so for a while."""
_DIGEST_LENGTH = 24


async def fetch_or_reuse(target: Target, web: Web, prior: PriorPages) -> FetchedPage | ChunkedPage:
    """Return the page as fetched, or the stored one if it is the same.

    A page that is not found (404) is reused in one build; one that is gone for good (410) is not.

    Raises:
        PageError: the fetch failed, or the page is skipped.
    """
    known = await prior.find(target)
    if known is None:
        return _with_digest(await web.fetch(target))
    if known.is_listed_unchanged(prior.modified.get(target.url, "")):
        return known.as_unchanged(target)
    try:
        page = await web.fetch_if_changed(target, known.metadata) if known.can_be_asked_for else await web.fetch(target)
    except HttpStatus as error:
        if error.status == NOT_FOUND and known.kept_for is None and prior.keep_missing:
            return known.as_unchanged(target, kept_for=KEPT)
        raise
    if page is None:
        return known.as_unchanged(target)
    page = _with_digest(page)
    digest = page.metadata.get("digest")
    is_same = digest is not None and digest == known.metadata.get("digest") and page.final_url == known.url
    return known.as_unchanged(target) if is_same else page


def _with_digest(page: FetchedPage) -> FetchedPage:
    """Return the page with a digest of its document in the metadata; what scripts made is not comparable."""
    if page.method is not FetchMethod.http:
        return page
    digest = sha256(page.pdf or page.html.encode("utf-8", "replace")).hexdigest()[:_DIGEST_LENGTH]
    return page.model_copy(update={"metadata": {**page.metadata, "digest": digest}})
