// The cluster: messages as arrows from lane to lane, and the states of the nodes over time.
const NAMED = 480; // with more messages in view, only those that caused a violation are named
const FATE = {
  delivered: ["ok", "solid", 1.2], delayed: ["doubt", "solid", 1.8], duplicated: ["good", "dotdash", 1.8],
  dropped: ["bad", "dotted", 1.6], "under way": ["soft", "dotted", 1.2],
};
const STATE = {
  up: ["good", 0.4, " ", 0.3], down: ["bad", 0.22, "x", 0.3], "cut off": ["info", 0.55, "/", 0.18],
  parted: ["info", 0.22, " ", 0.18], disturbed: ["soft", 0.3, ".", 0.18],
};
const OTHER_STATE = ["doubt", 0.4, "-", 0.18]; // any other state that a fault names

function messages(f) {
  const { data, range } = f;
  let all = data.messages;
  const special = new Set(data.moments.flatMap((moment) => moment.messages));
  const height = Math.min(150 + 46 * data.places.length, 900);
  const plot = f.figure("messages", height, { y_range: f.lanes(data.places) });
  f.name_lanes(plot, data.places);
  f.shade(plot, -0.65, data.places.length - 0.35);
  const way = { x0: "sent", x1: "until", y0: "from", y1: "to" };
  const heads = [];
  const arrows = Object.entries(FATE).map(([fate, [ink, line_dash, line_width]]) => {
    const columns = f.source(fate, { ...f.pick(all, []), angle: [] });
    heads.push([columns, fate, []]);
    const style = { line_dash, line_width, line_alpha: fate === "delivered" ? 0.75 : 0.95 };
    const drawn = f.segments(plot, columns, way, style, ink);
    const lost = fate === "dropped";
    const head = plot.scatter({
      ...f.fields({ x: "until", y: "to", angle: "angle" }), source: columns, marker: lost ? "x" : "triangle",
      size: lost ? 8 : 7, line_width: lost ? 2 : 1,
    });
    f.paint(head.glyph, { fill_color: ink, line_color: ink });
    return drawn;
  });
  const causes = f.source("causes", f.pick(all, []));
  const bold = f.segments(plot, causes, way, { line_width: 4, line_alpha: 0.9 }, "bad");
  const ends = { ...f.fields({ x: "until", y: "to" }), source: causes };
  const peak = plot.scatter({ ...ends, marker: "star", size: 15 });
  f.paint(peak.glyph, { fill_color: "bad", line_color: "paper" });
  const pointed = f.source("pointed", f.pick(all, []));
  f.segments(plot, pointed, way, { line_width: 6, line_alpha: 0.45 }, "ink");
  // The type of a message stands where it arrives. A message received when it was sent has no line to put it on.
  const types = f.text(plot, "types", { x_offset: 8, y_offset: -7 }, "ink");
  const strips = Object.entries(f.LOOK).map(([outcome, [fill, line, alpha, hatch_pattern]]) => {
    const columns = f.source(`clients ${outcome}`, { start: [], end: [], low: [], high: [] });
    const style = { level: "underlay", fill_alpha: alpha, line_width: 1, hatch_pattern, hatch_scale: 8 };
    f.paint(f.bar(plot, columns, style).glyph, { fill_color: fill, line_color: line, hatch_color: line });
    return [outcome, columns];
  });
  // New ballots and views, at the node that was the first to use them.
  const lane = new Map(data.places.map((name, number) => [name, number]));
  const firsts = data.marks.time.flatMap((_, row) => (lane.has(data.nodes[data.marks.lane[row]]) ? [row] : []));
  const news = f.source("news", {
    ...f.pick(data.marks, firsts), at: firsts.map((row) => lane.get(data.nodes[data.marks.lane[row]]) - 0.3),
  });
  const flags = plot.scatter({
    ...f.fields({ x: "time", y: "at" }), source: news, marker: "inverted_triangle", size: 9,
  });
  f.paint(flags.glyph, { fill_color: "ink", line_color: "ink" });
  const epochs = f.text(plot, "epochs", { x_offset: 9, text_font_style: "bold" }, "ink");
  f.tips(plot, [...arrows, bold], [
    ["message", "@who, @type"], ["sent", "@sent{0.000000} s"], ["fate", "@fate, @words"], ["body", "@brief"],
  ]);
  f.tips(plot, [flags], [["first", "@words"], ["at", "@time{0.000000} s"]]);
  plot.add_tools(new Bokeh.TapTool({ renderers: [] }));
  f.mark(plot);

  // Show these messages. They may be others than those that came with the page.
  const fill = (table) => {
    all = table;
    for (const head of heads) {
      head[2] = all.fate.flatMap((found, row) => (found === head[1] ? [row] : []));
      head[0].data = { ...f.pick(all, head[2]), angle: head[2].map(() => 0) };
    }
    causes.data = f.pick(all, all.id.flatMap((id, row) => (special.has(id) ? [row] : [])));
  };
  fill(all);

  const home = new Map(data.lanes.flatMap((name, number) => (lane.has(name) ? [[number, lane.get(name)]] : [])));
  const operations = data.operations;
  const refresh = (visible) => {
    const perSecond = f.perSecond();
    const height = f.laneHeight(plot);
    // An arrow's head points along its line on the screen. Zooming changes that angle.
    for (const [columns, , rows] of heads) {
      const angle = rows.map((row) =>
        Math.atan2(-(all.until[row] - all.sent[row]) * perSecond, -(all.to[row] - all.from[row]) * height));
      columns.data = { ...columns.data, angle };
    }
    const inView = all.sent.flatMap((time, row) => (f.seen(time, all.until[row]) ? [row] : []));
    // Where names would overlap, the causes of a violation are named first, then the rarest types.
    const taken = new Map(data.places.map((_, number) => [number, []]));
    const free = (row) => {
      const names = taken.get(Math.round(all.to[row]));
      const [left, right] = [all.until[row], all.until[row] + (10 + 6.6 * all.type[row].length) / perSecond];
      const clear = special.has(all.id[row]) || names.every(([start, end]) => right < start || left > end);
      if (clear) names.push([left, right]);
      return clear;
    };
    const often = {};
    for (const row of inView) often[all.type[row]] = (often[all.type[row]] ?? 0) + 1;
    const rank = (row) => (special.has(all.id[row]) ? 0 : often[all.type[row]]);
    const named = inView.filter((row) => inView.length <= NAMED || special.has(all.id[row]));
    named.sort((a, b) => rank(a) - rank(b) || all.until[a] - all.until[b]);
    types.data = columns(named.filter(free).map((row) => [all.until[row], all.to[row], all.type[row]]));
    const active = visible.length > 400 ? [] : visible.filter((row) => home.has(operations.lane[row]));
    const at = (row) => home.get(operations.lane[row]);
    for (const [outcome, columns] of strips) {
      // An operation that never completed ("invoke") has an unknown outcome too.
      const ended = (row) => (operations.outcome[row] === "invoke" ? "info" : operations.outcome[row]);
      const same = active.filter((row) => ended(row) === outcome);
      columns.data = {
        start: same.map((row) => operations.start[row]), end: same.map((row) => operations.end[row]),
        low: same.map((row) => at(row) + 0.12), high: same.map((row) => at(row) - 0.12),
      };
    }
    const flagged = news.data.time.flatMap((time, row) => (f.seen(time, time) ? [row] : []));
    flags.glyph.size = flagged.length > 100 ? 4 : 9;
    // Name those that have room beside the one before.
    const beside = new Map();
    const roomy = flagged.filter((row) => {
      const { time, at: place, epoch } = news.data;
      if ((beside.get(place[row]) ?? -Infinity) > time[row]) return false;
      beside.set(place[row], time[row] + (16 + 7.4 * epoch[row].length) / perSecond);
      return true;
    });
    epochs.data = columns(roomy.map((row) => [news.data.time[row], news.data.at[row], news.data.epoch[row]]));
    elsewhere.look();
  };
  const elsewhere = othermessages(f, fill);
  const tell = (row) => {
    pointed.data = f.pick(all, [row]);
    return {
      what: `Message ${all.id[row]}`,
      words: [`${all.who[row]}, ${all.type[row]}`],
      more: [
        [`sent at ${f.brief(all.sent[row])}`, f.when(all.sent[row])], [`${all.fate[row]}: ${all.words[row]}`],
        ...(special.has(all.id[row]) ? [["one of the messages that caused the violation"]] : []),
      ],
      body: all.body[row],
    };
  };
  // The arrow that is nearest to a point, if it is near.
  const hit = (x, y) => {
    const [across, down] = [f.perSecond(), f.laneHeight(plot)];
    let [nearest, least] = [undefined, 9];
    for (const row of items(true)) {
      const [x0, y0] = [(all.sent[row] - x) * across, (all.from[row] - y) * down];
      const [dx, dy] = [(all.until[row] - all.sent[row]) * across, (all.to[row] - all.from[row]) * down];
      const part = Math.min(1, Math.max(0, -(x0 * dx + y0 * dy) / (dx * dx + dy * dy || 1)));
      const far = Math.hypot(x0 + part * dx, y0 + part * dy);
      if (far < least) [nearest, least] = [row, far];
    }
    return nearest;
  };
  const items = (touching = false) => all.sent.flatMap((time, row) =>
    ((touching ? all.until[row] : time) >= range.start && time <= range.end ? [row] : []));
  return { plot, refresh, items, tell, hit, elsewhere };
}

