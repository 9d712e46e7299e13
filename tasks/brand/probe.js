// The looks of the loaded page, as plain JSON. Reads only: the page is not changed.
//
// Work is bounded by counts, never by a clock, so that the same page gives the same answer on a slow machine.
// The page may be hostile (clobbered names, replaced built-ins, absurd values): every part stands alone, and
// what it returns is checked again by `tasks.brand.evidence`.
(scheme) => {
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
  // <img name="body"> hides document.body.
  const all = (selector, most) => Array.from(Document.prototype.querySelectorAll.call(document, selector)).slice(0, most);
  const first = (selector) => all(selector, 1)[0] || null;
  const root = document.documentElement;
  const body = first("body") || root;

  const names = (element) => `${attribute(element, "class")} ${attribute(element, "id")}`.slice(0, 400);
  const parent = (element) => element.parentElement || attempt(() => element.getRootNode().host, null) || null;
  const within = (element) => element.shadowRoot || element;
  const said = (element) => within(element).textContent || "";

  // --- colours ---------------------------------------------------------------------------------------------

  const alpha = (colour) => {
    if (colour === "rgba(0, 0, 0, 0)") return 0;
    if (colour.startsWith("rgb(")) return 1;
    const match = /(?:\/|^rgba\([^)]*,)\s*([\d.]+)(%?)\s*\)$/.exec(colour);
    return match ? Number(match[1]) / (match[2] ? 100 : 1) : 1;
  };
  const COLOUR = /(?:rgba?|hsla?|oklch|oklab|lab|lch|color)\([^()]*\)/gi;
  const fill = (style) => (alpha(style.backgroundColor) >= 0.5 ? style.backgroundColor : null);
  const gradients = (style) => {
    const image = style.backgroundImage;
    if (!image.includes("gradient(")) return [];
    return (image.slice(0, 1000).match(COLOUR) || []).filter((colour) => alpha(colour) >= 0.5).slice(0, 4);
  };

  // --- what is left out ------------------------------------------------------------------------------------

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
  // What banners say, and what their buttons say, in the languages of most of the web.
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
  // From a button that answers to the largest box around it that still speaks of nothing but tracking.
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

  const verdicts = new Map();
  const verdict = (name) => {
    let known = verdicts.get(name);
    if (!known) {
      known = {
        consent: CONSENT.test(name),
        cookie: /cookie/i.test(name),
        status: STATUS.test(name),
        foreign: THIRD_PARTY.test(name),
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
    if (named.consent || named.cookie || verdict(attribute(element, "aria-label").slice(0, 100)).cookie) return true;
    if (element.localName === "header" || holds(element, "nav")) return false;
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
  // In the dark scheme only what changes is asked for; where colours are on their way, they arrive at once.
  if (scheme === "dark") for (const animation of document.getAnimations().slice(0, 500)) attempt(() => animation.finish());

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
  // What is about to appear is as good as there.
  const isTransparent = (style) =>
    Number(style.opacity) < 0.1 &&
    (style.pointerEvents === "none" || (style.animationName === "none" && parseFloat(style.transitionDuration) === 0));
  // The context of the element's children, or null if the element and all in it are left out.
  const look = (element, above) => {
    const tag = element.localName;
    if (SKIPPED.has(tag)) return null;
    const style = getComputedStyle(element);
    if (style.display === "none" || isTransparent(style)) return null;
    const role = tag === "dialog" ? tag : attribute(element, "role");
    const named = verdict(names(element));
    const frame = tag === "html" || tag === "body";
    const rect = box(element);
    if (!frame && isLeftOut(element, style, rect, role, named)) return null;
    const colour = fill(style) || (rect.width >= 0.6 * WIDTH ? gradients(style)[0] : null);
    const context = inside(element, tag, role, above, colour);
    if (rect.width > 0 && rect.height > 0 && rect.right > 0 && style.visibility === "visible")
      visible.push({ element, style, rect, fill: colour, above, context, letters: letters(element) });
    return tag === "svg" ? null : context;
  };
  let visited = 0;
  const open = [[root, { backdrop: "rgb(255, 255, 255)" }]];
  while (open.length && visited < MAX_ELEMENTS) {
    const [element, above] = open.pop();
    visited += 1;
    if (element.nextElementSibling) open.push([element.nextElementSibling, above]);
    const context = attempt(() => look(element, above), null);
    if (context && element.firstElementChild) open.push([element.firstElementChild, context]);
    const shadow = context && element.shadowRoot && element.shadowRoot.firstElementChild;
    if (shadow) open.push([shadow, context]);
  }

  const tally = (map, key, amount) => map.set(key, (map.get(key) || 0) + amount);
  const largest = (map, most, shape) =>
    Array.from(map).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, most).map(shape);

  // The families of a list that are really shown: a web font that failed or was never needed is none of them.
  const faces = attempt(() => {
    const states = new Map();
    for (const face of Array.from(document.fonts).slice(0, 2000)) {
      const family = face.family.replace(/["']/g, "").trim().toLowerCase();
      states.set(family, states.get(family) || face.status === "loaded" || face.status === "loading");
    }
    return states;
  }, new Map());
  const shown = new Map();
  const rendered = (list) => {
    if (!shown.has(list)) {
      const families = list.slice(0, 500).match(/"(?:[^"\\]|\\.)*"|[^,]+/g) || [];
      const kept = families.filter((name) => faces.get(name.replace(/["']/g, "").trim().toLowerCase()) !== false);
      shown.set(list, kept.map((name) => name.trim()).filter(Boolean).join(", "));
    }
    return shown.get(list);
  };

  // A coloured line under text in another colour.
  const underline = (style) => {
    if (style.textDecorationLine.includes("underline") && style.textDecorationColor !== style.color)
      return style.textDecorationColor;
    const drawn = style.borderBottomStyle !== "none" && parseFloat(style.borderBottomWidth) >= 1;
    return drawn && alpha(style.borderBottomColor) >= 0.5 && style.borderBottomColor !== style.color ? style.borderBottomColor : "";
  };

  const HEADLINE_PX = 26;
  const asColour = ([colour, amount]) => ({ colour, amount });
  const asFont = ([family, amount]) => ({ family, amount });
  const painted = new Map();
  const texts = new Map();
  const links = new Map();
  const headings = new Map();
  const headingFonts = new Map();
  const bodyFonts = new Map();
  for (const { style, rect, fill: colour, context, letters: count } of visible) {
    if (colour) tally(painted, colour, Math.round(rect.width * rect.height));
    if (!count) continue;
    const ink = style.color;
    tally(painted, ink, count);
    if (context.code || context.control) continue; // browsers give controls a font of their own
    const heading = context.heading || parseFloat(style.fontSize) >= HEADLINE_PX;
    if (heading && !context.link) tally(headings, ink, count);
    tally(heading ? headingFonts : bodyFonts, rendered(style.fontFamily), count);
    if (context.link) {
      const text = context.prose && !context.header && !context.footer && !context.aside;
      const line = underline(style);
      if (text && !colour) tally(links, line || ink, count);
      if (line) tally(painted, line, count);
    } else if (!heading) tally(texts, ink, count);
  }

  // --- what the page says, for its language and tone -------------------------------------------------------

  const prose = () => {
    let words = "";
    for (const { element, context } of visible) {
      if (words.length > 6000) break;
      if (!(context.prose || context.heading) || context.header || context.footer || context.code) continue;
      for (let node = element.firstChild; node; node = node.nextSibling)
        if (node.nodeType === 3) words += ` ${text(node.data, 400)}`;
    }
    return text(words, 4000);
  };
  // A page that has nothing but the question whether it may track.
  const asksConsent = () => {
    const words = text(body.innerText, 4000);
    const title = `${document.title} ${all("h1, h2", 1).map((element) => element.textContent)}`.slice(0, 300);
    const answered = all(ACTION, 200).some((button) => ANSWER.test(label(button)));
    return { some: answered && TRACKING.test(words), only: TRACKING.test(title) && words.length < 3000 };
  };

  // --- calls to action: filled, outlined, and white ones on a colour ---------------------------------------

  // "Sign in with …" has the other one's colours.
  const FOREIGN =
    /\b(google|facebook|apple|github|gitlab|microsoft|twitter|linkedin|whatsapp|telegram|paypal|pinterest|tweet|slack|discord|youtube|instagram|app store)\b/i;
  const DESTRUCTIVE =
    /^(delete|remove|cancel|discard|log ?out|sign ?out|unsubscribe|stop|reset|clear|löschen|entfernen|abbrechen|abmelden|supprimer|annuler|eliminar|cancelar|borrar|elimina|annulla|excluir|verwijder|annuleren|usuń|删除|取消|削除|キャンセル|удалить)/i;
  const byElement = new Map(visible.map((item) => [item.element, item]));
  const fills = (item) => (item.fill ? [item.fill] : gradients(item.style));
  const covers = (rect, outer) => rect.width * rect.height >= 0.7 * outer.width * outer.height;
  const layer = (item, pseudo) => {
    const style = getComputedStyle(item.element, pseudo);
    if (style.content === "none" || style.position !== "absolute" || Number(style.opacity) < 0.5) return null;
    const size = { width: parseFloat(style.width), height: parseFloat(style.height) };
    const found = fills({ style, fill: fill(style) });
    return covers(size, item.rect) && found.length ? { ...item, fills: found, radius: style.borderTopLeftRadius } : null;
  };
  // The fills of a button: its own, its only child's, or a pseudo-element's behind the label.
  const filledPart = (item) => {
    if (fills(item).length) return { ...item, fills: fills(item) };
    const child = item.element.firstElementChild;
    const part = child && byElement.get(child);
    if (part && covers(part.rect, item.rect) && fills(part).length) return { ...part, fills: fills(part) };
    return layer(item, "::before") || layer(item, "::after");
  };
  const outline = ({ style }) =>
    ["Top", "Right", "Bottom", "Left"].every((side) => parseFloat(style[`border${side}Width`]) >= 1) &&
    style.borderTopStyle === "solid" &&
    alpha(style.borderTopColor) >= 0.5
      ? style.borderTopColor
      : "";
  const call = (item) => {
    const { element, rect, above } = item;
    const sized = rect.height >= 20 && rect.height <= 96 && rect.width >= 40 && rect.width <= 640;
    if (!sized || rect.top < 0 || rect.top >= 4 * SCREEN || element.disabled === true) return null;
    const filled = filledPart(item);
    const part = filled && filled.fills[0] !== above.backdrop ? filled : { ...item, fills: [] };
    const border = part.fills.length ? "" : outline(item);
    const name = label(element);
    if (!name || !(part.fills.length || border)) return null;
    return {
      element,
      colours: part.fills,
      border,
      text: part.style.color,
      backdrop: above.backdrop,
      area: Math.round(part.rect.width * part.rect.height),
      radius: text(part.radius || part.style.borderTopLeftRadius, 40),
      height: Math.round(part.rect.height),
      top: Math.round(rect.top),
      place: above.header ? "header" : above.footer ? "footer" : "main",
      foreign: FOREIGN.test(name),
      destructive: DESTRUCTIVE.test(name),
      label: name,
    };
  };
  // Three colours side by side, alike in size, say what each button does, not whose it is.
  const siblings = (element) => {
    const near = parent(element);
    return near && near.children.length === 1 ? parent(near) : near;
  };
  const isColour = (css) => {
    const [red, green, blue] = css.match(/[\d.]+/g).map(Number);
    return !css.startsWith("rgb") || Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
  };
  const markWalls = (found) =>
    found.map(({ element, ...rest }) => {
      const alike = found.filter(
        (other) => siblings(other.element) === siblings(element) && !other.foreign && other.colours.length && isColour(other.colours[0]),
      ).filter((other) => Math.max(other.area, rest.area) < 2.5 * Math.min(other.area, rest.area));
      const row = found.filter((other) => siblings(other.element) === siblings(element) && other.colours.length);
      return {
        ...rest,
        wall: new Set(alike.map((other) => other.colours[0])).size,
        follows: row.length > 0 && row[0].element !== element,
      };
    });
  const calls = () =>
    markWalls(
      visible
        .filter(({ element }) => Element.prototype.matches.call(element, ACTION))
        .map((item) => attempt(() => call(item), null))
        .filter(Boolean),
    )
      .sort((a, b) => (a.top >= SCREEN) - (b.top >= SCREEN) || b.area - a.area)
      .slice(0, MAX_RECORDS);

  // --- surfaces --------------------------------------------------------------------------------------------

  const total = () => {
    return { width: root.scrollWidth, height: Math.max(root.scrollHeight, SCREEN) };
  };
  const place = ({ element, context, rect }) => {
    if (context.footer) return "footer";
    const top = rect.top + scrollY;
    if (top < 120 && rect.height >= 24 && rect.height <= 220)
      return context.header || holds(element, "nav, header, img, svg") ? "header" : "bar";
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
      .map((item) => ({
        colour: item.fill,
        place: place(item),
        area: Math.round(item.rect.width * Math.min(item.rect.height, SCREEN)),
      }))
      .filter((surface) => surface.place)
      .slice(0, MAX_RECORDS);
  };
  // What is seen behind all else, by area: boxes painted over one another on a coarse grid, in document order.
  const CELL = 30;
  const MAX_ROWS = 240;
  const backgrounds = () => {
    const page = total();
    const [columns, rows] = [Math.ceil(WIDTH / CELL), Math.min(MAX_ROWS, Math.ceil(page.height / CELL))];
    const cells = new Int32Array(columns * rows);
    const paints = [null];
    const paint = (rect, what) => {
      const index = paints.push(what) - 1;
      const left = Math.max(0, Math.round((rect.left + scrollX) / CELL));
      const right = Math.min(columns, Math.round((rect.right + scrollX) / CELL));
      const bottom = Math.min(rows, Math.round((rect.bottom + scrollY) / CELL));
      for (let row = Math.max(0, Math.round((rect.top + scrollY) / CELL)); row < bottom; row += 1)
        cells.fill(index, row * columns + left, Math.max(row * columns + left, row * columns + right));
    };
    const everything = { left: 0, top: 0, right: WIDTH, bottom: page.height };
    const PICTURES = new Set(["img", "video", "canvas", "picture", "iframe", "svg"]);
    for (const { element, style, rect } of visible) {
      if (style.position === "fixed") continue;
      const frame = element === body || element === root;
      const colours = fill(style) ? [fill(style)] : gradients(style);
      const picture = PICTURES.has(element.localName) || style.backgroundImage.includes("url(");
      if (rect.width * rect.height < 4 * CELL * CELL || (!colours.length && !picture)) continue;
      paint(frame ? everything : rect, picture ? [] : colours);
    }
    const areas = new Map();
    for (const index of cells) for (const colour of paints[index] || []) tally(areas, colour, 1 / paints[index].length);
    const bare = cells.reduce((count, index) => count + (index === 0), 0);
    const { colorScheme } = getComputedStyle(root);
    // The canvas of a page that asks for the dark scheme only, as Chromium paints it.
    const dark = /dark/.test(colorScheme) && (!/light/.test(colorScheme) || matchMedia("(prefers-color-scheme: dark)").matches);
    return {
      colours: largest(areas, 8, asColour),
      bare: bare,
      canvas: dark ? "rgb(18, 18, 18)" : "",
      cells: cells.length,
    };
  };

  // Variables are inherited: those of a theme on an inner element are all on what lies within it.
  const variables = () => {
    const found = new Map();
    for (const element of [root, body, ...all("main, h1, [data-theme]", 3)])
      for (const [name, values] of element.computedStyleMap()) {
        if (found.size >= 200) break;
        if (name.startsWith("--") && /brand|primary|accent|theme|main|cta/i.test(name))
          found.set(`${name.slice(0, 100)} ${text(values[0], 100)}`, { name: name.slice(0, 100), value: text(values[0], 100) });
      }
    return Array.from(found.keys()).sort().map((key) => found.get(key));
  };
  const details = () => {
    const accents = [root, body, ...all("input", 3)].map((element) => ({
      colour: getComputedStyle(element).accentColor,
      what: "accent-color",
    }));
    const selection = getComputedStyle(body, "::selection").backgroundColor;
    return [...accents, { colour: selection, what: "::selection" }].filter(({ colour }) => colour && colour !== "auto");
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
  const declared = () => [
    ...all('link[rel~="mask-icon" i]', 2).map((element) => ({ colour: text(attribute(element, "color"), 100), what: "mask-icon" })),
    ...all('meta[name="msapplication-TileColor" i]', 2).map((element) => ({
      colour: text(attribute(element, "content"), 100),
      what: "msapplication-TileColor",
    })),
  ];
  const address = (selector, name) => {
    const element = first(selector);
    return element && attribute(element, name) ? absolute(attribute(element, name)) : "";
  };

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
  // The colours of a drawing within the page, by the boxes of its shapes.
  const paints = (drawing) => {
    const areas = new Map();
    for (const shape of Array.from(drawing.querySelectorAll("path, rect, circle, ellipse, polygon, text, use")).slice(0, 60)) {
      const style = getComputedStyle(shape);
      const colour = style.fill !== "none" ? style.fill : style.stroke;
      const { width, height } = attempt(() => shape.getBBox(), { width: 0, height: 0 });
      if (style.display !== "none" && colour && colour !== "none" && width * height > 0) tally(areas, colour, width * height);
    }
    return largest(areas, 6, asColour);
  };
  const logo = ({ element, rect, style, context, above }) => {
    const image = element.localName === "img";
    const drawn = /^url\("?([^")]+)"?\)/.exec(style.backgroundImage);
    const source = image ? element.currentSrc || attribute(element, "src") : drawn ? drawn[1] : "";
    const said = [names(element), attribute(element, "alt"), image ? source.split("/").pop() : "", context.link ? names(context.link) : ""];
    const spoken = [attribute(element, "alt"), attribute(element, "aria-label"), context.link ? attribute(context.link, "aria-label") : ""];
    return {
      url: source && !source.startsWith("data:") ? absolute(source) : "",
      header: Boolean(context.header) || rect.top + scrollY < 160,
      home: attempt(() => leadsHome(context.link), false),
      named: /logo|brand/i.test(said.join(" ").slice(0, 1000)),
      alt: text(spoken.find(Boolean) || ""),
      width: Math.round(rect.width),
      distance: Math.round(Math.max(0, rect.left + scrollX) + Math.max(0, rect.top + scrollY)),
      backdrop: above.backdrop,
      paints: element.localName === "svg" ? attempt(() => paints(element), []) : [],
    };
  };
  // Names set in type: the text of links home in the header.
  const wordmarks = () =>
    visible
      .filter(({ element, above }) => element.localName === "a" && above.header)
      .filter(({ element }) => attempt(() => leadsHome(element), false))
      .map(({ element, style }) => ({ name: text(element.textContent, 60), colour: style.color }))
      .filter(({ name }) => name)
      .slice(0, 4);
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

  if (scheme === "dark") return { backgrounds: attempt(backgrounds, null), texts: largest(texts, 6, asColour) };
  return {
    title: text(attempt(() => first("title").textContent, ""), 300),
    site_name: attempt(() => meta("og:site_name"), ""),
    application_name: attempt(() => meta("application-name", "apple-mobile-web-app-title"), ""),
    language: text(attribute(root, "lang"), 40) || attempt(() => meta("content-language", "og:locale"), ""),
    prose: attempt(prose, ""),
    asks_consent: attempt(asksConsent, null),
    organisations: attempt(organisations, []),
    theme_colours: attempt(themeColours, []),
    declared: attempt(declared, []),
    details: attempt(details, []),
    icons: attempt(icons, []),
    manifest: attempt(() => address('link[rel~="manifest" i]', "href"), ""),
    preview: attempt(() => address('meta[property="og:image" i]', "content"), ""),
    logos: attempt(logos, []),
    wordmarks: attempt(wordmarks, []),
    calls: attempt(calls, []),
    links: largest(links, 6, asColour),
    headings: largest(headings, 4, asColour),
    surfaces: attempt(surfaces, []),
    variables: attempt(variables, []),
    painted: largest(painted, MAX_PAINTED, asColour),
    backgrounds: attempt(backgrounds, null),
    texts: largest(texts, 6, asColour),
    heading_fonts: largest(headingFonts, 6, asFont),
    body_fonts: largest(bodyFonts, 6, asFont),
    elements: visited,
  };
}
