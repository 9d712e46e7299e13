// Bundles the widget into dist/ and prints the sizes a visitor's browser downloads. Run `node build.mjs`.
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const room = dirname(fileURLToPath(import.meta.url));
const dist = join(room, "dist");
const LIMITS = { loader: 2500, panel: 20000, lead: 5000, console: 60000 };

// Style sheets become strings that the widget adopts, so that a page's style-src need not allow them.
const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true, target });
      return { contents: code.trim(), loader: "text" };
    });
  },
};
const target = ["chrome111", "firefox128", "safari16.4"];
const shared = {
  absWorkingDir: room,
  bundle: true,
  minify: true,
  charset: "utf8",
  target,
  legalComments: "none",
  metafile: true,
  plugins: [styles],
};

await rm(dist, { recursive: true, force: true });
const lead = await build({
  ...shared,
  entryPoints: ["widget/lead.ts"],
  format: "esm",
  outdir: "dist",
  entryNames: "lead-[hash]",
});
const [leadFile] = Object.keys(lead.metafile.outputs);
const panel = await build({
  ...shared,
  define: { LEAD_FILE: JSON.stringify(basename(leadFile)) },
  entryPoints: ["widget/panel.ts"],
  format: "esm",
  outdir: "dist",
  entryNames: "panel-[hash]",
});
const [panelFile] = Object.keys(panel.metafile.outputs);
await build({
  ...shared,
  entryPoints: ["widget/loader.ts"],
  format: "iife",
  outfile: "dist/widget.js",
  define: { PANEL_FILE: JSON.stringify(basename(panelFile)) },
});

// The service's own pages load style sheets as files, which their policy allows.
await build({
  ...shared,
  plugins: [],
  loader: { ".svg": "copy" },
  entryPoints: [
    "start/start.ts",
    "start/preview.ts",
    "start/start.css",
    "start/preview.css",
    "start/icon.svg",
    "console/console.ts",
    "console/console.css",
  ],
  format: "iife",
  outdir: "dist/pages",
  entryNames: "[name]",
});

// Python's library has no Brotli, so that it is done here.
for (const it of await readdir(dist, { recursive: true, withFileTypes: true })) {
  if (it.isFile()) await writeFile(join(it.parentPath, `${it.name}.br`), brotliCompressSync(await readFile(join(it.parentPath, it.name))));
}

let tooLarge = false;
for (const [name, file] of [["loader", "dist/widget.js"], ["panel", panelFile], ["lead", leadFile], ["console", "dist/pages/console.js"]]) {
  const bytes = await readFile(join(room, file));
  const zipped = gzipSync(bytes, { level: 9 }).length;
  tooLarge ||= zipped > LIMITS[name];
  console.log(`${name.padEnd(7)}${String(bytes.length).padStart(7)} bytes, ${zipped} gzip (at most ${LIMITS[name]})`);
}
if (tooLarge) {
  console.error("A bundle is larger than its limit (LIMITS in build.mjs). Make it smaller.");
  process.exit(1);
}
