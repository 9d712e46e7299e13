"""Owners see what is known of their site, correct it and hide it."""

from typing import Any

from tests.product import Event, Product


async def test_an_owner_lists_and_corrects_facts(product: Product, built: list[Event]) -> None:
    """Each fact once, with its pages; a correction is listed, and null takes it back."""
    data = built[0]["data"]
    path, headers = f"/api/widgets/{data['widget_id']}/facts", {"Authorization": f"Bearer {data['owner_token']}"}
    facts = (await product.http.get(path, headers=headers)).json()["facts"]
    keys = [(fact["kind"], fact["normal"] or fact["value"].lower()) for fact in facts]
    assert len(keys) == len(set(keys))
    emails: list[dict[str, Any]] = [fact for fact in facts if fact["kind"] == "email"]
    assert emails
    assert all(fact["pages"] for fact in facts)

    one = f"{path}/{emails[0]['id']}"
    changed = (await product.http.patch(one, headers=headers, json={"value": "new@fernwater.example"})).json()
    assert (changed["value"], changed["found"], changed["edited"]) == (
        "new@fernwater.example",
        emails[0]["value"],
        True,
    )
    hidden = (await product.http.patch(one, headers=headers, json={"hidden": True})).json()
    assert (hidden["hidden"], hidden["value"]) == (True, "new@fernwater.example")
    back = (await product.http.patch(one, headers=headers, json={"value": None, "hidden": False})).json()
    assert back == emails[0]


async def test_a_wrong_change_is_refused(product: Product, built: list[Event]) -> None:
    """An empty value, an unknown field, an unknown fact."""
    data = built[0]["data"]
    path, headers = f"/api/widgets/{data['widget_id']}/facts", {"Authorization": f"Bearer {data['owner_token']}"}
    fact = (await product.http.get(path, headers=headers)).json()["facts"][0]
    for sent in ({"value": " "}, {"kind": "phone"}):
        assert (await product.http.patch(f"{path}/{fact['id']}", headers=headers, json=sent)).status_code == 422
    unknown = await product.http.patch(f"{path}/{data['widget_id']}", headers=headers, json={"hidden": True})
    assert unknown.status_code == 404
