// Reveals content that a visitor gets by scrolling and unfolding.

const FRAME_MS = 40;
const MAX_JUMPS = 5;
const MAX_STEPS = 20;
const MAX_CLICKS = 30;
const NOT_CONTENT = "nav, footer, form, dialog, [role=dialog], [role=navigation], [role=menu], [role=menubar], [role=banner]";
const FOLDED = "button[aria-expanded=false], [role=button][aria-expanded=false]";
const MORE =
  /^\s*(read|show|view|see|load|learn)?\s*(more|all|full (text|description|answer))( answers| results| items| comments| reviews| details)?\s*[+…▾▼»]*\s*$|^\s*(expand|continue reading|mehr (anzeigen|lesen|laden)|weiterlesen|alle anzeigen|voir (plus|tout)|lire (la suite|plus)|afficher plus|(mostrar|leer|ver|cargar) más|(mostra|leggi|carica) (altro|tutto|di più)|(ler|mostrar|ver|carregar) mais|(lees|toon|meer) (meer|lezen|tonen|laden)|показать (ещё|еще|все)|もっと見る|続きを読む|查看更多|加载更多|展开|더 ?보기)\s*[+…▾▼»]*\s*$/i;
const HARMFUL = /cart|basket|buy|order|delete|remove|log ?(in|out)|sign|subscribe|share|play|download|accept|agree|reject|cookie|filter|sort|menu|search/i;

const nextFrame = () =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, FRAME_MS);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      setTimeout(resolve, 0);
    });
  });

// The element that scrolls: the document, or the main pane of an application.
const scroller = () => {
  const whole = document.scrollingElement || document.documentElement;
  if (whole.scrollHeight > innerHeight * 1.2) return whole;
  let element = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
  for (; element; element = element.parentElement)
    if (element.scrollHeight > element.clientHeight * 1.2 && /auto|scroll/.test(getComputedStyle(element).overflowY))
      return element;
  return whole;
};

// Scrolls to the end, first in a few jumps: if these load nothing, the page is not lazy. Returns whether the page grew.
const scroll = async () => {
  if (!document.body || !document.scripts.length) return { grew: false };
  const pane = scroller();
  const height = pane.clientHeight || innerHeight;
  const before = pane.scrollHeight;
  if (before < height * 1.2) return { grew: false };
  let changes = 0;
  const observer = new MutationObserver((records) => {
    for (const record of records) for (const node of record.addedNodes) changes += node.nodeType === 1;
  });
  for (const root of [document, ...shadowRoots(document)]) observer.observe(root, { childList: true, subtree: true });
  const visit = async (steps, most) => {
    for (let step = 1; step <= steps && changes <= most; step++) {
      pane.scrollTop = ((before - height) * step) / steps;
      await nextFrame();
    }
  };
  await visit(Math.min(MAX_JUMPS, Math.ceil(before / height)), 0);
  if (changes) {
    pane.scrollTop = 0;
    await visit(Math.min(MAX_STEPS, Math.ceil(before / height)), Infinity);
    pane.scrollTop = pane.scrollHeight;
    await nextFrame();
  }
  observer.disconnect();
  return { grew: changes > 0 || pane.scrollHeight > before };
};

const isContent = (element) =>
  !element.closest(NOT_CONTENT) &&
  !(element.closest("header") && !element.closest("main, article, section")) &&
  !element.querySelector("nav, form");

const targetOf = (button) => {
  const id = (button.getAttribute("aria-controls") || "").trim().split(/\s+/)[0];
  return id ? button.getRootNode().getElementById(id) : null;
};

const show = (element) => {
  for (const node of [element, ...element.querySelectorAll(":scope > [hidden], :scope > [aria-hidden=true]")])
    if (isContent(node)) {
      node.removeAttribute("hidden");
      node.removeAttribute("aria-hidden");
    }
};

const isMore = (button) =>
  button.textContent.length < 60 && MORE.test(button.textContent) && !HARMFUL.test(button.textContent);

const isHarmless = (button) =>
  !button.disabled &&
  !button.hasAttribute("aria-haspopup") &&
  !/^(submit|reset)$/.test(button.getAttribute("type") || "") &&
  !/^(combobox|switch|menuitem|tab)$/.test(button.getAttribute("role") || "") &&
  !button.closest("a[href], label, [hidden]") &&
  !HARMFUL.test(`${button.getAttribute("aria-label") || ""} ${button.textContent.slice(0, 100)}`) &&
  isContent(button);

// Opens folded content that is in the document already; returns the buttons that must be pressed for the rest.
const unfold = () => {
  const roots = [document, ...shadowRoots(document)];
  const toPress = [];
  for (const root of roots) {
    for (const details of root.querySelectorAll("details:not([open])")) if (isContent(details)) details.open = true;
    for (const panel of root.querySelectorAll("[role=tabpanel], [hidden=until-found]")) show(panel);
    for (const button of root.querySelectorAll(`${FOLDED}, button, [role=button]`)) {
      const isFolded = button.getAttribute("aria-expanded") === "false";
      if (!(isFolded || isMore(button)) || !isHarmless(button)) continue;
      const target = isFolded ? targetOf(button) : null;
      if (target && target.textContent.trim().length > 1) show(target);
      else toPress.push(button);
    }
  }
  return toPress.slice(0, MAX_CLICKS);
};

const reveal = () => ({ toPress: unfold().length });

// Presses those buttons; stops after a press that leaves the page.
const press = async () => {
  const here = location.href;
  for (const button of unfold()) {
    button.click();
    await nextFrame();
    if (location.href !== here) return { left: true };
  }
  return { left: false };
};
