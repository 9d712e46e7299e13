"""Roles: the rights of a token, from reading to everything."""

from enum import StrEnum


class Role(StrEnum):
    """The rights of a token; each role has those of the roles before it."""

    viewer = "viewer"
    """Reads all of a workspace's widgets."""
    editor = "editor"
    """Changes widgets and own answers, starts builds."""
    owner = "owner"
    """Manages members, claims and deletes."""
    admin = "admin"
    """The administrator of the service: everything, in every workspace."""

    def includes(self, needed: "Role") -> bool:
        """Whether this role has the rights of the needed one."""
        order = list(Role)
        return order.index(self) >= order.index(needed)
