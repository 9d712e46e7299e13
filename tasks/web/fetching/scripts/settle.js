// Waits for a page to settle.
//
// These scripts run in an isolated world: they share the page's document, not its globals. All are wrapped in one
// function together; the last file returns the functions that can be called.

const MAX_WALK = 20_000;
const MAX_TEXT = 4_000;
const ROOTS = "main, [role=main], #root, #app, #__next, #__nuxt, #content, app-root";
const LOADING =
  /(^|\s)(loading|please wait|laden|wird geladen|lädt|chargement|cargando|caricamento|carregando|bezig met laden|загрузка|読み込み中|加载中|로딩)\s*(\.\.\.|…|$)/i;

const elements = (root) => Array.prototype.slice.call(root.querySelectorAll("*"), 0, MAX_WALK);

// Open shadow roots under a node, at any depth.
const shadowRoots = (root) => {
  const found = [];
  for (const element of elements(root)) {
    const shadow = element.shadowRoot;
    if (shadow) found.push(shadow, ...shadowRoots(shadow));
  }
  return found;
};

const words = (root) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let text = "";
  while (text.length < MAX_TEXT && walker.nextNode()) {
    const { parentElement, data } = walker.currentNode;
    if (!parentElement || !parentElement.closest("script, style, noscript, template"))
      text += `${data.slice(0, MAX_TEXT).trim()} `;
  }
  return text.replace(/\s+/g, " ").trim();
};

// Whether the page seems unfinished: no text in the content element, or a loading message.
const looksUnfinished = () => {
  if (!document.body || !document.scripts.length) return false;
  if (document.querySelector("main[aria-busy=true], main [aria-busy=true], body > [aria-busy=true]")) return true;
  const root = document.querySelector(ROOTS) || document.body;
  const text = [root, ...(root.shadowRoot ? [root.shadowRoot] : []), ...shadowRoots(root)].map(words).join(" ").trim();
  return text === "" || (text.length < MAX_TEXT && LOADING.test(text));
};

// Resolves after `quiet` ms without a change of the document, or after `most` ms.
const settle = (quiet, most) =>
  new Promise((resolve) => {
    if (!document.scripts.length) return resolve({ unfinished: false });
    let timer;
    const watched = { childList: true, subtree: true, characterData: true };
    const observer = new MutationObserver((records) => {
      for (const { addedNodes } of records)
        for (const node of addedNodes)
          if (node.nodeType === 1)
            for (const shadow of [...(node.shadowRoot ? [node.shadowRoot] : []), ...shadowRoots(node)])
              observer.observe(shadow, watched);
      clearTimeout(timer);
      timer = setTimeout(done, quiet);
    });
    const done = () => {
      observer.disconnect();
      clearTimeout(timer);
      clearTimeout(limit);
      resolve({ unfinished: looksUnfinished() });
    };
    timer = setTimeout(done, quiet);
    const limit = setTimeout(done, most);
    for (const root of [document, ...shadowRoots(document)]) observer.observe(root, watched);
  });
