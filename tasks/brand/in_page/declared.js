// Evidence that is declared rather than visible: variables, meta tags, icons, structured data.
// Variables are inherited, so the elements inside a themed one have all of the theme's.
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
