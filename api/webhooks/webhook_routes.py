"""The owner's webhooks: list, add, change, delete; their last deliveries, and those given up, to be made again."""

import secrets
from typing import Annotated

from can_ada import parse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import AppState, app_state
from api.chat.lead_routes import check_email
from api.http.authorization import OwnerRoute
from api.http.bodies import read_object, validate_body
from api.http.guards import identify_client
from api.http.queries import path_id, query_choice, query_integer, widget_id_of
from api.webhooks.mailer import SCHEME, Mailer
from tasks.core.egress_policy import egress_policy
from tasks.core.errors import AddressBlocked, InvalidRequest
from tasks.core.roles import Role
from tasks.records.owner_tokens import hash_token, new_token
from tasks.records.webhook_outbox import list_deliveries, replay
from tasks.records.webhooks import (
    WebhookDraft,
    WebhookEvent,
    add_webhook,
    confirm_webhook,
    delete_webhook,
    list_webhooks,
    read_webhook,
    replace_webhook,
)

ALL = "/api/widgets/{widget_id}/webhooks"
ONE = ALL + "/{webhook_id}"
STATUSES = ("waiting", "delivered", "dead")
DEFAULT_LISTED = 25
MAX_LISTED = 200
_PORTS = {"http:": 80, "https:": 443}
_NO_STORE = {"Cache-Control": "no-store"}


def _receiver(text: str) -> str:
    if text.lower().startswith(SCHEME):
        return SCHEME + check_email(text[len(SCHEME) :])
    try:
        url = parse(text)
        is_web = url.protocol in _PORTS and bool(url.hostname) and not url.has_credentials()
    except ValueError:
        is_web = False
    if not is_web or "#" in text:
        raise ValueError("must be an http or https URL without a login or a fragment, or mailto: and an e-mail address")
    return str(url.href)


class WebhookBody(BaseModel):
    """A webhook as its owner sends it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    url: Annotated[str, Field(max_length=2_000), AfterValidator(_receiver)]
    events: tuple[WebhookEvent, ...] = Field(min_length=1, max_length=len(WebhookEvent))
    paused: bool = False


class ConfirmationBody(BaseModel):
    """The code of an e-mail that confirms its address."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    code: str = Field(min_length=1, max_length=100)


async def show_webhooks(request: Request) -> Response:
    """GET …/webhooks: the widget's webhooks, with the number of deliveries that wait or were given up."""
    widget_id = widget_id_of(request)
    listed = await list_webhooks(app_state(request).pool, widget_id)
    return JSONResponse({"webhooks": [each.model_dump(mode="json") for each in listed]}, headers=_NO_STORE)


async def create_webhook(request: Request) -> Response:
    """POST …/webhooks: a new webhook; `secret`, with which its deliveries are signed, is shown this once."""
    widget_id, state = widget_id_of(request), app_state(request)
    draft = await _draft(state, validate_body(WebhookBody, await read_object(request)))
    secret = new_token()
    code = await _send_code(request, draft.url) if draft.url.startswith(SCHEME) else None
    webhook_id = await add_webhook(state.pool, widget_id, draft, secret, code and hash_token(code))
    made = await read_webhook(state.pool, widget_id, webhook_id)
    return JSONResponse(made.model_dump(mode="json") | {"secret": secret}, status_code=201, headers=_NO_STORE)


async def change_webhook(request: Request) -> Response:
    """PATCH …/webhooks/{webhook_id}: another address, other events, or `paused`; the secret stays."""
    widget_id, state = widget_id_of(request), app_state(request)
    webhook_id = path_id(request, "webhook_id", "webhook")
    stored = await read_webhook(state.pool, widget_id, webhook_id)
    former = stored.model_dump(include=set(WebhookBody.model_fields))
    draft = await _draft(state, validate_body(WebhookBody, former | await read_object(request)))
    if draft.url != stored.url and SCHEME in (draft.url[: len(SCHEME)], stored.url[: len(SCHEME)]):
        message = "`url`: an e-mail address cannot be changed, because it has to be confirmed. Add another webhook."
        raise InvalidRequest("url_invalid", message, field="url")
    await replace_webhook(state.pool, widget_id, webhook_id, draft)
    changed = await read_webhook(state.pool, widget_id, webhook_id)
    return JSONResponse(changed.model_dump(mode="json"), headers=_NO_STORE)


