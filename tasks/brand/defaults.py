"""Default colours of browsers, frameworks and generators: on a page they are evidence of the tool, not of the brand."""

from typing import Final


def _colours(text: str) -> frozenset[str]:
    return frozenset(f"#{digits}" for digits in text.split())


UA_BLUES: Final = _colours("0000ee 0000ff 551a8b 9e9eff d0adf0")
"""Browsers' colours of unstyled links, in light and dark schemes, unvisited and visited."""

UA_BUTTONS: Final = _colours("efefef f0f0f0 6b6b6b")
"""Browsers' fills of unstyled buttons, in light and dark schemes."""

BOOTSTRAP: Final = _colours(
    # 5, 4 and 3: primary, its hover, success, info, warning, danger.
    "0d6efd 0b5ed7 0a58ca 6610f2 198754 0dcaf0 ffc107 dc3545 "
    "007bff 0069d9 0056b3 28a745 17a2b8 138496 "
    "337ab7 286090 23527c 428bca 5cb85c 5bc0de f0ad4e d9534f"
)

WORDPRESS: Final = _colours(
    # The admin pages, the block editor's palette, and the themes that come with every installation.
    "0073aa 2271b1 135e96 007cba 006ba1 005177 3858e9 2145e6 "
    "0693e3 8ed1fc 00d084 7bdcb5 abb8c3 fcb900 ff6900 cf2e2e f78da7 9b51e0 32373c 1a4548 cd2653 "
)

FAVICON_GENERATORS: Final = _colours(
    # realfavicongenerator.net: tiles and mask; Vue and Workbox: manifest.
    "5bbad5 da532c 2d89ef 2b5797 ffc40d 00aba9 ee1111 b91d47 1d1d1d 603cba 9f00a7 7e3878 00a300 1e7145 99b433 "
    "e3a21a eff4ff 4dba87 317efb"
)

TAILWIND: Final = _colours(
    # Steps 300 to 800 of each hue, version 3, then 4.
    "fca5a5 f87171 ef4444 dc2626 b91c1c 991b1b "
    "fdba74 fb923c f97316 ea580c c2410c 9a3412 "
    "fcd34d fbbf24 f59e0b d97706 b45309 92400e "
    "fde047 facc15 eab308 ca8a04 a16207 854d0e "
    "bef264 a3e635 84cc16 65a30d 4d7c0f 3f6212 "
    "86efac 4ade80 22c55e 16a34a 15803d 166534 "
    "6ee7b7 34d399 10b981 059669 047857 065f46 "
    "5eead4 2dd4bf 14b8a6 0d9488 0f766e 115e59 "
    "67e8f9 22d3ee 06b6d4 0891b2 0e7490 155e75 "
    "7dd3fc 38bdf8 0ea5e9 0284c7 0369a1 075985 "
    "93c5fd 60a5fa 3b82f6 2563eb 1d4ed8 1e40af "
    "a5b4fc 818cf8 6366f1 4f46e5 4338ca 3730a3 "
    "c4b5fd a78bfa 8b5cf6 7c3aed 6d28d9 5b21b6 "
    "d8b4fe c084fc a855f7 9333ea 7e22ce 6b21a8 "
    "f0abfc e879f9 d946ef c026d3 a21caf 86198f "
    "f9a8d4 f472b6 ec4899 db2777 be185d 9d174d "
    "fda4af fb7185 f43f5e e11d48 be123c 9f1239 "
    "ffa2a2 ff6467 fb2c36 e7000b c10007 9f0712 "
    "ffb86a ff8904 ff6900 f54900 ca3500 9f2d00 "
    "ffd230 ffb900 fe9a00 e17100 bb4d00 973c00 "
    "ffdf20 fdc700 f0b100 d08700 a65f00 894b00 "
    "bbf451 9ae600 7ccf00 5ea500 497d00 3c6300 "
    "7bf1a8 05df72 00c950 00a63e 008236 016630 "
    "5ee9b5 00d492 00bc7d 009966 007a55 006045 "
    "46ecd5 00d5be 00bba7 009689 00786f 005f5a "
    "53eafd 00d3f2 00b8db 0092b8 007595 005f78 "
    "74d4ff 00bcff 00a6f4 0084d1 0069a8 00598a "
    "8ec5ff 51a2ff 2b7fff 155dfc 1447e6 193cb8 "
    "a3b3ff 7c86ff 615fff 4f39f6 432dd7 372aac "
    "c4b4ff a684ff 8e51ff 7f22fe 7008e7 5d0ec0 "
    "dab2ff c27aff ad46ff 9810fa 8200db 6e11b0 "
    "f4a8ff ed6aff e12afb c800de a800b7 8a0194 "
    "fda5d5 fb64b6 f6339a e60076 c6005c a3004c "
    "ffa1ad ff637e ff2056 ec003f c70036 a50036 "
)

FRAMEWORKS: Final = BOOTSTRAP | WORDPRESS
ALL_DEFAULTS: Final = UA_BLUES | FRAMEWORKS | FAVICON_GENERATORS | TAILWIND
