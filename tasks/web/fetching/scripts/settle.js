// Waiting for a page to come to rest.
//
// These scripts run in a world of their own beside the page's: they share its document, not its globals. They are
// wrapped in one function together; what the last one returns is what can be called.

const MAX_WALK = 20_000;
const MAX_TEXT = 4_000;
const ROOTS = "main, [role=main], #root, #app, #__next, #__nuxt, #content, app-root";
const LOADING =
  /(^|\s)(loading|please wait|laden|wird geladen|lädt|chargement|cargando|caricamento|carregando|bezig met laden|загрузка|読み込み中|加载中|로딩)\s*(\.\.\.|…|$)/i;

const elements = (root) => Array.prototype.slice.call(root.querySelectorAll("*"), 0, MAX_WALK);

// Open shadow roots under a node, however deep.
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

// Whether the page looks as if more were to come: no text where the content goes, or a word that says so.
const looksUnfinished = () => {
  if (!document.body || !document.scripts.length) return false;
  if (document.querySelector("main[aria-busy=true], main [aria-busy=true], body > [aria-busy=true]")) return true;
  const root = document.querySelector(ROOTS) || document.body;
  const text = [root, ...(root.shadowRoot ? [root.shadowRoot] : []), ...shadowRoots(root)].map(words).join(" ").trim();
  return text === "" || (text.length < MAX_TEXT && LOADING.test(text));
};

// Resolves when nothing was added or rewritten for `quiet` ms, `most` ms later at the latest.
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
