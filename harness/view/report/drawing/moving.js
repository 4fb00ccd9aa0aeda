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
  const told = details(f, operationsPicture, () => forget());
  // What was chosen is out of view, or on another key.
  const forget = () => {
    current = -1;
    told.clear();
    for (const name of ["chosen", "pointed", "stretch"]) {
      const { data: columns } = f.sources[name];
      f.sources[name].data = Object.fromEntries(Object.keys(columns).map((column) => [column, []]));
    }
    operationsPicture.usual();
  };
  const scroll = (id) => {
    const figure = at(id).hidden ? at("timeline") : at(id);
    const { top, bottom } = figure.getBoundingClientRect();
    if (top < at("bar").offsetHeight || bottom > document.documentElement.clientHeight) figure.scrollIntoView();
  };
  const jump = (moment) => {
    forget();
    if (moment.key !== null && operationsPicture.several) show(moment.key);
    lanes.everything();
    go(moment.start, moment.end);
    const judged = data.keys.find((key) => moment.check === "linearizable" && key.name === moment.key);
    const rows = (judged?.counterexample ?? []).map((number) => operationsPicture.place.get(number));
    lanes.fit("timeline", rows.flatMap((row) => (row === undefined ? [] : [operations.lane[row]])));
    // The sentence at the head of the page is not said twice.
    const words = moment.words === at("happened").textContent ? "no order of the operations explains this." : moment.words;
    at("moment").textContent = `At ${f.brief(moment.at)}, ${moment.name}: ${words}`;
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
    operationsPicture.usual();
    current = row;
    f.sources.chosen.data = f.pick(operations, [row]);
    if (!f.seen(operations.start[row], operations.end[row])) {
      const half = (range.end - range.start) / 2;
      go(operations.start[row] - half, operations.start[row] + half);
    }
    lanes.show("timeline", operations.lane[row]);
    told.operation(row);
    f.refresh();
    // A link to this operation, for the reader to copy. A page without an origin may not change its address like this.
    const address = `#op-${operations.number[row]}`;
    try {
      history.replaceState(null, "", address);
    } catch {
      location.replace(address);
    }
  };
  // Show an operation, with what is around it, and tell of it.
  const visit = (number) => {
    const row = operationsPicture.place.get(number);
    if (row === undefined) {
      told.missing(number);
      return;
    }
    if (row === current) {
      scroll("timeline");
      return;
    }
    const name = operations.key[row];
    const moment = data.moments.find((found) => found.check === "linearizable" && found.key === name);
    const among = data.keys.some((key) => key.counterexample.includes(number));
    if (moment !== undefined && among) jump(moment);
    else {
      forget();
      if (operationsPicture.several && operationsPicture.key?.name !== name) show(name);
      if (!f.seen(operations.start[row], operations.end[row])) {
        const margin = Math.max((operations.end[row] - operations.start[row]) * 2, data.end * 0.004);
        go(operations.start[row] - margin, operations.end[row] + margin);
      }
    }
    tell(row);
    scroll("timeline");
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
    told.other(pictures[id].tell(last[id]));
  };
  for (const id of ["messages", "lives"]) {
    pictures[id].plot.on_event("tap", (event) => {
      const item = pictures[id].hit(event.x, event.y);
      if (item === undefined) return;
      last[id] = item;
      told.other(pictures[id].tell(item));
    });
  }
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
  const visited = () => {
    const named = /^#op-(\d+)$/.exec(location.hash);
    if (named !== null) visit(Number(named[1]));
    return named !== null;
  };
  addEventListener("hashchange", visited);
  document.addEventListener("click", (event) => {
    const named = /^#op-(\d+)$/.exec(event.target.closest?.("a")?.getAttribute("href") ?? "");
    if (named === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    visit(Number(named[1]));
  });
  // Where a violation is to be seen: that of an invariant among the messages, every other one among the operations.
  const come = (moment) => {
    jump(moment);
    scroll(moment.check === "invariants" ? "messages" : "timeline");
  };
  for (const moment of data.moments) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = moment.wrong ? "bad" : "";
    button.textContent = moment.name;
    button.setAttribute("aria-label", `jump to the ${moment.wrong ? "violation: " : ""}${moment.name}`);
    button.title = moment.words;
    button.addEventListener("click", () => come(moment));
    at("moments").append(button);
  }
  for (const button of document.querySelectorAll("[data-moment]")) {
    button.addEventListener("click", () => come(data.moments[Number(button.dataset.moment)]));
  }
  for (const button of document.querySelectorAll("[data-fault]")) {
    button.addEventListener("click", () => {
      const { start: { [button.dataset.fault]: start }, end: { [button.dataset.fault]: end } } = data.windows;
      const margin = Math.max((end - start) * 0.15, data.end * 0.002);
      forget();
      lanes.everything();
      go(start - margin, end + margin);
      at("moment").textContent = `${data.windows.words[button.dataset.fault]}, from ${f.brief(start)} to ${f.brief(end)}`;
      scroll("lives");
    });
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
  return { go, everything, jump, choose, show, tell, visit, visited, lanes: lanes.ranges };
}
