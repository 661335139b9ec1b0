/** Small pictures on buttons, in the colour of the text. */

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  /** Two sliders. */
  configure: "M2 5h6M12 5h2M2 11h2M8 11h6M10 3v4M6 9v4",
  /** One box that stays, others that go. */
  only: "M2 6h5v5H2zM9.5 4l4 4M13.5 4l-4 4M9 12h5",
  /** A bin. */
  forget: "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.5 8.5h6l.5-8.5M7 7v4M9 7v4",
  /** A cross. */
  dismiss: "M4 4l8 8M12 4l-8 8",
};

export type Icon = keyof typeof PATHS;

const made = new Map<Icon, SVGSVGElement>();

/** A picture; screen readers pass over it. */
export function icon(name: Icon): SVGSVGElement {
  let template = made.get(name);
  if (!template) {
    template = document.createElementNS(SVG, "svg");
    template.setAttribute("viewBox", "0 0 16 16");
    template.setAttribute("class", "wasinn-panel-icon");
    template.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", PATHS[name]);
    template.append(path);
    made.set(name, template);
  }
  return template.cloneNode(true) as SVGSVGElement;
}
