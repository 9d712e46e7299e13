// Install: the snippet, whether it is on the site, and the steps for the usual systems.

import { installedForm } from "../start/installed";
import { el } from "../widget/dom";
import { card, copyable } from "./parts";
import type { Widget } from "./types";

export function installTab(widget: Widget): HTMLElement {
  const { origin } = location;
  const snippet = `<script src="${origin}/widget.js" data-widget="${widget.id}" async></script>`;
  const policy = ["script-src", "connect-src", "img-src"].map((it) => `${it} ${origin};`).join("\n");
  return el(
    "div",
    { class: "stack" },
    card(
      "The snippet",
      el("p", {}, "Put it before ", el("code", {}, "</body>"), " on every page that should have the chat."),
      copyable("Snippet", snippet),
      el("details", {}, el("summary", {}, "If your site has a Content-Security-Policy"), el("p", {}, "Add these sources to it, and nothing else:"), copyable("Sources", policy)),
    ),
    card("Check the installation", installedForm(widget.id, widget.token, widget.site_url)),
    card(
      "For other programs",
      el("p", {}, "AI assistants that speak the Model Context Protocol can search the site and read its pages at this address:"),
      copyable("Address of the MCP server", `${location.origin}/mcp/${widget.id}`),
      el("p", {}, "What the widget knows, as one page of Markdown:"),
      copyable("Address of llms.txt", `${location.origin}/api/public/widgets/${widget.id}/llms.txt`),
    ),
    card("Step by step", ...guides(widget, snippet).map(([name, steps, code]) => guide(name, steps, code))),
  );
}

type Guide = [name: string, steps: string[], code?: string];

function guide(name: string, steps: string[], code?: string): HTMLElement {
  return el("details", { class: "guide" }, el("summary", {}, name), el("ol", {}, ...steps.map((it) => el("li", {}, it))), code ? copyable(`Code for ${name}`, code) : null);
}

function guides(widget: Widget, snippet: string): Guide[] {
  const src = `${location.origin}/widget.js`;
  return [
    ["HTML", ["Open the template that all pages share, often called layout, base or footer.", "Paste the snippet directly before </body> and publish."]],
    ["WordPress", ["Install the free plugin WPCode (Plugins → Add New → search “WPCode”) and activate it.", "Open Code Snippets → Header & Footer.", "Paste the snippet into “Footer” and save.", "If you use a cache plugin, empty its cache."]],
    ["Shopify", ["Open Online Store → Themes.", "Beside the current theme choose … → Edit code.", "Open layout/theme.liquid, paste the snippet before </body> and save."]],
    ["Webflow", ["Open Site settings → Custom code.", "Paste the snippet into “Footer code” and save.", "Publish the site: custom code is not shown in the designer."]],
    ["Wix", ["Open Settings → Custom Code (needs a premium plan and your own domain).", "Add Custom Code, paste the snippet.", "Choose “All pages”, “Load code on each new page” and “Body – end”, then Apply."]],
    ["Squarespace", ["Open Settings → Advanced → Code Injection (needs a plan with code injection).", "Paste the snippet into “Footer” and save."]],
    [
      "Google Tag Manager",
      ["Create a tag of the type Custom HTML and paste this code; Tag Manager removes data attributes from script tags, so it is made by script.", "Trigger: All Pages.", "Submit and publish the container."],
      `<script>\n(function () {\n  var s = document.createElement("script");\n  s.src = "${src}";\n  s.async = true;\n  s.setAttribute("data-widget", "${widget.id}");\n  document.body.appendChild(s);\n})();\n</script>`,
    ],
    [
      "React, Next.js",
      ["Load the script once, in the component that all pages share. In Next.js, that is app/layout.tsx with the “use client” component below."],
      `import { useEffect } from "react";\n\nexport function ChatWidget() {\n  useEffect(() => {\n    const script = document.createElement("script");\n    script.src = "${src}";\n    script.async = true;\n    script.dataset.widget = "${widget.id}";\n    document.body.append(script);\n    return () => {\n      window.AIWidget?.destroy();\n      script.remove();\n    };\n  }, []);\n  return null;\n}`,
    ],
    ["Another system", ["Look for “custom code”, “code injection”, “footer scripts” or “tracking code” in its settings.", `Paste the snippet there: ${snippet}`]],
  ];
}
