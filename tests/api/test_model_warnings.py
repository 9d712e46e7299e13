"""A chat model that fails: visitors get quotes, and the operator is told."""

from pydantic import SecretStr

from tasks.core.database import Pool
from tests.api.chatting import MANY, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site
from tests.sites.openai_chat import NextChat
from tests.sites.openai_server import serve_openai


async def test_a_model_that_does_not_exist_is_told_while_answers_go_on(pool: Pool, settings: MakeSettings) -> None:
    """`/readyz` stays 200 and warns with the remedy; the metrics count the failures."""
    site = await build_site(pool, SHOP)
    async with serve_openai(key="sk-secret") as server:
        made = settings(openai_api_key=SecretStr("sk-secret"), openai_base_url=server.base_url, chat_rate=MANY)
        async with serving(pool, made, site) as chat:
            assert (await chat.http.get("/readyz")).json()["warnings"] == []
            server.chat.then(NextChat.unknown_model)
            answer = await chat.ask("What does shipping to Norway cost?")
            assert "€14" in answer.text
            ready = await chat.http.get("/readyz")
            (warning,) = ready.json()["warnings"]
            assert (ready.status_code, ready.json()["status"]) == (200, "ready")
            assert "WIDGET_BUILDER_CHAT_MODEL" in warning
            assert "sk-secret" not in ready.text
            counted = (await chat.http.get("/metrics")).text
            assert 'widget_builder_model_up{model="gpt-6-luna",role="chat"} 0.0' in counted
            assert 'requests_total{model="gpt-6-luna",outcome="missing",role="chat"} 1.0' in counted
            await chat.ask("What does shipping to Norway cost?")
            assert (await chat.http.get("/readyz")).json()["warnings"] == []
