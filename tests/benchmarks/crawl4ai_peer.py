"""Crawl4AI on the same pages, for comparison: a script without imports from this project, run by a Python that has it.

Reads `{"urls": […], "at_once": n, "cdp_url": …}` from standard input, writes `{"pages", "seconds", "cpu_s"}`.
With `cdp_url` that browser is used, else its HTTP mode.
"""

import asyncio
import json
import sys
import time
from typing import Any


def crawler_for(order: dict[str, Any]) -> Any:
    """Return a crawler in one of its two modes."""
    from crawl4ai import AsyncWebCrawler, BrowserConfig, HTTPCrawlerConfig
    from crawl4ai.async_crawler_strategy import AsyncHTTPCrawlerStrategy

    if order["cdp_url"]:
        return AsyncWebCrawler(config=BrowserConfig(cdp_url=order["cdp_url"], headless=True, verbose=False))
    strategy = AsyncHTTPCrawlerStrategy(HTTPCrawlerConfig(), max_connections=order["at_once"])
    return AsyncWebCrawler(crawler_strategy=strategy)


async def crawl(order: dict[str, Any]) -> dict[str, float]:
    """Fetch all pages as Markdown; return their number and the time taken."""
    from crawl4ai import CacheMode, CrawlerRunConfig, SemaphoreDispatcher

    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, verbose=False, stream=False)
    dispatcher = SemaphoreDispatcher(semaphore_count=order["at_once"])
    async with crawler_for(order) as crawler:
        began, computed = time.perf_counter(), time.process_time()
        results = await crawler.arun_many(order["urls"], config=config, dispatcher=dispatcher)
        pages = sum(bool(result.success and result.markdown.raw_markdown.strip()) for result in results)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - computed
    return {"pages": pages, "seconds": seconds, "cpu_s": cpu_s}


if __name__ == "__main__":
    answer = asyncio.run(crawl(json.load(sys.stdin)))
    print(json.dumps(answer), file=sys.__stdout__)
