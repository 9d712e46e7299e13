// Overlays that are not content: consent banners and chat widgets.

const CONSENT_NAMES = new RegExp(
  "consent|gdpr|dsgvo|rgpd|ccpa|onetrust|ot-sdk|cookiebot|cybot|cookieyes|cky-|usercentrics|uc-banner|didomi|klaro|" +
    "osano|iubenda|trustarc|truste|termly|quantcast|qc-cmp|sp_message|cmpbox|borlabs|complianz|cmplz|moove_gdpr|" +
    "cookie[-_ ]?(law|banner|bar|notice|popup|modal|dialog|message|overlay|info|box|hint|layer|wall|warning|alert)",
  "i",
);
const CHAT_NAMES = new RegExp(
  "intercom|drift-(widget|frame)|crisp-client|tawk|zopim|zendesk|zEWidget|launcher|livechat|live-chat|chat-?widget|" +
    "chatbot|chat-?bubble|tidio|olark|userlike|gorgias|freshchat|fc_frame|hubspot-messages|helpscout|beacon-container|" +
    "messenger-frame|smartsupp|jivo|chatwoot|botpress|landbot",
  "i",
);
const CONSENT_WORDS = /cookie|consent|gdpr|dsgvo|rgpd|einwilligung|datenschutz/i;
const MAX_OVERLAY_TEXT = 4000;
const MAX_CANDIDATES = 600;

const nameOf = (element) =>
  `${element.getAttribute("id") || ""} ${element.getAttribute("class") || ""} ${element.localName}`.slice(0, 300);

// Elements near the body: overlays are placed there, so that nothing covers them.
const nearBody = () => {
  const found = [];
  let level = document.body ? [document.body] : [];
  for (let depth = 0; depth < 3 && found.length < MAX_CANDIDATES; depth++) {
    level = level.flatMap((element) => Array.from(element.children)).slice(0, MAX_CANDIDATES);
    found.push(...level);
  }
  return found;
};

const textOf = (element) =>
  [element, ...(element.shadowRoot ? [element.shadowRoot] : []), ...shadowRoots(element)]
    .map((root) => root.textContent)
    .join(" ");

const isOverlay = (element) => {
  if (/^(main|article|nav|script|style|link|template|noscript)$/.test(element.localName)) return false;
  if (element.querySelector("main, article, h1")) return false;
  const name = nameOf(element);
  if (CONSENT_NAMES.test(name)) return textOf(element).length < MAX_OVERLAY_TEXT || element.shadowRoot !== null;
  const position = getComputedStyle(element).position;
  const floats = position === "fixed" || (position === "sticky" && element.localName !== "header");
  if (element.localName === "header" || element.querySelector("nav")) return false;
  if (CHAT_NAMES.test(name) && (floats || element.shadowRoot || element.querySelector("iframe"))) return true;
  if (!floats && element.getAttribute("role") !== "dialog") return false;
  const text = textOf(element).slice(0, MAX_OVERLAY_TEXT + 1);
  return text.length <= MAX_OVERLAY_TEXT && CONSENT_WORDS.test(text) && textOf(element).trim() !== "";
};

// Marks overlays hidden, which excludes them from the content.
const hideOverlays = () => {
  const overlays = new Set();
  for (const element of nearBody())
    if (isOverlay(element)) {
      element.setAttribute("hidden", "");
      overlays.add(element);
    }
  return overlays;
};
