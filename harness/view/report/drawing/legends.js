// Legends: swatches that look like what is drawn, and only for what the run has.
function swatch(ink, style, words) {
  const SVG = "http://www.w3.org/2000/svg";
  const item = document.createElement("span");
  const picture = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["width", 22], ["height", 12], ["aria-hidden", true]]) picture.setAttribute(name, value);
  const shape = document.createElementNS(SVG, style.line ? "line" : style.mark ? "path" : "rect");
  const line = { x1: 0, x2: 22, y1: 6, y2: 6, "stroke-width": style.width ?? 2 };
  const attributes = style.line
    ? { ...line, "stroke-dasharray": style.line === true ? "" : style.line }
    : style.mark
      ? { d: style.mark, "stroke-width": 2.5 }
      : { x: 1, y: 1, width: 20, height: 10, "stroke-width": style.width ?? 1.3 };
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  shape.style.stroke = `var(--${ink})`;
  shape.style.fill = style.fill === undefined ? "none" : `var(--${ink})`;
  shape.style.fillOpacity = style.fill ?? 0;
  picture.append(shape);
  item.append(picture, words);
  return item;
}

function legends(f) {
  const { data } = f;
  const CROSS = "M6 1 L16 11 M16 1 L6 11";
  const DIAMOND = "M11 1 L16 6 L11 11 L6 6 Z";
  const DOT = "M7 6 A4 4 0 1 0 15 6 A4 4 0 1 0 7 6 Z";
  const WEDGE = "M6 2 L16 2 L11 10 Z";
  const when = (there, ...items) => (there ? items : []);
  const outcomes = [
    swatch("ok", { fill: 0.3 }, "ok"), swatch("fail", {}, "fail"), swatch("info", { fill: 0.28 }, "unknown"),
  ];
  const everywhere = [
    ...when(data.windows.start.length, swatch("soft", { fill: 0.2, width: 0 }, "fault")),
    ...when(data.moments.some((moment) => moment.wrong), swatch("bad", { line: "5 3", width: 1.2 }, "violation")),
  ];
  const fates = new Set(data.messages.fate);
  const states = new Set(data.lives.state);
  const marked = data.marks.time.length;
  const news = swatch("ink", { mark: WEDGE, fill: 1 }, "new ballot, view or term");
  const drawn = {
    timeline: [
      ...outcomes,
      ...when(
        data.keys.some((found) => found.points.time?.length),
        swatch("order", { mark: DIAMOND, fill: 1 }, "took effect here, = state"),
        ...when(data.operations.outcome.includes("fail"), swatch("order", { mark: DOT, fill: 1 }, "failed: seen here")),
      ),
      ...when(
        data.keys.some((found) => found.stuck !== null),
        swatch("bad", { width: 3 }, "the counterexample"), swatch("bad", { mark: CROSS }, "no order is left"),
      ),
      ...everywhere,
    ],
    latency: [
      ...outcomes, swatch("ink", { line: true, width: 2.4 }, "p50"),
      ...when(data.quantiles.p95.some((ms) => ms !== null), swatch("ink", { line: "5 3" }, "p95")),
      ...when(data.quantiles.p99.some((ms) => ms !== null), swatch("ink", { line: "1.5 3" }, "p99")),
      swatch("ink", { line: "6 2 1 2", width: 1 }, "max"), ...everywhere,
    ],
    rate: [...outcomes, ...everywhere],
    messages: [
      ...outcomes.map((item) => item.cloneNode(true)),
      ...when(fates.has("delivered"), swatch("ok", { line: true }, "delivered")),
      ...when(fates.has("delayed"), swatch("doubt", { line: true, width: 3 }, "delayed (more than three times the median)")),
      ...when(fates.has("duplicated"), swatch("good", { line: "6 2 1 2" }, "second copy")),
      ...when(fates.has("dropped"), swatch("bad", { line: "2 2" }, "dropped")),
      ...when(fates.has("under way"), swatch("soft", { line: "2 2" }, "still under way")),
      ...when(
        data.moments.some((moment) => moment.messages.length),
        swatch("bad", { line: true, width: 5 }, "caused the violation"),
      ),
      ...when(marked, news), ...everywhere,
    ],
    lives: [
      swatch("good", { fill: 0.4 }, "up"),
      ...when(states.has("down"), swatch("bad", { fill: 0.22 }, "down")),
      ...when(states.has("cut off"), swatch("info", { fill: 0.55 }, "cut off from most")),
      ...when(states.has("parted"), swatch("info", { fill: 0.22 }, "cut off from a few")),
      ...when(states.has("disturbed"), swatch("soft", { fill: 0.3 }, "network disturbed")),
      ...[...states].filter((state) => !(state in STATE)).map((state) => swatch("doubt", { fill: 0.4 }, state)),
      ...when(marked, news), ...everywhere.slice(-1).filter(() => data.moments.some((moment) => moment.wrong)),
    ],
  };
  for (const [id, items] of Object.entries(drawn)) {
    f.at(id).querySelector(".legend").append(...items.map((item) => item.cloneNode(true)));
  }
}
