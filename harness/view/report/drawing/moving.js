// Navigation: keyboard, buttons, clicks, the choice of a key; and the details of what was chosen.
function moving(f, pictures) {
  const { data, range, at } = f;
  const { timeline: operationsPicture } = pictures;
  const operations = data.operations;
  const lanes = laneZoom(f);

  let current = -1; // the row of the operation whose details are shown
  const go = (start, end) => {
    const middle = (start + end) / 2;
    const half = Math.max((end - start) / 2, (range.min_interval ?? 0) / 2);
    const [from, to] = [Math.max(middle - half, -data.end * 0.02), Math.min(middle + half, data.end * 1.02)];
    range.setv({ start: from, end: to });
  };
  const everything = () => {
    at("moment").textContent = "";
    lanes.everything();
    go(-data.end * 0.01, data.end * 1.01);
  };
  const show = (name) => {
    if (operationsPicture.several) at("key").value = name === null ? "" : `=${name}`;
    operationsPicture.choose(name);
    f.refresh();
  };
  // The operation whose details are shown is out of view, or on another key.
  const forget = () => {
    current = -1;
    at("details").textContent = "";
    for (const name of ["chosen", "pointed", "stretch"]) {
      const { data: columns } = f.sources[name];
      f.sources[name].data = Object.fromEntries(Object.keys(columns).map((column) => [column, []]));
    }
  };
  const jump = (moment) => {
    forget();
    if (moment.key !== null && operationsPicture.several) show(moment.key);
    lanes.everything();
    go(moment.start, moment.end);
    at("moment").textContent = `At ${f.when(moment.at)}, ${moment.name}: ${moment.words}`;
  };
  // The moment of the key that is shown.
  const mine = () => {
    const { key } = operationsPicture;
    const number = key === null ? 0 : key.moment;
    if (number !== null && number !== undefined && data.moments.length) return data.moments[number];
    return data.moments.find((moment) => moment.key === null) ?? null;
  };
  const choose = (name) => {
    forget();
    show(name);
    const moment = mine();
    if (name !== null && moment !== null && moment.key !== null) jump(moment);
    else everything();
  };

  const tell = (row) => {
    current = row;
    f.sources.chosen.data = f.pick(operations, [row]);
    const o = operations;
    const [time, state] = operationsPicture.order.get(row) ?? [null, ""];
    const effect = time === null ? [] : o.outcome[row] === "fail"
      ? [`at ${f.when(time)} it saw the state ${state}`]
      : [`took effect at ${f.when(time)}, then the state was ${state}`];
    at("details").textContent = [
      `Operation ${o.number[row]} (event ${o.index[row]})`,
      o.process[row] + (o.key[row] === "" ? "" : `, key ${o.key[row]}`), o.label[row],
      `from ${f.when(o.start[row])} to ${f.when(o.end[row])}` + (data.clock ? ` (${o.latency[row].toFixed(3)} ms)` : ""),
      (o.outcome[row] === "info" ? "outcome unknown" : o.outcome[row]) + (o.error[row] ? `: ${o.error[row]}` : ""),
      ...effect,
      ...(f.sources.counterexample.data.number.includes(o.number[row]) ? ["part of the counterexample"] : []),
    ].join(" · ");
    if (!f.seen(o.start[row], o.end[row])) {
      const half = (range.end - range.start) / 2;
      go(o.start[row] - half, o.start[row] + half);
    }
    lanes.show("timeline", o.lane[row]);
  };
  const step = (by) => {
    const { rows } = operationsPicture;
    if (rows.length === 0) return;
    const position = rows.indexOf(current);
    const first = rows.findIndex((row) => f.seen(operations.start[row], operations.end[row]));
    tell(rows[position < 0 ? Math.max(first, 0) : (position + by + rows.length) % rows.length]);
  };
  // In the pictures of the cluster, the same keys of the keyboard step through what is in view there.
  const last = {};
  const stepping = (id) => (by) => {
    const items = pictures[id].items();
    if (items.length === 0) return;
    const position = items.indexOf(last[id]);
    last[id] = items[position < 0 ? 0 : (position + by + items.length) % items.length];
    at("details").textContent = pictures[id].tell(last[id]);
  };
  const pan = (part) => {
    const by = (range.end - range.start) * part;
    go(range.start + by, range.end + by);
  };
  const zoom = (by) => {
    const middle = (range.start + range.end) / 2;
    const half = ((range.end - range.start) / 2) * by;
    go(middle - half, middle + half);
  };
  const keys = (stepThrough) => ({
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
    n: () => stepThrough(1), p: () => stepThrough(-1), j: () => mine() && jump(mine()), 0: everything, Home: everything,
  });
  for (const plot of document.querySelectorAll(".plot")) {
    const { id } = plot.closest("figure");
    const acts = keys(id === "messages" || id === "lives" ? stepping(id) : step);
    plot.addEventListener("keydown", (event) => {
      const free = !event.ctrlKey && !event.metaKey && !event.altKey;
      const act = free ? acts[event.key] ?? lanes.keys(id)[event.key] : undefined;
      if (act === undefined) return;
      event.preventDefault();
      act();
    });
  }
  operationsPicture.plot.on_event("tap", (event) => {
    const lane = Math.round(event.y);
    const near = 4 / f.perSecond();
    const under = (row) => operations.start[row] - near <= event.x && operations.end[row] + near >= event.x;
    const hit = operationsPicture.rows.find((row) => operations.lane[row] === lane && under(row));
    if (hit !== undefined) tell(hit);
  });
  for (const button of document.querySelectorAll("#counterexample button")) {
    button.addEventListener("click", () => {
      if (data.moments.length && data.moments[0].wrong) jump(data.moments[0]);
      const row = operationsPicture.place.get(Number(button.dataset.operation));
      if (row !== undefined) tell(row);
    });
  }
  for (const [number, moment] of data.moments.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = moment.wrong ? "bad" : "";
    button.textContent = number > 0 ? moment.name : `jump to the ${moment.wrong ? "violation: " : ""}${moment.name}`;
    button.title = moment.words;
    button.addEventListener("click", () => jump(moment));
    at("moments").append(button);
  }
  at("whole").addEventListener("click", everything);
  if (operationsPicture.several) {
    at("choice").hidden = false;
    const option = (value, textContent) =>
      at("key").append(Object.assign(document.createElement("option"), { value, textContent }));
    const VERDICT = { invalid: " ✗", valid: "", unknown: " ?", "": " (not decided)" };
    for (const found of data.keys) option(`=${found.name}`, found.name + VERDICT[found.verdict]);
    option("", "all keys");
    at("key").addEventListener("change", () => choose(at("key").value === "" ? null : at("key").value.slice(1)));
  }
  return { go, everything, jump, choose, show, tell, lanes: lanes.ranges };
}
