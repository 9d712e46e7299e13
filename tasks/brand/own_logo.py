"""An owner's own logo, drawn by us as the site's is: nothing of the file that was sent reaches a visitor.

Called in a child process, within limits: decoders may crash, or take minutes and gigabytes.
"""

from tasks.brand.drawing import LIMITS
from tasks.brand.logo_tile import draw_tile
from tasks.brand.site_images import MAX_BYTES, MAX_PIXELS, MAX_RATIO, draw_picture
from tasks.core.errors import InvalidRequest

DRAWING = LIMITS
"""Limits of drawing one logo."""
MAX_LOGO_BYTES = MAX_BYTES
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_CODE = "logo_invalid"


def draw_own_logo(data: bytes) -> bytes:
    """Return the logo as the widget shows it, a PNG of 80 pixels' height, from a PNG, JPEG, WebP or SVG file.

    Raises:
        InvalidRequest: it is none of them, or cannot be shown; says what to send instead.
    """
    is_vector = _is_svg(data)
    if not is_vector and not data.startswith(_MAGIC) and not (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        raise InvalidRequest(_CODE, "The file is no PNG, JPEG, WebP or SVG picture. Send the logo as one of these.")
    if is_vector and b"<text" in data:
        raise InvalidRequest(
            _CODE, "The SVG contains text, and is drawn without fonts. Convert its text to paths, or send a PNG."
        )
    if (drawing := draw_picture(data)) is None:
        raise InvalidRequest(_CODE, _why_vector() if is_vector else _why_pixels())
    if min(drawing.width, drawing.height) < 2 or (tile := draw_tile(drawing)) is None:
        raise InvalidRequest(
            _CODE, "The picture would not be seen: it is too small, or of hardly any contrast. Send a clearer one."
        )
    return tile


def _is_svg(data: bytes) -> bool:
    head = data[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith(b"<") and b"<svg" in head


def _why_vector() -> str:
    return (
        "The SVG cannot be drawn: it is damaged, empty, very large, refers to other files, or is more than"
        f" {MAX_RATIO:g} times as high as wide. Send a PNG."
    )


def _why_pixels() -> str:
    most = MAX_PIXELS // 1_000_000
    return f"The picture cannot be drawn: it is damaged, empty, or has more than {most} megapixels. Send a smaller one."
