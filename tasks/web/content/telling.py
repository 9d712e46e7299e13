"""Recognises text that states a fact that visitors ask for: a price, an address, a telephone number, hours."""

import re

FACT = re.compile(
    r"[$€£¥₹]\s?\d|\d\s?(?:€|£|zł|kč|kr\b|eur\b|euros?\b|usd\b|chf\b|dollars?\b|pounds?\b)|\b(?:chf|eur|usd|rs\.?|fr\.)\s?\d"
    r"|[\w.+-]+@[\w-]+\.\w{2,}|\+\d[\d ()./-]{7,}\d|\b0\d{2,4}[ /.-]?\d{3,}[\d -]*"
    r"|\b\d{1,2}(?:[:.]\d\d)?\s?(?:am|pm|uhr|h)?\s?(?:[-–—]|to|bis|à|until)\s?\d{1,2}(?:[:.]\d\d|\s?(?:am|pm|uhr|h)\b)",
    re.IGNORECASE,
)