function lives(f) {
  const { data } = f;
  const table = data.lives;
  const plot = f.figure("lives", 110 + 40 * data.nodes.length, { y_range: f.lanes(data.nodes) });
  f.name_lanes(plot, data.nodes);
  const states = new Set([...Object.keys(STATE), ...table.state]);
  const stretches = [...states].map((state) => {
    const [ink, fill_alpha, hatch_pattern, half] = STATE[state] ?? OTHER_STATE;
    const found = f.pick(table, table.state.flatMap((other, row) => (other === state ? [row] : [])));
    found.low = found.lane.map((lane) => lane + half);
    found.high = found.lane.map((lane) => lane - half);
    const style = { fill_alpha, hatch_pattern, hatch_scale: 7, hatch_alpha: 0.7 };
    const drawn = f.bar(plot, f.source(`life ${state}`, found), style);
    f.paint(drawn.glyph, { fill_color: ink, line_color: ink, hatch_color: ink });
    return drawn;
  });
  const pointed = f.source("stretch", { start: [], end: [], low: [], high: [] });
  f.paint(f.bar(plot, pointed, { fill_alpha: 0, line_dash: "dotted", line_width: 3 }).glyph, { line_color: "ink" });
  const columns = f.source("marks", { ...data.marks, place: data.marks.lane.map((lane) => lane + 0.42) });
  const marks = plot.scatter({
    ...f.fields({ x: "time", y: "place" }), source: columns, marker: "inverted_triangle", size: 9,
  });
  f.paint(marks.glyph, { fill_color: "ink", line_color: "ink" });
  f.tips(plot, stretches, [["node", "@words"], ["from, to", "@start{0.000000} s, @end{0.000000} s"]]);
  f.tips(plot, [marks], [["first", "@words"], ["at", "@time{0.000000} s"]]);
  f.mark(plot);
  const refresh = () => {
    marks.glyph.size = data.marks.time.filter((time) => f.seen(time, time)).length > 100 ? 4 : 9;
  };
  // The states of the nodes, and the new ballots and views, in the order of time.
  const items = () => [
    ...table.start.flatMap((time, row) => (f.seen(time, table.end[row]) ? [["lives", row, time]] : [])),
    ...data.marks.time.flatMap((time, row) => (f.seen(time, time) ? [["marks", row, time]] : [])),
  ].sort((a, b) => a[2] - b[2]).map(([kind, row]) => `${kind} ${row}`);
  const tell = (item) => {
    const [kind, row] = [item.split(" ")[0], Number(item.split(" ")[1])];
    const [lane, start, end] = kind === "lives"
      ? [table.lane[row], table.start[row], table.end[row]]
      : [data.marks.lane[row], data.marks.time[row], data.marks.time[row]];
    pointed.data = { start: [start], end: [end], low: [lane + 0.36], high: [lane - 0.36] };
    const what = kind === "lives" ? `${table.state[row]}: ${table.words[row]}` : data.marks.words[row];
    const when = kind === "lives"
      ? [`from ${f.brief(start)} to ${f.brief(end)}`, `from ${f.when(start)} to ${f.when(end)}`]
      : [`at ${f.brief(start)}`, f.when(start)];
    return { what: `Node ${data.nodes[lane]}`, words: [what], more: [when] };
  };
  // The state or the mark at a point. Of states on top of each other, the last that was drawn.
  const hit = (x, y) => {
    const near = 6 / f.perSecond();
    const mark = data.marks.time.findIndex((time, row) =>
      Math.abs(time - x) < near && y > data.marks.lane[row] + 0.32 && y < data.marks.lane[row] + 0.5);
    if (mark >= 0) return `marks ${mark}`;
    const row = table.start.findLastIndex((time, at) =>
      table.lane[at] === Math.round(y) && time <= x && table.end[at] >= x && Math.abs(y - table.lane[at]) < 0.3);
    return row < 0 ? undefined : `lives ${row}`;
  };
  plot.add_tools(new Bokeh.TapTool({ renderers: [] }));
  return { plot, refresh, items, tell, hit };
}
