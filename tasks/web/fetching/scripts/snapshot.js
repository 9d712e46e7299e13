// The document as a visitor sees it: open shadow roots and frames of the same site are written in their places.

const MAX_NESTING = 300;
const MAX_FRAMES = 20;
const MIN_FRAME_PX = 50;
const UNSEEN = new Set(["script", "style", "link", "template"]);

// Documents of cross-site frames are in another process and not accessible.
const frameBody = (frame) => {
  try {
    const inner = frame.contentDocument;
    const box = frame.getBoundingClientRect();
    if (!inner || !inner.body || box.width < MIN_FRAME_PX || box.height < MIN_FRAME_PX) return null;
    const { protocol, port } = inner.location;
    const isOfSite = protocol.startsWith("http") ? port === location.port : frame.hasAttribute("srcdoc");
    return isOfSite ? inner.body : null;
  } catch {
    return null;
  }
};

// Marks links to a section of the current route (`#/page?id=section`): they are not pages of their own.
const markPlaces = (root) => {
  const route = location.hash.split("?")[0];
  for (const anchor of root.querySelectorAll("a[href*='#/'], a[href*='#!']")) {
    if (anchor.pathname !== location.pathname || anchor.host !== location.host) continue;
    const [its, query] = anchor.hash.split("?");
    if (!query || its.replace(/^#!?\/?$/, "") !== route.replace(/^#!?\/?$/, "")) continue;
    const names = Array.from(new URLSearchParams(query).values());
    if (names.length && names.every((name) => document.getElementById(name))) anchor.setAttribute("rel", "nofollow");
  }
};

const flatten = (overlays) => {
  const inert = document.implementation.createHTMLDocument("");
  let frames = 0;
  const copyOf = (element) => {
    const isBlock = element.shadowRoot && !getComputedStyle(element).display.startsWith("inline");
    return isBlock ? inert.createElement("div") : inert.importNode(element, false);
  };
  const copyAll = (nodes, into, inFrame, nesting) => {
    for (const node of nodes) copy(node, into, inFrame, nesting);
  };
  const copyFrame = (frame, into, nesting) => {
    const body = frames < MAX_FRAMES ? frameBody(frame) : null;
    if (!body) return;
    frames += 1;
    const section = into.appendChild(inert.createElement("section"));
    copyAll(body.childNodes, section, true, nesting + 1);
  };
  const copy = (node, into, inFrame, nesting) => {
    if (node.nodeType === 3) into.appendChild(inert.createTextNode(node.data));
    if (node.nodeType !== 1) return;
    const inShadow = Boolean(node.getRootNode().host);
    if (node.localName === "slot" && inShadow) {
      const assigned = node.assignedNodes();
      return copyAll(assigned.length ? assigned : node.childNodes, into, inFrame, nesting + 1);
    }
    if (node.localName === "iframe" || node.localName === "frame") return overlays.has(node) || copyFrame(node, into, nesting);
    if ((inShadow || inFrame) && UNSEEN.has(node.localName)) return;
    if (nesting > MAX_NESTING) return into.appendChild(inert.importNode(node, true));
    const its = into.appendChild(copyOf(node));
    if (overlays.has(node)) return its.setAttribute("hidden", "");
    if (inFrame && node.localName === "a" && node.hasAttribute("href")) its.setAttribute("href", node.href);
    if (node.localName === "template") its.innerHTML = node.innerHTML;
    copyAll((node.shadowRoot || node).childNodes, its, inFrame, nesting + 1);
  };
  const holder = inert.createElement("div");
  copy(document.documentElement, holder, false, 0);
  return holder.innerHTML;
};

const hasParts = () =>
  shadowRoots(document).length > 0 || Array.from(document.querySelectorAll("iframe, frame")).some(frameBody);

const serialise = () => {
  const overlays = hideOverlays();
  markPlaces(document);
  return hasParts() ? flatten(overlays) : document.documentElement.outerHTML;
};

const snapshot = (mostCharacters) => {
  const [navigation] = performance.getEntriesByType("navigation");
  const html = document.documentElement ? serialise() : "";
  return {
    url: location.href,
    type: document.contentType,
    bytes: navigation ? navigation.decodedBodySize : 0,
    size: html.length,
    html: html.length <= mostCharacters ? `<!doctype html>${html}` : null,
  };
};

return { settle, scroll, reveal, press, snapshot };
