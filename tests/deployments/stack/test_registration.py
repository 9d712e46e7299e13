"""Registration at a Prefect server that has been registered before."""

from deployments.stack.registration import register_limits
from tests.conftest import MakeSettings
from tests.product import Product


async def test_a_limit_that_an_operator_has_changed_stays(product: Product, settings: MakeSettings) -> None:
    """Unless its setting is given; others keep theirs."""
    async with product.prefect() as client:

        async def limit_of(name: str) -> int:
            return (await client.read_global_concurrency_limit_by_name(name)).limit

        before = {name: await limit_of(name) for name in ("scrape", "store")}
        try:
            await client.upsert_global_concurrency_limit_by_name("scrape", 7)
            await register_limits(client, settings())
            assert await limit_of("scrape") == 7
            await register_limits(client, settings(store_workers=2))
            assert (await limit_of("scrape"), await limit_of("store")) == (7, 2)
            await register_limits(client, settings(scrape_workers=9))
            assert await limit_of("scrape") == 9
        finally:
            for name, limit in before.items():
                await client.upsert_global_concurrency_limit_by_name(name, limit)
