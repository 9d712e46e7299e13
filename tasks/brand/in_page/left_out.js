// Elements to leave out: consent banners, third-party widgets, floating buttons, status messages.
const CONSENT = new RegExp(
  "consent|gdpr|dsgvo|rgpd|ccpa|onetrust|cookiebot|cookieyes|usercentrics|didomi|klaro|osano|iubenda|" +
    "trustarc|termly|cookie[-_ ]?(law|banner|bar|notice|popup|modal|dialog|message|policy|overlay|info|" +
    "box|hint|layer|accept|settings|wall|warning|alert)",
  "i",
);
const THIRD_PARTY = new RegExp(
  "intercom|drift-|crisp-|hubspot-messages|tawk|zendesk|zopim|freshchat|fc_frame|olark|livechat|tidio|userlike|" +
    "chatwoot|trustpilot|grecaptcha|webflow-badge|framer-badge|elfsight|addtoany|sharethis|disqus|taboola|outbrain",
  "i",
);
const STATUS =
  /(^|[^a-z])(badges?|alerts?|toasts?|snackbar|admonition|notification|status)([^a-z]|$)|(Badge|Alert|Toast|Snackbar)([^a-z]|$)/;
// Words of banners and of their buttons, in the web's most frequent languages.
const TRACKING = /cookie|consent|gdpr|dsgvo|rgpd|einwilligung|クッキー|쿠키|куки|çerez|隐私|隱私/i;
const ANSWER = new RegExp(
  "^(i )?(accept|agree|allow|ok(ay)?$|got it|understand|reject|decline|deny|refuse|necessary|manage|customi[sz]e|" +
    "preferences|akzeptier|zustimm|alle |ablehn|nur |verstanden|einverstanden|tout |accept|j.accepte|refuser|continuer|" +
    "acept|permitir|rechaz|de acuerdo|accett|rifiut|aceit|concord|rejeit|akkoord|accepte|weiger|zgadzam|akcept|odrzu|" +
    "godk|tillad|hyv|souhlas|přij|elfogad|принять|соглас|kabul|同意|許可|拒否|すべて|接受|동의)",
  "i",
);
const ACTION = 'a[href], button, input[type="submit"], input[type="button"], [role="button"]';
const label = (element) => text(element.localName === "input" ? element.value : element.textContent, 40);
const consentRoots = new Set();
// From a consent button, find the largest box around it that is still about tracking only.
const markConsent = (button) => {
  if (!ANSWER.test(label(button))) return;
  let found = null;
  for (let box = parent(button), level = 0; box && box !== body && level < 8; box = parent(box), level += 1) {
    if (holds(box, "main, h1, nav, header, footer, article") || box.textContent.length > 2500) break;
    if (TRACKING.test(box.textContent)) found = box;
  }
  if (found) consentRoots.add(found);
};
all(ACTION, 800).forEach((button) => attempt(() => markConsent(button), null));

// On a widget vendor's own site its widgets are part of the site.
const ownHost = THIRD_PARTY.test(location.hostname);
const verdicts = new Map();
const verdict = (name) => {
  let known = verdicts.get(name);
  if (!known) {
    known = {
      consent: CONSENT.test(name),
      cookie: /cookie/i.test(name),
      status: STATUS.test(name),
      foreign: !ownHost && THIRD_PARTY.test(name),
    };
    verdicts.set(name, known);
  }
  return known;
};
const isConsent = (element, style, role, named) => {
  if (consentRoots.has(element)) return true;
  const position = style.position;
  const layer = position === "fixed" || position === "sticky" || role.includes("dialog");
  if (!layer && !named.consent) return false;
  if (!layer) return !holds(element, "main, h1, nav");
  if (holds(element, "main")) return false;
  if (named.consent) return true;
  if (element.localName === "header" || holds(element, "nav")) return false;
  if (named.cookie || verdict(attribute(element, "aria-label").slice(0, 100)).cookie) return true;
  const words = said(element);
  return words.length < 4000 && TRACKING.test(words) && within(element).querySelector("button, a, input") !== null;
};
// Chat launchers, "made with" badges, back-to-top buttons: small, and stuck to the bottom of the window.
const isFloating = (element, style, rect) =>
  style.position === "fixed" &&
  rect.width < 0.4 * WIDTH &&
  rect.bottom > 0.7 * SCREEN &&
  rect.height < 0.85 * SCREEN &&
  !holds(element, "main, h1, nav");
const isStatus = (element, role, named) =>
  (named.status || role === "alert" || role === "status") && !holds(element, "main, h1, nav");
const isLeftOut = (element, style, rect, role, named) =>
  isConsent(element, style, role, named) ||
  isStatus(element, role, named) ||
  (named.foreign && !holds(element, "main, h1, nav")) ||
  isFloating(element, style, rect);