async def confirm_receiver(request: Request) -> Response:
    """POST …/webhooks/{webhook_id}/confirm: the `code` that was sent to an e-mail address, whose deliveries begin."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    webhook = await read_webhook(pool, widget_id, path_id(request, "webhook_id", "webhook"))
    sent = validate_body(ConfirmationBody, await read_object(request))
    if not await confirm_webhook(pool, widget_id, webhook.id, hash_token(sent.code)):
        message = "`code` is not the one in the e-mail. Copy all of it, or delete the webhook and add it again."
        raise InvalidRequest("code_invalid", message, field="code")
    return JSONResponse({"id": str(webhook.id), "confirmed": True}, headers=_NO_STORE)


async def _send_code(request: Request, url: str) -> str:
    """Send a code to an e-mail address, which shows that its holder agrees; return the code.

    Raises:
        InvalidRequest: there is no mail server, or the message was refused (422).
        TryLater: the client has had too many sent.
    """
    state = app_state(request)
    if (mailer := Mailer.of(state.settings)) is None:
        message = "`url`: this service sends no e-mail. Its administrator can set WIDGET_BUILDER_SMTP_URL."
        raise InvalidRequest("url_invalid", message, field="url")
    await state.budgets.count_confirmation(await identify_client(request))
    code = secrets.token_urlsafe(9)
    outcome = await mailer.send_code(url.removeprefix(SCHEME), code)
    if outcome.error is not None:
        message = f"`url`: the e-mail with the code was not sent: {outcome.error}. Check the address, and try again."
        raise InvalidRequest("url_invalid", message, field="url")
    return code


async def remove_webhook(request: Request) -> Response:
    """DELETE …/webhooks/{webhook_id}: with its deliveries."""
    widget_id = widget_id_of(request)
    await delete_webhook(app_state(request).pool, widget_id, path_id(request, "webhook_id", "webhook"))
    return Response(status_code=204)


async def show_deliveries(request: Request) -> Response:
    """GET …/deliveries: the latest ones with body, attempts and cause; `status=dead`: those that were given up."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    webhook = await read_webhook(pool, widget_id, path_id(request, "webhook_id", "webhook"))
    limit = query_integer(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED)
    listed = await list_deliveries(pool, webhook.id, query_choice(request, "status", STATUSES), limit)
    return JSONResponse({"deliveries": [each.model_dump(mode="json") for each in listed]}, headers=_NO_STORE)


async def replay_delivery(request: Request) -> Response:
    """POST …/deliveries/{delivery_id}/replay: make a delivery again, with the same id."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    webhook = await read_webhook(pool, widget_id, path_id(request, "webhook_id", "webhook"))
    delivery_id = path_id(request, "delivery_id", "delivery")
    await replay(pool, webhook.id, delivery_id)
    return JSONResponse({"id": str(delivery_id), "status": "waiting"}, status_code=202)


async def _draft(state: AppState, sent: WebhookBody) -> WebhookDraft:
    """Return the webhook to store; its address may change later, and is therefore checked at each attempt as well."""
    if sent.url.startswith(SCHEME):
        return WebhookDraft(**sent.model_dump())
    url = parse(sent.url)
    try:
        await egress_policy(state.settings).resolve(
            url.hostname.strip("[]"), int(url.port) if url.port else _PORTS[url.protocol]
        )
    except AddressBlocked as error:
        message = "`url`: the address cannot be reached from here: it is unknown or not public. Check the host's name."
        raise InvalidRequest("url_invalid", message, field="url") from error
    return WebhookDraft(**sent.model_dump())


routes = [
    OwnerRoute(ALL, show_webhooks, Role.viewer, ["GET"]),
    OwnerRoute(ALL, create_webhook, Role.editor, ["POST"]),
    OwnerRoute(ONE, change_webhook, Role.editor, ["PATCH"]),
    OwnerRoute(ONE, remove_webhook, Role.editor, ["DELETE"]),
    OwnerRoute(ONE + "/confirm", confirm_receiver, Role.editor, ["POST"]),
    OwnerRoute(ONE + "/deliveries", show_deliveries, Role.viewer, ["GET"]),
    OwnerRoute(ONE + "/deliveries/{delivery_id}/replay", replay_delivery, Role.editor, ["POST"]),
]
