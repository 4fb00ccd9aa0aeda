// The overview of the run, and its operations: bars in lanes, the line of the order that explains them, the
// counterexample.
const LABELS = 120; // with more operations in view, none is named
const CROWD = 150; // with more points in view, they are small and their line is faint
const NARROW = 12; // pixels: a bar that is narrower has the words of its point beside it
const WORDS = "11.5px", BOLD = "bold 12px", STATED = "bold 11px"; // how names and states are written

function overview(f) {
  const { data } = f;
  const plot = f.figure("overview", 84, { x_range: new Bokeh.Range1d({ start: 0, end: data.end }) });
  const total = data.rates.start.map((_, row) => data.rates.ok[row] + data.rates.fail[row] + data.rates.info[row]);
  const most = Math.max(...total, 1e-9) * 1.08;
  plot.y_range = new Bokeh.Range1d({ start: 0, end: most });
  for (const axis of plot.yaxis) axis.visible = false;
  for (const grid of plot.ygrid) grid.visible = false;
  for (const axis of plot.xaxis) axis.axis_label = null;
  f.shade(plot, 0, most);
  const { start, end } = data.rates;
  const drawn = plot.quad({ left: start, right: end, bottom: 0, top: total, line_alpha: 0, fill_alpha: 0.55 });
  f.paint(drawn.glyph, { fill_color: "ok" });
  f.mark(plot);
  const slider = new Bokeh.RangeTool({ x_range: f.range });
  f.paint(slider.overlay, { fill_color: "info", line_color: "soft" });
  Object.assign(slider.overlay, { fill_alpha: 0.22, line_alpha: 0.9 });
  plot.add_tools(slider);
}

