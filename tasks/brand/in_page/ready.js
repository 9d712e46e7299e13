// Wait for style sheets that are still loading, up to a timeout: a page without its styles has no brand yet.
const STYLES_MS = 3000;
const FONTS_MS = 500;
const APPLY_MS = 50;

const after_ms = (most) => new Promise((done) => setTimeout(done, most));
const within_ms = (promise, most) => Promise.race([promise, after_ms(most)]);
const isMissing = (link) => !link.sheet && !link.disabled && (!link.media || matchMedia(link.media).matches);
const hasEnded = (link) => performance.getEntriesByName(link.href).some((entry) => entry.responseEnd > 0);
const settled = (link) => new Promise((done) => ["load", "error"].forEach((event) => link.addEventListener(event, done)));
try {
  const missing = Array.from(document.querySelectorAll('link[rel~="stylesheet" i]')).slice(0, 100).filter(isMissing);
  const loaded = new Promise((done) => addEventListener("load", done));
  const ended = missing.filter(hasEnded);
  const links = missing.filter((link) => !ended.includes(link));
  if (links.length && document.readyState !== "complete")
    await within_ms(Promise.race([Promise.all(links.map(settled)), loaded]), STYLES_MS);
  // A response that has just ended becomes a sheet a moment later; one that failed never does.
  if (ended.some(isMissing)) await after_ms(APPLY_MS);
  if (document.fonts.status === "loading") await within_ms(document.fonts.ready, FONTS_MS);
} catch {
  // A page that hides these names is probed at once.
}
