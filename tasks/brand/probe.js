// The looks of the loaded page, as plain JSON. Reads only: the page is not changed.
//
// Work is bounded by counts, never by a clock, so that the same page gives the same answer on a slow machine.
// The page may be hostile (clobbered names, replaced built-ins, absurd values): every part stands alone, and
// what it returns is checked again by `tasks.brand.evidence`.
() => {
  const MAX_ELEMENTS = 3000;
  const MAX_RECORDS = 24;
  const MAX_PAINTED = 96;
  const WIDTH = innerWidth;
  const SCREEN = innerHeight;

  const attempt = (read, otherwise) => {
    try {
      return read();
    } catch {
      return otherwise;
    }
  };
  const text = (value, most = 200) =>
    String(value ?? "").slice(0, most * 4).replace(/\s+/g, " ").trim().slice(0, most);
  // Called on the prototype: <form><input name="getAttribute"> hides the method of its form.
  const attribute = (element, name) => Element.prototype.getAttribute.call(element, name) || "";
  const holds = (element, selector) => Element.prototype.querySelector.call(element, selector) !== null;
  const box = (element) => Element.prototype.getBoundingClientRect.call(element);
  const absolute = (href) => attempt(() => new URL(href, document.baseURI).href.slice(0, 2048), "");
  const all = (selector, most) => Array.from(document.querySelectorAll(selector)).slice(0, most);

  const names = (element) => `${attribute(element, "class")} ${attribute(element, "id")}`.slice(0, 400);
  const words = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/);
  const where = (element) => {
    const id = attribute(element, "id");
    const classes = attribute(element, "class").trim().split(/\s+/).filter(Boolean).slice(0, 2);
    return text([element.localName, id && `#${id}`, ...classes.map((name) => `.${name}`)].join(""), 80);
  };

  // --- colours ---------------------------------------------------------------------------------------------

  const alpha = (colour) => {
    if (colour === "rgba(0, 0, 0, 0)") return 0;
    if (colour.startsWith("rgb(")) return 1;
    const match = /(?:\/|^rgba\([^)]*,)\s*([\d.]+)(%?)\s*\)$/.exec(colour);
    return match ? Number(match[1]) / (match[2] ? 100 : 1) : 1;
  };
  const COLOUR = /(?:rgba?|hsla?|oklch|oklab|lab|lch|color)\([^()]*\)/gi;
  const fill = (style) => (alpha(style.backgroundColor) >= 0.5 ? style.backgroundColor : null);
  const gradient = (style) => {
    const image = style.backgroundImage;
    if (!image.includes("gradient(")) return null;
    return (image.slice(0, 1000).match(COLOUR) || []).find((colour) => alpha(colour) >= 0.5) || null;
  };

  // --- what is left out ------------------------------------------------------------------------------------

  const CONSENT = new RegExp(
    "consent|gdpr|dsgvo|rgpd|ccpa|onetrust|cookiebot|cookieyes|usercentrics|didomi|klaro|osano|iubenda|" +
      "trustarc|termly|cookie[-_ ]?(law|banner|bar|notice|popup|modal|dialog|message|policy|overlay|info|" +
      "box|hint|layer|accept|settings|wall|warning|alert)",
    "i",
  );
  const STATUS =
    /(^|[^a-z])(badges?|alerts?|toasts?|snackbar|admonition|notification|status)([^a-z]|$)|(Badge|Alert|Toast|Snackbar)([^a-z]|$)/;
  const verdicts = new Map();
  const verdict = (name) => {
    let known = verdicts.get(name);
    if (!known) {
      known = { consent: CONSENT.test(name), cookie: /cookie/i.test(name), status: STATUS.test(name) };
      verdicts.set(name, known);
    }
    return known;
  };
  const isConsent = (element, style, role, named) => {
    const position = style.position;
    const layer = position === "fixed" || position === "sticky" || role.includes("dialog");
    if (!layer && !named.consent) return false;
    if (!layer) return !holds(element, "main, h1, nav");
    if (holds(element, "main")) return false;
    if (named.consent || named.cookie || verdict(attribute(element, "aria-label").slice(0, 100)).cookie) return true;
    if (element.localName === "header" || holds(element, "nav")) return false;
    const said = element.textContent;
    return said.length < 4000 && /cookie|consent|gdpr|dsgvo|rgpd/i.test(said) && holds(element, "button, a, input");
  };
  const isStatus = (element, role, named) =>
    (named.status || role === "alert" || role === "status") && !holds(element, "main, h1, nav");

  // --- one walk over the visible elements, in document order -----------------------------------------------

  const SKIPPED = new Set(["script", "style", "noscript", "template", "iframe", "object", "embed", "option", "head"]);
  const PARTS = new Map(
    Object.entries({
      heading: ["h1", "h2", "h3"],
      prose: ["p", "li", "td", "dd", "blockquote"],
      code: ["code", "pre", "kbd", "samp"],
      header: ["header", "nav", "banner"],
      footer: ["footer", "contentinfo"],
      aside: ["aside"],
      control: ["button", "select", "textarea"],
    }).flatMap(([part, tags]) => tags.map((tag) => [tag, part])),
  );
  const visible = [];
  const letters = (element) => {
    let count = 0;
    for (let node = element.firstChild; node; node = node.nextSibling)
      if (node.nodeType === 3) count += node.data.slice(0, 2000).replace(/\s+/g, "").length;
    return count;
  };
  // What an element passes on to those inside it; asking each for its ancestors would cost depth times as much.
  const inside = (element, tag, role, above, colour) => {
    const part = PARTS.get(tag) || PARTS.get(role);
    const link = tag === "a" && element.hasAttribute("href") ? element : null;
    if (!part && !link && !colour) return above;
    const context = { ...above };
    if (part) context[part] = true;
    if (link) context.link = link;
    if (colour) context.backdrop = colour;
    return context;
  };
  // The context of the element's children, or null if the element and all in it are left out.
  const look = (element, above) => {
    const tag = element.localName;
    if (SKIPPED.has(tag)) return null;
    const style = getComputedStyle(element);
    if (style.display === "none" || Number(style.opacity) < 0.1) return null;
    const role = tag === "dialog" ? tag : attribute(element, "role");
    const named = verdict(names(element));
    const frame = tag === "html" || tag === "body";
    if (!frame && (isConsent(element, style, role, named) || isStatus(element, role, named))) return null;
    const rect = box(element);
    const colour = fill(style) || (rect.width >= 0.6 * WIDTH ? gradient(style) : null);
    const context = inside(element, tag, role, above, colour);
    if (rect.width > 0 && rect.height > 0 && rect.right > 0 && style.visibility === "visible")
      visible.push({ element, style, rect, fill: colour, above, context, letters: letters(element) });
    return tag === "svg" ? null : context;
  };
  let visited = 0;
  const open = [[document.documentElement, { backdrop: "rgb(255, 255, 255)" }]];
  while (open.length && visited < MAX_ELEMENTS) {
    const [element, above] = open.pop();
    visited += 1;
    if (element.nextElementSibling) open.push([element.nextElementSibling, above]);
    const context = attempt(() => look(element, above), null);
    if (context && element.firstElementChild) open.push([element.firstElementChild, context]);
  }

  const tally = (map, key, amount) => map.set(key, (map.get(key) || 0) + amount);
  const largest = (map, most, shape) =>
    Array.from(map).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, most).map(shape);

  const painted = new Map();
  const texts = new Map();
  const links = new Map();
  const headingFonts = new Map();
  const bodyFonts = new Map();
  for (const { style, rect, fill: colour, context, letters: count } of visible) {
    if (colour) tally(painted, colour, Math.round(rect.width * rect.height));
    if (!count) continue;
    const ink = style.color;
    tally(painted, ink, count);
    if (context.code || context.control) continue; // browsers give controls a font of their own
    tally(context.heading ? headingFonts : bodyFonts, style.fontFamily.slice(0, 500), count);
    if (context.link) {
      const text = context.prose && !context.header && !context.footer && !context.aside;
      if (text && !colour) tally(links, ink, count);
    } else if (!context.heading) tally(texts, ink, count);
  }

  // --- filled calls to action in the first screen ----------------------------------------------------------

  const ACTION = 'a[href], button, input[type="submit"], input[type="button"], [role="button"]';
  const HINTS = [
    ["status", /^(danger|warning|error|success|info|destructive|positive|negative)$/],
    ["secondary", /^(secondary|tertiary|outline|outlined|ghost|link|light|muted|default|alt)$/],
    ["primary", /^(primary|cta|brand|main|signup)$/],
  ];
  const hint = (element) => {
    const found = words(names(element));
    return (HINTS.find(([, pattern]) => found.some((word) => pattern.test(word))) || [""])[0];
  };
  const filledPart = (item) => {
    const colour = item.fill || gradient(item.style);
    if (colour) return { ...item, fill: colour };
    const child = item.element.firstElementChild;
    const part = child && visible.find((other) => other.element === child);
    const covers = part && part.rect.width * part.rect.height >= 0.7 * item.rect.width * item.rect.height;
    return covers && part.fill ? part : null;
  };
  const call = (item) => {
    const { element, rect, above } = item;
    const sized = rect.height >= 20 && rect.height <= 96 && rect.width >= 40 && rect.width <= 640;
    if (!sized || rect.top < 0 || rect.top >= SCREEN || element.disabled === true) return null;
    const part = filledPart(item);
    if (!part || part.fill === above.backdrop) return null;
    const label = text(element.localName === "input" ? element.value : element.textContent, 40);
    if (!label) return null;
    return {
      colour: part.fill,
      text: part.style.color,
      area: Math.round(part.rect.width * part.rect.height),
      radius: text(part.style.borderTopLeftRadius, 40),
      height: Math.round(part.rect.height),
      hint: hint(element),
      found: `${where(element)} “${label}”`,
    };
  };
  const calls = () =>
    visible
      .filter(({ element }) => Element.prototype.matches.call(element, ACTION))
      .map((item) => attempt(() => call(item), null))
      .filter(Boolean)
      .sort((a, b) => b.area - a.area)
      .slice(0, MAX_RECORDS);

  // --- surfaces --------------------------------------------------------------------------------------------

  const total = () => {
    const root = document.documentElement;
    return { width: root.scrollWidth, height: Math.max(root.scrollHeight, SCREEN) };
  };
  const place = (context, rect) => {
    if (context.footer) return "footer";
    const top = rect.top + scrollY;
    if (top < 120 && rect.height >= 24 && rect.height <= 220) return "header";
    if (top < 700 && rect.height > 120 && rect.height < 1400) return "hero";
    return null;
  };
  const surfaces = () => {
    const footers = all("footer, [role=contentinfo]", 4).map((element) => {
      const style = getComputedStyle(element);
      return { element, style, rect: box(element), fill: fill(style), context: { footer: true } };
    });
    const known = new Set(visible.map(({ element }) => element));
    const page = total();
    return [...visible, ...footers.filter(({ element }) => !known.has(element))]
      .filter(({ fill: colour, rect }) => colour && rect.width >= 0.6 * WIDTH && rect.height >= 24)
      .filter(({ rect }) => rect.height < 0.6 * page.height)
      .map(({ element, rect, fill: colour, context }) => ({
        colour,
        place: place(context, rect),
        area: Math.round(rect.width * Math.min(rect.height, SCREEN)),
        found: where(element),
      }))
      .filter((surface) => surface.place)
      .slice(0, MAX_RECORDS);
  };
  // The background people see is the innermost one that covers most of the page, not always the body's.
  const background = () => {
    const page = total();
    const covers = ({ rect, style, element }) =>
      style.position !== "fixed" &&
      (element === document.body || rect.width * rect.height >= 0.6 * page.width * page.height);
    const layers = visible.filter((item) => item.fill && covers(item));
    const root = getComputedStyle(document.documentElement);
    const last = layers[layers.length - 1];
    if (last) return { colour: last.fill, found: where(last.element) };
    if (fill(root)) return { colour: fill(root), found: "html" };
    // The canvas of a page that asks for the dark scheme only, as Chromium paints it.
    const dark = /dark/.test(root.colorScheme) && !/light/.test(root.colorScheme);
    return dark ? { colour: "rgb(18, 18, 18)", found: "color-scheme" } : null;
  };

  const variables = () => {
    const found = [];
    for (const [name, values] of document.documentElement.computedStyleMap()) {
      if (!name.startsWith("--") || !/brand|primary|accent|theme/i.test(name)) continue;
      found.push({ name: name.slice(0, 100), value: text(values[0], 100) });
      if (found.length >= 200) break;
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  };

  // --- names, icons, logos ---------------------------------------------------------------------------------

  const meta = (...keys) => {
    for (const key of keys)
      for (const element of all(`meta[name="${key}" i], meta[property="${key}" i]`, 4)) {
        const content = text(attribute(element, "content"));
        if (content) return content;
      }
    return "";
  };
  const themeColours = () =>
    all('meta[name="theme-color" i]', 4).map((element) => ({
      colour: text(attribute(element, "content"), 100),
      media: text(attribute(element, "media"), 100),
    }));
  const icons = () =>
    all('link[rel~="icon" i], link[rel~="apple-touch-icon" i], link[rel~="apple-touch-icon-precomposed" i]', 16).map(
      (element) => ({
        url: absolute(attribute(element, "href")),
        rel: text(attribute(element, "rel"), 60).toLowerCase(),
        type: text(attribute(element, "type"), 60).toLowerCase(),
        sizes: text(attribute(element, "sizes"), 60).toLowerCase(),
      }),
    );

  const ORGANISATION = /(^|[/:])(Organization|Corporation|LocalBusiness|NGO|EducationalOrganization|WebSite|Brand)$/;
  const organisations = () => {
    const found = [];
    let steps = 0;
    const read = (node, depth) => {
      steps += 1;
      if (!node || typeof node !== "object" || depth > 5 || steps > 500 || found.length >= 8) return;
      if (Array.isArray(node)) return node.slice(0, 50).forEach((item) => read(item, depth + 1));
      const type = String([node["@type"]].flat().find((name) => ORGANISATION.test(name)) ?? "");
      const logo = [node.logo].flat()[0];
      const url = typeof logo === "string" ? logo : logo?.url ?? logo?.contentUrl;
      if (type)
        found.push({
          type: text(type, 60),
          name: typeof node.name === "string" ? text(node.name) : "",
          logo: typeof url === "string" && url ? absolute(url) : "",
        });
      for (const key of ["@graph", "publisher", "mainEntity", "brand"]) read(node[key], depth + 1);
    };
    for (const script of all('script[type="application/ld+json" i]', 10))
      if (script.textContent.length < 200000) attempt(() => read(JSON.parse(script.textContent), 0));
    return found;
  };

  const leadsHome = (link) => {
    if (!link) return false;
    if (/\bhome\b/.test(attribute(link, "rel"))) return true;
    const url = new URL(attribute(link, "href"), document.baseURI);
    const home = url.pathname === location.pathname || /^\/([a-z]{2}(-[a-z]{2})?\/?)?$/i.test(url.pathname);
    return url.origin === location.origin && home;
  };
  const logo = ({ element, rect, style, context }) => {
    const image = element.localName === "img";
    const drawn = /^url\("?([^")]+)"?\)/.exec(style.backgroundImage);
    const source = image ? element.currentSrc || attribute(element, "src") : drawn ? drawn[1] : "";
    const said = [names(element), attribute(element, "alt"), image ? source.split("/").pop() : "", context.link ? names(context.link) : ""];
    return {
      url: source ? absolute(source) : "",
      header: Boolean(context.header) || rect.top + scrollY < 160,
      home: attempt(() => leadsHome(context.link), false),
      named: /logo|brand/i.test(said.join(" ").slice(0, 1000)),
      alt: text(attribute(element, "alt") || attribute(element, "aria-label")),
      width: Math.round(rect.width),
      height: Math.round(rect.height),
      found: where(element),
    };
  };
  const isPicture = ({ element, style, context }) =>
    element.localName === "img" ||
    element.localName === "svg" ||
    (Boolean(context.link) && style.backgroundImage.startsWith("url("));
  const logos = () =>
    visible
      .filter((item) => isPicture(item) && item.rect.width >= 16 && item.rect.height >= 12)
      .map((item) => attempt(() => logo(item), null))
      .filter((candidate) => candidate && (candidate.named || (candidate.header && candidate.home)))
      .slice(0, MAX_RECORDS);

  // ---------------------------------------------------------------------------------------------------------

  const asColour = ([colour, amount]) => ({ colour, amount });
  const asFont = ([family, amount]) => ({ family, amount });
  return {
    title: text(attempt(() => document.querySelector("title").textContent, ""), 300),
    site_name: attempt(() => meta("og:site_name"), ""),
    application_name: attempt(() => meta("application-name", "apple-mobile-web-app-title"), ""),
    language: text(attribute(document.documentElement, "lang"), 40) || attempt(() => meta("og:locale"), ""),
    organisations: attempt(organisations, []),
    theme_colours: attempt(themeColours, []),
    icons: attempt(icons, []),
    logos: attempt(logos, []),
    calls: attempt(calls, []),
    links: largest(links, 6, asColour),
    surfaces: attempt(surfaces, []),
    variables: attempt(variables, []),
    painted: largest(painted, MAX_PAINTED, asColour),
    background: attempt(background, null),
    texts: largest(texts, 6, asColour),
    heading_fonts: largest(headingFonts, 6, asFont),
    body_fonts: largest(bodyFonts, 6, asFont),
    elements: visited,
  };
}