function timeline(f) {
  const { data, sources } = f;
  const operations = data.operations;
  const several = data.keys.length > 1;
  const all = [...operations.number.keys()];
  const place = new Map(operations.number.map((number, row) => [number, row]));
  const held = (numbers) => numbers.flatMap((number) => (place.has(number) ? [place.get(number)] : []));
  operations.low = operations.lane.map((lane) => lane + f.HALF);
  operations.who = operations.lane.map((lane, row) => `${data.lanes[lane]}, ${operations.process[row]}`);
  operations.high = operations.lane.map((lane) => lane - f.HALF);

  // The whole picture is on the first screen.
  const place_of_plot = f.at("timeline").querySelector(".plot").getBoundingClientRect().top + scrollY;
  const room = Math.max(260, Math.min(document.documentElement.clientHeight - place_of_plot - 8, 900));
  const plot = f.figure("timeline", Math.min(130 + 56 * data.lanes.length, room), { y_range: f.lanes(data.lanes) });
  const below = f.name_lanes(plot, data.lanes);
  f.shade(plot, -0.65, data.lanes.length - 0.35);
  const bars = Object.entries(f.LOOK).map(([outcome, [fill, line, alpha, pattern]]) => {
    const columns = f.source(outcome, f.pick(operations, []));
    const style = { fill_alpha: alpha, hatch_pattern: pattern, hatch_weight: 0.8, hatch_scale: 8 };
    const drawn = f.bar(plot, columns, style);
    f.paint(drawn.glyph, { fill_color: fill, line_color: line, hatch_color: line });
    return drawn;
  });
  const outline = (name, ink, style) => {
    const drawn = f.bar(plot, f.source(name, f.pick(operations, [])), { fill_alpha: 0, ...style });
    f.paint(drawn.glyph, { line_color: ink });
  };
  outline("counterexample", "bad", { line_width: 3.5 });
  // An operation of unknown outcome may take effect after its client gave up. A dotted line leads to its point.
  const ends = { x0: "x0", x1: "x1", y0: "y", y1: "y" };
  const later = f.source("later", { x0: [], x1: [], y: [] });
  f.segments(plot, later, ends, { line_dash: "dotted", line_width: 1.5 }, "info");
  const order = f.source("points", { time: [], lane: [], state: [], number: [], label: [], shape: [], effect: [] });
  const spots = { ...f.fields({ x: "time", y: "lane" }), source: order };
  const orderLine = plot.line({ ...spots, line_width: 1.6 });
  f.paint(orderLine.glyph, { line_color: "order" });
  const points = plot.scatter({ ...spots, marker: { field: "shape" }, size: 11, line_width: 1.2 });
  f.paint(points.glyph, { fill_color: "order", line_color: "paper" });
  const dead = f.source("stuck", { x: [], y: [] });
  const stuck = plot.scatter({ ...f.fields({ x: "x", y: "y" }), source: dead, marker: "x", size: 17, line_width: 4.5 });
  f.paint(stuck.glyph, { line_color: "bad" });
  outline("chosen", "ink", { line_dash: "dotted", line_width: 3 });
  f.text(plot, "words", { text_font_size: WORDS, x_offset: 5, y_offset: -9 }, "ink");
  f.text(plot, "bold", { text_font_size: "12px", text_font_style: "bold" }, "bad");
  const under = { text_font_style: "bold", text_baseline: "top", text_align: "center", y_offset: 5 };
  f.text(plot, "states", under, "ink");
  f.tips(plot, bars, [
    ["operation", "@number: @label"], ["who", "@who"], ["from, to", f.timeFields("start", "end")],
    ...(data.clock ? [["took", "@latency{0.000} ms"]] : []), ["outcome", "@outcome @error"],
  ]);
  f.tips(plot, [points], [["@effect", "@label"], ["state from here on", "@state"]]);
  plot.add_tools(new Bokeh.TapTool({ renderers: [] }));
  f.mark(plot);

  const picture = { plot, place, rows: all, order: new Map(), key: null, several };

  // Show the operations of one key, or of all (null).
  picture.choose = (name) => {
    const key = (picture.key = name === null ? null : data.keys.find((found) => found.name === name));
    picture.rows = key === null ? all : all.filter((row) => operations.key[row] === key.name);
    // The order that the checker found, and whether it explains all operations.
    const judged = key ?? (several ? null : data.keys[0] ?? null);
    const led = judged?.points ?? {};
    const how = { valid: "", invalid: ", up to the violation", unknown: ", as far as one was found" };
    const there = led.number?.length > 0;
    f.at("timeline").querySelector("h2").textContent =
      `Operations${several && key === null ? " on all keys" : ""}${
        there ? `, and the order that explains them${how[judged.verdict] ?? ""}` : ""}`;
    for (const note of document.querySelectorAll(".note.all")) note.hidden = key === null;
    const concerned = key === null ? data.keys : [key];
    sources.counterexample.data = f.pick(operations, held(concerned.flatMap((found) => found.counterexample)));
    const last = held(concerned.flatMap((found) => (found.stuck === null ? [] : [found.stuck])));
    // The line leads through the operations of one key. Several lines would be a tangle.
    picture.usual = () => picture.lead(led, last);
    picture.usual();
  };

  // Draw another order, and where no order is left: at the completion of the operations in these rows.
  picture.lead = (led, stuck) => {
    dead.data = { x: stuck.map((row) => operations.end[row]), y: stuck.map((row) => operations.lane[row]) };
    picture.order = new Map((led.number ?? []).map((number, n) => [place.get(number), [led.time[n], led.state[n]]]));
    if (picture.rows.length <= data.drawn) draw(picture.rows);
  };

  const draw = (rows) => {
    for (const outcome of Object.keys(f.LOOK)) {
      // An operation that never completed ("invoke") has an unknown outcome too.
      const same = (found) => found === outcome || (outcome === "info" && found === "invoke");
      sources[outcome].data = f.pick(operations, rows.filter((row) => same(operations.outcome[row])));
    }
    const there = new Set(rows);
    const led = [...picture.order].filter(([row]) => there.has(row));
    order.data = {
      time: led.map(([, [time]]) => time), state: led.map(([, [, state]]) => state),
      number: led.map(([row]) => operations.number[row]), lane: led.map(([row]) => operations.lane[row]),
      label: led.map(([row]) => operations.label[row]),
      // A failed operation took no effect: it saw the state that made it fail.
      shape: led.map(([row]) => (operations.outcome[row] === "fail" ? "circle" : "diamond")),
      effect: led.map(([row]) => (operations.outcome[row] === "fail" ? "seen" : "took effect")),
    };
    const long = led.filter(([row, [time]]) => time > operations.end[row]);
    sources.later.data = {
      x0: long.map(([row]) => operations.end[row]), x1: long.map(([, [time]]) => time),
      y: long.map(([row]) => operations.lane[row]),
    };
  };

  // If too many operations are in view, draw the evidence, then operations of unknown outcome (up to half of the room),
  // then an even choice of the rest. Multiples of the golden ratio are spread evenly, and a share is a power of 1/2: so
  // panning does not change the choice, and zooming in only adds to it.
  const evidence = new Set(data.evidence);
  const spread = all.map((row) => (row * 0.6180339887498949) % 1);
  const share = (count, room) => {
    let part = 1;
    while (count * part > Math.max(room, 1)) part /= 2;
    return part;
  };
  const sketch = (rows) => {
    const unknown = (row) => operations.outcome[row] === "info" || operations.outcome[row] === "invoke";
    const others = rows.filter((row) => !evidence.has(row));
    const doubtful = others.filter(unknown).length;
    const room = data.drawn - (rows.length - others.length);
    const ofDoubtful = share(doubtful, room / 2);
    const ofRest = share(others.length - doubtful, room - doubtful * ofDoubtful);
    return rows.filter((row) => evidence.has(row) || spread[row] < (unknown(row) ? ofDoubtful : ofRest));
  };

  // As much of these words as so many pixels hold; null if that is next to nothing.
  const cut = (words, room) => {
    if (f.wide(words, WORDS) <= room) return words;
    let letters = Math.min(words.length, Math.floor(room / 3));
    while (letters >= 3 && f.wide(words.slice(0, letters) + "…", WORDS) > room) letters -= 1;
    return letters >= 3 ? words.slice(0, letters) + "…" : null;
  };

  // Name operations where there is room.
  picture.refresh = () => {
    const { range } = f;
    const perSecond = f.perSecond();
    const rows = picture.rows.filter((row) => f.seen(operations.start[row], operations.end[row]));
    picture.visible = rows;
    // The processes of a client in view. Each operation of unknown outcome ends one.
    const processes = new Map();
    if (f.laneHeight(plot) >= 32) {
      for (const row of rows) {
        const { [row]: lane } = operations.lane;
        if (!processes.has(lane)) processes.set(lane, new Set());
        processes.get(lane).add(operations.process[row]);
      }
    }
    below(new Map([...processes].flatMap(([lane, found]) => {
      const names = [...found];
      const numbers = names.map((words) => words.replace("process ", ""));
      if (names.length === 1 && data.lanes[lane] === `client ${numbers[0]}`) return [];
      if (names.length === 1) return [[lane, names[0]]];
      if (names.length > 2) return f.phone ? [] : [[lane, `${names.length} processes`]];
      const numbered = names.every((words) => words.startsWith("process "));
      return [[lane, f.phone ? `(${numbers.join(", ")})` : `${numbered ? "processes " : ""}${numbers.join(", ")}`]];
    })));
    // An operation that took effect after its client gave up is drawn until then.
    const drawnUntil = (row) => Math.max(operations.end[row], picture.order.get(row)?.[0] ?? 0);
    const tooMany = picture.rows.length > data.drawn;
    const there = tooMany ? picture.rows.filter((row) => f.seen(operations.start[row], drawnUntil(row))) : rows;
    const drawn = there.length > data.drawn ? sketch(there) : there;
    if (tooMany) draw(drawn);
    f.at("sketch").textContent = drawn === there ? "" : `${drawn.length.toLocaleString("en")} of the ${
      there.length.toLocaleString("en")} operations in view are drawn. Zoom in for the others.`;
    const counterexample = new Set(sources.counterexample.data.number);
    const { start: bottom, end: top } = plot.y_range;
    const near = rows.filter((row) => operations.lane[row] > top - 0.5 && operations.lane[row] < bottom + 0.5);
    const crowd = near.length > LABELS || f.laneHeight(plot) < 14;
    const quiet = crowd ? [] : near.filter((row) => !counterexample.has(operations.number[row]));
    const fits = quiet.flatMap((row) => {
      const left = Math.max(operations.start[row], range.start);
      const room = (Math.min(operations.end[row], range.end) - left) * perSecond - 8;
      const words = cut(operations.label[row], room);
      return words === null ? [] : [[left, operations.lane[row], words]];
    });
    sources.words.data = columns(fits);
    // The operations of the counterexample are named in full: above the bar, or below it if that place is taken. Between
    // two lanes there is room for one line. If there is none for a name, the table has it.
    const taken = new Map();
    const bold = rows.filter((row) => counterexample.has(operations.number[row])).flatMap((row) => {
      const wide = (f.wide(operations.label[row], BOLD) + 8) / perSecond;
      const left = Math.max(Math.min(operations.start[row], range.end - wide), range.start);
      const lane = operations.lane[row];
      const gap = [lane, lane + 1].find((one) => (taken.get(one) ?? -Infinity) <= left);
      if (gap === undefined) return [];
      taken.set(gap, left + wide);
      return [[left, gap > lane ? lane + f.HALF + 0.15 : lane - f.HALF - 0.12, operations.label[row]]];
    });
    sources.bold.data = columns(bold);
    const found = order.data;
    const marked = found.time.flatMap((time, row) => (f.seen(time, time) ? [row] : []));
    const crowded = marked.length > CROWD;
    points.glyph.setv({ size: crowded ? 4 : 11, line_width: crowded ? 0.3 : 1.2 });
    orderLine.glyph.line_alpha = crowded ? 0.12 : 0.55;
    let before = -Infinity;
    const stated = marked.length > LABELS ? [] : marked.flatMap((row) => {
      if (found.state[row] === "") return [];
      const words = `= ${found.state[row]}`;
      const { [row]: lane } = found.lane;
      const [start, end] = [operations.start, operations.end].map((times) => times[place.get(found.number[row])]);
      const half = (f.wide(words, STATED) / 2 + 4) / perSecond;
      // A narrow bar would be drawn through the words, so they stand on its right, if the next bar leaves room.
      const narrow = (end - start) * perSecond < NARROW && found.time[row] <= end;
      const others = narrow ? near.filter((other) => operations.lane[other] === lane) : [];
      const full = others.some((other) => operations.start[other] > end && operations.start[other] < end + 2 * half);
      const middle = narrow && !full ? end + half : found.time[row];
      // The words are as long on both sides of their middle. A number that is cut off would be another number.
      const [left, right] = [middle - half, middle + half];
      if (left < Math.max(before, range.start) || right > range.end) return [];
      before = right;
      return [[middle, lane, words]];
    });
    sources.states.data = columns(stated);
  };
  return picture;
}

function columns(rows) {
  return { x: rows.map((row) => row[0]), y: rows.map((row) => row[1]), text: rows.map((row) => row[2]) };
}
