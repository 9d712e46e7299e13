const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  close: "M6 6l12 12M18 6L6 18",
  fresh: "M12 5v14M5 12h14",
  send: "M12 19V5M5.5 11.5L12 5l6.5 6.5",
  stop: "M8 8h8v8H8z",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4v5h-5",
  up: "M7 20V10l4.2-6.6c1.5 0 2.3 1.2 2 2.6L12.5 9.500h5.300c1.4 0 2.4 1.3 2 2.700l-1.6 6.200c-.2.9-1 1.6-2 1.600H4V10h3",
  down: "M7 4v10l4.2 6.600c1.5 0 2.3-1.2 2-2.600l-.7-3.500h5.300c1.4 0 2.4-1.3 2-2.700L18.2 5.600C18 4.7 17.2 4 16.2 4H4v10h3",
  latest: "M12 5v14M5.5 12.500L12 19l6.5-6.5",
  nothing: "M15.5 15.500L20 20M17 10.500a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0ZM8.5 8.500l4 4M12.5 8.500l-4 4",
  warning: "M12 4L2.8 20h18.400L12 4ZM12 10v4.500M12 17.200h.01",
};

export type IconName = keyof typeof PATHS;

/** An icon in the colour of the text beside it. */
export function icon(name: IconName): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
